"""Cancelling and undoing: everything that was begun in a saga is undone, in order, whatever comes in between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.unit.workflows.engine import stage
from tests.unit.workflows.engine.stage import (
    DAY,
    HOUR,
    DisturbedStore,
    Down,
    Refusing,
    children,
    create,
    effects,
    failing,
    gate,
    hooks,
    kid,
    raising,
    read,
    remove,
    send,
)
from workflows import Retry, Run, StepContext, step, workflow
from workflows.engine.errors import Refused, StoreUnavailable
from workflows.engine.model import DONE, OVER, RunState, Writes
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.harness import Harness

order: list[str] = []


@pytest.fixture(autouse=True)
def _fresh() -> None:
    stage.clear()
    order.clear()


# a run that ends from outside, in three ways ------------------------------------------------------------


@step(idempotent=True, retry=Retry(attempts=3, first_delay=timedelta(minutes=5), jitter=0))
def undo(ctx: StepContext, name: str) -> None:
    effects["undo tried"] += 1
    if name in hooks:
        hooks[name](ctx)
    if effects["undo tried"] == 1 and "first undo" in failing:
        raise Down("later")
    if "every undo" in failing:
        raise Refusing("no")
    order.append(name)


def two_to_undo(run: Run, name: str) -> str:
    with run.saga() as saga:
        run.step(read, "1")
        saga.on_failure(undo, "one")
        run.step(read, "2")
        saga.on_failure(undo, "two")
        run.sleep(timedelta(hours=5))
    return name


@workflow("plain")
def plain(run: Run, name: str) -> str:
    return two_to_undo(run, name)


@workflow("timed", timeout=HOUR)
def timed(run: Run, name: str) -> str:
    return two_to_undo(run, name)


@workflow("branched")
def branched(run: Run, name: str) -> str:
    return run.parallel(run.call(two_to_undo, name))[0]


ENDINGS = pytest.mark.parametrize(
    ("name", "state"),
    [("plain", RunState.CANCELLED), ("timed", RunState.FAILED), ("branched", RunState.CANCELLED)],
    ids=["cancelled", "timed out", "cancelled in a branch"],
)


def _end(harness: Harness, name: str) -> str:
    run_id = harness.start(name, "a")
    if name == "timed":
        harness.skip(timedelta(minutes=61))
    else:
        harness.cancel(run_id)
    return run_id


@ENDINGS
def test_an_undo_step_that_waits_for_its_retry_holds_the_others_up(name: str, state: RunState) -> None:
    harness = Harness(plain, timed, branched)
    failing.add("first undo")
    run_id = _end(harness, name)
    harness.skip(HOUR)
    assert order == ["two", "one"]
    assert harness.state(run_id) is state


def _work_with_new_workers(harness: Harness) -> Callable[[], None]:
    """As `Harness.work`, with a new worker in place of each that drained."""

    def work() -> None:
        while (ring := harness.queue.take()) is not None:
            harness._engine.advance(ring.run_id)
            if harness._draining:
                harness.new_worker()

    return work


@ENDINGS
def test_a_drain_while_a_run_is_undone_loses_no_undo_step(
    name: str, state: RunState, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = Harness(plain, timed, branched)
    monkeypatch.setattr(harness, "work", _work_with_new_workers(harness))

    def drain_once(_ctx: StepContext) -> None:
        del hooks["two"]
        harness.drain()

    hooks["two"] = drain_once
    run_id = _end(harness, name)
    harness.skip(HOUR)
    assert order == ["two", "one"]
    assert harness.state(run_id) is state


@ENDINGS
def test_an_undo_step_that_fails_for_good_parks_the_run(name: str, state: RunState) -> None:
    harness = Harness(plain, timed, branched)
    failing.add("every undo")
    run_id = _end(harness, name)
    assert harness.state(run_id) is RunState.PARKED
    failing.clear()
    harness.resume(run_id)
    assert sorted(order) == ["one", "two"]
    assert harness.state(run_id) is state


@ENDINGS
def test_a_store_that_is_away_for_a_moment_loses_no_undo_step(name: str, state: RunState) -> None:
    def undone(writes: Writes) -> bool:
        return any(r.key.endswith("undo.undo#2") and r.state in DONE for r in writes.records)

    clock = ManualClock()
    store = DisturbedStore(clock, undone, before=raising(StoreUnavailable("away")))
    harness = Harness(plain, timed, branched, store=store, clock=clock)
    run_id = _end(harness, name)
    harness.skip(timedelta(minutes=30))
    assert store.disturbed
    assert order[-1] == "one"
    assert set(order) == {"one", "two"}
    assert harness.state(run_id) is state


# what is undone with what -------------------------------------------------------------------------------


@workflow("nested_sagas")
def nested_sagas(run: Run, name: str) -> str:
    with run.saga() as outer:
        run.step(create, "outer")
        outer.on_failure(remove, "outer")
        with run.saga() as inner:
            run.step(create, "inner")
            inner.on_failure(remove, "inner")
        run.step(gate, "gate")
        run.sleep(DAY)
    return name


def test_a_failing_outer_saga_undoes_what_its_completed_inner_saga_did() -> None:
    harness = Harness(nested_sagas)
    failing.add("gate")
    run_id = harness.start("nested_sagas", "a")
    assert harness.state(run_id) is RunState.FAILED
    assert (effects["remove outer"], effects["remove inner"]) == (1, 1)


def test_a_cancelled_outer_saga_undoes_what_its_completed_inner_saga_did() -> None:
    harness = Harness(nested_sagas)
    run_id = harness.start("nested_sagas", "a")
    harness.cancel(run_id)
    assert harness.state(run_id) is RunState.CANCELLED
    assert (effects["remove outer"], effects["remove inner"]) == (1, 1)


@step(idempotent=True)
def undo_outer(ctx: StepContext, name: str) -> None:
    order.append(name)


@workflow("undoing_kid")
def undoing_kid(run: Run, name: str) -> str:
    with run.saga() as saga:
        run.step(read, "kid")
        saga.on_failure(undo, "kid")
        run.sleep(DAY)
    return name


def undoing_child_branch(run: Run, name: str) -> str:
    return run.child(undoing_kid, name)


def signal_branch(run: Run, name: str) -> str:
    return str(run.signal("go"))


@workflow("kid_in_a_branch")
def kid_in_a_branch(run: Run, name: str) -> str:
    with run.saga() as saga:
        run.step(read, "parent")
        saga.on_failure(undo_outer, "parent")
        run.parallel(run.call(undoing_child_branch, name), run.call(signal_branch, name))
    return name


def test_a_cancelled_child_is_undone_before_its_parent() -> None:
    harness = Harness(kid_in_a_branch, undoing_kid)
    failing.add("first undo")
    run_id = harness.start("kid_in_a_branch", "a")
    harness.cancel(run_id)
    harness.skip(HOUR)
    assert harness.state(run_id) is RunState.CANCELLED
    assert order == ["kid", "parent"]


@workflow("undone_slowly", timeout=timedelta(minutes=4))
def undone_slowly(run: Run, name: str) -> str:
    with run.saga() as saga:
        run.step(read, "a")
        saga.on_failure(undo, "a")
        run.step(gate, "gate")
    return name


def test_a_run_that_waits_to_undo_says_only_once_that_it_is_compensating() -> None:
    harness = Harness(undone_slowly)
    failing.update({"gate", "first undo"})
    run_id = harness.start("undone_slowly", "a")
    harness.skip(HOUR)
    assert order == ["a"]
    assert len(harness.events(run_id, "run.compensating")) == 1


def test_a_time_out_that_passes_while_an_undo_step_waits_wakes_nobody() -> None:
    harness = Harness(undone_slowly)
    failing.update({"gate", "first undo"})
    run_id = harness.start("undone_slowly", "a")
    harness.skip(timedelta(minutes=4, seconds=30))
    wake_at = harness.run(run_id).wake_at
    assert wake_at is not None
    assert wake_at > harness.clock.now()


def wait_for_a_word(run: Run, name: str, why: str) -> None:
    run.signal("word")


@workflow("waits_after_failure", timeout=timedelta(minutes=30), on_failure=wait_for_a_word)
def waits_after_failure(run: Run, name: str) -> str:
    return run.step(gate, "gate")


def test_a_time_out_that_passes_while_on_failure_waits_does_not_spin() -> None:
    harness = Harness(waits_after_failure)
    failing.add("gate")
    run_id = harness.start("waits_after_failure", "a")
    harness.skip(timedelta(minutes=31))
    assert len(harness.events(run_id, "run.waiting")) < 5


# cancelling a parked run --------------------------------------------------------------------------------


@workflow("sends_in_a_saga")
def sends_in_a_saga(run: Run, name: str) -> str:
    with run.saga() as saga:
        run.step(create, "pre")
        saga.on_failure(remove, "pre")
        run.step(send, name)
        run.step(read, "next")
    return name


@workflow("breaks_in_a_saga")
def breaks_in_a_saga(run: Run, name: str) -> str:
    with run.saga() as saga:
        run.step(create, "pre")
        saga.on_failure(remove, "pre")
        raise KeyError(name)


@pytest.mark.parametrize("name", ["sends_in_a_saga", "breaks_in_a_saga"])
def test_a_parked_run_that_could_not_be_cancelled_says_how_to_go_on(name: str) -> None:
    harness = Harness(sends_in_a_saga, breaks_in_a_saga)
    failing.add("a")
    run_id = harness.start(name, "a")
    assert harness.state(run_id) is RunState.PARKED
    harness.cancel(run_id)
    assert harness.state(run_id) is RunState.PARKED
    with pytest.raises(Refused, match=r"resume it, or discard it"):
        harness.cancel(run_id)
    harness.recovery.discard(run_id, by="test:ana")
    assert harness.state(run_id) is RunState.CANCELLED
    assert effects["remove pre"] == 0


def test_a_cancelled_run_that_parked_is_undone_once_its_unclear_effect_is_cleared_up() -> None:
    harness = Harness(sends_in_a_saga)
    failing.add("a")
    run_id = harness.start("sends_in_a_saga", "a")
    harness.cancel(run_id)
    harness.recovery.skip(run_id, "send#1", "seen there", by="test:ana")
    harness.work()
    assert harness.state(run_id) is RunState.CANCELLED
    assert (effects["create pre"], effects["remove pre"], effects["read next"]) == (1, 1, 0)


def test_a_run_that_was_parked_for_its_crashes_can_be_cancelled() -> None:
    harness = Harness(plain)
    run_id = harness.start("plain", "a")
    harness.store.transact(run_id, lambda view: Writes(run={"crashes": 3}))
    harness.skip(timedelta(hours=6))
    assert harness.state(run_id) is RunState.PARKED
    harness.cancel(run_id)
    assert harness.state(run_id) is RunState.CANCELLED
    assert order == ["two", "one"]


@workflow("parent_of_a_sleeper")
def parent_of_a_sleeper(run: Run, name: str) -> str:
    return run.child(kid, name)


def test_cancelling_a_parent_cancels_its_child() -> None:
    harness = Harness(parent_of_a_sleeper, kid)
    run_id = harness.start("parent_of_a_sleeper", "a")
    harness.cancel(run_id)
    harness.skip(HOUR)
    assert harness.state(run_id) is RunState.CANCELLED
    assert all(state in OVER for state in children(harness))
