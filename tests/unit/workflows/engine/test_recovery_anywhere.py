"""Wherever a run failed, and wherever it is forked, it can be brought to its end."""

from __future__ import annotations

import pytest

from tests.unit.workflows.engine import stage
from tests.unit.workflows.engine.stage import HOUR, create, effects, failing, gate, remove
from workflows import Run, workflow
from workflows.engine.errors import Refused
from workflows.engine.model import RunState
from workflows.engine.testing.harness import Harness


@pytest.fixture(autouse=True)
def _fresh() -> None:
    stage.clear()


def waiting_branch(run: Run, name: str) -> str:
    run.step(create, name)
    run.sleep(HOUR)
    return run.step(gate, name)


@workflow("many_places")
def many_places(run: Run, name: str) -> str:
    with run.saga() as saga:
        run.step(create, "pre")
        saga.on_failure(remove, "pre")
        made = run.parallel(run.call(waiting_branch, "x"), run.call(waiting_branch, "y"))
        run.step(gate, "middle")
    won = run.first(run.call(Run.sleep, HOUR), run.call(Run.approval, "editor", show=name))
    return f"{' '.join(made)} {won.index} {run.step(gate, 'last')}"


def _finished() -> tuple[Harness, str]:
    harness = Harness(many_places)
    run_id = harness.start("many_places", "a")
    harness.skip(5 * HOUR)
    assert harness.output(run_id) == "x y 0 last"
    return harness, run_id


def test_a_fork_at_any_step_comes_to_the_same_end() -> None:
    harness, run_id = _finished()
    forked_at: list[str] = []
    for key in harness.keys(run_id):
        try:
            fork = harness.recovery.fork(run_id, by="test:ana", at=key)
        except Refused:
            continue
        forked_at.append(key)
        harness.work()
        harness.skip(5 * HOUR)
        assert harness.state(fork.id) is RunState.SUCCEEDED, f"{key}: {harness.error(fork.id)}"
        assert harness.output(fork.id) == "x y 0 last"
    assert {"create#1", "parallel#1/0:waiting_branch/gate#1", "gate#2"} & set(forked_at)
    assert len(forked_at) > 5


def _put_right(harness: Harness, run_id: str, how: str) -> str:
    """Recover the run with this verb; the id of the run that goes on."""
    if how == "resume":
        harness.resume(run_id)
    elif how == "edit":
        harness.recovery.edit(run_id, "b", by="test:ana")
    else:
        run_id = harness.recovery.fork(run_id, by="test:ana").id
    harness.work()
    harness.skip(5 * HOUR)
    return run_id


@pytest.mark.parametrize("how", ["resume", "fork", "edit"])
@pytest.mark.parametrize("closed", ["x", "y", "middle", "last"])
def test_a_run_that_fails_twice_at_the_same_gate_is_put_right_in_the_end(closed: str, how: str) -> None:
    harness = Harness(many_places)
    failing.add(closed)
    run_id = harness.start("many_places", "a")
    harness.skip(5 * HOUR)
    assert harness.state(run_id) is RunState.FAILED
    run_id = _put_right(harness, run_id, how)
    assert harness.state(run_id) is RunState.FAILED
    failing.clear()
    run_id = _put_right(harness, run_id, how)
    assert harness.output(run_id) == "x y 0 last"
    assert harness.store.approvals() == []
    if (closed, how) != ("last", "edit"):  # a saga that was completed stays done, and an edit does it once more
        assert effects["create pre"] - effects["remove pre"] == 1
