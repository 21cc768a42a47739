"""Putting a run right: nothing finished is repeated, nothing undone is taken for done, nobody is left behind."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.unit.workflows.engine import stage
from tests.unit.workflows.engine.stage import (
    DAY,
    HOUR,
    asking_branch,
    asks,
    child_branch,
    child_of,
    children,
    create,
    effects,
    failing,
    gate,
    hooks,
    kid,
    open_children,
    parent,
    read,
    remove,
    send,
    sending_branch,
)
from workflows import Outcome, Run, StepFailed, workflow
from workflows.engine.errors import ChildFailed, Refused
from workflows.engine.model import OVER, Kind, RunState
from workflows.engine.testing.harness import Harness


@pytest.fixture(autouse=True)
def _fresh() -> None:
    stage.clear()


# resume and skip ----------------------------------------------------------------------------------------


@workflow("caught_saga")
def caught_saga(run: Run, name: str) -> str:
    try:
        with run.saga() as saga:
            run.step(create, "inside")
            saga.on_failure(remove, "inside")
            run.step(gate, "g1")
    except StepFailed:
        run.note("undone")
    run.step(create, "after")
    return run.step(gate, "g2")


def test_a_resume_leaves_alone_what_was_done_after_a_caught_saga() -> None:
    harness = Harness(caught_saga)
    failing.update({"g1", "g2"})
    run_id = harness.start("caught_saga", "a")
    assert harness.state(run_id) is RunState.FAILED
    failing.discard("g2")
    harness.resume(run_id)
    assert harness.output(run_id) == "g2"
    assert (effects["create inside"], effects["create after"]) == (1, 1)


def test_a_step_after_a_caught_saga_can_be_skipped() -> None:
    harness = Harness(caught_saga)
    failing.update({"g1", "g2"})
    run_id = harness.start("caught_saga", "a")
    harness.recovery.skip(run_id, "gate#2", "by hand", by="test:ana")
    harness.work()
    assert harness.output(run_id) == "by hand"


@workflow("falls_back")
def falls_back(run: Run, name: str) -> str:
    try:
        source = run.step(gate, "g1")
    except StepFailed:
        source = "fallback"
    run.step(create, "after")
    return run.step(gate, "g2") + " " + source


def test_skipping_a_failure_that_was_caught_does_what_follows_anew_under_new_keys() -> None:
    harness = Harness(falls_back)
    failing.update({"g1", "g2"})
    run_id = harness.start("falls_back", "a")
    keys = set(stage.there)
    failing.clear()
    harness.recovery.skip(run_id, "gate#1", "by hand", by="test:ana")
    harness.work()
    assert harness.output(run_id) == "g2 by hand"
    assert effects["create after"] == 2
    assert len(set(stage.there) - keys) == 1


@workflow("three_to_undo")
def three_to_undo(run: Run, name: str) -> str:
    with run.saga() as saga:
        for item in ("one", "two", "three"):
            run.step(create, item)
            saga.on_failure(remove, item)
        run.step(gate, "gate")
    return "all"


def test_skipping_an_undo_step_that_failed_lets_the_run_fail_without_doing_anything_anew() -> None:
    harness = Harness(three_to_undo)
    failing.update({"gate", "remove two"})
    run_id = harness.start("three_to_undo", "a")
    assert harness.state(run_id) is RunState.PARKED
    harness.recovery.skip(run_id, "undo.remove#2", None, by="test:ana")
    harness.work()
    assert harness.state(run_id) is RunState.FAILED
    assert [effects[f"create {item}"] for item in ("one", "two", "three")] == [1, 1, 1]


@workflow("kid_beside_send")
def kid_beside_send(run: Run, name: str) -> str:
    return " ".join(run.parallel(run.call(child_branch, name), run.call(sending_branch, name)))


def test_a_child_that_still_runs_can_not_be_skipped() -> None:
    harness = Harness(kid_beside_send, kid)
    failing.add("a")
    run_id = harness.start("kid_beside_send", "a")
    assert harness.state(run_id) is RunState.PARKED
    [key] = [record.key for record in harness.history(run_id) if record.kind is Kind.CHILD]
    with pytest.raises(Refused):
        harness.recovery.skip(run_id, key, "v", by="test:ana")
    assert open_children(harness) == 1


@workflow("only_a_gate")
def only_a_gate(run: Run, name: str) -> str:
    return run.step(gate, name)


def test_a_cancellation_that_came_too_late_does_not_end_the_resumed_run() -> None:
    harness = Harness(only_a_gate)
    failing.add("a")
    hooks["a"] = lambda ctx: harness.service.cancel(ctx.run_id, by="test:ana")
    run_id = harness.start("only_a_gate", "a")
    assert harness.state(run_id) is RunState.FAILED
    stage.clear()
    harness.resume(run_id)
    assert harness.output(run_id) == "a"


# resume after the run's time-out ------------------------------------------------------------------------


@workflow("asks_in_time", timeout=DAY)
def asks_in_time(run: Run, name: str) -> str:
    return str(run.approval("editor", show=name).outcome)


@workflow("undoes_in_time", timeout=DAY)
def undoes_in_time(run: Run, name: str) -> str:
    with run.saga() as saga:
        run.step(create, name)
        saga.on_failure(remove, name)
        run.signal("go", str)
    return name


@workflow("first_in_time", timeout=DAY)
def first_in_time(run: Run, name: str) -> int:
    return run.first(run.call(Run.signal, "go", str), run.call(Run.sleep, 3 * DAY)).index


@workflow("kid_in_time", timeout=timedelta(hours=25))
def kid_in_time(run: Run, name: str) -> str:
    run.sleep(2 * HOUR)
    return run.child(kid, name)


@workflow("sends_in_time", timeout=DAY)
def sends_in_time(run: Run, name: str) -> str:
    run.step(send, name)
    return run.step(read, name)


def _timed_out_and_resumed(harness: Harness, name: str) -> str:
    run_id = harness.start(name, "a")
    harness.skip(timedelta(hours=25, minutes=30))
    assert harness.state(run_id) is RunState.FAILED
    harness.resume(run_id)
    return run_id


def test_a_resume_after_a_time_out_asks_anew() -> None:
    harness = Harness(asks_in_time)
    run_id = _timed_out_and_resumed(harness, "asks_in_time")
    harness.decide(Outcome.APPROVED, run_id=run_id)
    assert harness.output(run_id) == "approved"


def test_a_resume_after_a_time_out_does_the_undone_saga_anew() -> None:
    harness = Harness(undoes_in_time)
    run_id = _timed_out_and_resumed(harness, "undoes_in_time")
    harness.signal(run_id, "go", "1")
    assert harness.output(run_id) == "a"
    assert (effects["create a"], effects["remove a"]) == (2, 1)


def test_a_resume_after_a_time_out_waits_again_at_a_first() -> None:
    harness = Harness(first_in_time)
    run_id = _timed_out_and_resumed(harness, "first_in_time")
    assert harness.state(run_id) is RunState.WAITING
    harness.signal(run_id, "go", "1")
    assert harness.output(run_id) == 0


def test_a_resume_after_a_time_out_starts_the_child_anew() -> None:
    harness = Harness(kid_in_time, kid)
    run_id = _timed_out_and_resumed(harness, "kid_in_time")
    assert harness.state(run_id) is RunState.WAITING
    assert sorted(children(harness)) == [RunState.CANCELLED, RunState.WAITING]


def test_a_resume_gives_a_parked_run_its_whole_time_again() -> None:
    harness = Harness(sends_in_time)
    failing.add("a")
    run_id = harness.start("sends_in_time", "a")
    harness.clock.advance(2 * DAY)
    failing.clear()
    harness.resume(run_id, again=True)
    assert harness.output(run_id) == "a"


# parents and children -----------------------------------------------------------------------------------


@workflow("sending_kid")
def sending_kid(run: Run, name: str) -> str:
    return run.step(send, name)


@workflow("parent_of_a_sender")
def parent_of_a_sender(run: Run, name: str) -> str:
    try:
        return run.child(sending_kid, name)
    except ChildFailed as failed:
        return failed.state


def _with_parked_child() -> tuple[Harness, str, str]:
    harness = Harness(parent_of_a_sender, sending_kid)
    failing.add("a")
    run_id = harness.start("parent_of_a_sender", "a")
    child = child_of(harness, run_id)
    assert harness.state(child) is RunState.PARKED
    return harness, run_id, child


def test_a_parent_is_told_that_its_parked_child_was_discarded() -> None:
    harness, run_id, child = _with_parked_child()
    harness.recovery.discard(child, by="test:ana")
    harness.skip(HOUR)
    assert harness.output(run_id) == "cancelled"


def test_a_parent_does_not_wait_for_ever_for_a_child_that_was_forked() -> None:
    harness, run_id, child = _with_parked_child()
    harness.recovery.fork(child, by="test:ana")
    harness.skip(HOUR)
    assert harness.state(run_id) in OVER


def test_a_cancelled_parent_ends_when_its_parked_child_is_discarded() -> None:
    harness, run_id, child = _with_parked_child()
    harness.cancel(run_id)
    harness.recovery.discard(child, by="test:ana")
    harness.skip(HOUR)
    assert harness.state(run_id) is RunState.CANCELLED


# nobody is left behind ----------------------------------------------------------------------------------


def test_forking_an_open_run_voids_what_it_had_asked() -> None:
    harness = Harness(asks)
    run_id = harness.start("asks", "a")
    forked = harness.recovery.fork(run_id, by="test:ana")
    harness.work()
    assert [approval.run_id for approval in harness.store.approvals()] == [forked.id]


def test_forking_an_open_parent_cancels_its_child() -> None:
    harness = Harness(parent, kid)
    run_id = harness.start("parent", "a")
    harness.recovery.fork(run_id, by="test:ana")
    harness.work()
    assert children(harness, run_id) == [RunState.CANCELLED]


@workflow("asks_and_sends")
def asks_and_sends(run: Run, name: str) -> str:
    branches = (run.call(child_branch, name), run.call(asking_branch, name), run.call(sending_branch, name))
    return " ".join(run.parallel(*branches))


def test_an_edit_asks_anew_and_leaves_no_old_approval_or_child() -> None:
    harness = Harness(asks_and_sends, kid)
    failing.add("a")
    run_id = harness.start("asks_and_sends", "a")
    assert harness.state(run_id) is RunState.PARKED
    harness.recovery.edit(run_id, "b", by="test:ana")
    harness.work()
    assert len(harness.store.approvals()) == 1
    assert open_children(harness) == 1


def test_a_discard_leaves_no_approval_and_no_child() -> None:
    harness = Harness(asks_and_sends, kid)
    failing.add("a")
    run_id = harness.start("asks_and_sends", "a")
    harness.recovery.discard(run_id, by="test:ana")
    harness.work()
    assert harness.store.approvals() == []
    assert open_children(harness) == 0
