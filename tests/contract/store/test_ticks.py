"""What the clock does: rescue, reminders, pruning."""

from __future__ import annotations

from datetime import timedelta

from tests.contract.store.opened import GRACE, TTL, Opened, approval, attempt, event, message, record
from workflows.engine.model import ApprovalState, Audit, Decision, Outcome, RunState, Writes
from workflows.engine.ports import Ring
from workflows.engine.testing.clock import START, ManualClock

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def rescued(made: Opened, limit: int = 10) -> list[Ring]:
    return list(made.store.rescue(limit=limit, grace=GRACE))


def test_a_lost_ring_is_rung_again(made: Opened, clock: ManualClock) -> None:
    made.create(queue="slow")
    assert rescued(made) == []
    clock.advance(GRACE)
    assert rescued(made) == [Ring("r1", 0, "slow", again=True)]
    assert rescued(made) == []
    assert made.store.run("r1").wake_at == START + GRACE * 2
    clock.advance(GRACE)
    assert rescued(made) == [Ring("r1", 0, "slow", again=True)]


def test_a_timer_rings_when_it_is_due(made: Opened, clock: ManualClock) -> None:
    made.waiting(due_at=START + HOUR)
    made.waiting("r2")
    clock.advance(HOUR - GRACE)
    assert rescued(made) == []
    clock.advance(GRACE)
    assert [ring.run_id for ring in rescued(made)] == ["r1"]


def test_a_held_run_is_left_alone_until_its_lease_ends(made: Opened, clock: ManualClock) -> None:
    made.claimed()
    clock.advance(TTL / 2)
    made.store.renew("a", TTL)
    clock.advance(TTL / 2)
    assert rescued(made) == []
    clock.advance(TTL / 2)
    assert rescued(made) == [Ring("r1", 0, again=True)]


def test_what_is_over_or_parked_is_never_rung(made: Opened, clock: ManualClock) -> None:
    made.over("r1")
    claim = made.claimed("r2")
    made.end(claim, RunState.PARKED)
    clock.advance(DAY)
    assert rescued(made) == []


def test_a_parked_run_that_is_cancelled_goes_on_to_end(made: Opened, clock: ManualClock) -> None:
    claim = made.claimed("r2")
    made.end(claim, RunState.PARKED)
    made.store.transact("r2", lambda _view: Writes(cancels=(("r2", "x"),)))
    clock.advance(DAY)
    assert [ring.run_id for ring in rescued(made)] == ["r2"]
    assert made.store.run("r2").dead_at is None


def test_rescue_works_in_batches_longest_overdue_first(made: Opened, clock: ManualClock) -> None:
    for number in (3, 1, 2):
        made.waiting(f"r{number}", due_at=START + number * GRACE)
    clock.advance(HOUR)
    assert [ring.run_id for ring in rescued(made, limit=2)] == ["r1", "r2"]
    assert [ring.run_id for ring in rescued(made, limit=2)] == ["r3"]


def test_a_reminder_is_one_event_however_late(made: Opened, clock: ManualClock) -> None:
    claim = made.claimed()
    asked = approval(remind_every=HOUR, remind_at=START + HOUR)
    once = approval("a2", remind_at=START + HOUR)
    closed = approval("a3", remind_at=START, state=ApprovalState.VOID)
    made.store.commit(claim.lease, Writes(approvals=(asked, once, closed)))
    revision = made.store.run("r1").revision
    assert made.store.remind(limit=10) == 0
    clock.advance(HOUR * 3.5)
    assert made.store.remind(limit=10) == 2
    assert made.store.remind(limit=10) == 0
    events = made.store.events("r1", after=revision)
    assert [(e.kind, e.data) for e in events] == [
        ("approval.reminded", '{"approval": "a1", "name": "editor"}'),
        ("approval.reminded", '{"approval": "a2", "name": "editor"}'),
    ]
    assert made.store.run("r1").revision == revision + 2 == events[-1].number
    found = [made.store.approval(approval_id) for approval_id in ("a1", "a2")]
    assert [a and a.remind_at for a in found] == [START + HOUR * 4, None]
    clock.advance(HOUR / 2)
    assert made.store.remind(limit=10) == 1


def test_reminders_come_in_batches(made: Opened, clock: ManualClock) -> None:
    claim = made.claimed()
    asked = tuple(approval(f"a{number}", remind_at=START + number * GRACE) for number in range(3))
    made.store.commit(claim.lease, Writes(approvals=asked))
    clock.advance(HOUR)
    assert [made.store.remind(limit=2), made.store.remind(limit=2)] == [2, 1]


def full_run(made: Opened, run_id: str, big: str = "1") -> None:
    claim = made.claimed(run_id, input=big)
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


def test_old_runs_are_pruned_with_all_that_belongs_to_them(made: Opened, clock: ManualClock) -> None:
    full_run(made, "old", big='"' + "x" * 100_000 + '"')
    clock.advance(DAY)
    full_run(made, "new", big='"' + "x" * 100_000 + '"')
    assert made.store.prune(before=START + HOUR, limit=10) == 1
    assert made.store.prune(before=START + HOUR, limit=10) == 0
    store = made.store
    assert not any([store.records("old"), store.attempts("old"), store.events("old"), store.audit("old")])
    assert (store.approval("a-old"), store.decisions("a-old"), store.approvals(run_id="old", state=None)) == (
        None,
        [],
        [],
    )
    assert len(store.run("new").input) == 100_002
    assert len(store.records("new")[0].output or "") == 100_002
    assert (len(store.inbox("new").messages), len(store.audit("new")), len(store.decisions("a-new"))) == (1, 1, 1)


def test_what_may_still_go_on_is_not_pruned(made: Opened, clock: ManualClock) -> None:
    made.over("dead", state=RunState.FAILED)
    made.store.transact("dead", lambda _view: Writes(run={"dead_at": START}))
    made.waiting("parent")
    made.over("child", parent_id="parent")
    made.waiting("waiting")
    claim = made.claimed("parked")
    made.store.commit(claim.lease, Writes(run={"state": RunState.PARKED, "ended_at": START}), leave=True)
    made.over("gone")
    made.over("orphan", parent_id="pruned long ago")
    clock.advance(DAY)
    assert made.store.prune(before=START + HOUR, limit=10) == 2
    for run_id in ("dead", "parent", "child", "waiting", "parked"):
        made.store.run(run_id)


def test_pruning_comes_in_batches_oldest_first(made: Opened, clock: ManualClock) -> None:
    for run_id in ("c", "a", "b"):
        made.over(run_id)
        clock.advance(GRACE)
    assert made.store.prune(before=START + DAY, limit=2) == 2
    made.store.run("b")
    assert made.store.prune(before=START + DAY, limit=2) == 1


def test_inbound_ids_are_remembered_for_a_month(made: Opened, clock: ManualClock) -> None:
    assert made.store.received("slack", "Ev1")
    assert not made.store.received("slack", "Ev1")
    assert made.store.received("hook", "Ev1")
    clock.advance(DAY * 20)
    made.store.prune(before=clock.now(), limit=10)
    assert not made.store.received("slack", "Ev1")
    clock.advance(DAY * 20)
    made.store.prune(before=clock.now(), limit=10)
    assert made.store.received("slack", "Ev1")


def test_a_trigger_s_cursor(made: Opened) -> None:
    assert made.store.cursor("notion") == ""
    made.store.set_cursor("notion", "2026-01-01")
    made.store.set_cursor("notion", "2026-01-02")
    assert (made.store.cursor("notion"), made.store.cursor("mail")) == ("2026-01-02", "")
