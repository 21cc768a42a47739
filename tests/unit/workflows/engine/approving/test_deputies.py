"""Deputies: in whose seat they decide, how far it goes, and when it ends."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.unit.workflows.engine.approving.stage import HOUR, asked, opened
from workflows.engine.deputies import scope_of
from workflows.engine.errors import NotAllowed, Refused
from workflows.engine.model import RunState
from workflows.engine.testing.harness import Harness


def lent(harness: Harness, person: str, deputy: str, scope: str = "", hours: float = 5) -> None:
    until = harness.clock.now() + timedelta(hours=hours)
    harness.deputies.delegate(f"test:{person}", f"test:{deputy}", by=f"test:{person}", until=until, scope=scope)


def test_a_deputy_takes_the_seat_of_whom_they_decide_for_and_the_audit_says_so() -> None:
    harness = opened()
    run_id = harness.start("pay", {"amount": 10_000})
    lent(harness, "lea", "dan")
    harness.decide(by="test:fin")
    harness.decide(by="test:dan")
    assert harness.output(run_id) == "approved"
    audit = [(one.actor, one.verb, one.detail) for one in harness.store.audit(run_id)]
    assert audit[-1] == ("test:dan", "decide approved", "for test:lea: pay")
    votes = harness.store.decisions(harness.store.approvals(state=None)[0].id)
    assert {vote.by: vote.behalf for vote in votes} == {"test:fin": "", "test:dan": "test:lea"}
    assert [one.detail[:24] for one in harness.store.audit("")] == ["test:lea -> test:dan, ev"]


def test_a_say_counts_once_and_one_person_takes_one_seat() -> None:
    harness = opened()
    run_id = harness.start("pay", {"amount": 10_000})
    lent(harness, "lea", "dan")
    harness.decide(by="test:lea")
    harness.decide(by="test:dan")
    assert harness.state(run_id) is RunState.WAITING
    lent(harness, "fay", "lea")  # lea has voted, and may bring fay's say, but not both
    harness.decide(by="test:lea")
    assert harness.state(run_id) is RunState.WAITING
    harness.decide(by="test:fin")
    assert harness.output(run_id) == "approved"


def test_a_deputy_s_deputy_decides_nothing() -> None:
    harness = opened()
    harness.start("pay", {"amount": 5})
    lent(harness, "fin", "dan")
    lent(harness, "dan", "eve")
    with pytest.raises(NotAllowed):
        harness.decide(by="test:eve")


def test_nobody_reaches_an_own_run_through_a_delegation() -> None:
    harness = opened()
    harness.start("pay", {"amount": 5}, by="test:fin")
    lent(harness, "fin", "dan")  # whose say it would be started the run
    with pytest.raises(NotAllowed):
        harness.decide(by="test:dan")
    lent(harness, "fay", "fin")  # the one who would use it did
    with pytest.raises(NotAllowed, match="somebody else has to decide"):
        harness.decide(by="test:fin")


def test_it_ends_at_its_moment_and_votes_that_were_given_stay() -> None:
    harness = opened()
    run_id = harness.start("pay", {"amount": 10_000})
    lent(harness, "lea", "dan", hours=1)
    harness.decide(by="test:dan")
    harness.clock.advance(HOUR)
    lent(harness, "fay", "bob", hours=1)
    harness.clock.advance(HOUR - timedelta(seconds=1))
    assert harness.service.access.decide("test:bob", asked(harness), ())
    harness.clock.advance(timedelta(seconds=1))
    for late in ("test:bob", "test:dan"):
        with pytest.raises(NotAllowed):
            harness.decide(by=late)
    harness.decide(by="test:fin")
    assert harness.output(run_id) == "approved"


def test_it_is_for_a_policy_or_a_workflow_alone() -> None:
    harness = opened()
    harness.start("pay", {"amount": 5})
    lent(harness, "fin", "dan", scope_of(policy="travel"))
    lent(harness, "fay", "dan", scope_of(workflow="pay_edited"))
    with pytest.raises(NotAllowed):
        harness.decide(by="test:dan")
    lent(harness, "fay", "dan", scope_of(workflow="pay"))
    harness.decide(by="test:dan")


def test_one_for_absence_holds_while_the_person_is_away() -> None:
    harness = opened()
    run_id = harness.start("pay", {"amount": 5})
    harness.deputies.delegate("test:fin", "test:dan", by="test:fin", away=True)
    with pytest.raises(NotAllowed):
        harness.decide(by="test:dan")
    harness.away.add("test:fin")
    harness.decide(by="test:dan")
    assert harness.output(run_id) == "approved"


def test_what_can_t_be_delegated_is_refused_in_words() -> None:
    harness = opened()
    now = harness.clock.now()
    with pytest.raises(NotAllowed, match="They themselves and admins may"):
        harness.deputies.delegate("test:fin", "test:eve", by="test:eve", until=now + HOUR)
    with pytest.raises(Refused, match="Say until when"):
        harness.deputies.delegate("test:fin", "test:eve", by="test:fin")
    with pytest.raises(Refused, match="their own deputy"):
        harness.deputies.delegate("test:fin", "test:fin", by="test:fin", until=now + HOUR)
    for nobody in ("role:finance", "slack:T2:U9"):
        with pytest.raises(Refused, match="can't be a deputy"):
            harness.deputies.delegate("test:fin", nobody, by="test:fin", until=now + HOUR)
    harness.deputies.delegate("test:fin", "test:eve", by="test:root", until=now + HOUR)
    assert harness.deputies.end("test:fin", by="test:fin") == 1
    with pytest.raises(Refused, match="nothing to take back"):
        harness.deputies.end("test:fin", by="test:fin")
