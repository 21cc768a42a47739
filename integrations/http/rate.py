"""How fast a service may be asked: the limit's interface and its local twin."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol


class RateLimit(Protocol):
    """A limit that everybody who calls one service shares."""

    def take(self, patience: timedelta) -> timedelta:
        """Take one permit and return how long to wait before using it.

        When that would be longer than `patience`, nothing is taken and the answer says how long it is.
        """

    def hold(self, pause: timedelta) -> None:
        """Give out no permit for `pause`: the service has asked for it."""


class Unlimited:
    """No limit at all."""

    def take(self, patience: timedelta) -> timedelta:  # noqa: ARG002 - nobody waits
        """A permit, at once."""
        return timedelta(0)

    def hold(self, pause: timedelta) -> None:
        """Do nothing: the engine's retry honours the pause."""


class LocalRateLimit:
    """A token bucket for the threads of one process: `per_second` on average, `burst` at once."""

    def __init__(self, per_second: float, burst: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        if per_second <= 0 or burst < 1:
            raise ValueError(f"A rate limit of {per_second} per second and a burst of {burst} lets nothing through")
        self._interval = 1 / per_second
        self._slack = self._interval * (burst - 1)
        self._clock = clock
        self._lock = threading.Lock()
        self._next = float("-inf")

    def take(self, patience: timedelta) -> timedelta:
        """Take one permit and return how long to wait before using it."""
        with self._lock:
            now = self._clock()
            due = max(self._next, now - self._slack)
            wait = timedelta(seconds=max(0.0, due - now))
            if wait <= patience:
                self._next = due + self._interval
            return wait

    def hold(self, pause: timedelta) -> None:
        """Give out no permit for `pause`."""
        with self._lock:
            self._next = max(self._next, self._clock() + pause.total_seconds())
