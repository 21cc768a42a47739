"""A run that ended well is undone: its compensations in reverse, once each, whatever dies in between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest

from workflows import Effect, Retry, Run, StepContext, step, workflow
from workflows.engine.compensations import UNDO, seen_as, to_undo
from workflows.engine.detail import Detail
from workflows.engine.errors import NotAllowed, Refused
from workflows.engine.model import Kind, Record, RunState, StepState
from workflows.engine.ports import RunQuery
from workflows.engine.replaying import replay
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.harness import Harness
from workflows.engine.testing.memory import MemoryStore
from workflows.engine.undoing import Undoing
from workflows.engine.verdict import Verdict
from workflows.storage.store import SqlStore

ANA = "test:ana"
done: list[str] = []
tried: Counter[str] = Counter()
refusing: set[str] = set()


class Refusing(Exception):
    retryable = False
    effect = Effect.NONE


class Away(Exception):
    retryable = True
    effect = Effect.NONE


@step(idempotent=True)
def book(ctx: StepContext, what: str) -> str:
    """Book something."""
    done.append(f"book {what}")
    return what


@step(idempotent=True, retry=Retry(attempts=1))
def give_back(ctx: StepContext, what: str) -> None:
    """Give it back."""
    tried[what] += 1
    if what in refusing:
        raise Refusing(f"{what} is not taken back")
    done.append(f"give back {what}")


@workflow("trip", title="Book a trip")
def trip(run: Run, place: str) -> str:
    with run.saga() as saga:
        for what in ("flight", "hotel", "car"):
            run.step(book, what)
            saga.on_failure(give_back, what)
    run.step(book, "guide")
    return place


@workflow("walk")
def walk(run: Run, place: str) -> str:
    return run.step(book, place)


@workflow("holiday")
def holiday(run: Run, place: str) -> str:
    return run.child(trip, place)


@workflow("long_holiday")
def long_holiday(run: Run, place: str) -> str:
    return run.child(holiday, place)


@step(idempotent=True, retry=Retry(attempts=3, first_delay=timedelta(minutes=5), jitter=0))
def end(ctx: StepContext, what: str) -> None:
    """End the lease."""
    tried[what] += 1
    if "first" in refusing and tried[what] == 1:
        raise Away("nobody is there")
    done.append(f"end {what}")


@workflow("lease")
def lease(run: Run, place: str) -> str:
    with run.saga() as saga:
        run.step(book, place)
        saga.on_failure(end, place)
    return place


@workflow("idle")
def idle(run: Run, place: str) -> str:
    return str(run.signal("go", str))


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def harness(request: pytest.FixtureRequest) -> Iterator[Harness]:
    for each in (done, tried, refusing):
        each.clear()
    clock = ManualClock()
    if request.param == "memory":
        yield Harness(trip, walk, holiday, long_holiday, lease, idle, store=MemoryStore(clock), clock=clock)
        return
    store = SqlStore(request.getfixturevalue(f"{request.param}_url"), clock=clock)
    yield Harness(trip, walk, holiday, long_holiday, lease, idle, store=store, clock=clock)
    store.close()


def undo(harness: Harness, run_id: str, by: str = ANA, reason: str = "") -> None:
    undoing = Undoing(harness.service)
    undoing.undo(run_id, by=by, reason=reason, seen=seen_as(undoing.look(run_id, by=by)))
    harness.work()


def record(harness: Harness, run_id: str, key: str) -> Record:
    [found] = [one for one in harness.history(run_id) if one.key == key]
    return found


BACK = ["give back car", "give back hotel", "give back flight"]


def test_what_was_done_is_undone_in_reverse_and_the_body_is_not_called_again(harness: Harness) -> None:
    run_id = harness.start("trip", "rome")
    shown = Undoing(harness.service).look(run_id, by=ANA)
    assert [one.key for one in shown] == ["undo.give_back#3", "undo.give_back#2", "undo.give_back#1"]
    booked = list(done)
    undo(harness, run_id, reason="the weather")
    assert done == [*booked, *BACK]
    run = harness.run(run_id)
    assert (run.state, run.generation, run.dead_at) == (RunState.CANCELLED, 1, None)
    assert "undone by test:ana: the weather" in (run.error or "")
    assert [record(harness, run_id, f"book#{n}").undone for n in (1, 2, 3, 4)] == [True, True, True, False]
    kinds = [event.kind for event in harness.events(run_id)]
    assert [kind for kind in kinds[kinds.index("run.undoing") :] if kind.startswith("run.")] == [
        "run.undoing", "run.compensating", "run.cancelled",
    ]  # fmt: skip
    assert [entry.verb for entry in harness.store.audit(run_id)] == ["start", "undo"]
    [recorded] = harness.store.recorded([run_id])
    assert replay(recorded, harness.catalogue, approvers=(), approval=harness.store.approval).verdict is Verdict.SAME
    with pytest.raises(Refused, match="undone already"):
        undo(harness, run_id)


def test_a_crash_undoes_nothing_twice(harness: Harness) -> None:
    for checkpoint in ("after_effect", "after_commit"):
        for number, what in enumerate(("flight", "hotel", "car"), 1):
            done.clear()
            tried.clear()
            crashes = harness.crashes
            run_id = harness.start("trip", "rome")
            harness.crash_at(checkpoint, f"undo.give_back#{number}")
            undo(harness, run_id)
            assert (harness.state(run_id), harness.crashes) == (RunState.CANCELLED, crashes + 1)
            assert list(dict.fromkeys(done))[-3:] == BACK
            lost = checkpoint == "after_effect"  # its record was not written: it is repeated under the same key
            assert tried == {"flight": 1, "hotel": 1, "car": 1, what: 1 + lost}


def test_a_compensation_that_fails_is_a_dead_letter_and_a_resume_tries_it_again(harness: Harness) -> None:
    run_id = harness.start("trip", "rome")
    refusing.add("hotel")
    undo(harness, run_id)
    assert (harness.state(run_id), harness.run(run_id).dead_at is not None) == (RunState.PARKED, True)
    assert "hotel is not taken back" in harness.error(run_id)
    assert done[-2:] == ["give back car", "give back flight"], "the others go on"
    with pytest.raises(Refused, match="is being undone"):
        harness.recovery.fork(run_id, by=ANA)
    with pytest.raises(Refused, match="is being undone"):
        harness.recovery.edit(run_id, "oslo", by=ANA)
    refusing.clear()
    harness.resume(run_id)
    assert harness.state(run_id) is RunState.CANCELLED
    assert done[-1] == "give back hotel"
    assert tried == {"car": 1, "hotel": 2, "flight": 1}


def test_what_can_not_be_undone_is_refused_with_the_reason(harness: Harness) -> None:
    undoing = Undoing(harness.service)
    plain, family, whole, waits = (harness.start(name, "rome") for name in ("walk", "holiday", "trip", "idle"))
    [child] = [run.id for run in harness.store.runs(RunQuery(parent_id=family))]
    refused = {
        waits: "is waiting: only a run that succeeded", plain: "has nothing to undo", family: child,
        child: f"belongs to run {family}",
    }  # fmt: skip
    for run_id, why in refused.items():
        with pytest.raises(Refused, match=why):
            undoing.undo(run_id, by=ANA)
    with pytest.raises(NotAllowed, match="may not undo"):
        undoing.undo(whole, by="test:eve")
    with pytest.raises(Refused, match="changed since you looked"):
        undoing.undo(whole, by=ANA, seen=seen_as([]))
    assert not [one for one in harness.history(whole) if one.key == UNDO]


def test_only_what_a_completed_saga_holds_and_never_ran_is_left_to_undo() -> None:
    def left(saga: StepState, compensation: StepState = StepState.PENDING) -> list[str]:
        block = Record("r", 0, "saga#1", "", 0, Kind.SAGA, "saga", saga, position=3)
        held = Record(
            "r", 0, "undo.x#1", "", 2, Kind.COMPENSATION, "undo.x", compensation, position=2,
            detail=Detail([], saga="saga#1").text(),
        )  # fmt: skip
        return [one.key for one in to_undo([held, block])]

    assert left(StepState.SUCCEEDED) == ["undo.x#1"]
    assert left(StepState.FAILED) == left(StepState.RUNNING) == []
    assert left(StepState.SUCCEEDED, StepState.SUCCEEDED) == []


def test_a_compensation_that_has_to_wait_for_its_retry_holds_no_worker(harness: Harness) -> None:
    run_id = harness.start("lease", "rome")
    refusing.add("first")
    undo(harness, run_id)
    assert harness.state(run_id) is RunState.WAITING
    harness.skip(timedelta(hours=1))
    assert (harness.state(run_id), tried["rome"], done[-1]) == (RunState.CANCELLED, 2, "end rome")


def test_what_is_below_a_child_run_is_looked_at_too(harness: Harness) -> None:
    run_id = harness.start("long_holiday", "rome")
    with pytest.raises(Refused, match="holds finished steps that only its own compensations undo"):
        Undoing(harness.service).look(run_id, by=ANA)
