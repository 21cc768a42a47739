"""What a process shares with others through Redis, and keeps by itself while Redis is away."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from redis.exceptions import RedisError

HOLD_OFF = 1.0
"""Seconds for which Redis is not asked after it failed: calls wait for it once, not each."""

_log = logging.getLogger("baton.connectors")
T = TypeVar("T")
P = TypeVar("P")


class Shelter:
    """Knows whether Redis is away; it is said once when it goes, and once when it is back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._away_until = float("-inf")
        self._away = False

    def either(self, shared: P, own: P, ask: Callable[[P], T]) -> T:
        """Ask what is shared, or this process's own while that can't be reached."""
        if self._clock() >= self._away_until:
            try:
                answer = ask(shared)
            except RedisError as error:
                self._failed(error)
            else:
                self._worked()
                return answer
        return ask(own)

    def _failed(self, error: RedisError) -> None:
        with self._lock:
            first, self._away = not self._away, True
            self._away_until = self._clock() + HOLD_OFF
        if first:
            _log.warning("redis is away: each process keeps to the services' limits by itself (%s)", error)

    def _worked(self) -> None:
        with self._lock:
            back, self._away = self._away, False
        if back:
            _log.info("redis is back: all workers share the services' limits again")
