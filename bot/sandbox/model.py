"""What a workspace is made of: people, channels, messages, views and files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from bot.sandbox import reading

Payload = Mapping[str, Any]
"""JSON as Slack and the app exchange it."""
Blocks = tuple[Payload, ...]


class Kind(StrEnum):
    """What sort of conversation a channel is."""

    PUBLIC = "channel"
    PRIVATE = "private"
    DM = "dm"


@dataclass(frozen=True)
class Person:
    """Somebody with an account, or the app's own bot user."""

    id: str
    name: str
    real_name: str
    team_id: str
    tz: str = "Europe/Berlin"
    email: str = ""
    color: str = "4b7bec"
    bot: bool = False
    guest: bool = False
    deleted: bool = False
    admin: bool = False
    status_emoji: str = ""
    status_text: str = ""
    status_expiration: int = 0
    """Seconds since 1970; 0: it stays."""


@dataclass(frozen=True)
class Execution:
    """A custom step of a workflow, on its way or over."""

    id: str
    callback_id: str
    app_id: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any] | None = None
    """What the app gave when it was done; None before that."""
    error: str = ""
    """Why it failed, in the app's words."""

    @property
    def running(self) -> bool:
        return self.outputs is None and not self.error


@dataclass(frozen=True)
class Channel:
    """A conversation and who is in it."""

    id: str
    name: str
    kind: Kind
    members: frozenset[str]
    created: int
    topic: str = ""
    archived: bool = False
    creator: str = ""

    def has(self, user: str) -> bool:
        """Whether this person or bot is a member."""
        return user in self.members


@dataclass(frozen=True)
class UserGroup:
    """People who are mentioned together, such as @editors."""

    id: str
    handle: str
    name: str
    users: tuple[str, ...]


@dataclass(frozen=True)
class File:
    """Something that was uploaded."""

    id: str
    name: str
    title: str
    mimetype: str
    user: str
    content: bytes = field(repr=False)
    created: int
    channels: tuple[str, ...] = ()

    @property
    def preview(self) -> str:
        """The first lines of a text file, else nothing."""
        if not self.mimetype.startswith(("text/", "application/json")):
            return ""
        return self.content[:2_000].decode("utf-8", "replace")


@dataclass(frozen=True)
class Button:
    """A button that a message or view shows."""

    label: str
    action_id: str
    block_id: str
    value: str
    url: str
    style: str


@dataclass(frozen=True)
class Message:
    """One message as it stands now. `ephemeral_for` names the one person who sees it, or is empty."""

    channel: str
    ts: str
    user: str
    text: str = ""
    blocks: Blocks = ()
    attachments: Blocks = ()
    thread_ts: str = ""
    metadata: Payload | None = None
    files: tuple[File, ...] = ()
    ephemeral_for: str = ""
    bot: bool = False
    edited: str = ""
    subtype: str = ""
    reactions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reply_broadcast: bool = False
    username: str = ""
    names: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """What ids are shown as, such as `@ana` for her id."""

    @property
    def is_reply(self) -> bool:
        """Whether it stands in a thread under another message."""
        return bool(self.thread_ts) and self.thread_ts != self.ts

    @cached_property
    def shown(self) -> str:
        """All text that a reader sees. When there are blocks, `text` is for notifications alone and is left out."""
        parts = [reading.text_of_blocks(self.blocks)] if self.blocks else [self.text]
        parts += [reading.text_of_attachment(one) for one in self.attachments]
        parts += [file.title or file.name for file in self.files]
        return reading.as_read("\n".join(part for part in parts if part), self.names)

    @cached_property
    def all_buttons(self) -> tuple[Button, ...]:
        """The buttons in the order in which they are shown."""
        return buttons_of(self.blocks)

    @property
    def buttons(self) -> tuple[str, ...]:
        """The labels of the buttons."""
        return tuple(button.label for button in self.all_buttons)

    def button(self, label: str) -> Button:
        """The button with this label; AssertionError when there is none."""
        return _button(self.all_buttons, label, "The message")


@dataclass(frozen=True)
class OpenView:
    """A modal or the App Home of one person. `payload` is what the app sent, with every id filled in."""

    id: str
    kind: str
    user: str
    payload: Payload
    hash: str
    root_id: str
    previous_id: str = ""
    values: Mapping[str, Mapping[str, Payload]] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def title(self) -> str:
        """The heading of a modal."""
        return reading.text_of(self.payload.get("title"))

    @property
    def submit_label(self) -> str:
        """What the submit button says, or nothing when there is none."""
        return reading.text_of(self.payload.get("submit"))

    @property
    def callback_id(self) -> str:
        """The app's own name for this view."""
        return str(self.payload.get("callback_id") or "")

    @property
    def private_metadata(self) -> str:
        """What the app noted on this view."""
        return str(self.payload.get("private_metadata") or "")

    @property
    def blocks(self) -> Blocks:
        """What it consists of."""
        return tuple(self.payload.get("blocks") or ())

    @cached_property
    def shown(self) -> str:
        """All text that its reader sees, with the errors at the fields."""
        parts = [self.title, reading.text_of_blocks(self.blocks), *self.errors.values(), self.submit_label]
        return reading.as_read("\n".join(part for part in parts if part), self.names)

    @cached_property
    def all_buttons(self) -> tuple[Button, ...]:
        """The buttons among its blocks; Submit and Cancel are not among them."""
        return buttons_of(self.blocks)

    @property
    def buttons(self) -> tuple[str, ...]:
        """The labels of the buttons among its blocks."""
        return tuple(button.label for button in self.all_buttons)

    def button(self, label: str) -> Button:
        """The button with this label; AssertionError when there is none."""
        return _button(self.all_buttons, label, "The view")


@dataclass(frozen=True)
class Notice:
    """Words of Slack's own to one person, such as that an app did not answer."""

    id: str
    user: str
    channel: str
    text: str


@dataclass(frozen=True)
class ApiCall:
    """One Web API call of the app; also what it sent to a response URL (`response_url`) or in an answer (`ack`)."""

    method: str
    arguments: Payload
    ok: bool
    error: str
    at: datetime
    messages: tuple[str, ...] = ()
    """What Slack says about a refused payload."""


def buttons_of(blocks: Blocks) -> tuple[Button, ...]:
    """The buttons among these blocks, as they are shown."""
    return tuple(
        Button(
            label=reading.as_read(reading.text_of(element.get("text")), {}),
            action_id=str(element.get("action_id") or ""),
            block_id=str(block.get("block_id") or ""),
            value=str(element.get("value") or ""),
            url=str(element.get("url") or ""),
            style=str(element.get("style") or ""),
        )
        for block, element in reading.elements(blocks)
        if element.get("type") in {"button", "icon_button", "workflow_button"}
    )


def _button(buttons: tuple[Button, ...], label: str, where: str) -> Button:
    for button in buttons:
        if button.label == label:
            return button
    listed = ", ".join(button.label for button in buttons) or "none"
    raise AssertionError(f"{where} has no button {label!r}. Its buttons: {listed}.")
