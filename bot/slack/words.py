"""Refusals and mistakes as people read them in Slack."""

from __future__ import annotations

import re

import structlog

from bot.slack.mrkdwn import clean, cut, escape, naming
from bot.slack.views.messages import Message
from workflows.engine.errors import BatonError, StoreUnavailable

AWAY = (
    "The database can't be reached just now, so this could not be done. Before you try again in a minute, look with "
    "`/baton runs` or `/baton approvals` whether it was recorded at the last moment."
)
BROKEN = "Something went wrong here, and nothing more was done. It is in Baton's log; please tell those who run it."
NOT_HERE = "Baton is not installed in this workspace just now. Please tell those who run it."
LATE = "This button is from an earlier time and does nothing any more. `/baton approvals` lists what is open."

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_COMMANDS = {"show": "status", "approve": "approvals", "reject": "approvals", "changes": "approvals"}
_TOLD = re.compile(
    r"`baton (runs|show|workflows|approvals|approve|reject|changes|resume|cancel|pause|unpause|schedule|run)\b"
)
_STYLES = str.maketrans({"*": "∗", "~": "∼"})  # noqa: RUF001 - letters that look alike, and style nothing


def words_of(error: BaseException, said: str = "/baton") -> str:
    """An error for a person in Slack, as mrkdwn: commands as they are given here, people as mentions."""
    if isinstance(error, StoreUnavailable):
        return AWAY
    if not isinstance(error, BatonError):
        return BROKEN
    return mrkdwn(str(error), said)


def mrkdwn(words: str, said: str = "/baton") -> str:
    """The engine's words, which may quote people, as mrkdwn; `code` stays code."""
    line = " ".join(clean(words).split())
    told = _TOLD.sub(lambda found: f"`{said} {_COMMANDS.get(found[1], found[1])}", line)
    return cut(naming(escape(told.translate(_STYLES))), 2_900)


def message_of(error: BaseException, said: str = "/baton") -> Message:
    """An error as an answer."""
    return Message(words_of(error, said))


def noted(error: Exception, actor: str, what: str, about: str = "") -> Exception:
    """The error, logged when it is none that a person could cause."""
    if isinstance(error, StoreUnavailable):
        log.warning(
            "a person was told that the database is away", actor=actor, what=what, about=about, error=str(error)
        )
    elif not isinstance(error, BatonError):
        log.error("a listener broke", actor=actor, what=what, about=about, exc_info=error)
    return error
