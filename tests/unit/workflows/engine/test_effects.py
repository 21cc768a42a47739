"""What a run changed in other systems, read from its history."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import BaseModel

from workflows import ONCE, Effect, Run, StepContext, StepFailed, step, workflow
from workflows.engine.detail import Detail, detail_of
from workflows.engine.effects import EffectOutcome, RecordedEffect, Undoing, effects_of
from workflows.engine.ids import idempotency_key
from workflows.engine.model import Kind, Record, RunState, StepState
from workflows.engine.testing.harness import Harness


class Made(BaseModel):
    id: str
    url: str


class Down(Exception):
    retryable = False
    effect = Effect.NONE


class Unclear(Exception):
    retryable = False
    effect = Effect.UNKNOWN


class NotYet(Exception):
    effect = Effect.NONE
    untried = True
    retry_after = timedelta(minutes=1)


failing: dict[str, Exception] = {}


@pytest.fixture(autouse=True)
def _fresh() -> None:
    failing.clear()


def _maybe(name: str) -> None:
    if name in failing:
        raise failing[name]


@step(idempotent=True)
def look(ctx: StepContext) -> str:
    """Look."""
    return "seen"


@step(retry=ONCE, idempotent=True, writes=True)
def make(ctx: StepContext, name: str) -> Made:
    """Make it."""
    _maybe(name)
    return Made(id=f"id-{name}", url=f"https://there.example/{name}")


@step(retry=ONCE, idempotent=False)
def send(ctx: StepContext, name: str) -> None:
    """Send it."""
    _maybe(name)


@step(retry=ONCE, idempotent=True, writes=True)
def unmake(ctx: StepContext, name: str) -> None:
    """Unmake it."""
    _maybe(f"unmake {name}")


@workflow("effectful")
def effectful(run: Run, given: None) -> None:
    run.step(look)
    try:
        run.step(make, "first")
    except StepFailed:
        run.note("went on")
    with run.saga() as saga:
        run.step(make, "second")
        saga.on_failure(unmake, "second")
        run.step(send, "third")


def outcome(harness: Harness, run_id: str) -> dict[str, RecordedEffect]:
    return {one.record.key: one for one in effects_of(harness.history(run_id, superseded=True))}


def test_writes_are_told_with_key_place_and_what_undoes_them() -> None:
    harness = Harness(effectful)
    run_id = harness.start("effectful")
    found = outcome(harness, run_id)
    assert {key: one.outcome for key, one in found.items()} == dict.fromkeys(
        ["make#1", "make#2", "send#1"], EffectOutcome.DONE
    ), "a step that only looks is no effect, and neither is an undoing that never ran"
    made = found["make#2"]
    assert (made.id, made.link) == ("id-second", "https://there.example/second")
    assert made.idempotency_key == idempotency_key(run_id, 0, "make#2")
    assert made.digest
    assert made.digest != found["make#1"].digest, "another argument, another request"
    assert [(one.key, one.state) for one in made.compensations] == [("undo.unmake#1", Undoing.NOT_NEEDED)]
    assert found["make#1"].compensations == ()
    assert found["send#1"].compensations == ()


def test_what_failed_did_not_happen_and_what_was_undone_says_so() -> None:
    failing.update({"first": Down("no"), "third": Down("no")})
    harness = Harness(effectful)
    run_id = harness.start("effectful")
    found = outcome(harness, run_id)
    assert harness.state(run_id) is RunState.FAILED
    assert (found["make#1"].outcome, found["make#1"].error) == (EffectOutcome.FAILED, "no")
    assert found["send#1"].outcome is EffectOutcome.FAILED
    assert found["make#2"].record.undone
    assert [one.state for one in found["make#2"].compensations] == [Undoing.DONE]
    assert found["undo.unmake#1"].outcome is EffectOutcome.DONE, "undoing is an effect too"


def test_an_undoing_that_failed_says_so() -> None:
    failing.update({"third": Down("no"), "unmake second": Down("locked")})
    harness = Harness(effectful)
    run_id = harness.start("effectful")
    found = outcome(harness, run_id)
    assert harness.state(run_id) is RunState.PARKED
    assert [one.state for one in found["make#2"].compensations] == [Undoing.FAILED]


def test_an_unclear_write_is_unknown_until_it_is_found_out() -> None:
    failing["third"] = Unclear("cut off")
    harness = Harness(effectful)
    run_id = harness.start("effectful")
    found = outcome(harness, run_id)
    assert harness.state(run_id) is RunState.PARKED
    assert found["send#1"].outcome is EffectOutcome.UNKNOWN
    assert [one.state for one in found["make#2"].compensations] == [Undoing.READY]
    failing.clear()
    harness.resume(run_id, again=True)
    assert outcome(harness, run_id)["send#1"].outcome is EffectOutcome.DONE


def test_a_write_that_only_waits_for_its_turn_is_none_yet() -> None:
    failing["first"] = NotYet("it waits")
    harness = Harness(effectful)
    assert outcome(harness, harness.start("effectful")) == {}


def test_a_failed_idempotent_write_of_unclear_outcome_stays_unknown() -> None:
    failing["first"] = Unclear("cut off")
    harness = Harness(effectful)
    run_id = harness.start("effectful")
    assert outcome(harness, run_id)["make#1"].outcome is EffectOutcome.UNKNOWN


def test_the_detail_of_a_newer_release_is_read_as_far_as_it_is_known() -> None:
    record = Record("r", 0, "a#1", "", 0, Kind.STEP, "a", StepState.RUNNING, detail='{"writes": true, "later": 1}')
    assert detail_of(record) == Detail([], writes=True)
