"""Branches side by side: news reach the branch that waits for them, and failures are put right together."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from tests.unit.workflows.engine import stage
from tests.unit.workflows.engine.stage import (
    DAY,
    HOUR,
    asking_branch,
    child_branch,
    create,
    effects,
    failing,
    gate,
    gate_branch,
    hooks,
    kid,
    late_gate_branch,
    read,
    record_state,
    remove,
)
from workflows import Outcome, Run, StepContext, workflow
from workflows.engine.model import RunState, StepState
from workflows.engine.testing.harness import Harness

asked = threading.Event()
"""The branch that asks has gone to rest."""


@pytest.fixture(autouse=True)
def _fresh() -> None:
    stage.clear()
    asked.clear()


# news ---------------------------------------------------------------------------------------------------


def asking_and_telling(run: Run, name: str) -> str:
    try:
        return str(run.approval("editor", show=name).outcome)
    finally:
        asked.set()


def busy(run: Run, name: str) -> str:
    run.step(read, "until it is asked")
    run.step(read, "deciding")
    return name


def busy_and_waiting(run: Run, name: str) -> str:
    busy(run, name)
    run.sleep(3 * DAY)
    return name


@workflow("busy_sibling")
def busy_sibling(run: Run, name: str) -> list[str]:
    return list(run.parallel(run.call(asking_and_telling, name), run.call(busy, name)))


@workflow("waiting_sibling")
def waiting_sibling(run: Run, name: str) -> list[str]:
    return list(run.parallel(run.call(asking_and_telling, name), run.call(busy_and_waiting, name)))


def _decide_while_busy(harness: Harness) -> None:
    def decide(_ctx: StepContext) -> None:
        [approval] = harness.store.approvals()
        harness.service.decide(approval.id, Outcome.APPROVED, by="test:editor")

    hooks["until it is asked"] = lambda ctx: asked.wait(10)
    hooks["deciding"] = decide


def test_a_decision_that_comes_while_a_sibling_commits_is_heard() -> None:
    harness = Harness(busy_sibling)
    _decide_while_busy(harness)
    run_id = harness.start("busy_sibling", "a")
    assert harness.output(run_id) == ["approved", "a"]


def test_a_decision_is_heard_before_the_run_waits_for_a_sibling() -> None:
    harness = Harness(waiting_sibling)
    _decide_while_busy(harness)
    run_id = harness.start("waiting_sibling", "a")
    key = "parallel#1/0:asking_and_telling/editor#1"
    assert record_state(harness, run_id, key) is StepState.SUCCEEDED
    assert harness.waits_for(run_id) == ["parallel#1/1:busy_and_waiting/sleep#1"]


# resuming after a branch failed -------------------------------------------------------------------------


def undone_branch(run: Run, name: str) -> str:
    with run.saga() as saga:
        run.step(create, name)
        saga.on_failure(remove, name)
        run.sleep(2 * HOUR)
    return name


@workflow("beside_a_saga")
def beside_a_saga(run: Run, name: str) -> str:
    return " ".join(run.parallel(run.call(undone_branch, name), run.call(late_gate_branch, name)))


@workflow("beside_an_approval")
def beside_an_approval(run: Run, name: str) -> str:
    return " ".join(run.parallel(run.call(asking_branch, name), run.call(late_gate_branch, name)))


@workflow("beside_a_child")
def beside_a_child(run: Run, name: str) -> str:
    return " ".join(run.parallel(run.call(child_branch, name), run.call(late_gate_branch, name)))


def _resumed_after_the_gate_was_closed(harness: Harness, name: str) -> str:
    failing.add("a")
    run_id = harness.start(name, "a")
    harness.skip(3 * HOUR)
    assert harness.state(run_id) is RunState.FAILED
    failing.clear()
    harness.resume(run_id)
    return run_id


def test_a_resume_does_a_siblings_undone_saga_anew() -> None:
    harness = Harness(beside_a_saga)
    run_id = _resumed_after_the_gate_was_closed(harness, "beside_a_saga")
    harness.skip(5 * HOUR)
    assert harness.output(run_id) == "a a"
    assert (effects["create a"], effects["remove a"]) == (2, 1)


def test_a_resume_asks_anew_what_a_sibling_had_asked() -> None:
    harness = Harness(beside_an_approval)
    run_id = _resumed_after_the_gate_was_closed(harness, "beside_an_approval")
    harness.skip(2 * HOUR)
    harness.decide(run_id=run_id)
    assert harness.output(run_id) == "approved a"


def test_a_resume_starts_a_siblings_cancelled_child_anew() -> None:
    harness = Harness(beside_a_child, kid)
    run_id = _resumed_after_the_gate_was_closed(harness, "beside_a_child")
    harness.skip(5 * DAY)
    assert harness.output(run_id) == "a a"


def _meeting() -> Callable[[StepContext], object]:
    """Lets two steps go on only when both have begun."""
    barrier = threading.Barrier(2)
    return lambda ctx: barrier.wait(10)


@workflow("two_gates")
def two_gates(run: Run, name: str) -> str:
    return "".join(run.parallel(run.call(gate_branch, "x"), run.call(gate_branch, "y")))


def test_one_resume_puts_two_branches_right_that_failed_together() -> None:
    harness = Harness(two_gates)
    failing.update({"x", "y"})
    hooks["x"] = hooks["y"] = _meeting()
    run_id = harness.start("two_gates", "a")
    assert harness.state(run_id) is RunState.FAILED
    hooks.clear()
    failing.clear()
    harness.resume(run_id)
    assert harness.output(run_id) == "xy"


def made_behind_a_gate(run: Run, name: str) -> str:
    run.step(create, name)
    return run.step(gate, name)


@workflow("mapped_at_once")
def mapped_at_once(run: Run, name: str) -> list[str]:
    return run.map(made_behind_a_gate, ["x", "y", "z"], concurrency=3)


def test_one_resume_puts_a_map_right_and_finished_steps_stay_done() -> None:
    harness = Harness(mapped_at_once)
    failing.update({"x", "y"})
    hooks["x"] = hooks["y"] = _meeting()
    run_id = harness.start("mapped_at_once", "a")
    assert harness.state(run_id) is RunState.FAILED
    hooks.clear()
    failing.clear()
    harness.resume(run_id)
    assert harness.output(run_id) == ["x", "y", "z"]
    assert [effects[f"create {name}"] for name in "xyz"] == [1, 1, 1]


@workflow("mapped_in_a_saga")
def mapped_in_a_saga(run: Run, name: str) -> list[str]:
    with run.saga() as saga:
        run.step(create, "pre")
        saga.on_failure(remove, "pre")
        return run.map(made_behind_a_gate, ["x", "y", "z"], concurrency=1)


def test_a_map_in_a_saga_can_fail_and_be_resumed_twice() -> None:
    harness = Harness(mapped_in_a_saga)
    failing.update({"x", "y"})
    run_id = harness.start("mapped_in_a_saga", "a")
    failing.discard("x")
    harness.resume(run_id)
    assert harness.state(run_id) is RunState.FAILED
    failing.discard("y")
    harness.resume(run_id)
    assert harness.output(run_id) == ["x", "y", "z"]
    assert (effects["create pre"], effects["remove pre"]) == (3, 2)


# many branches ------------------------------------------------------------------------------------------


@workflow("many_items")
def many_items(run: Run, count: int) -> int:
    return len(run.map(read, [str(n) for n in range(count)]))


def late_item(run: Run, name: str) -> str:
    run.sleep(HOUR)
    return run.step(read, name)


@workflow("many_waits")
def many_waits(run: Run, count: int) -> int:
    return len(run.map(late_item, [str(n) for n in range(count)]))


@pytest.mark.parametrize("name", ["many_items", "many_waits"])
def test_a_map_of_a_thousand_does_each_item_once(name: str) -> None:
    harness = Harness(many_items, many_waits)
    run_id = harness.start(name, 1000)
    harness.skip(2 * HOUR)
    assert harness.output(run_id) == 1000
    assert set(effects.values()) == {1}
