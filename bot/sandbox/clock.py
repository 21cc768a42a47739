"""What time it is in the workspace, so that a test can skip hours."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where the workspace reads the time for timestamps, trigger ids, response URLs and retries."""

    def now(self) -> datetime:
        """The moment, with its time zone."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back."""
        ...


class SystemClock:
    """This computer's own time."""

    def now(self) -> datetime:
        """The moment, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()


class SkippingClock:
    """A time that stands still until it is told to skip."""

    def __init__(self, start: datetime | None = None) -> None:
        self._lock = threading.Lock()
        self._start = start or datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
        self._skipped = 0.0

    def now(self) -> datetime:
        """The moment that the clock stands at."""
        with self._lock:
            return self._start + timedelta(seconds=self._skipped)

    def monotonic(self) -> float:
        """Seconds skipped so far."""
        with self._lock:
            return self._skipped

    def skip(self, seconds: float) -> None:
        """Move on. `workspace.settle()` afterwards lets what has become due happen."""
        with self._lock:
            self._skipped += seconds
