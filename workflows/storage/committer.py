"""The one thread per process that writes history: it commits the lanes' requests together."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue

from sqlalchemy import Connection

from workflows.engine.errors import CodecError, InvalidInput, LeaseLost, StoreUnavailable
from workflows.engine.model import Writes
from workflows.engine.ports import Committed, Lease
from workflows.storage.database import Database, Held
from workflows.storage.ledger import Ledger
from workflows.storage.outgoing import Statements

BATCH = 128
PAUSE = 0.001
"""Seconds between commits to an SQLite file that other processes write too; without it they starve."""
Answer = Committed | LeaseLost


class Reply:
    """Where a lane waits for what came of its write."""

    def __init__(self) -> None:
        self._value: Answer | None = None
        self._error: BaseException | None = None
        self._given = threading.Lock()
        self._given.acquire()

    def give(self, value: Answer | None, error: BaseException | None = None) -> None:
        """Wake the lane; what comes after the first answer is not heard."""
        if self._value is None and self._error is None:
            self._value, self._error = value, error
            self._given.release()

    def wait(self) -> Committed:
        """The answer; raises the error that was given instead."""
        self._given.acquire()
        if self._error is not None:
            raise self._error
        if isinstance(self._value, LeaseLost):
            raise self._value
        assert self._value is not None
        return self._value


@dataclass(frozen=True)
class Request:
    """One lane's write, and where its answer goes."""

    lease: Lease
    writes: Writes
    leave: bool
    expect_inbox: int | None
    reply: Reply = field(default_factory=Reply)


class Committer:
    """Takes requests from any thread; each call returns when its write is durable.

    The thread starts with the first request, so that a process that only reads has none.
    """

    def __init__(self, database: Database, statements: Statements) -> None:
        self._database = database
        self._statements = statements
        self._held = Held(database.engine)
        self._neighbours = database.neighbours
        self._waiting: SimpleQueue[Request | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False

    def commit(self, request: Request) -> Committed:
        """Raises LeaseLost, StoreUnavailable, or CodecError for what the database will never hold."""
        with self._lock:
            if self._closed:
                raise StoreUnavailable(f"The database {self._database.place} was closed by this process.")
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="baton-commits", daemon=True)
                self._thread.start()
            self._waiting.put(request)
        return request.reply.wait()

    def close(self) -> None:
        """Write what waits, then stop."""
        with self._lock:
            self._closed = True
            self._waiting.put(None)
        if self._thread is not None:
            self._thread.join()
        self._held.close()

    def _work(self) -> None:
        ended = False
        while not ended:
            asked = [self._waiting.get(), *(self._waiting.get() for _ in range(min(self._waiting.qsize(), BATCH - 1)))]
            batch = [request for request in asked if request is not None]
            ended = len(batch) < len(asked)  # nothing comes after the request to end
            if not batch:
                continue
            try:
                self._write(batch)
            except BaseException as error:  # noqa: BLE001 - the lanes wait for an answer, whatever happened
                for request in batch:
                    request.reply.give(None, error)
            if self._neighbours is not None and self._neighbours.any():
                time.sleep(PAUSE)

    def _write(self, batch: Sequence[Request]) -> None:
        try:
            answers = self._database.write(lambda conn: self._apply(conn, batch), self._held)
        except InvalidInput as error:
            if len(batch) == 1:
                batch[0].reply.give(None, CodecError(str(error)))
                return
            for request in batch:
                self._alone(request)
            return
        for request, answer in zip(batch, answers, strict=True):
            request.reply.give(answer)

    def _alone(self, request: Request) -> None:
        """A batch failed: let each request stand for itself."""
        try:
            self._write([request])
        except Exception as error:  # noqa: BLE001 - it belongs to this request, not to the others
            request.reply.give(None, error)

    def _apply(self, conn: Connection, batch: Sequence[Request]) -> list[Answer]:
        ledger = Ledger(conn, self._database, self._statements)
        ledger.lock((request.lease.run_id for request in batch), (request.writes for request in batch))
        answers = [_answer(ledger, request) for request in batch]
        ledger.flush()
        return answers


def _answer(ledger: Ledger, request: Request) -> Answer:
    """Apply one request if its lease holds: the row is locked, so no claim can come between."""
    lease = request.lease
    run = ledger.holder(lease)
    if run is None:
        return LeaseLost(f"{lease.owner} no longer holds run {lease.run_id}")
    if request.expect_inbox is not None and request.expect_inbox != run.inbox:
        return Committed(False, run.inbox)
    rings = ledger.apply(lease.run_id, request.writes, leave=request.leave)
    return Committed(True, run.inbox, rings)
