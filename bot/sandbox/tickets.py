"""What the app may use for a short time: trigger ids and response URLs."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from bot.sandbox.clock import Clock
from bot.sandbox.errors import SlackError

TRIGGER_SECONDS = 3.0
HOOK_SECONDS = 30 * 60.0
HOOK_USES = 5


@dataclass
class Trigger:
    """A trigger id: whose press it came from, and whether it was used."""

    user: str
    expires: float
    used: bool = False


@dataclass
class Hook:
    """A response URL: where it answers, and how often it still may."""

    user: str
    channel: str
    expires: float
    left: int = HOOK_USES
    message_ts: str = ""
    """The message that was pressed, if there was one."""
    ephemeral: bool = False
    thread_ts: str = ""


class Tickets:
    """Trigger ids and response URLs by their secret. Its caller holds the workspace's lock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._triggers: dict[str, Trigger] = {}
        self._hooks: dict[str, Hook] = {}
        self._count = 0

    def trigger(self, user: str) -> str:
        """A new trigger id of a person's press."""
        self._count += 1
        name = f"{self._count}.{17_000_000 + self._count}.{secrets.token_hex(8)}"
        self._triggers[name] = Trigger(user, self._clock.monotonic() + TRIGGER_SECONDS)
        return name

    def exchange(self, name: str) -> str:
        """Use a trigger id up; whose it was."""
        trigger = self._triggers.get(name)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if self._clock.monotonic() > trigger.expires:
            raise SlackError("expired_trigger_id")
        trigger.used = True
        return trigger.user

    def hook(self, user: str, channel: str, *, ts: str = "", ephemeral: bool = False, thread_ts: str = "") -> str:
        """The secret of a new response URL."""
        name = secrets.token_hex(12)
        expires = self._clock.monotonic() + HOOK_SECONDS
        self._hooks[name] = Hook(user, channel, expires, message_ts=ts, ephemeral=ephemeral, thread_ts=thread_ts)
        return name

    def find_hook(self, name: str) -> Hook | None:
        """The response URL with this secret; it is used up by `spend`."""
        return self._hooks.get(name)

    def check(self, hook: Hook) -> None:
        """Whether it may still be used."""
        if self._clock.monotonic() > hook.expires:
            raise SlackError("expired_url")
        if hook.left <= 0:
            raise SlackError("used_url")
