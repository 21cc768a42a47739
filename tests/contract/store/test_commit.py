"""Writing history under a lease."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.contract.store.opened import GRACE, TTL, Opened, approval, attempt, event, message, record
from workflows.engine.errors import LeaseLost
from workflows.engine.model import (
    ApprovalState,
    AttemptState,
    Decision,
    Kind,
    Outcome,
    RunState,
    StepState,
    Writes,
)
from workflows.engine.ports import Committed, Lease, Ring
from workflows.engine.testing.clock import START, ManualClock

HOUR = timedelta(hours=1)


def test_records_and_events_are_there(made: Opened) -> None:
    claim = made.claimed()
    full = record(
        1,
        scope="a/",
        title="Fetch",
        digest="d",
        input="[1]",
        error="{}",
        attempts=2,
        started_at=START,
        ended_at=START + HOUR,
        due_at=START,
        detail='{"x": "é"}',
    )
    before = made.store.run("r1").revision
    done = made.store.commit(claim.lease, Writes(records=(full,), events=(event("one"), event("two", actor="ada"))))
    assert done == Committed(True, 0)
    assert made.store.records("r1") == [full]
    assert [(e.kind, e.number, e.actor) for e in made.store.events("r1", after=before)] == [
        ("one", before + 1, ""),
        ("two", before + 2, "ada"),
    ]
    assert made.store.run("r1").revision == before + 2


def test_a_record_is_written_again_in_its_place(made: Opened) -> None:
    claim = made.claimed()
    made.store.commit(claim.lease, Writes(records=(record(1, position=0, state=StepState.RUNNING),)))
    made.store.commit(claim.lease, Writes(records=(record(1),), attempts=(attempt(1),)))
    ended = attempt(1, state=AttemptState.FAILED, ended_at=START, error="{}")
    made.store.commit(claim.lease, Writes(attempts=(ended, attempt(2))))
    assert made.store.records("r1") == [record(1)]
    assert made.store.attempts("r1") == [ended, attempt(2)]


@pytest.mark.parametrize("token", [0, 2])
def test_another_token_is_refused(made: Opened, token: int) -> None:
    made.claimed()
    with pytest.raises(LeaseLost):
        made.store.commit(Lease("r1", token, "a"), Writes(records=(record(),)))
    assert made.store.records("r1") == []


def test_an_expired_lease_is_refused_even_if_nobody_took_it(made: Opened, clock: ManualClock) -> None:
    claim = made.claimed()
    clock.advance(TTL)
    with pytest.raises(LeaseLost):
        made.store.commit(claim.lease, Writes(records=(record(),)))


def test_a_run_that_is_gone_is_refused(made: Opened) -> None:
    with pytest.raises(LeaseLost):
        made.store.commit(Lease("nobody", 1, "a"), Writes(records=(record(),)))


def test_whoever_ends_a_run_from_outside_ends_its_lease(made: Opened) -> None:
    claim = made.claimed()
    made.store.transact("r1", lambda _view: Writes(run={"state": RunState.CANCELLED, "ended_at": START}))
    with pytest.raises(LeaseLost):
        made.store.commit(claim.lease, Writes(run={"state": RunState.SUCCEEDED}), leave=True)
    run = made.store.run("r1")
    assert (run.state, run.lease_owner, run.wake_at) == (RunState.CANCELLED, None, None)


def test_nothing_is_written_when_the_inbox_has_grown(made: Opened) -> None:
    claim = made.claimed()
    made.send(message())
    writes = Writes(run={"state": RunState.WAITING}, records=(record(),), events=(event(),))
    assert made.store.commit(claim.lease, writes, leave=True, expect_inbox=0) == Committed(False, 1)
    assert made.store.records("r1") == []
    assert made.store.run("r1").lease_owner == "a"
    assert made.store.commit(claim.lease, writes, leave=True, expect_inbox=1).applied
    assert made.store.run("r1").seen == 1
    assert made.refuses()


def test_leaving_to_wait_keeps_a_row_and_a_timer(made: Opened) -> None:
    run = made.waiting(due_at=START + HOUR)
    assert (run.state, run.lease_owner, run.lease_until) == (RunState.WAITING, None, None)
    assert (run.due_at, run.wake_at) == (START + HOUR, START + HOUR)


def test_leaving_to_wait_for_ever_forgets_an_older_timer(made: Opened) -> None:
    run = made.waiting(due_at=None)
    made.send(message())
    claim = made.claim()
    made.store.commit(claim.lease, Writes(run={"state": RunState.WAITING, "due_at": START + HOUR}), leave=True)
    made.send(message("m2"))
    claim = made.claim()
    made.store.commit(claim.lease, Writes(run={"state": RunState.WAITING}), leave=True)
    run = made.store.run("r1")
    assert (run.due_at, run.wake_at, run.seen, run.inbox) == (None, None, 2, 2)


@pytest.mark.parametrize("state", [RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED, RunState.PARKED])
def test_leaving_for_good(made: Opened, state: RunState) -> None:
    claim = made.claimed(due_at=START)
    done = made.store.commit(claim.lease, Writes(run={"state": state, "output": "7"}), leave=True)
    run = made.store.run("r1")
    assert done.rings == ()
    assert (run.state, run.output, run.lease_owner, run.wake_at, run.due_at) == (state, "7", None, None, None)
    with pytest.raises(LeaseLost):
        made.store.commit(claim.lease, Writes(events=(event(),)))


@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.RUNNING, RunState.COMPENSATING])
def test_leaving_on_the_way_rings_again(made: Opened, state: RunState) -> None:
    claim = made.claimed(queue="slow")
    done = made.store.commit(claim.lease, Writes(run={"state": state}), leave=True)
    assert done.rings == (Ring("r1", 0, "slow", again=True),)
    assert made.store.run("r1").wake_at == START + GRACE
    assert made.claim(owner="b").run.crashes == 0


def test_a_finished_record_resets_the_crashes(made: Opened) -> None:
    made.claimed()
    made.store.release("a", crashed=True)
    claim = made.claim()
    aside = record(1, kind=Kind.NOW)
    made.store.commit(claim.lease, Writes(records=(aside, record(2, position=0, state=StepState.RUNNING))))
    assert made.store.run("r1").crashes == 1
    made.store.commit(claim.lease, Writes(records=(record(2),)))
    assert made.store.run("r1").crashes == 0


def test_records_are_superseded_before_new_ones_come(made: Opened) -> None:
    claim = made.claimed()
    made.store.commit(claim.lease, Writes(records=(record(1), record(2), record(3))))
    fresh = record(2, generation=1)
    made.store.commit(
        claim.lease, Writes(supersede=((0, "fetch#2"), (0, "none")), records=(fresh,), undone=((0, "fetch#1"),))
    )
    assert made.store.records("r1") == [record(1, undone=True), fresh, record(3)]
    assert made.store.records("r1", superseded=True) == [
        record(1, undone=True),
        record(2, superseded=True),
        record(3),
        fresh,
    ]


def test_all_records_are_superseded_at_once(made: Opened) -> None:
    claim = made.claimed()
    made.store.commit(claim.lease, Writes(records=(record(1), record(2))))
    made.store.commit(claim.lease, Writes(supersede_all=True, records=(record(2),), run={"generation": 1}))
    assert made.store.records("r1") == [record(2)]
    assert len(made.store.records("r1", superseded=True)) == 2
    assert made.store.run("r1").generation == 1


def test_every_visible_change_grows_the_revision(made: Opened) -> None:
    claim = made.claimed()
    visible = (
        Writes(records=(record(),)),
        Writes(attempts=(attempt(),)),
        Writes(events=(event(),)),
        Writes(approvals=(approval(),)),
        Writes(decisions=(Decision("a1", "ada", Outcome.APPROVED, START),)),
        Writes(supersede=((0, "fetch#1"),)),
        Writes(supersede_all=True),
        Writes(undone=((0, "fetch#1"),)),
        Writes(run={"waiting": "[]"}),
    )
    for writes in visible:
        before = made.store.run("r1").revision
        made.store.commit(claim.lease, writes)
        assert made.store.run("r1").revision == before + 1, writes


def test_a_run_column_that_is_not_named_stays(made: Opened) -> None:
    claim = made.claimed(labels='{"a": 1}', deadline=START + HOUR)
    made.store.commit(claim.lease, Writes(run={"version": "v2", "error": "{}"}))
    run = made.store.run("r1")
    assert (run.version, run.error, run.labels, run.deadline) == ("v2", "{}", '{"a": 1}', START + HOUR)


def test_an_approval_that_is_closed_stays_closed(made: Opened) -> None:
    """Who withdraws or reminds may have read it before somebody decided."""
    claim = made.claimed()
    made.store.commit(claim.lease, Writes(approvals=(approval(),)))
    decided = approval(state=ApprovalState.DECIDED, outcome=Outcome.APPROVED, closed_at=START)
    made.store.commit(claim.lease, Writes(approvals=(decided,)))
    made.store.commit(claim.lease, Writes(approvals=(approval(state=ApprovalState.VOID), approval())))
    assert made.store.approval("a1") == decided


def test_what_may_be_edited_can_be_large(made: Opened) -> None:
    claim = made.claimed()
    large = approval(show='"' + "é" * 100_000 + '"', editable='{"values":"' + "ö" * 100_000 + '"}')
    made.store.commit(claim.lease, Writes(approvals=(large,)))
    assert made.store.approval("a1") == large
    assert list(made.store.approvals()) == [large]


def test_approvals_and_decisions(made: Opened) -> None:
    claim = made.claimed()
    full = approval(
        quorum=2, allow_self=True, due_at=START + HOUR, remind_every=timedelta(minutes=90), remind_at=START + HOUR,
        fields='{"properties":{}}', editable='{"schema":{},"values":{"a":"Ö"}}', on_timeout=Outcome.REJECTED,
    )  # fmt: skip
    made.store.commit(claim.lease, Writes(approvals=(full, approval("a2", opened_at=START - HOUR))))
    assert made.store.approval("a1") == full
    assert made.store.approval("a9") is None
    assert [a.id for a in made.store.approvals()] == ["a2", "a1"]
    assert [a.id for a in made.store.approvals(limit=1)] == ["a2"]
    first = Decision("a1", "ada", Outcome.CHANGES, START, "shorter")
    newer = Decision("a1", "ada", Outcome.APPROVED, START + HOUR, digest="d1", fields='{"b":1}', edited='{"a":"Ü"}')
    other = Decision("a1", "bö", Outcome.REJECTED, START)
    made.store.commit(claim.lease, Writes(decisions=(first, other)))
    closed = approval(state=ApprovalState.DECIDED, outcome=Outcome.APPROVED, closed_at=START)
    made.store.commit(claim.lease, Writes(decisions=(newer,), approvals=(closed,)))
    assert made.store.decisions("a1") == [other, newer]
    assert made.store.approval("a1") == closed
    assert [a.id for a in made.store.approvals(run_id="r1")] == ["a2"]
    assert [a.id for a in made.store.approvals(run_id="r1", state=None)] == ["a2", "a1"]
    assert made.store.approvals(run_id="r2") == []
