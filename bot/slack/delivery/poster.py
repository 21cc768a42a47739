"""What the deliverer asks of Slack, and how Slack may refuse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from bot.slack.views.messages import Message


class SlackTrouble(Exception):
    """Slack did not do what it was asked to."""


class TooOften(SlackTrouble):
    """Slack asks for a pause; nothing was done."""

    def __init__(self, pause: timedelta) -> None:
        super().__init__(f"Slack asks for a pause of {pause.total_seconds():.0f} s")
        self.pause = pause


class Unreachable(SlackTrouble):
    """Slack gave no answer that can be used. `unclear` says that it may have done what it was asked to."""

    def __init__(self, words: str, *, unclear: bool) -> None:
        super().__init__(words)
        self.unclear = unclear


class Denied(SlackTrouble):
    """Slack refused, and says why in a word of its own; nothing was done."""

    def __init__(self, code: str) -> None:
        super().__init__(f"Slack answered {code}")
        self.code = code


@dataclass(frozen=True)
class Sent:
    """Where a message stands."""

    channel: str
    ts: str


class Poster(Protocol):
    """Slack's messages. Every method raises SlackTrouble, waits for a bounded time, and repeats nothing."""

    def post(self, channel: str, message: Message, *, mark: str, thread_ts: str = "") -> Sent:
        """Post a message that carries a mark by which it can be found again."""

    def update(self, channel: str, ts: str, message: Message) -> None:
        """Replace what a message of ours shows."""

    def reply(self, url: str, message: Message) -> bool:
        """Replace a message by the address that a press on it brought; False when that is no longer possible."""

    def delete(self, channel: str, ts: str) -> None: ...
    def upload(self, channel: str, message: Message, *, thread_ts: str) -> str:
        """Upload a message's file into a thread; the file's id."""

    def find(self, channel: str, mark: str, *, thread_ts: str, since: datetime) -> tuple[str, ...]:
        """The messages that carry a mark, the oldest first."""

    def find_file(self, channel: str, message: Message, *, thread_ts: str, since: datetime) -> str:
        """The id of an uploaded file, if it is there."""

    def answer_step(self, execution: str, outputs: Mapping[str, Any] | None, error: str) -> None:
        """End a custom step of the Workflow Builder: with its outputs, or with why it failed."""

    def direct(self, user: str) -> str:
        """The id of the direct messages with somebody."""

    def channel_named(self, name: str) -> str:
        """The id of the channel with this name; "" when the bot sees none."""
