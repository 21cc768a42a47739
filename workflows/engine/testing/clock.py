"""A clock that stands still until a test moves it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""A Monday morning."""


class ManualClock:
    """The time as a test tells it: sleeping takes no time and moves the clock on. Safe across threads."""

    def __init__(self, start: datetime = START) -> None:
        self._lock = threading.Lock()
        self._start = start
        self._passed = timedelta(0)

    def now(self) -> datetime:
        with self._lock:
            return self._start + self._passed

    def monotonic(self) -> float:
        with self._lock:
            return self._passed.total_seconds()

    def sleep(self, delay: timedelta) -> None:
        self.advance(delay)

    def advance(self, delta: timedelta) -> None:
        """Let time pass; time never goes back, so a negative delta is nothing."""
        with self._lock:
            self._passed += max(delta, timedelta(0))
