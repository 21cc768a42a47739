"""Whom a run's messages may tell: the people and groups that its rows name, and nobody whom a text only quotes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from bot.slack.mrkdwn import ACTOR
from bot.slack.views.content import value_of
from bot.slack.views.messages import Message
from bot.slack.views.snapshot import RunSnapshot

_TOLD = re.compile(r"<(?:@|!subteam\^)([A-Z0-9]+)>")
_BY = ("cancelled by ", "paused by ", "undone by ")
"""How the engine's words begin that name somebody and then quote them."""


def telling_only(message: Message, known: frozenset[str]) -> Message:
    """The message with the ids of everybody else as plain text, so that Slack tells them nothing."""
    return _telling(message, lambda found: found[1] in known)


def telling_no_group(message: Message) -> Message:
    """The message with the ids of groups as plain text, for answers that others read too."""
    return _telling(message, lambda found: found[0].startswith("<@"))


def _telling(message: Message, may: Callable[[re.Match[str]], bool]) -> Message:
    def told(found: re.Match[str]) -> str:
        return found[0] if may(found) else found[1]

    def walked(part: Any) -> Any:
        match part:
            case {"type": "mrkdwn", "text": str(text)}:
                return {**part, "text": _TOLD.sub(told, text)}
            case dict():
                return {name: walked(inner) for name, inner in part.items()}
            case list() | tuple():
                return [walked(inner) for inner in part]
            case _:
                return part

    if all(map(may, _TOLD.finditer(message.text + json.dumps(message.blocks)))):
        return message
    return replace(message, text=_TOLD.sub(told, message.text), blocks=tuple(walked(message.blocks)))


def known_in(snapshot: RunSnapshot) -> frozenset[str]:
    """The Slack ids of the people and groups who have to do with a run."""
    return frozenset(found[2] for actor in _actors(snapshot) if (found := ACTOR.fullmatch(actor)))


def _actors(snapshot: RunSnapshot) -> Iterator[str]:
    run = snapshot.run
    yield run.started_by
    for words in (run.cancel or "", snapshot.paused):
        for by in _BY:
            if words.startswith(by) and (found := ACTOR.match(words, len(by))):
                yield found[0]
    for shown in snapshot.approvals:
        yield from shown.approval.approvers
        yield from (vote.by for vote in shown.decisions)
        yield from (edit.by for edit in shown.edits)
        yield from (vote.behalf for vote in shown.decisions)
        yield from (actor for one in shown.deputies for actor in (one.person, one.deputy))
        for handover in shown.handovers:
            yield from (handover.by, *handover.to)
    yield from (alert.by for alert in snapshot.alerts)
    yield from _chosen(run.input)


def _chosen(given: str) -> Iterator[str]:
    """People who were chosen in the input: values that are a person's id and nothing else."""
    values = value_of(given)
    for value in values.values() if isinstance(values, dict) else ():
        if isinstance(value, str) and (found := ACTOR.fullmatch(value)) and found[2][0] in "UW":
            yield value
