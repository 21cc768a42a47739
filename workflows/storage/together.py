"""Threads of one process that write an SQLite file together: one transaction, and one wait for the disk, for many."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from sqlalchemy import Connection

from workflows.engine.errors import Interruption, StoreUnavailable

T = TypeVar("T")
MOST = 64
"""Works that share a transaction at most."""

PAUSE = 0.001
"""Seconds between two transactions of threads that stand in line."""

Work = Callable[[Connection], Any]
Persist = Callable[[Work], Any]
"""Does work in one transaction, again when others got in its way; durable on return."""
Own = Callable[[Exception], Exception | None]
"""What a single work's thread is told of an error; None for one that concerns the whole transaction."""


@dataclass(eq=False)
class _Item:
    """One thread's work, and what came of it."""

    work: Work
    called: threading.Event = field(default_factory=threading.Event)
    """Set when there is an answer, or when it is this thread's turn to lead."""
    done: bool = False
    value: Any = None
    error: BaseException | None = None


class Together:
    """While one thread's transaction is under way, the works of the others gather, and the next one takes them all.

    Each work stands for itself: what one raises undoes that work alone.
    """

    def __init__(self, persist: Persist, own: Own, crowded: Callable[[], bool]) -> None:
        """`crowded` says whether other processes may want to write, too: they get a moment between transactions."""
        self._persist = persist
        self._own = own
        self._crowded = crowded
        self._lock = threading.Lock()
        self._waiting: deque[_Item] = deque()
        self._led = False

    def write(self, work: Callable[[Connection], T]) -> T:
        """Do `work` in a transaction that others may share; durable on return."""
        item = _Item(work)
        with self._lock:
            self._waiting.append(item)
            leads, self._led = not self._led, True
        if not leads:
            self._wait(item)
        if not item.done:
            if not leads and self._crowded():
                time.sleep(PAUSE)
            self._lead()
        if item.error is not None:
            raise item.error
        return cast(T, item.value)

    def _wait(self, item: _Item) -> None:
        try:
            item.called.wait()
        except BaseException:  # interrupted: leave the line, or hand on the lead that came meanwhile
            with self._lock:
                if item in self._waiting:
                    self._waiting.remove(item)
                    if item.called.is_set():
                        self._hand_on()
            raise

    def _lead(self) -> None:
        """Carry out what waits, this thread's own work first of all, and hand on the lead."""
        with self._lock:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST))]
        try:
            self._carry_out(batch)
        finally:
            for item in batch:
                item.done = True
            with self._lock:
                self._hand_on()
            for item in batch:
                item.called.set()

    def _hand_on(self) -> None:
        self._led = bool(self._waiting)
        if self._waiting:
            self._waiting[0].called.set()

    def _carry_out(self, batch: Sequence[_Item]) -> None:
        try:
            if len(batch) == 1:
                batch[0].value = self._persist(batch[0].work)
            else:
                self._persist(lambda conn: self._each(conn, batch))
        except BaseException as error:
            for item in batch[1:]:
                item.error = StoreUnavailable(str(error) or type(error).__name__)
            batch[0].error = error
            if not isinstance(error, Exception):
                raise

    def _each(self, conn: Connection, batch: Sequence[_Item]) -> None:
        for item in batch:
            item.error = None
            point = conn.begin_nested()
            try:
                item.value = item.work(conn)
            except (Exception, Interruption) as error:
                item.error = self._own(error) if isinstance(error, Exception) else error
                if item.error is None:
                    raise
                point.rollback()
            else:
                point.commit()
