"""Four eyes: whoever had a hand in what is decided does not decide it, by whatever way the run came to be."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.unit.workflows.engine.stage import failing, gate
from workflows import Outcome, Run, workflow
from workflows.engine.access import Access
from workflows.engine.errors import NotAllowed, Refused, UnknownRun
from workflows.engine.expiry import Expiry
from workflows.engine.model import Approval
from workflows.engine.ports import Standing
from workflows.engine.testing.harness import Harness

ANA, BEN, CARLA, BOSS = "test:ana", "test:ben", "test:carla", "test:boss"
PEOPLE = (ANA, BEN, CARLA)


@workflow("pay")
def pay(run: Run, name: str) -> str:
    run.step(gate, name)
    run.approval("finance", show=name, approvers=PEOPLE).require_approved()
    return name


@workflow("parent")
def parent(run: Run, name: str) -> str:
    run.step(gate, name)
    return run.child(pay, name)


@workflow("both")
def both(run: Run, name: str) -> str:
    return str(run.approval("sign", show=name, approvers=PEOPLE, quorum=2).outcome)


@pytest.fixture
def harness() -> Harness:
    made = Harness(pay, parent, both)
    made.service.access = Access(frozenset({BOSS}))
    return made


def asked(harness: Harness) -> Approval:
    (approval,) = harness.store.approvals()
    return approval


def refuses(harness: Harness, by: str) -> None:
    with pytest.raises(NotAllowed, match="somebody else"):
        harness.service.decide(asked(harness).id, Outcome.APPROVED, by=by)


def test_who_started_what_was_forked(harness: Harness) -> None:
    run_id = harness.start("pay", "tea", by=ANA)
    for _ in range(2):
        run_id = harness.recovery.fork(run_id, by=BOSS).id
        harness.work()
    refuses(harness, ANA)
    refuses(harness, BOSS) if BOSS in asked(harness).approvers else None
    harness.service.decide(asked(harness).id, Outcome.APPROVED, by=BEN)


def test_who_started_what_was_forked_long_ago(harness: Harness) -> None:
    run_id = harness.start("pay", "tea", by=ANA)
    harness.recovery.fork(run_id, by=BOSS)
    harness.work()
    harness.clock.sleep(timedelta(days=400))
    assert harness.store.prune(Expiry(harness.clock.now()), limit=10).runs == 1
    with pytest.raises(UnknownRun):
        harness.store.run(run_id)
    refuses(harness, ANA)
    harness.service.decide(asked(harness).id, Outcome.APPROVED, by=BEN)


def test_who_edited_the_parent_of_what_asks(harness: Harness) -> None:
    failing.add("tea")
    run_id = harness.start("parent", "tea", by=BOSS)
    harness.service.access = Access(frozenset({BOSS, CARLA}))
    harness.recovery.edit(run_id, "milk", by=CARLA)
    harness.work()
    failing.clear()
    refuses(harness, CARLA)
    harness.service.decide(asked(harness).id, Outcome.APPROVED, by=BEN)


def test_one_person_of_two_workspaces(harness: Harness) -> None:
    approval = Approval("a", "r", 0, "k", "n", "Pay", "{}", "d", ("slack:T2:U1",), harness.clock.now())

    class Everybody:
        def standing(self, actor: str) -> Standing:
            return Standing.MEMBER

        def belongs(self, actor: str, to: str) -> bool:
            return False

        def sees(self, actor: str, channel: str) -> bool:
            return False

    access = Access(directory=Everybody())
    with pytest.raises(NotAllowed, match="somebody else"):
        access.decide("slack:T2:U1", approval, {"slack:T1:U1"})
    access.decide("slack:T2:U1", approval, {"slack:T1:U2", "", "cli:U1"})


def test_handing_on_to_too_few_who_may(harness: Harness) -> None:
    harness.start("both", "tea", by=ANA)
    with pytest.raises(Refused, match="2 approvals"):
        harness.service.reassign(asked(harness).id, [ANA, BEN], by=BEN)
    harness.service.reassign(asked(harness).id, [ANA, BEN, CARLA], by=BEN)


def test_handing_on_to_somebody_who_never_can(harness: Harness) -> None:
    class Office:
        def standing(self, actor: str) -> Standing:
            return {"test:bot": Standing.STRANGER, "test:gone": Standing.GONE}.get(actor, Standing.MEMBER)

        def belongs(self, actor: str, to: str) -> bool:
            return False

        def sees(self, actor: str, channel: str) -> bool:
            return False

    harness.start("pay", "tea", by=ANA)
    harness.service.access = Access(directory=Office())
    for nobody in ("test:bot", "test:gone"):
        with pytest.raises(Refused, match=nobody):
            harness.service.reassign(asked(harness).id, [nobody], by=BEN)


def test_an_alert_is_forked_once(harness: Harness) -> None:
    failing.add("tea")
    run_id = harness.start("pay", "tea", by=ANA)
    harness.recovery.fork(run_id, by=BOSS, dead=True)
    with pytest.raises(Refused, match="no dead letter"):
        harness.recovery.fork(run_id, by=BOSS, dead=True)
    failing.clear()
