"""Taking a run, keeping it, and giving it back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.contract.store.opened import GRACE, TTL, Opened, approval, attempt, claimant, message, record
from workflows.engine.errors import LeaseLost
from workflows.engine.model import RunState, StepState, Writes
from workflows.engine.ports import Claim, Inbox, Lease, Ring
from workflows.engine.testing.clock import START, ManualClock

SECOND = timedelta(seconds=1)


def test_a_claim_takes_the_lease(made: Opened) -> None:
    claim = made.claimed()
    assert claim.lease == Lease("r1", 1, "a")
    assert claim.run == made.store.run("r1")
    assert (claim.run.state, claim.run.lease_owner, claim.run.lease_until) == (RunState.RUNNING, "a", START + TTL)
    assert (claim.run.wake_at, claim.run.release, claim.run.started_at) == (START + TTL, 1, START)
    assert claim.now == START
    assert made.refuses()
    assert made.refuses(owner="a")


def test_only_the_first_claim_reports_a_start(made: Opened, clock: ManualClock) -> None:
    made.claimed()
    clock.advance(TTL)
    again = made.claim(owner="b")
    assert [e.kind for e in made.store.events("r1")] == ["run.started"]
    assert again.run.started_at == START
    assert again.run.revision > made.store.events("r1")[-1].number


def test_a_claim_brings_history_and_inbox(made: Opened) -> None:
    claim = made.claimed()
    unfinished = record(3, position=0, ordinal=3, state=StepState.RETRYING)
    tried = (attempt(1, "fetch#3"), attempt(2, "fetch#3"), attempt(1, "fetch#1"))
    records = (unfinished, record(2), record(1), record(9, superseded=True))
    made.store.commit(claim.lease, Writes(records=records, attempts=tried))
    made.send(message("m1"))
    made.send(message("m2"))
    made.store.commit(claim.lease, Writes(taken=(("m1", "paid#1"),)))
    made.store.release("a", crashed=False)
    claim = made.claim(owner="b")
    assert claim.records == (record(1), record(2), unfinished)
    assert claim.attempts == tried[:2]
    assert claim.inbox == made.store.inbox("r1") == Inbox(2, (message("m2"),))


def test_no_run_no_claim(made: Opened) -> None:
    assert made.refuses("nobody")


@pytest.mark.parametrize("state", [RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED, RunState.PARKED])
def test_a_run_that_does_not_go_on_is_not_claimed(made: Opened, state: RunState) -> None:
    made.create(state=state)
    assert made.refuses()


def test_a_compensating_run_stays_so(made: Opened) -> None:
    made.create(state=RunState.COMPENSATING)
    assert made.claim().run.state is RunState.COMPENSATING


def test_a_worker_takes_only_what_it_has_and_what_is_not_newer(made: Opened) -> None:
    made.create(release=2)
    assert made.refuses(release=1)
    assert made.refuses(release=3, workflows=frozenset({"v"}))
    assert made.refuses(release=3, workflows=frozenset())
    assert made.claim(release=3).run.release == 3
    made.store.release("a", crashed=False)
    assert made.refuses(release=2)


def test_a_waiting_run_is_claimed_when_its_timer_is_due(made: Opened, clock: ManualClock) -> None:
    made.waiting(due_at=START + SECOND)
    assert made.refuses()
    clock.advance(SECOND)
    assert made.claim().run.state is RunState.RUNNING


def test_a_waiting_run_is_claimed_for_a_message(made: Opened) -> None:
    made.waiting()
    assert made.refuses()
    made.send(message())
    assert made.claim().inbox.messages == (message(),)


def test_a_waiting_run_is_claimed_for_a_cancellation(made: Opened) -> None:
    made.waiting()
    made.store.transact("r1", lambda _view: Writes(cancels=(("r1", "no longer needed"),)))
    assert made.claim().inbox.cancel == "no longer needed"


def test_an_expired_lease_is_taken_over_and_counts_a_crash(made: Opened, clock: ManualClock) -> None:
    lost = made.claimed()
    clock.advance(TTL - SECOND)
    assert made.refuses()
    clock.advance(SECOND)
    taken = made.claim(owner="b")
    assert (taken.run.crashes, taken.lease.token) == (1, 2)
    with pytest.raises(LeaseLost):
        made.store.commit(lost.lease, Writes(records=(record(),)))
    assert made.store.records("r1") == []


def test_a_renewed_lease_lives_on(made: Opened, clock: ManualClock) -> None:
    made.claimed()
    made.claimed("r2", owner="b")
    clock.advance(TTL / 2)
    made.store.renew("a", TTL)
    assert made.store.run("r1").lease_until == made.store.run("r1").wake_at == START + TTL * 1.5
    clock.advance(TTL / 2)
    assert made.refuses()
    assert made.claim("r2").run.crashes == 1


def test_an_expired_lease_is_not_renewed(made: Opened, clock: ManualClock) -> None:
    made.claimed()
    clock.advance(TTL)
    made.store.renew("a", TTL)
    assert made.store.run("r1").lease_until == START + TTL


def test_released_runs_are_free_at_once(made: Opened) -> None:
    claims = [made.claimed("r1", queue="slow"), made.claimed("r2")]
    made.claimed("r3", owner="b")
    rings = made.store.release("a", crashed=False)
    assert sorted(rings, key=lambda r: r.run_id) == [Ring("r1", 0, "slow", again=True), Ring("r2", 0, again=True)]
    run = made.store.run("r1")
    assert (run.state, run.lease_owner, run.lease_until, run.crashes) == (RunState.RUNNING, None, None, 0)
    assert run.wake_at == START + GRACE
    for claim in claims:
        with pytest.raises(LeaseLost):
            made.store.commit(claim.lease, Writes(events=()))
    assert made.claim("r1", owner="b").run.crashes == 0
    assert made.refuses("r3", owner="c")


def test_a_crashed_worker_s_runs_count_it(made: Opened) -> None:
    made.claimed()
    made.store.release("a", crashed=True)
    assert made.claim(owner="b").run.crashes == 1
    assert not made.store.release("nobody", crashed=True)


def test_large_and_many_workflow_names(made: Opened) -> None:
    made.create(workflow="w700")
    names = frozenset(f"w{number}" for number in range(1000))
    assert isinstance(made.store.claim("r1", claimant(workflows=names)), Claim)


def test_an_approval_stays_with_its_run_through_claims(made: Opened) -> None:
    claim = made.claimed()
    made.store.commit(claim.lease, Writes(approvals=(approval(),)))
    made.store.release("a", crashed=False)
    made.claim(owner="b")
    assert made.store.approvals(run_id="r1") == [approval()]
