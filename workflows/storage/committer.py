"""The one thread per process that writes history: it commits the lanes' requests together, claims among them."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import cast

from sqlalchemy import Connection

from workflows.engine.errors import CodecError, InvalidInput, LeaseLost, StoreUnavailable
from workflows.engine.model import Writes
from workflows.engine.ports import Claim, Claimant, Committed, Lease
from workflows.storage import leases
from workflows.storage.database import Database, Held
from workflows.storage.ledger import Ledger
from workflows.storage.outgoing import Statements

BATCH = 128
PAUSE = 0.001
"""Seconds between two commits that are not alone: others of this process gather, and other processes get a turn."""


class Elsewhere:
    """What a claim comes to that has to have a transaction of its own."""


ELSEWHERE = Elsewhere()
Answer = Committed | LeaseLost | Claim | Elsewhere | None


class Reply:
    """Where a lane waits for what came of its request."""

    def __init__(self) -> None:
        self._answered = False
        self._value: Answer = None
        self._error: BaseException | None = None
        self._given = threading.Lock()
        self._given.acquire()

    def give(self, value: Answer, error: BaseException | None = None) -> None:
        """Wake the lane; what comes after the first answer is not heard."""
        if not self._answered:
            self._answered, self._value, self._error = True, value, error
            self._given.release()

    def wait(self) -> Answer:
        """The answer; raises the error that was given instead."""
        self._given.acquire()
        if self._error is not None:
            raise self._error
        if isinstance(self._value, LeaseLost):
            raise self._value
        return self._value


@dataclass(frozen=True)
class Request:
    """One lane's write, and where its answer goes."""

    lease: Lease
    writes: Writes
    leave: bool
    expect_inbox: int | None
    reply: Reply = field(default_factory=Reply)


@dataclass(frozen=True)
class Wish:
    """One lane's wish to take a run, and where its answer goes."""

    run_id: str
    claimant: Claimant
    reply: Reply = field(default_factory=Reply)


Asked = Request | Wish


class Committer:
    """Takes requests from any thread; each call returns when its write is durable.

    The thread starts with the first request, so that a process that only reads has none.
    """

    def __init__(self, database: Database, statements: Statements) -> None:
        self._database = database
        self._statements = statements
        self._held = Held(database.engine)
        self._neighbours = database.neighbours
        self._waiting: SimpleQueue[Asked | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False

    def commit(self, request: Request) -> Committed:
        """Raises LeaseLost, StoreUnavailable, or CodecError for what the database will never hold."""
        return cast(Committed, self._ask(request))

    def claim(self, run_id: str, claimant: Claimant) -> Claim | None:
        """Take a run, as `leases.claim` does; raises StoreUnavailable."""
        answer = self._ask(Wish(run_id, claimant))
        if answer is ELSEWHERE:
            return self._database.write(lambda conn: leases.claim(conn, self._database, run_id, claimant))
        return cast(Claim | None, answer)

    def _ask(self, asked: Asked) -> Answer:
        with self._lock:
            if self._closed:
                raise StoreUnavailable(f"The database {self._database.place} was closed by this process.")
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="baton-commits", daemon=True)
                self._thread.start()
            self._waiting.put(asked)
        return asked.reply.wait()

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
            batch = [one for one in asked if one is not None]
            ended = len(batch) < len(asked)  # nothing comes after the request to end
            if not batch:
                continue
            try:
                self._write(batch)
            except BaseException as error:  # noqa: BLE001 - the lanes wait for an answer, whatever happened
                for request in batch:
                    request.reply.give(None, error)
            if self._is_shared(len(batch)):
                time.sleep(PAUSE)

    def _is_shared(self, last: int) -> bool:
        """Whether the next commit had better wait a moment.

        Writers of an SQLite file starve beside one who never pauses. On PostgreSQL a transaction costs this process as
        much as five requests in it: lanes that were just answered together are given the time to ask together.
        """
        return last > 1 if self._neighbours is None else self._neighbours.any()

    def _write(self, batch: Sequence[Asked]) -> None:
        """One transaction; what it fails for is one request's own, unless it is the database's: each stands alone."""
        try:
            answers = self._database.write(lambda conn: self._apply(conn, batch), self._held)
        except StoreUnavailable:
            raise
        except Exception as error:
            if len(batch) > 1:
                for asked in batch:
                    self._alone(asked)
            elif isinstance(error, InvalidInput):
                batch[0].reply.give(None, CodecError(str(error)))
            else:
                raise
            return
        for asked, answer in zip(batch, answers, strict=True):
            asked.reply.give(answer)

    def _alone(self, asked: Asked) -> None:
        """A batch failed: let each request stand for itself."""
        try:
            self._write([asked])
        except Exception as error:  # noqa: BLE001 - it belongs to this request, not to the others
            asked.reply.give(None, error)

    def _apply(self, conn: Connection, batch: Sequence[Asked]) -> list[Answer]:
        """Writes first, which wait for locked rows in the order of ids; claims, which wait for none, after them."""
        requests = [asked for asked in batch if isinstance(asked, Request)]
        wishes = [asked for asked in batch if isinstance(asked, Wish)]
        told: dict[int, Answer] = {}
        if requests:
            ledger = Ledger(conn, self._database, self._statements)
            ledger.lock((request.lease.run_id for request in requests), (request.writes for request in requests))
            told |= {id(request): _answer(ledger, request) for request in requests}
            ledger.flush()
        told |= {id(wish): claim for wish, claim in zip(wishes, self._claims(conn, wishes), strict=True)}
        return [told[id(asked)] for asked in batch]

    def _claims(self, conn: Connection, wishes: Sequence[Wish]) -> list[Claim | Elsewhere | None]:
        if self._database.lite:  # it has one writer at a time, who meets no lock
            return [leases.claim(conn, self._database, wish.run_id, wish.claimant) for wish in wishes]
        claims: dict[int, Claim] = {}
        for claimant in {wish.claimant for wish in wishes}:
            mine = {wish.run_id: id(wish) for wish in wishes if wish.claimant == claimant}
            for claim in leases.claim_free(conn, self._database, list(mine), claimant):
                claims[mine[claim.run.id]] = claim
        return [claims.get(id(wish), ELSEWHERE) for wish in wishes]


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
