"""Threads of one process that write a database together: one transaction, and one wait for the disk, for many."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from workflows.engine.errors import Interruption, StoreUnavailable

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
class Item:
    """One thread's work, and what came of it."""

    work: Any
    called: threading.Event = field(default_factory=threading.Event)
    """Set when there is an answer, or when it is this thread's turn to lead."""
    done: bool = False
    value: Any = None
    error: BaseException | None = None


CarryOut = Callable[[Sequence[Item]], None]
"""Does works in one transaction and notes in each item what came of it; what it raises hits them all."""


class Together:
    """While one thread's transaction is under way, the works of the others gather, and the next one takes them all."""

    def __init__(self, carry_out: CarryOut, crowded: Callable[[], bool] = lambda: False) -> None:
        """`crowded` says whether other processes may want to write, too: they get a moment between transactions."""
        self._carry_out = carry_out
        self._crowded = crowded
        self._lock = threading.Lock()
        self._waiting: deque[Item] = deque()
        self._led = False

    def write(self, work: Any) -> Any:
        """Do `work` in a transaction that others may share; durable on return."""
        item = Item(work)
        with self._lock:
            self._waiting.append(item)
            leads, self._led = not self._led, True
        if not leads:
            self._wait(item)
        if not item.done:
            if not leads and self._crowded():
                time.sleep(PAUSE)
            self._lead(item)
        if item.error is not None:
            raise item.error
        return item.value

    def _wait(self, item: Item) -> None:
        try:
            item.called.wait()
        except BaseException:  # interrupted: leave the line, or hand on the lead that came meanwhile
            with self._lock:
                if item in self._waiting:
                    self._waiting.remove(item)
                    if item.called.is_set():
                        self._hand_on()
            raise

    def _lead(self, mine: Item) -> None:
        """Carry out what waits, this thread's own work first of all, and hand on the lead."""
        with self._lock:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST))]
        try:
            self._carry_out(batch)
        except BaseException as error:
            for item in batch:
                item.error = StoreUnavailable(str(error) or type(error).__name__)
            mine.error = error
            if not isinstance(error, Exception):
                raise
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


class Savepoints:
    """Works that stand each for itself within one transaction: what one raises undoes that work alone."""

    def __init__(self, persist: Persist, own: Own) -> None:
        self._persist = persist
        self._own = own

    def __call__(self, batch: Sequence[Item]) -> None:
        if len(batch) == 1:
            batch[0].value = self._persist(batch[0].work)
        else:
            self._persist(lambda conn: self._each(conn, batch))

    def _each(self, conn: Connection, batch: Sequence[Item]) -> None:
        for item in batch:
            item.error = None
            _say(conn, "SAVEPOINT work")
            try:
                item.value = item.work(conn)
            except (Exception, Interruption) as error:
                item.error = self._own(error) if isinstance(error, Exception) else error
                if item.error is None:
                    raise
                _say(conn, "ROLLBACK TO work")
            _say(conn, "RELEASE work")


def _say(conn: Connection, statement: str) -> None:
    """Straight to the driver: what SQLAlchemy does around a nested transaction costs as much as a small work."""
    driver: Any = conn.connection.dbapi_connection
    try:
        driver.execute(statement)
    except conn.dialect.loaded_dbapi.Error as error:
        raise DBAPIError.instance(statement, None, error, conn.dialect.loaded_dbapi.Error) from error
