"""What the clock does: rescue and reminders."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

from tests.contract.store.opened import GRACE, TTL, Opened, approval
from workflows.engine.approving.agenda import Entry, Turn, text_of
from workflows.engine.model import ApprovalState, RunState, Writes
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


def test_an_agenda_s_reminders_and_escalations(made: Opened, clock: ManualClock) -> None:
    claim = made.claimed()
    planned = (
        Entry(START + HOUR, Turn.REMIND), Entry(START + 2 * HOUR, Turn.ESCALATE, ("Bö", "cyd")),
        Entry(START + 3 * HOUR, Turn.REMIND),
    )  # fmt: skip
    asked = approval(remind_at=START + HOUR, agenda=text_of(planned))
    made.store.commit(claim.lease, Writes(approvals=(asked,)))
    revision = made.store.run("r1").revision
    clock.advance(2 * HOUR)
    assert (made.store.remind(limit=10), made.store.remind(limit=10)) == (1, 0)
    events = made.store.events("r1", after=revision)
    assert [(e.kind, json.loads(e.data)) for e in events] == [
        ("approval.escalated", {"approval": "a1", "name": "editor", "to": ["Bö", "cyd"]}),
        ("approval.reminded", {"approval": "a1", "name": "editor"}),
    ]
    left = replace(asked, approvers=("ada", "Bö", "cyd"), agenda=text_of(planned[2:]), remind_at=START + 3 * HOUR)
    assert made.store.approval("a1") == left
    clock.advance(HOUR)
    assert made.store.remind(limit=10) == 1
    assert made.store.approval("a1") == replace(left, agenda="", remind_at=None)


def test_reminders_come_in_batches(made: Opened, clock: ManualClock) -> None:
    claim = made.claimed()
    asked = tuple(approval(f"a{number}", remind_at=START + number * GRACE) for number in range(3))
    made.store.commit(claim.lease, Writes(approvals=asked))
    clock.advance(HOUR)
    assert [made.store.remind(limit=2), made.store.remind(limit=2)] == [2, 1]


def test_a_trigger_s_cursor(made: Opened) -> None:
    assert made.store.cursor("notion") == ""
    made.store.set_cursor("notion", "2026-01-01")
    made.store.set_cursor("notion", "2026-01-02")
    assert (made.store.cursor("notion"), made.store.cursor("mail")) == ("2026-01-02", "")
