"""What can happen to a file."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from tests.contract.store.opened import Opened, record
from tests.contract.store.other import other_process
from workflows.engine.errors import BatonError, StoreUnavailable
from workflows.engine.model import Writes
from workflows.storage.store import SqlStore

MOMENT = timedelta(milliseconds=20)


@pytest.fixture
def opened(sqlite_url: str) -> Iterator[Opened]:
    store = SqlStore(sqlite_url, lock_timeout=MOMENT)
    yield Opened(store)
    store.close()


def test_a_foreign_lock_is_named(opened: Opened, sqlite_url: str) -> None:
    claim = opened.claimed()
    foreign = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    foreign.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="Another program kept it locked") as caught:
        opened.store.commit(claim.lease, Writes(records=(record(),)))
    assert "\n" not in str(caught.value)
    with pytest.raises(StoreUnavailable, match="locked"):
        opened.create("r2")
    assert opened.store.run("r1").id == "r1"  # readers don't mind
    foreign.execute("ROLLBACK")
    foreign.close()
    opened.store.commit(claim.lease, Writes(records=(record(),)))
    opened.create("r2")


def test_a_full_disk_is_named_and_work_goes_on_after(sqlite_url: str) -> None:
    store = SqlStore(sqlite_url)
    room = [90]

    @event.listens_for(store._database.engine, "connect")
    def bound(dbapi: sqlite3.Connection, _record: object) -> None:
        dbapi.execute(f"PRAGMA max_page_count={room[0]}")

    opened = Opened(store)
    claim = opened.claimed()
    big = '"' + "x" * 20_000 + '"'
    numbers = itertools.count(1)

    def fill() -> None:
        for number in numbers:
            store.commit(claim.lease, Writes(records=(record(number, output=big),)))

    with pytest.raises(StoreUnavailable, match="no room left"):
        fill()
    number = next(numbers)
    with pytest.raises(StoreUnavailable, match="no room left"):
        opened.create("r2", input='"' + "x" * 60_000 + '"')
    assert len(store.records("r1")) == number - 2
    room[0] = 10_000
    store._database.engine.dispose()
    store.commit(claim.lease, Writes(records=(record(number),)))
    assert len(store.records("r1")) == number - 1
    store.close()


def test_commits_are_as_safe_as_sqlite_can(opened: Opened) -> None:
    store = opened.store
    assert isinstance(store, SqlStore)
    with store._database.engine.connect() as conn:
        pragmas = ("journal_mode", "synchronous", "foreign_keys")
        assert [conn.exec_driver_sql(f"PRAGMA {pragma}").scalar() for pragma in pragmas] == ["wal", 2, 1]


def test_other_processes_are_noticed(opened: Opened, sqlite_url: str) -> None:
    store = opened.store
    assert isinstance(store, SqlStore)
    neighbours = store._committer._neighbours
    assert neighbours is not None
    assert not neighbours.any()
    with other_process(sqlite_url, "b") as other:
        assert other.ask("hello") == "ready"
        neighbours._looked = float("-inf")
        assert neighbours.any()
        claim = opened.claimed()
        store.commit(claim.lease, Writes(records=(record(),)))
        other.kill()
    neighbours._looked = float("-inf")
    assert not neighbours.any()


def test_a_database_without_tables_says_what_to_do(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'new.db'}")
    with pytest.raises(StoreUnavailable, match="tables are missing: run"):
        store.run("r1")
    store.close()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database, but long enough to be taken for one" * 50)
    store = SqlStore(f"sqlite:///{tmp_path / 'notes.txt'}")
    with pytest.raises(StoreUnavailable, match="no SQLite database"):
        store.ping()
    store.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://h/d", "nonsense", ""])
def test_an_address_that_can_t_be_used(url: str) -> None:
    with pytest.raises(BatonError, match="DATABASE_URL"):
        SqlStore(url)


def test_the_database_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = SqlStore("sqlite:///.baton/baton.db")
    assert store.ping() == f"SQLite {'.'.join(sqlite3.sqlite_version.split('.')[:2])}, ./.baton/baton.db"
    store.close()


def test_a_closed_store_takes_no_writes(opened: Opened) -> None:
    claim = opened.claimed()
    opened.store.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        opened.store.commit(claim.lease, Writes(records=(record(),)))
