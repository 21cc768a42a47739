"""Waiting survives everything: what is asked stays asked, what is answered is heard, what lost is withdrawn."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.unit.workflows.engine import stage
from tests.unit.workflows.engine.stage import (
    DAY,
    HOUR,
    DisturbedStore,
    asking_branch,
    asks,
    child_branch,
    effects,
    failing,
    gate,
    hooks,
    kid,
    late_gate_branch,
    open_children,
    parent,
    raising,
    read,
)
from workflows import Outcome, Run, StepContext, StepFailed, workflow
from workflows.engine.errors import Refused
from workflows.engine.model import DONE, Kind, RunState, StepState, Writes
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.harness import Crash, Harness


@pytest.fixture(autouse=True)
def _fresh() -> None:
    stage.clear()


# a drain, and news at the worst moment ------------------------------------------------------------------


def _drain_on_the_way(harness: Harness, run_id: str) -> None:
    """Wake the run with a signal that nobody waits for, at a worker that stops at the next verb."""
    harness.service.signal(run_id, "unrelated", 1, by="test:ana")
    harness.drain()
    ring = harness.queue.take()
    assert ring is not None
    harness._engine.advance(ring.run_id)
    harness.new_worker()
    harness.tick()


def test_a_drain_leaves_an_open_approval_open() -> None:
    harness = Harness(asks)
    run_id = harness.start("asks", "a")
    _drain_on_the_way(harness, run_id)
    assert harness.state(run_id) is RunState.WAITING
    harness.decide()
    assert harness.output(run_id) == "approved"


@workflow("paid_or_late")
def paid_or_late(run: Run, name: str) -> int:
    return run.first(run.call(Run.signal, "paid", str), run.call(Run.sleep, timedelta(days=3))).index


def test_a_drain_lets_no_branch_of_a_first_win() -> None:
    harness = Harness(paid_or_late)
    run_id = harness.start("paid_or_late", "a")
    _drain_on_the_way(harness, run_id)
    assert harness.state(run_id) is RunState.WAITING
    harness.signal(run_id, "paid", "1")
    assert harness.output(run_id) == 0


def test_a_drain_leaves_a_child_alone() -> None:
    harness = Harness(parent, kid)
    run_id = harness.start("parent", "a")
    _drain_on_the_way(harness, run_id)
    harness.skip(2 * DAY)
    assert harness.output(run_id) == "a"


def test_an_approval_is_opened_though_a_signal_arrives_while_the_run_goes_to_rest() -> None:
    clock = ManualClock()
    harness: Harness

    def signal(run_id: str) -> None:
        harness.service.signal(run_id, "unrelated", 1, by="test:ana")

    store = DisturbedStore(clock, lambda writes: bool(writes.approvals), before=lambda lease: signal(lease.run_id))
    harness = Harness(asks, store=store, clock=clock)
    run_id = harness.start("asks", "a")
    assert store.disturbed
    assert harness.state(run_id) is RunState.WAITING
    assert len(harness.store.approvals(run_id=run_id)) == 1
    assert harness.keys(run_id) == ["editor#1"]


# first: the winner ends the others ----------------------------------------------------------------------


@workflow("first_of_three")
def first_of_three(run: Run, name: str) -> str:
    run.first(run.call(Run.approval, "chief", show="x"), run.call(Run.child, kid, "k"), run.call(Run.sleep, HOUR))
    run.step(read, "next")
    run.sleep(30 * DAY)
    return name


def test_the_losers_of_a_first_are_withdrawn_though_the_worker_dies_right_after_the_win() -> None:
    def won(writes: Writes) -> bool:
        return any(r.kind is Kind.FIRST and r.state in DONE for r in writes.records)

    clock = ManualClock()
    store = DisturbedStore(clock, won, after=raising(Crash("after the win")))
    harness = Harness(first_of_three, kid, store=store, clock=clock)
    run_id = harness.start("first_of_three", "a")
    harness.skip(2 * HOUR)
    assert harness.crashes == 1
    assert harness.waits_for(run_id) == ["sleep#1"]
    assert harness.store.approvals() == []
    assert open_children(harness) == 0


def test_an_approval_that_lost_can_no_longer_be_decided() -> None:
    harness = Harness(first_of_three, kid)
    run_id = harness.start("first_of_three", "a")
    [approval] = harness.store.approvals(run_id=run_id)
    said: list[str] = []

    def click(_ctx: StepContext) -> None:
        with pytest.raises(Refused) as refused:
            harness.service.decide(approval.id, Outcome.APPROVED, by="test:editor")
        said.append(str(refused.value))

    hooks["next"] = click
    harness.skip(2 * HOUR)
    assert len(said) == 1


@workflow("first_with_a_signal")
def first_with_a_signal(run: Run, name: str) -> int:
    run.sleep(HOUR)
    won = run.first(run.call(Run.approval, "editor", show=name), run.call(Run.signal, "go"))
    run.sleep(HOUR)
    return won.index


def test_a_signal_that_came_before_its_first_wins_and_asks_nobody() -> None:
    harness = Harness(first_with_a_signal)
    run_id = harness.start("first_with_a_signal", "a")
    harness.signal(run_id, "go", 1)
    harness.skip(timedelta(minutes=61))
    assert harness.store.approvals() == []
    harness.skip(2 * HOUR)
    assert harness.output(run_id) == 1


# a wait that nobody needs any more ----------------------------------------------------------------------


@workflow("goes_on")
def goes_on(run: Run, name: str) -> str:
    try:
        run.parallel(run.call(asking_branch, name), run.call(child_branch, name), run.call(late_gate_branch, name))
    except StepFailed:
        run.note("went on")
    run.sleep(30 * DAY)
    return "went on"


def test_a_caught_failure_of_a_branch_withdraws_what_its_siblings_asked() -> None:
    harness = Harness(goes_on, kid)
    failing.add("a")
    run_id = harness.start("goes_on", "a")
    harness.skip(2 * HOUR)
    assert harness.waits_for(run_id) == ["sleep#1"]
    assert harness.store.approvals() == []
    assert open_children(harness) == 0


@workflow("starts_over")
def starts_over(run: Run, round_: int) -> str:
    if round_ == 0:
        try:
            run.parallel(run.call(asking_branch, "a"), run.call(child_branch, "a"), run.call(late_gate_branch, "a"))
        except StepFailed:
            effects["caught"] += 1
        run.continue_as_new(1)
    return "second round"


def test_continue_as_new_leaves_no_approval_and_no_child_behind() -> None:
    harness = Harness(starts_over, kid)
    failing.add("a")
    run_id = harness.start("starts_over", 0)
    harness.skip(2 * HOUR)
    assert harness.output(run_id) == "second round"
    assert harness.store.approvals() == []
    assert open_children(harness) == 0


@workflow("needs_a_yes")
def needs_a_yes(run: Run, name: str) -> str:
    run.step(gate, "before")
    run.approval("editor", show=name).require_approved()
    return name


def test_a_rejection_ends_the_run_by_decision_and_is_no_dead_letter() -> None:
    harness = Harness(needs_a_yes)
    run_id = harness.start("needs_a_yes", "a")
    harness.decide(Outcome.REJECTED)
    assert harness.state(run_id) is RunState.FAILED
    assert harness.run(run_id).dead_at is None
    assert effects["gate before"] == 1
    assert stage.record_state(harness, run_id, "editor#1") is StepState.SUCCEEDED
