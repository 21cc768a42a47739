"""The few Block Kit blocks that Baton uses, each within Slack's limits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bot.slack.ids import LINK
from bot.slack.mrkdwn import ADDRESS, ROOM, SECTION, cut, pieces, plain
from bot.slack.views.messages import Block, View
from workflows.engine.model import RunState, StepState

MOST = 50
"""Blocks of a message."""
MOST_IN_VIEW = 100

RUN_SIGNS: dict[RunState, str] = {
    RunState.QUEUED: "⚪", RunState.RUNNING: "🔵", RunState.WAITING: "⏳", RunState.COMPENSATING: "↩️",
    RunState.SUCCEEDED: "✅", RunState.FAILED: "❌", RunState.CANCELLED: "⛔", RunState.PARKED: "⚠️",
}  # fmt: skip
STEP_SIGNS: dict[StepState, str] = {
    StepState.PENDING: "⚪", StepState.RUNNING: "🔵", StepState.RETRYING: "🔁", StepState.SUCCEEDED: "✅",
    StepState.FAILED: "❌", StepState.SKIPPED: "⏭️",
}  # fmt: skip
WAIT_SIGN = "⏳"
UNDONE_SIGN = "↩️"
REJECTED_SIGN = "❌"
LEFT_SIGN = "⏹️"
"""Before what was under way when its run ended."""


def text_of(words: str, limit: int) -> dict[str, Any]:
    """Plain text, in which nothing is parsed."""
    return {"type": "plain_text", "text": plain(words, limit), "emoji": False}


def header(words: str) -> Block:
    """A title, large."""
    return {"type": "header", "text": text_of(words, 150)}


def section(mrkdwn: str, **more: Any) -> Block:
    """Text, at most one section of it."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": cut(mrkdwn, SECTION) or "…"}, **more}


def sections(mrkdwn: str, most: int = MOST) -> list[Block]:
    """Long text as sections; past `most` of them it says that there is more."""
    parts = pieces(mrkdwn)
    if len(parts) > most:
        parts = [*parts[: most - 1], cut(parts[most - 1], ROOM) + "\n_… and more._"]
    return [section(part) for part in parts]


def context(*mrkdwn: str) -> Block:
    """Small grey text; empty parts are left out."""
    shown = [words for words in mrkdwn if words] or ["…"]
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": cut(words, 2_000)} for words in shown[:10]]}


def divider() -> Block:
    return {"type": "divider"}


def button(
    action: str, words: str, value: str, *, style: str = "", confirm: dict[str, Any] | None = None, url: str = ""
) -> Block:
    """A button; `value` is an id and never content."""
    made: Block = {"type": "button", "action_id": action, "text": text_of(words, 75), "value": value}
    if style:
        made["style"] = style
    if confirm:
        made["confirm"] = confirm
    if url:
        made["url"] = url
    return made


def link_button(words: str, url: str, name: str = "") -> list[Block]:
    """A button that opens an address; none where there is no address. Two in one place need a `name` each."""
    if not ADDRESS.fullmatch(url) or len(url) > 3_000:
        return []
    action = f"{LINK}.{name}" if name else LINK
    return [{"type": "button", "action_id": action, "text": text_of(words, 75), "url": url}]


def confirm(title: str, mrkdwn: str, yes: str, no: str = "Back", *, danger: bool = False) -> dict[str, Any]:
    """A question before a button does what it says."""
    made: dict[str, Any] = {
        "title": text_of(title, 100),
        "text": {"type": "mrkdwn", "text": cut(mrkdwn, 300)},
        "confirm": text_of(yes, 30),
        "deny": text_of(no, 30),
    }
    return made | ({"style": "danger"} if danger else {})


def actions(buttons: Iterable[Block], block_id: str = "") -> list[Block]:
    """A row of buttons; no row where there are none."""
    shown = list(buttons)
    if not shown:
        return []
    return [{"type": "actions", "elements": shown[:25], **({"block_id": block_id} if block_id else {})}]


def fitted(blocks: Iterable[Block], tail: Iterable[Block] = (), most: int = MOST) -> tuple[Block, ...]:
    """Blocks that fit in one message or view; the tail (buttons) always stays."""
    shown, last = list(blocks), list(tail)
    room = most - len(last)
    if len(shown) > room:
        shown = [*shown[: room - 1], context(f"… and {len(shown) - room + 1} parts more.")]
    return (*shown, *last)


def modal(
    callback: str, title: str, blocks: Iterable[Block], *, submit: str = "", close: str = "Close", metadata: str = ""
) -> View:
    """A modal view."""
    made: View = {
        "type": "modal",
        "callback_id": callback,
        "title": text_of(title, 24),
        "close": text_of(close, 24),
        "blocks": list(fitted(blocks, most=MOST_IN_VIEW)),
        "private_metadata": metadata,
    }
    return made | ({"submit": text_of(submit, 24)} if submit else {})
