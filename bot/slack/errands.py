"""What is left to do after Slack had its answer: calls to Slack, in a few threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

import structlog

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

THREADS = 16

T = TypeVar("T")
Errand = Callable[[], None]


class _Awaited(Generic[T]):
    """A result that somebody waits for, until they leave."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._found: list[T] = []
        self._left = False

    def put(self, result: T) -> bool:
        """Give the result; False when nobody waits any more."""
        with self._changed:
            self._found.append(result)
            self._changed.notify_all()
            return not self._left

    def take(self, seconds: float) -> T | None:
        """Wait for it; None when it takes longer."""
        with self._changed:
            self._changed.wait_for(lambda: self._found, seconds)
            self._left = not self._found
            return self._found[0] if self._found else None


class Errands:
    """Runs errands soon; one that raises is logged, and the others go on. What matters is in the database before."""

    def __init__(self, threads: int = THREADS) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="slack-errand")
        self._quiet = threading.Condition()
        self._left = 0

    def run(self, errand: Errand) -> None:
        """Take an errand."""
        with self._quiet:
            self._left += 1
        try:
            self._pool.submit(self._carry_out, errand)
        except RuntimeError:  # the process is leaving
            self._done()

    def within(self, seconds: float, work: Callable[[], T], late: Callable[[T], None]) -> T | None:
        """Do some work that must not raise, and wait so long; what comes later is given to `late`, and this is None."""
        awaited: _Awaited[T] = _Awaited()

        def errand() -> None:
            result = work()
            if not awaited.put(result):
                late(result)

        self.run(errand)
        return awaited.take(seconds)

    def idle(self, timeout: float) -> bool:
        """Wait until nothing is left to do; False when it takes longer."""
        with self._quiet:
            return self._quiet.wait_for(lambda: not self._left, timeout)

    def close(self) -> None:
        """Take no more, and let those that wait go."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _carry_out(self, errand: Errand) -> None:
        try:
            errand()
        except Exception:
            log.exception("something after an answer to Slack went wrong")
        finally:
            self._done()

    def _done(self) -> None:
        with self._quiet:
            self._left -= 1
            self._quiet.notify_all()
