"""The clock's part: it rings for cards that want to be shown, and delivers nothing itself."""

from __future__ import annotations

from collections.abc import Callable

from workflows.engine.outbox import DeliveryBell, Outbox

BATCH = 200
ADOPT_EVERY = 2.0
AGAIN_EVERY = 5.0
"""Seconds between rings that do not believe in earlier ones: a worker may have died with one in hand."""


class DueCards:
    """Rings for the cards that are due. Any number of clocks may do so: rings of one run coalesce."""

    def __init__(self, outbox: Outbox, bell: DeliveryBell, seconds: Callable[[], float]) -> None:
        self._outbox = outbox
        self._bell = bell
        self._seconds = seconds
        self._adopt_at = 0.0
        self._again_at = seconds() + AGAIN_EVERY

    def tick(self) -> None:
        """Ring for what is due. Raises StoreUnavailable."""
        now = self._seconds()
        if now >= self._adopt_at:
            self._outbox.adopt(limit=BATCH)
            self._adopt_at = now + ADOPT_EVERY
        again = now >= self._again_at
        if again:
            self._again_at = now + AGAIN_EVERY
        found = self._outbox.due(limit=BATCH)
        if found:
            self._bell.ring_delivery(*found, again=again)
