"""A server that ends connections, at every stage of each kind of transaction: what the store does, and says."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import Connection, event

from tests.contract.store.opened import Opened, claimant, message, record
from workflows.engine.errors import OutcomeUnknown, Refused
from workflows.engine.model import Writes
from workflows.engine.ports import Lease, RunQuery, View
from workflows.storage.store import SqlStore


@pytest.fixture
def store(postgres_url: str) -> Iterator[SqlStore]:
    opened = SqlStore(postgres_url)
    yield opened
    opened.close()


@pytest.fixture
def opened(store: SqlStore) -> Opened:
    return Opened(store)


@pytest.fixture
def admin(postgres_url: str) -> Iterator[psycopg.Connection]:
    """A connection of somebody else's to the same database."""
    with psycopg.connect(postgres_url, autocommit=True) as other:
        yield other


def end_all(admin: psycopg.Connection) -> int:
    """End every other connection to the database, as a restart of the server does; how many there were.

    One that was leaving anyway may be gone before it is told to.
    """
    return len(
        admin.execute(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchall()
    )


def hear(driver: psycopg.Connection) -> None:
    """Have the driver notice that its connection has ended."""
    with contextlib.suppress(psycopg.OperationalError):
        while not driver.closed:
            driver.pgconn.consume_input()


class Work:
    """Calls of the store, one of each kind of transaction, and whether what they wrote is there once."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._store = opened.store
        self._numbers = itertools.count(1)
        self.lease: Lease = opened.claimed("held").lease
        opened.create("free")

    def create(self) -> bool:
        name = f"new{next(self._numbers)}"
        self._opened.create(name)
        return self._store.run(name).id == name

    def transact(self) -> bool:
        before = self._store.run("free").inbox
        sent = message(f"m{next(self._numbers)}", "free")
        self._store.transact("free", lambda _view: Writes(messages=(sent,)))
        return self._store.run("free").inbox == before + 1

    def claim(self) -> bool:
        name = f"taken{next(self._numbers)}"
        self._opened.create(name)
        return self._store.claim(name, claimant("a")) is not None

    def commit(self) -> bool:
        number = next(self._numbers)
        self._store.commit(self.lease, Writes(records=(record(number, run_id="held"),)))
        return [r.key for r in self._store.records("held")].count(f"fetch#{number}") == 1

    def read(self) -> bool:
        return self._store.run("free").id == "free"

    def listed(self) -> bool:
        return bool(self._store.runs(RunQuery()))

    def recorded(self) -> bool:
        return bool(self._store.recorded(["free"]))


Kind = Callable[[Work], bool]
WRITES: tuple[Kind, ...] = (Work.create, Work.transact, Work.claim, Work.commit)
KINDS: tuple[Kind, ...] = (*WRITES, Work.read, Work.listed, Work.recorded)


@contextmanager
def cutting(store: SqlStore, moment: str, number: int, admin: psycopg.Connection) -> Iterator[list[Connection]]:
    """End the pool's connections at the given one of these moments; yields those that came."""
    came: list[Connection] = []

    def come(conn: Connection, *_more: object) -> None:
        if moment == "commit" and not conn.info["writes"]:
            return
        came.append(conn)
        if len(came) == number:
            assert end_all(admin)

    event.listen(store._database.engine, moment, come, insert=True)
    try:
        yield came
    finally:
        event.remove(store._database.engine, moment, come)


def test_many_dead_connections_in_the_pool_fail_nobody(
    opened: Opened, store: SqlStore, admin: psycopg.Connection
) -> None:
    work = Work(opened)
    for kind in KINDS:
        idle = [store._database.engine.connect() for _ in range(6)]
        for conn in idle:
            conn.close()
        assert end_all(admin) > 5
        assert kind(work), kind
        assert kind(work), kind


@pytest.mark.parametrize("heard", [False, True])
def test_connections_that_died_without_a_word_are_all_replaced_when_the_first_is_found_dead(
    opened: Opened, store: SqlStore, admin: psycopg.Connection, monkeypatch: pytest.MonkeyPatch, heard: bool
) -> None:
    """Nothing lies in their sockets, as when a firewall forgot them; `heard`: the driver has noticed it already."""
    work = Work(opened)
    monkeypatch.setattr("workflows.storage.sound._ended", lambda _dbapi: False)
    for kind in KINDS:
        idle = [store._database.engine.connect() for _ in range(6)]
        drivers = [conn.connection.driver_connection for conn in idle]
        for conn in idle:
            conn.close()
        assert end_all(admin) > 5
        for driver in drivers if heard else []:
            assert isinstance(driver, psycopg.Connection)
            hear(driver)
        assert kind(work), kind


@pytest.mark.parametrize("moment", ["begin", "before_cursor_execute", "after_cursor_execute"])
def test_a_connection_that_ends_before_commit_costs_nobody_anything(
    opened: Opened, store: SqlStore, admin: psycopg.Connection, moment: str
) -> None:
    work, cuts = Work(opened), 0
    for kind in KINDS:
        came, number = True, 0
        while came:
            number += 1
            with cutting(store, moment, number, admin) as seen:
                assert kind(work), f"{kind}, {moment} number {number}"
            came = len(seen) >= number
            cuts += came
    assert cuts >= (3 if moment == "after_cursor_execute" else len(KINDS))  # prepared statements have a before alone


def test_a_connection_that_ends_at_commit_leaves_the_outcome_open_and_says_so(
    opened: Opened, store: SqlStore, admin: psycopg.Connection
) -> None:
    work = Work(opened)
    for kind in WRITES:
        with cutting(store, "commit", 1, admin), pytest.raises(OutcomeUnknown, match="not known"):
            kind(work)
        assert kind(work), kind


def test_a_refusal_is_told_as_such_although_the_connection_ends_meanwhile(
    opened: Opened, store: SqlStore, admin: psycopg.Connection
) -> None:
    opened.create()
    asked: list[View] = []

    def refuse(view: View) -> Writes:
        asked.append(view)
        if len(asked) == 1:
            assert end_all(admin)
        raise Refused("no")

    with pytest.raises(Refused, match="no"):
        store.transact("r1", refuse)
    assert store.run("r1").id == "r1"
