"""What a monitor counts."""

from __future__ import annotations

from datetime import timedelta

from tests.contract.store.opened import Opened, approval
from workflows.engine.expiry import Expiry
from workflows.engine.model import RunState, Writes
from workflows.engine.testing.clock import START, ManualClock


def test_an_empty_store_counts_nothing(made: Opened) -> None:
    totals = made.store.totals()
    assert (dict(totals.runs), totals.dead, totals.approvals, totals.due_since) == ({}, 0, 0, None)


def test_runs_are_counted_by_workflow_and_state(made: Opened) -> None:
    made.create("a-1")
    made.create("a-2")
    made.create("a-3", workflow="v")
    made.over("a-4", state=RunState.FAILED)
    made.store.transact("a-4", lambda _view: Writes(run={"dead_at": START}))
    made.store.transact("a-1", lambda _view: Writes(approvals=(approval("editor", "a-1"),)))
    totals = made.store.totals()
    assert dict(totals.runs) == {
        ("w", RunState.QUEUED): 2,
        ("v", RunState.QUEUED): 1,
        ("w", RunState.FAILED): 1,
    }
    assert (totals.dead, totals.approvals) == (1, 1)


def test_the_longest_overdue_wake_up_is_told(made: Opened, clock: ManualClock) -> None:
    made.create("a-1")
    clock.advance(timedelta(minutes=1))
    made.create("a-2")
    assert made.store.totals().due_since == made.store.run("a-1").wake_at


def test_a_tally_changes_no_answer(made: Opened, clock: ManualClock) -> None:
    hour = timedelta(hours=1)
    for number in range(4):
        made.over(f"a-{number}", state=RunState.FAILED if number == 3 else RunState.SUCCEEDED)
    made.create("open")
    made.store.recount()
    clock.advance(hour)
    made.store.recount()
    expected = {("w", RunState.SUCCEEDED): 3, ("w", RunState.FAILED): 1, ("w", RunState.QUEUED): 1}
    assert dict(made.store.totals().runs) == expected
    made.over("b-1")
    made.over("b-2", workflow="v")
    expected |= {("w", RunState.SUCCEEDED): 4, ("v", RunState.SUCCEEDED): 1}
    assert dict(made.store.totals().runs) == expected
    made.store.prune(Expiry(clock.now()), limit=3)
    expected |= {("w", RunState.SUCCEEDED): 1}
    assert dict(made.store.totals().runs) == expected
    made.store.recount()
    assert dict(made.store.totals().runs) == expected


def test_a_run_that_was_resumed_is_counted_right_at_the_next_tally(made: Opened, clock: ManualClock) -> None:
    made.over("a-1", state=RunState.FAILED)
    clock.advance(timedelta(hours=1))
    made.store.recount()
    made.store.transact("a-1", lambda _view: Writes(run={"state": RunState.QUEUED, "ended_at": None}))
    made.store.recount()
    assert dict(made.store.totals().runs) == {("w", RunState.QUEUED): 1}
