"""Slack's rate limits, for those who want them enforced."""

from __future__ import annotations

import math
from collections.abc import Mapping

from bot.sandbox.clock import Clock

PER_MINUTE: Mapping[str, int] = {
    "chat.update": 50,
    "chat.delete": 50,
    "chat.postEphemeral": 100,
    "views.open": 100,
    "views.push": 100,
    "views.update": 100,
    "views.publish": 100,
    "users.info": 100,
    "users.list": 20,
    "conversations.info": 50,
    "conversations.list": 20,
    "conversations.members": 100,
    "conversations.open": 50,
    "conversations.history": 50,
    "conversations.replies": 50,
    "usergroups.list": 20,
    "usergroups.users.list": 20,
    "apps.connections.open": 20,
    "reactions.add": 50,
    "functions.completeSuccess": 50,
    "functions.completeError": 50,
}
"""Calls a minute by method, from Slack's tiers; others have none here."""
POSTS_PER_SECOND = 1.0
POST_BURST = 4
"""Posts into one channel that are taken at once before the limit of one a second bites."""


class Tiers:
    """A bucket of calls for each method, and one for each channel that is posted to."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def wait(self, method: str, channel: str) -> int:
        """Seconds to wait before this call, 0 when it is taken."""
        if method == "chat.postMessage":
            return self._draw(f"post {channel}", POST_BURST, POSTS_PER_SECOND)
        limit = PER_MINUTE.get(method)
        return self._draw(method, limit, limit / 60) if limit else 0

    def _draw(self, name: str, size: float, per_second: float) -> int:
        now = self._clock.monotonic()
        level, since = self._buckets.get(name, (size, now))
        level = min(size, level + (now - since) * per_second)
        if level < 1:
            self._buckets[name] = (level, now)
            return math.ceil((1 - level) / per_second)
        self._buckets[name] = (level - 1, now)
        return 0
