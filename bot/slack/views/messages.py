"""What the views make: messages, and which of them a run should have."""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Block = dict[str, Any]
"""A Block Kit block, as Slack takes it."""
View = dict[str, Any]
"""A modal or App Home, as Slack takes it."""


@dataclass(frozen=True)
class File:
    """Content that is too long for messages, or a picture: a file in the thread."""

    name: str
    title: str
    content: str | bytes


@dataclass(frozen=True)
class Message:
    """One message: blocks for those who see it, `text` for notifications and what can't show blocks."""

    text: str
    blocks: tuple[Block, ...] = ()
    thread: str = ""
    """The key of the run's message that this one replies to; "" for a message of its own."""
    file: File | None = None
    """Uploaded instead of posted; `text` is its comment."""

    @property
    def digest(self) -> str:
        """Equal for equal content: what was delivered need not be delivered again."""
        file = [self.file.name, self.file.title, _told(self.file.content)] if self.file else []
        shown = json.dumps([self.text, self.blocks, file], ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(shown.encode("utf-8", "surrogatepass")).hexdigest()


def _told(content: str | bytes) -> str:
    return content if isinstance(content, str) else hashlib.sha256(content).hexdigest()


class Priority(enum.IntEnum):
    """The order in which Slack's budget is spent; the lowest comes first."""

    DECISION = 0
    """Decisions and final states."""
    APPROVAL = 1
    """What asks or tells somebody."""
    PROGRESS = 2


class MessageType(enum.StrEnum):
    """What a message is, as its delivery row says."""

    CARD = "card"
    DETAILS = "details"
    APPROVAL = "approval"
    PART = "part"
    REMINDER = "reminder"
    NOTICE = "notice"
    ALERT = "alert"
    END = "end"
    SUMMARY = "summary"


@dataclass(frozen=True)
class Wanted:
    """A message that a run should have. They come in the order in which they have to be delivered."""

    key: str
    kind: MessageType
    priority: Priority
    message: Message
    once: bool = False
    """Posted and then left alone, whatever is rendered later."""
    channel: str = ""
    """Where it goes: "" for the run's channel (`Places.channel`), a channel's id, or a user's id for a direct
    message. A reply goes where the message goes that it replies to."""


@dataclass(frozen=True)
class Places:
    """Where a run's messages can go, and what Slack has of them already."""

    channel: str = ""
    """The resolved id of the channel where the run is seen; a user's id for a direct message; "" for none."""
    ops: str = ""
    """The channel for alerts; "" for none."""
    direct: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By approval id: the Slack user ids of approvers who do not see `channel`, roles and groups resolved."""
    posted: Mapping[str, str] = field(default_factory=dict)
    """By message key: the digest of the content that Slack has now."""
    details: bool = False
    """Whether somebody asked for the run's details, which stand in its card's thread from then on."""
    trouble: str = ""
    """In words, why messages do not go where the run wanted them (mrkdwn, escaped)."""
