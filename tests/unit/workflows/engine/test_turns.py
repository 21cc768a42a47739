"""A step that waits for its turn at a service: it gives its lane back, and the wait counts as no attempt."""

from __future__ import annotations

from datetime import timedelta

import pytest

from workflows import ONCE, Effect, Run, StepContext, step, workflow
from workflows.engine.model import RunState, StepState
from workflows.engine.testing.harness import Harness


class NotYet(Exception):
    """As a connector says it: our own limit spoke before anything was sent."""

    retryable = True
    effect = Effect.NONE
    untried = True

    def __init__(self, seconds: float) -> None:
        super().__init__(f"it goes on in {seconds:.0f} s")
        self.retry_after = timedelta(seconds=seconds)


class Down(Exception):
    retryable = True
    effect = Effect.NONE


answers: list[Exception | None] = []
"""What `limited` and `find` meet, in turn."""
attempts: list[int] = []
sent: set[str] = set()


@pytest.fixture(autouse=True)
def _fresh() -> None:
    for shared in (answers, attempts, sent):
        shared.clear()


def _find(key: str) -> str | None:
    answer = answers.pop(0)
    if answer is not None:
        raise answer
    return "found" if key in sent else None


def _limited(ctx: StepContext) -> str:
    attempts.append(ctx.attempt)
    answer = answers.pop(0)
    if answer is not None:
        raise answer
    return "done"


@step(retry=ONCE, idempotent=True)
def read(ctx: StepContext) -> str:
    """Read something."""
    return _limited(ctx)


@step(retry=ONCE, idempotent=False, reconcile=_find)
def write(ctx: StepContext) -> str:
    """Write something."""
    sent.add(ctx.key)
    return _limited(ctx)


@workflow("limited_reader")
def limited_reader(run: Run, given: None) -> str:
    return run.step(read)


@workflow("limited_writer")
def limited_writer(run: Run, given: None) -> str:
    return run.step(write)


@pytest.mark.parametrize("name", ["limited_reader", "limited_writer"])
def test_waiting_for_a_turn_is_no_attempt_and_holds_no_lane(name: str) -> None:
    answers.extend([NotYet(40), NotYet(20), None])
    harness = Harness(limited_reader, limited_writer)
    run_id = harness.start(name)
    run, (record,) = harness.run(run_id), harness.history(run_id)
    assert (run.state, record.state, record.attempts) == (RunState.WAITING, StepState.RETRYING, 0)
    harness.skip(timedelta(seconds=39))
    assert attempts == [1], "not before it is told to"
    harness.skip(timedelta(seconds=1))
    harness.skip(timedelta(seconds=20))
    (record,) = harness.history(run_id)
    assert harness.run(run_id).state is RunState.SUCCEEDED
    assert (attempts, record.attempts) == ([1, 1, 1], 1), "a step that may be tried once waited twice"


def test_a_failure_after_a_wait_counts() -> None:
    answers.extend([NotYet(40), Down("gone")])
    harness = Harness(limited_reader)
    run_id = harness.start("limited_reader")
    harness.skip(timedelta(seconds=40))
    assert harness.run(run_id).state is RunState.FAILED
    assert attempts == [1, 1]


def test_finding_out_may_wait_for_its_turn_as_often_as_it_takes() -> None:
    class Unclear(Exception):
        effect = Effect.UNKNOWN

    answers.extend([Unclear("cut off"), *[NotYet(30) for _ in range(12)], None])
    harness = Harness(limited_writer)
    run_id = harness.start("limited_writer")
    for _ in range(12):
        harness.skip(timedelta(seconds=30))
    assert harness.run(run_id).state is RunState.SUCCEEDED
    assert attempts == [1]
