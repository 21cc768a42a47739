"""A database that runs full in mid-run: nothing is lost, nothing is done twice."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from workflows import Run, StepContext, step, workflow
from workflows.engine.errors import StoreUnavailable
from workflows.engine.model import RunState
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.harness import Harness
from workflows.storage.schema import migrate
from workflows.storage.store import SqlStore

ROOM = 45
"""Pages for what is written after the tables: a run and some ten of its sixty values."""
effects: Counter[str] = Counter()
there: dict[str, str] = {}


def _made(key: str, number: int) -> str | None:
    return there.get(key)


@step(idempotent=False, reconcile=_made, timeout=timedelta(seconds=5))
def make(ctx: StepContext, number: int) -> str:
    effects[f"make {number}"] += 1
    there[ctx.key] = "x" * 10_000
    return there[ctx.key]


@workflow("filling")
def filling(run: Run, times: int) -> int:
    return sum(len(run.step(make, number)) for number in range(times))


def test_a_run_waits_for_room_and_goes_on_where_it_was(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'baton.db'}"
    migrate(url)
    with closing(sqlite3.connect(tmp_path / "baton.db")) as plain:
        (empty,) = plain.execute("PRAGMA page_count").fetchone()
    clock, room = ManualClock(), [empty + ROOM]
    store = SqlStore(url, clock=clock)

    @event.listens_for(store._database.engine, "connect")
    def bound(dbapi: sqlite3.Connection, _record: object) -> None:
        dbapi.execute(f"PRAGMA max_page_count={room[0]}")

    harness = Harness(filling, store=store, clock=clock)
    run = harness.service.start("filling", 60, by="test:ana")
    harness.work()
    assert harness.state(run.id) is RunState.RUNNING
    done = len([record for record in store.records(run.id) if record.output])
    assert 0 < done < 60
    with pytest.raises(StoreUnavailable, match="no room left") as told:
        harness.service.start("filling", 1, by="test:" + "a" * 100_000)
    assert "\n" not in str(told.value)

    room[0] = 100_000
    store._database.engine.dispose()
    harness.skip(timedelta(minutes=5))
    assert harness.output(run.id) == 600_000
    assert set(effects.values()) == {1}
    store.close()
