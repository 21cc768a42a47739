"""Requests of many lanes in one transaction, each judged for itself."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from tests.contract.store.opened import Opened, message, record
from workflows.engine.errors import CodecError, LeaseLost
from workflows.engine.model import RunState, Writes
from workflows.engine.ports import Claim, Committed, Lease, Ring
from workflows.engine.testing.clock import ManualClock
from workflows.storage.store import SqlStore


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Hold run r0, so that a commit to it waits."""
    if url.startswith("sqlite"):
        file = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        file.execute("BEGIN IMMEDIATE")
        yield
        file.execute("ROLLBACK")
        file.close()
    else:
        with psycopg.connect(url) as conn:
            conn.execute("SELECT 1 FROM run WHERE id = 'r0' FOR UPDATE")
            yield


class Lanes:
    """Commits that were asked for while the commit thread was busy, so that they come in one batch."""

    def __init__(self, store: SqlStore, url: str, pool: ThreadPoolExecutor) -> None:
        self.store = store
        self.transactions = 0
        self._url = url
        self._pool = pool
        self._lock = threading.Lock()
        self._begun = threading.Event()
        self._write = store._database.write
        event.listen(store._database.engine, "commit", self._count)

    def _count(self, _conn: object) -> None:
        with self._lock:
            self.transactions += 1

    def write(self, *arguments: Any) -> Any:
        """Stands before the database's own, to say that the commit thread has taken a batch."""
        self._begun.set()
        return self._write(*arguments)

    def together(self, first: Claim, asked: list[tuple[Lease, Writes]]) -> list[Future[Committed]]:
        waiting = self.store._committer._waiting
        with locked(self._url):
            self._begun.clear()
            self._pool.submit(self.store.commit, first.lease, Writes(records=(record(run_id="r0"),)))
            assert self._begun.wait(10)
            futures = []
            for number, (lease, writes) in enumerate(asked, 1):
                futures.append(self._pool.submit(self.store.commit, lease, writes))
                self._until(lambda number=number: waiting.qsize() == number)  # type: ignore[misc]
            self.transactions = 0
        for future in futures:
            future.exception()
        return futures

    def _until(self, reached: Callable[[], bool]) -> None:
        pause = threading.Event()
        while not reached():
            pause.wait(0.001)


@pytest.fixture
def store(url: str, clock: ManualClock) -> Iterator[SqlStore]:
    opened = SqlStore(url, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def lanes(store: SqlStore, url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lanes]:
    with ThreadPoolExecutor(10) as pool:
        made = Lanes(store, url, pool)
        monkeypatch.setattr(store._database, "write", made.write)
        yield made


def test_a_stale_token_drops_its_own_writes_alone(lanes: Lanes, made: Opened) -> None:
    first, *claims = [made.claimed(f"r{number}") for number in range(5)]
    asked = [(claim.lease, Writes(records=(record(run_id=claim.run.id),))) for claim in claims]
    asked[1] = (Lease("r2", 99, "a"), asked[1][1])
    done = lanes.together(first, asked)
    assert lanes.transactions == 2
    assert isinstance(done[1].exception(), LeaseLost)
    assert [len(made.store.records(f"r{number}")) for number in range(5)] == [1, 1, 0, 1, 1]


def test_a_bad_write_fails_alone(lanes: Lanes, made: Opened) -> None:
    first, *claims = [made.claimed(f"r{number}") for number in range(4)]
    asked = [(claim.lease, Writes(records=(record(run_id=claim.run.id),))) for claim in claims]
    asked[1] = (claims[1].lease, Writes(records=(record(run_id="r2", output='"\ud800"'),)))
    done = lanes.together(first, asked)
    assert isinstance(done[1].exception(), CodecError)
    assert [len(made.store.records(f"r{number}")) for number in range(4)] == [1, 1, 0, 1]


def test_runs_that_write_to_each_other_in_one_batch(lanes: Lanes, made: Opened) -> None:
    first = made.claimed("r0")
    one, two = made.claimed("r1"), made.claimed("r2")
    tell = Writes(messages=(message("m1", run_id="r2"),), run={"state": RunState.WAITING})
    take = Writes(taken=(("m1", "paid#1"),), records=(record(run_id="r2"),))
    done = lanes.together(first, [(one.lease, tell), (two.lease, take), (one.lease, tell)])
    assert [future.result() for future in done] == [
        Committed(True, 0, (Ring("r2", 1),)),
        Committed(True, 1),
        Committed(True, 0),
    ]
    assert made.store.inbox("r2").messages == ()


def test_history_rewritten_within_a_batch_keeps_its_order(lanes: Lanes, made: Opened) -> None:
    first, claim = made.claimed("r0"), made.claimed("r1")
    writes = [
        Writes(records=(record(1), record(2))),
        Writes(supersede=((0, "fetch#1"),), records=(record(3),), undone=((0, "fetch#2"),)),
        Writes(records=(record(2),)),
    ]
    lanes.together(first, [(claim.lease, each) for each in writes])
    assert made.store.records("r1") == [record(2), record(3)]


def test_who_leaves_in_a_batch_writes_no_more_in_it(lanes: Lanes, made: Opened) -> None:
    first, claim = made.claimed("r0"), made.claimed("r1")
    end = Writes(run={"state": RunState.SUCCEEDED})
    done = lanes.together(first, [(claim.lease, Writes(records=(record(1),)))])
    assert done[0].result().applied
    made.store.commit(claim.lease, end, leave=True)
    with pytest.raises(LeaseLost):
        made.store.commit(claim.lease, Writes(records=(record(2),)))
