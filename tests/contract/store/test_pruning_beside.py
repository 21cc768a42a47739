"""Deleting old runs beside all that goes on: other prunes, writers of the same values, people, killed processes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from sqlalchemy import create_engine, text

from tests.contract.store.opened import Opened, event, record
from tests.contract.store.other import other_process
from tests.contract.store.test_races import at_once, several
from workflows.engine.expiry import PRUNE, Expiry
from workflows.engine.model import RunState, Writes
from workflows.engine.ports import RunQuery, Store, View
from workflows.engine.testing.clock import START
from workflows.storage.address import parse

BIG = '"' + "x" * 100_000 + '"'
EVER = Expiry(datetime(2100, 1, 1, tzinfo=START.tzinfo))


def all_gone(store: Store, limit: int) -> int:
    """Prune until nothing is found; how many that deleted."""
    gone = 0
    while count := store.prune(EVER, limit=limit).runs:
        gone += count
    return gone


def test_two_at_once_delete_each_run_once(real: Opened, url: str) -> None:
    names = [f"r{number:03}" for number in range(60)]
    for name in names:
        real.over(name)
    with several(url, 3) as stores:
        works: list[Callable[[], int]] = [lambda store=store: all_gone(store, 7) for store in stores]  # type: ignore[misc]
        gone = sum(at_once(works)) + all_gone(real.store, 100)
    assert gone == len(names)
    assert [sum(entry.verb == PRUNE for entry in real.store.audit(name)) for name in names] == [1] * len(names)


def test_values_that_others_write_just_now_are_never_lost(real: Opened, url: str) -> None:
    def write(store: Store, owner: str) -> int:
        made = Opened(store)
        for number in range(12):
            claim = made.claimed(f"{owner}{number}", owner=owner, input=BIG)
            store.commit(claim.lease, Writes(records=(record(run_id=claim.run.id, output=BIG),)))
            if number % 2:
                made.end(claim)
        return 0

    with several(url, 3) as (one, two, pruner):
        works: list[Callable[[], int]] = [lambda: write(one, "a"), lambda: write(two, "b")]
        with ThreadPoolExecutor(1) as pool:
            gone = pool.submit(lambda: sum(all_gone(pruner, 3) for _ in range(30)))
            at_once(works)
            deleted = gone.result() + all_gone(real.store, 100)
    assert deleted == 12
    left = real.store.runs(RunQuery(limit=100))
    assert len(left) == 12
    for run in left:
        assert (run.input, real.store.records(run.id)[0].output) == (BIG, BIG)
    for run in left:
        real.store.transact(run.id, lambda _view: Writes(run={"state": RunState.SUCCEEDED, "ended_at": START}))
    all_gone(real.store, 100)
    real.store.sweep(EVER, limit=10)
    assert count(url, "blob") == count(url, "blob_use") == 0


def test_a_value_in_a_transaction_that_is_still_open(postgres_url: str, real_postgres: Opened) -> None:
    """The last run that holds a value ends and is deleted while another writer has just taken that value over."""
    made = real_postgres
    made.over("old", input=BIG)
    made.create("new")
    engine = create_engine(parse(postgres_url))
    with engine.connect() as conn:
        conn.execute(text("SET idle_in_transaction_session_timeout = '10s'"))  # rather fail than wait for ever
        name = conn.execute(text("SELECT hash FROM blob")).scalar_one()
        touch = "INSERT INTO blob VALUES (:h, '') ON CONFLICT (hash) DO UPDATE SET hash = excluded.hash"
        conn.execute(text(touch), {"h": name})
        conn.execute(text("INSERT INTO blob_use VALUES ('new', :h)"), {"h": name})
        conn.execute(text("UPDATE run SET input = 'blob:' || :h WHERE id = 'new'"), {"h": name})
        assert made.store.prune(EVER, limit=10).runs == 1
        conn.commit()
    engine.dispose()
    assert made.store.run("new").input == BIG
    assert made.store.sweep(EVER, limit=10).blobs == 0


def test_a_run_that_somebody_resumes_just_now_stays(real: Opened, url: str) -> None:
    real.over("r1", state=RunState.FAILED)
    with several(url, 1) as (other,), ThreadPoolExecutor(1) as pool:
        pruned = []

        def resume(_view: View) -> Writes:
            pruned.append(pool.submit(other.prune, EVER, limit=10))
            return Writes(run={"state": RunState.QUEUED, "ended_at": None}, ring=True)

        real.store.transact("r1", resume)
        assert [each.result().runs for each in pruned] == [0]
    assert real.store.run("r1").state is RunState.QUEUED


@pytest.mark.parametrize("round_", range(3))
def test_a_killed_one_leaves_whole_runs(real: Opened, url: str, round_: int) -> None:
    names = [f"r{number:03}" for number in range(40)]
    for name in names:
        claim = real.claimed(name)
        records = tuple(record(number, run_id=name) for number in range(1, 6))
        real.store.commit(claim.lease, Writes(records=records, events=(event(run_id=name),) * 5))
        real.end(claim)
    with other_process(url, "x") as other:
        for _ in range(round_ + 1):
            assert other.ask("prune", 5) == "5"
        other.tell("prune", 20)
        other.kill()
    left = [run.id for run in real.store.runs(RunQuery(limit=100))]
    assert len(left) in (40 - 5 * (round_ + 1), 40 - 5 * (round_ + 1) - 20)
    for name in left:
        assert (len(real.store.records(name)), len(real.store.events(name))) == (5, 6)
    assert all_gone(real.store, 7) == len(left)
    assert [count(url, table) for table in ("run", "step", "event")] == [0, 0, 0]


def count(url: str, table: str) -> int:
    engine = create_engine(parse(url))
    with engine.connect() as conn:
        found = int(conn.execute(text(f'SELECT count(*) FROM "{table}"')).scalar_one())
    engine.dispose()
    return found
