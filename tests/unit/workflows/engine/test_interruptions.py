"""An interruption is not the body's: no `finally` and no `except` acts on it or hides it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.unit.workflows.engine import stage
from tests.unit.workflows.engine.stage import DisturbedStore, create, effects, failing, raising, read, send
from workflows import ONCE, Run, StepContext, StepFailed, step, workflow
from workflows.engine.errors import StoreUnavailable, VerbMisuse
from workflows.engine.model import Kind, RunState, Writes
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.harness import Harness
from workflows.engine.testing.memory import MemoryStore
from workflows.engine.threads import StepThreads


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


class LateThreads(StepThreads):
    """Keeps the first step from beginning until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.held = threading.Event()
        self.go = threading.Event()
        self.ended = threading.Event()

    def run(self, do: Callable[[], Any], seconds: float) -> Any:
        if self.held.is_set():
            return super().run(do, seconds)
        self.held.set()

        def late() -> Any:
            self.go.wait(20)
            try:
                return do()
            finally:
                self.ended.set()

        return super().run(late, seconds)


@workflow("one_comes_late")
def one_comes_late(run: Run, name: str) -> str:
    run.parallel(run.call(create, "late"), run.call(only_note, name))
    return name


def only_note(run: Run, name: str) -> str:
    threads.held.wait(20)
    run.note("the store goes away here")
    return run.step(read, name)


threads = LateThreads()


def test_a_step_whose_thread_comes_after_the_lease_was_given_back_is_not_taken() -> None:
    """Its branch's sibling met a store that was away, so the advance is over, and another one may be at work."""
    global threads  # noqa: PLW0603 - the workflow's branch waits for them
    threads = LateThreads()
    clock = ManualClock()
    noted = lambda writes: any(record.name == "read" or record.kind is Kind.NOTE for record in writes.records)  # noqa: E731
    store = DisturbedStore(clock, noted, before=raising(StoreUnavailable("away")))
    harness = Harness(one_comes_late, store=store, clock=clock, threads=threads)
    run_id = harness.service.start("one_comes_late", "n", by="test:ana").id
    harness.work()
    assert store.disturbed
    threads.go.set()
    assert threads.ended.wait(20)
    assert effects["create late"] == 0
    harness.skip(timedelta(minutes=5))
    assert harness.output(run_id) == "n"
    assert effects["create late"] == 1
