"""A run that was parked since its history does not fit the code any more: a fork keeps all that still fits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.unit.workflows.engine.stage import effects, gate, read
from workflows import Run, workflow
from workflows.engine.model import Run as RunRow
from workflows.engine.model import RunState
from workflows.engine.testing.harness import Harness


@workflow("four")
def four(run: Run, given: None) -> str:
    run.step(read, "one")
    run.step(read, "two")
    run.step(read, "three")
    run.signal("go", str)
    return run.step(read, "four")


def with_another_third(run: Run, given: None) -> str:
    run.step(read, "one")
    run.step(read, "two")
    run.step(read, "another")
    run.signal("go", str)
    return run.step(read, "four")


def with_a_gate(run: Run, given: None) -> str:
    run.step(read, "one")
    run.step(gate, "new")
    run.step(read, "two")
    run.step(read, "three")
    return run.step(read, "four")


def without_the_third(run: Run, given: None) -> str:
    run.step(read, "one")
    return run.step(read, "two")


def parked_by(body: Any) -> tuple[Harness, str]:
    """A run that waits before its last step, when other code comes and it is told to go on."""
    harness = Harness(four)
    effects.clear()
    run_id = harness.start("four")
    harness.work()
    harness.deploy(replace(four, fn=body))
    harness.signal(run_id, "go", "on")
    harness.work()
    assert harness.state(run_id) is RunState.PARKED
    effects.clear()
    return harness, run_id


def forked(harness: Harness, run_id: str, **options: Any) -> RunRow:
    fork = harness.recovery.fork(run_id, by="test:ana", **options)
    harness.work()
    return harness.run(fork.id)


def test_what_came_before_the_change_is_kept_and_the_rest_is_done_anew() -> None:
    harness, run_id = parked_by(with_another_third)
    fork = forked(harness, run_id)
    assert fork.state is RunState.WAITING
    assert effects == {"read another": 1}
    harness.signal(fork.id, "go", "on")
    harness.work()
    assert harness.output(fork.id) == "four"


def test_a_step_that_came_in_between_is_where_it_parts() -> None:
    harness, run_id = parked_by(with_a_gate)
    fork = forked(harness, run_id)
    assert fork.state is RunState.SUCCEEDED
    assert effects == {"gate new": 1, "read two": 1, "read three": 1, "read four": 1}


def test_steps_that_the_code_does_without_are_left_behind() -> None:
    harness, run_id = parked_by(without_the_third)
    fork = forked(harness, run_id)
    assert (fork.state, effects) == (RunState.SUCCEEDED, {})


def test_once_the_code_is_mended_everything_is_kept() -> None:
    harness, run_id = parked_by(with_another_third)
    harness.deploy(four)
    fork = forked(harness, run_id)
    assert (fork.state, effects) == (RunState.WAITING, {})
    harness.signal(fork.id, "go", "on")
    harness.work()
    assert (harness.state(fork.id), effects) == (RunState.SUCCEEDED, {"read four": 1})


def test_a_named_step_is_taken_at_its_word() -> None:
    harness, run_id = parked_by(with_another_third)
    fork = forked(harness, run_id, at="read#1")
    assert fork.state is RunState.WAITING
    assert effects == {"read one": 1, "read two": 1, "read another": 1}
