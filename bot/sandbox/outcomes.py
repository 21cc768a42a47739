"""What comes of what a person does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.sandbox.model import Message


class AppFailed(Exception):
    """The app did not take what a person did; the text is what the person is shown."""

    def __init__(self, words: str, reason: str) -> None:
        super().__init__(words)
        self.reason = reason


class OperationTimeout(AppFailed):
    """The app did not answer in time."""


class NoAppConnected(AppFailed):
    """No app is connected to the workspace."""


class Refused(Exception):
    """The workspace does not let this person do this; the text says why."""


@dataclass(frozen=True)
class Reply:
    """What the app answered at once to a command: `message` is None when it answered nothing."""

    message: Message | None = None

    @property
    def shown(self) -> str:
        """The words of the answer."""
        return self.message.shown if self.message else ""


@dataclass(frozen=True)
class Submitted:
    """What became of a modal's submission."""

    closed: bool
    errors: Mapping[str, str] = field(default_factory=dict)
    """Words by block id, empty when the app took it."""
