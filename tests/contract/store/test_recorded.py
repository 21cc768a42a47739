"""Runs read whole, many at a time: the same as a claim would give, and nothing changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from tests.contract.store.opened import Opened, attempt, message, record, run
from workflows.engine.errors import StoreUnavailable
from workflows.engine.model import NewRun, RunState, StepState, Writes
from workflows.storage import history
from workflows.storage.store import SqlStore


def filled(made: Opened) -> None:
    """Two runs with histories, attempts and messages, one of them with large values and replaced records."""
    for run_id in ("r1", "r2"):
        claim = made.claimed(run_id)
        done = record(1, run_id)
        going = record(2, run_id, state=StepState.RUNNING, position=0, output=None, attempts=1)
        gone = record(3, run_id, superseded=True)
        large = record(4, run_id, position=2, output='"' + "x" * 70_000 + '"')
        tried = (attempt(1, "fetch#2", run_id), attempt(1, "fetch#1", run_id))
        made.store.commit(claim.lease, Writes(records=(done, going, gone, large), attempts=tried))
        made.store.commit(claim.lease, Writes(run={"state": RunState.WAITING}), leave=True)
        made.send(message(f"m{run_id}", run_id))
        made.send(message(f"n{run_id}", run_id))


def test_a_run_is_read_as_a_claim_would_read_it(made: Opened) -> None:
    filled(made)
    seen = made.store.recorded(["r2", "r1"])
    assert [one.run.id for one in seen] == ["r2", "r1"]
    for one in seen:
        claim = made.claim(one.run.id)
        assert (one.records, one.attempts, one.inbox) == (claim.records, claim.attempts, claim.inbox)
        assert [record.key for record in one.records] == ["fetch#1", "fetch#4", "fetch#2"]
        assert [(tried.key, tried.number) for tried in one.attempts] == [("fetch#2", 1)]
        assert len(one.inbox.messages) == 2
        assert one.run.input == '{"topic": "tea"}'
        assert one.now == made.now()


def test_what_is_gone_or_asked_twice(made: Opened) -> None:
    made.create("r1")
    assert [one.run.id for one in made.store.recorded(["zz", "r1", "r1"])] == ["r1"]
    assert list(made.store.recorded([])) == []


def test_reading_changes_nothing(made: Opened) -> None:
    filled(made)
    before = [made.store.run("r1"), made.store.run("r2")]
    made.store.recorded(["r1", "r2"])
    assert [made.store.run("r1"), made.store.run("r2")] == before


def test_all_of_it_is_seen_at_one_moment(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that ends between two statements is either in all that is read or in none of it."""
    store = SqlStore(url)
    made = Opened(store)
    claim = made.claimed("r1")
    store.commit(claim.lease, Writes(records=(record(1, state=StepState.RUNNING, position=0, output=None, attempts=1),),
                                     attempts=(attempt(1),)))  # fmt: skip
    read = history.attempts_of

    def late(conn: Any, run_ids: Any) -> Any:
        done = replace(record(1), output="2", attempts=1)
        store.commit(claim.lease, Writes(records=(done,), attempts=(attempt(2),)))
        return read(conn, run_ids)

    monkeypatch.setattr(history, "attempts_of", late)
    (seen,) = store.recorded(["r1"])
    assert [one.number for one in seen.attempts] == [1]
    assert seen.records[0].state is StepState.RUNNING
    store.close()


def test_the_server_itself_refuses_writes_meanwhile(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SqlStore(postgres_url)
    Opened(store).create("r1")

    def writes(conn: Any, _run_ids: Any) -> Any:
        conn.execute(text("UPDATE run SET title = 'changed'"))
        return {}

    monkeypatch.setattr(history, "records_of", writes)
    with pytest.raises(StoreUnavailable, match="takes no writes"):
        store.recorded(["r1"])
    assert store.run("r1").title == "A workflow"
    store.close()


def test_many_runs_take_no_more_statements_than_one(sqlite_url: str) -> None:
    store = SqlStore(sqlite_url)
    for number in range(50):
        store.create(NewRun(run(f"r{number:02}"), (record(1, f"r{number:02}"),)), Writes())
    asked: list[str] = []

    def count(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("SELECT"):
            asked.append(statement)

    event.listen(Engine, "before_cursor_execute", count)
    try:
        assert len(store.recorded([f"r{number:02}" for number in range(50)])) == 50
    finally:
        event.remove(Engine, "before_cursor_execute", count)
    assert len(asked) <= 4
    store.close()
