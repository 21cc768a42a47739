"""Deleting old runs: what goes, what stays, and in which steps."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.contract.outbox.conftest import shown
from tests.contract.outbox.shown import Shown
from tests.contract.store.opened import GRACE, Opened, approval, attempt, event, message, record
from workflows.engine.errors import UnknownRun
from workflows.engine.expiry import HEAVY, PRUNE, Expiry, Place, Prunable, Pruned, Swept, removed
from workflows.engine.model import Audit, Decision, Outcome, RunState, Writes
from workflows.engine.testing.clock import START, ManualClock

__all__ = ["shown"]

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
BIG = '"' + "x" * 100_000 + '"'
OLD = Expiry(START + HOUR)


def full_run(made: Opened, run_id: str, big: str = "1") -> None:
    """A run with something in every table."""
    claim = made.claimed(run_id, input=big, started_by="ada")
    made.store.commit(
        claim.lease,
        Writes(
            records=(record(run_id=run_id, output=big),),
            attempts=(attempt(run_id=run_id),),
            events=(event(run_id=run_id),),
            approvals=(approval(f"a-{run_id}"),),
            decisions=(Decision(f"a-{run_id}", "ada", Outcome.APPROVED, START),),
            messages=(message(f"m-{run_id}", run_id=run_id),),
            audit=(Audit(START, "ada", "decide"),),
        ),
    )
    made.end(claim)


def left(made: Opened, *run_ids: str) -> list[str]:
    """Those of the runs that are still there."""
    found = []
    for run_id in run_ids:
        try:
            found.append(made.store.run(run_id).id)
        except UnknownRun:
            continue
    return found


def test_a_run_goes_with_all_that_belongs_to_it(made: Opened, clock: ManualClock) -> None:
    full_run(made, "old", BIG)
    clock.advance(DAY)
    full_run(made, "new", BIG)
    assert made.store.prune(OLD, limit=10) == Pruned(1)
    assert made.store.prune(OLD, limit=10) == Pruned(0)
    store = made.store
    assert not any([store.records("old"), store.attempts("old"), store.events("old")])
    assert (store.approval("a-old"), store.decisions("a-old"), store.approvals(run_id="old", state=None)) == (
        None,
        [],
        [],
    )
    assert len(store.run("new").input) == 100_002
    assert len(store.records("new")[0].output or "") == 100_002
    assert (len(store.inbox("new").messages), len(store.audit("new")), len(store.decisions("a-new"))) == (1, 1, 1)


def test_who_did_what_stays_and_so_does_that_it_was_deleted(made: Opened, clock: ManualClock) -> None:
    full_run(made, "old")
    clock.advance(DAY)
    made.store.prune(OLD, limit=10, by="cli:ops")
    decided, deleted = made.store.audit("old")
    assert decided == Audit(START, "ada", "decide", "old")
    assert (deleted.at, deleted.actor, deleted.verb, deleted.run_id) == (START + DAY, "cli:ops", PRUNE, "old")
    kept = removed(made.store.audit("old"))
    assert kept is not None
    assert (kept.workflow, kept.state, kept.ended_at, kept.started_by) == ("w", "succeeded", START.isoformat(), "ada")
    words = "Run old is not kept any more: it succeeded on 2026-01-05, and was deleted on 2026-01-06."
    for ask in (made.store.run, made.store.inbox, lambda run_id: made.store.transact(run_id, lambda _: Writes())):
        with pytest.raises(UnknownRun) as told:
            ask("old")
        assert str(told.value) == words
    with pytest.raises(UnknownRun, match="There is no run other"):
        made.store.run("other")


def test_audit_entries_have_an_age_of_their_own(made: Opened, clock: ManualClock) -> None:
    for run_id in ("old", "kept"):
        full_run(made, run_id)
    made.store.transact("kept", lambda _view: Writes(run={"dead_at": START}))
    clock.advance(DAY)
    made.store.prune(OLD, limit=10)
    assert made.store.prunable(Expiry(START, audit_before=START + HOUR)).audit == 1
    assert made.store.sweep(Expiry(START, audit_before=START), limit=10) == Swept()
    assert made.store.sweep(Expiry(START, audit_before=START + HOUR), limit=10) == Swept(audit=1)
    assert [entry.verb for entry in made.store.audit("old")] == [PRUNE]
    assert [entry.verb for entry in made.store.audit("kept")] == ["decide"]


def test_only_the_runs_of_one_queue_go_where_that_is_asked_for(made: Opened, clock: ManualClock) -> None:
    for run_id, queue in (("mine", "bench-1"), ("other", "bench-2"), ("usual", "default")):
        made.end(made.claimed(run_id, queue=queue))
    clock.advance(DAY)
    assert made.store.prune(replace(OLD, queue="bench-1"), limit=10) == Pruned(1)
    assert left(made, "mine", "other", "usual") == ["other", "usual"]


def test_what_may_still_go_on_is_not_pruned(made: Opened, clock: ManualClock) -> None:
    made.over("dead", state=RunState.FAILED)
    made.store.transact("dead", lambda _view: Writes(run={"dead_at": START}))
    made.waiting("waiting")
    claim = made.claimed("parked")
    parked = Writes(run={"state": RunState.PARKED, "ended_at": START, "dead_at": START})
    made.store.commit(claim.lease, parked, leave=True)
    made.over("gone", state=RunState.CANCELLED)
    made.over("orphan", parent_id="pruned long ago")
    clock.advance(DAY)
    assert made.store.prunable(OLD) == Prunable(2, 0, dead=1, held=0)
    assert made.store.prune(OLD, limit=10).runs == 2
    assert left(made, "dead", "waiting", "parked", "gone", "orphan") == ["dead", "waiting", "parked"]


def test_failed_dead_letters_go_when_that_is_asked_for_and_parked_ones_never(made: Opened, clock: ManualClock) -> None:
    for run_id, state in (("failed", RunState.FAILED), ("parked", RunState.PARKED)):
        claim = made.claimed(run_id)
        change = Writes(run={"state": state, "ended_at": START, "dead_at": START})
        made.store.commit(claim.lease, change, leave=True)
    clock.advance(DAY)
    everything = Expiry(START + HOUR, failed=True)
    assert made.store.prunable(everything) == Prunable(1, 0, dead=0, held=0)
    assert made.store.prune(everything, limit=10).runs == 1
    assert left(made, "failed", "parked") == ["parked"]


def test_a_run_stays_while_the_one_that_started_it_does(made: Opened, clock: ManualClock) -> None:
    made.waiting("parent")
    made.over("child", parent_id="parent")
    made.over("grandchild", parent_id="child")
    clock.advance(DAY)
    assert made.store.prunable(OLD) == Prunable(0, 0, dead=0, held=2)
    assert made.store.prune(OLD, limit=10).runs == 0
    made.store.transact("parent", lambda _view: Writes(run={"state": RunState.SUCCEEDED, "ended_at": START}))
    assert made.store.prunable(OLD).runs == 3
    assert [made.store.prune(OLD, limit=10).runs for _ in range(4)] == [1, 1, 1, 0]
    assert left(made, "parent", "child", "grandchild") == []


def test_a_pass_goes_on_from_where_it_was(made: Opened, clock: ManualClock) -> None:
    ended: dict[str, datetime] = {}
    for run_id in ("c", "a", "b"):
        made.over(run_id)
        ended[run_id] = clock.now()
        clock.advance(GRACE)
    for run_id in ("y", "x"):
        made.over(run_id)
        ended[run_id] = clock.now()
    clock.advance(DAY)
    old = Expiry(START + DAY)
    assert made.store.prune(old, limit=2) == Pruned(2, Place(ended["a"], "a"))
    assert made.store.prune(old, limit=2, after=Place(ended["b"], "b")) == Pruned(2, Place(ended["y"], "y"))
    assert made.store.prune(old, limit=2, after=Place(ended["y"], "y")) == Pruned(0)
    assert made.store.prune(old, limit=2) == Pruned(1)


def test_heavy_runs_take_a_transaction_each(made: Opened, clock: ManualClock) -> None:
    for run_id, revision in (("a", HEAVY * 2), ("b", HEAVY - 10), ("c", 1), ("d", 10)):
        made.over(run_id, revision=revision)
    clock.advance(DAY)
    batches = [made.store.prune(OLD, limit=10) for _ in range(3)]
    assert batches == [Pruned(1, Place(START, "a")), Pruned(2, Place(START, "c")), Pruned(1)]


def test_a_run_whose_end_is_not_shown_yet_stays_for_a_day(shown: Shown, clock: ManualClock) -> None:
    for run_id in ("told", "untold", "troubled"):
        shown.over(run_id, channel="slack:T1:C1")
    shown.show("told")
    shown.leave(shown.take("troubled"), shown=1, error="The channel is archived.")
    clock.advance(2 * HOUR)
    assert shown.store.prunable(OLD) == Prunable(2, 0, dead=0, held=1)
    assert shown.store.prune(OLD, limit=10).runs == 2
    assert left(shown, "told", "untold", "troubled") == ["untold"]
    clock.advance(DAY)
    assert shown.store.prune(OLD, limit=10).runs == 1


def test_inbound_ids_are_remembered_for_a_month(made: Opened, clock: ManualClock) -> None:
    assert made.store.received("slack", "Ev1")
    assert not made.store.received("slack", "Ev1")
    assert made.store.received("hook", "Ev1")
    clock.advance(DAY * 20)
    assert made.store.sweep(Expiry(clock.now()), limit=10) == Swept()
    assert not made.store.received("slack", "Ev1")
    clock.advance(DAY * 20)
    assert made.store.sweep(Expiry(clock.now()), limit=1) == Swept(received=1)
    assert made.store.sweep(Expiry(clock.now()), limit=10) == Swept(received=1)
    assert made.store.received("slack", "Ev1")


def test_a_database_says_how_large_it_is(real: Opened) -> None:
    real.over("r1", input=BIG * 20)
    before = real.store.room()
    real.store.prune(Expiry(datetime.max.replace(tzinfo=START.tzinfo)), limit=10)
    real.store.compact()
    after = real.store.room()
    assert before.size > 2_000_000 or before.free is None
    assert after.free in (0, None)
    assert after.size < before.size - 1_500_000 or after.free is None
