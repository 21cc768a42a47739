"""What one person can see, the newest first, and finding things in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from heapq import merge
from typing import Any

from bot.sandbox import reading
from bot.sandbox.model import Message, OpenView, Person
from bot.sandbox.world import World

MODAL, HOME = "modal", "home"


def messages(world: World, person: Person, channel: str = "") -> Iterator[Message]:
    """The messages that a person sees in their channels, with those that they alone see, the newest first."""
    alone = (one for one in reversed(world.timeline.ephemerals(person.id).values()) if channel in {"", one.channel})
    places = [world.channels[channel]] if channel else [one for one in world.channels.values() if one.has(person.id)]
    together = (world.timeline.newest(place.id) for place in places if world.sees(person, place))
    return merge(alone, *together, key=lambda one: one.ts, reverse=True)


def views(world: World, person: Person) -> Iterator[OpenView]:
    """The modal on top, then the App Home."""
    for view in (world.windows.top(person.id), world.windows.home(person.id)):
        if view is not None:
            yield view


def as_message(view: OpenView) -> Message:
    """A modal or home as if it were a message, so that both can be looked at alike."""
    where = MODAL if view.kind == "modal" else HOME
    shown = [{"type": "section", "text": {"type": "plain_text", "text": words}}
             for words in (view.title, *view.errors.values(), view.submit_label) if words]  # fmt: skip
    return Message(where, "", "", blocks=(*shown, *view.blocks), names=view.names)


def everything(world: World, person: Person, channel: str = "") -> Iterator[Message]:
    """All that a person can read: modal, messages, home, and words of Slack's own. `channel` limits it."""
    if channel in {"", MODAL, HOME}:
        yield from (one for one in map(as_message, views(world, person)) if channel in {"", one.channel})
    if channel not in {MODAL, HOME}:
        yield from messages(world, person, channel)
        for notice in reversed(world.notices.get(person.id, [])):
            if not channel or notice.channel == channel:
                yield Message(notice.channel, "", "USLACKBOT", notice.text, ephemeral_for=person.id)


def as_table(found: Iterator[Message], most: int = 20) -> str:
    """What is visible, for an error message."""
    lines = []
    for count, one in enumerate(found):
        if count == most:
            lines.append("  …")
            break
        who = one.names.get(one.user, one.user or one.channel)
        buttons = f"  [{'] ['.join(one.buttons)}]" if one.buttons else ""
        only = " (only you see this)" if one.ephemeral_for else ""
        lines.append(f"  {one.names.get(one.channel, one.channel)} {who}{only}: {one.shown!r}{buttons}")
    return "\n".join(lines) or "  nothing"


def normal(name: str) -> str:
    """A label, action id or block id in one spelling."""
    return re.sub(r"[^\w]+", "_", name.strip().lower()).strip("_")


def named(blocks: Any, name: str) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
    """The block and element that a person means by this label, placeholder, action id or block id."""
    wanted = normal(name)
    for block, element in reading.elements(blocks):
        labels = (
            reading.text_of(block.get("label")),
            reading.text_of(element.get("placeholder")),
            reading.text_of(element.get("text")),
            str(element.get("action_id") or ""),
            str(block.get("block_id") or ""),
        )
        if wanted in {normal(label) for label in labels if label}:
            return block, element
    return None
