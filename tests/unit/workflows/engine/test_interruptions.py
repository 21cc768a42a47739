"""An interruption is not the body's: no `finally` and no `except` acts on it or hides it."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.workflows.engine import stage
from tests.unit.workflows.engine.stage import DisturbedStore, create, effects, failing, raising, read, send
from workflows import ONCE, Run, StepContext, StepFailed, step, workflow
from workflows.engine.errors import StoreUnavailable, VerbMisuse
from workflows.engine.model import RunState, Writes
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.harness import Harness
from workflows.engine.testing.memory import MemoryStore


@pytest.fixture(autouse=True)
def _fresh() -> None:
    stage.clear()


@workflow("cleans_up")
def cleans_up(run: Run, name: str) -> str:
    try:
        run.step(send, name)
        run.step(read, "between")
    finally:
        run.step(read, "cleanup")
    return name


def test_a_step_in_finally_is_not_done_when_the_run_parks() -> None:
    harness = Harness(cleans_up)
    failing.add("a")
    run_id = harness.start("cleans_up", "a")
    assert harness.state(run_id) is RunState.PARKED
    assert effects["read cleanup"] == 0
    failing.clear()
    harness.resume(run_id, again=True)
    assert harness.output(run_id) == "a"
    assert (effects["read between"], effects["read cleanup"]) == (1, 1)


@workflow("swallows_everything")
def swallows_everything(run: Run, name: str) -> str:
    try:
        run.step(send, name)
    except BaseException:  # noqa: BLE001 - what a plan refuses; at run time it still must do no harm
        return "swallowed"
    return name


def test_a_body_can_not_swallow_that_it_is_parked() -> None:
    harness = Harness(swallows_everything)
    failing.add("a")
    run_id = harness.start("swallows_everything", "a")
    assert harness.state(run_id) is RunState.PARKED


@step(idempotent=True)
def too_big(ctx: StepContext, name: str) -> str:
    return "x" * 5_000_000


@workflow("swallows_a_result")
def swallows_a_result(run: Run, name: str) -> str:
    try:
        return run.step(too_big, name)
    except BaseException:  # noqa: BLE001 - as above
        return "swallowed"


def test_a_body_can_not_swallow_that_a_result_fits_no_history() -> None:
    harness = Harness(swallows_a_result)
    run_id = harness.start("swallows_a_result", "a")
    assert harness.state(run_id) is RunState.PARKED


# a store that is away for a moment ----------------------------------------------------------------------


def _away_once(key: str) -> tuple[DisturbedStore, ManualClock]:
    def concerned(writes: Writes) -> bool:
        return any(record.key == key for record in writes.records)

    clock = ManualClock()
    return DisturbedStore(clock, concerned, before=raising(StoreUnavailable("away"))), clock


@workflow("creates_and_cleans_up")
def creates_and_cleans_up(run: Run, name: str) -> str:
    try:
        run.step(create, name)
    finally:
        run.step(read, "cleanup")
    return name


def test_a_finally_does_nothing_while_the_store_is_away() -> None:
    store, clock = _away_once("create#1")
    harness = Harness(creates_and_cleans_up, store=store, clock=clock)
    run_id = harness.start("creates_and_cleans_up", "a")
    harness.skip(timedelta(minutes=2))
    assert store.disturbed
    assert harness.output(run_id) == "a"
    assert (effects["create a"], effects["read cleanup"]) == (1, 1)


@workflow("swallows_the_store")
def swallows_the_store(run: Run, name: str) -> str:
    try:
        run.step(create, name)
    except BaseException:  # noqa: BLE001 - as above
        run.note("swallowed")
    return run.step(read, name)


def test_a_body_can_not_swallow_that_the_store_is_away() -> None:
    store, clock = _away_once("create#1")
    harness = Harness(swallows_the_store, store=store, clock=clock)
    run_id = harness.start("swallows_the_store", "a")
    harness.skip(timedelta(minutes=2))
    assert store.disturbed
    assert harness.output(run_id) == "a"
    assert harness.keys(run_id) == ["create#1", "read#1"]


# time and threads ---------------------------------------------------------------------------------------


class RealClock(ManualClock):
    """The time as it is, for a step that looks whether its own has run out."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


@step(idempotent=True, timeout=timedelta(milliseconds=50), retry=ONCE)
def checks(ctx: StepContext, name: str) -> str:
    effects["checks"] += 1
    end = time.monotonic() + 10
    while time.monotonic() < end:
        ctx.check()
    return name


@workflow("checking")
def checking(run: Run, name: str) -> str:
    try:
        return run.step(checks, name)
    except StepFailed:
        return "timed out"


def test_a_step_that_checks_itself_past_its_time_out_has_used_its_attempt() -> None:
    clock = RealClock()
    harness = Harness(checking, store=MemoryStore(clock), clock=clock)
    run_id = harness.start("checking", "a")
    assert harness.output(run_id) == "timed out"
    assert effects["checks"] == 1


refused: list[str] = []


@workflow("own_thread")
def own_thread(run: Run, name: str) -> str:
    def go() -> None:
        try:
            run.step(read, name)
        except VerbMisuse as error:
            refused.append(str(error))

    thread = threading.Thread(target=go)
    thread.start()
    thread.join()
    return name


def test_a_verb_in_a_thread_of_the_authors_own_parks_the_run() -> None:
    refused.clear()
    harness = Harness(own_thread)
    run_id = harness.start("own_thread", "a")
    assert harness.state(run_id) is RunState.PARKED
    assert effects["read a"] == 0
    assert len(refused) == 1
