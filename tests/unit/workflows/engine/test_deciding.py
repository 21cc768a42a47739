"""Deciding: what is filled in and edited, what a decision is bound to, and handing an approval to others."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import BaseModel, Field

from tests.unit.workflows.engine.stage import DAY
from workflows import Answer, DecisionMade, Outcome, Run, workflow
from workflows.engine.errors import Changed, Decided, InvalidInput, NotAllowed, Refused
from workflows.engine.model import Approval, ApprovalState, Decision, Record, RunState, Writes
from workflows.engine.operations.approval import ApprovalWait
from workflows.engine.operations.asking import Request
from workflows.engine.testing.clock import START
from workflows.engine.testing.harness import Harness

BOARD = ("test:a", "test:b", "test:c")


class Draft(BaseModel):
    title: str
    body: str
    words: int = 0


class Text(BaseModel):
    """What of a draft may be edited."""

    title: str = Field(min_length=3)
    body: str


class Terms(BaseModel):
    """What an approver fills in."""

    amount: int = Field(gt=0)
    until: date
    note: str = ""


@workflow("drafts")
def drafts(run: Run, draft: Draft) -> str:
    decision: Answer[Any, Text] = run.approval("editor", show=draft, editable=Text)
    return f"{decision.outcome} {decision.edited.title if decision.edited else draft.title}"


@workflow("terms")
def terms(run: Run, name: str) -> str:
    decision = run.approval("finance", show=name, fields=Terms)
    decision.require_approved()
    assert decision.fields is not None
    return f"{decision.fields.amount} until {decision.fields.until:%d.%m.} {decision.fields.note}"


@workflow("together")
def together(run: Run, draft: Draft) -> str:
    decision = run.approval("board", show=draft, approvers=BOARD, quorum=2, editable=Text, fields=Terms)
    amount = decision.fields.amount if decision.fields else 0
    return f"{decision.outcome} {decision.edited.title if decision.edited else draft.title} {amount}"


@workflow("routed")
def routed(run: Run, names: list[str]) -> str:
    return str(run.approval("owner", show=names, approvers=lambda given: [f"test:{name}" for name in given]).outcome)


@workflow("hurried")
def hurried(run: Run, outcome: Outcome) -> str:
    return str(run.approval("nod", show="x", timeout=DAY, on_timeout=outcome).outcome)


DRAFT = {"title": "Tea", "body": "Hot"}


def asked(harness: Harness) -> Approval:
    return harness.store.approvals()[0]


def decide(harness: Harness, by: str = "test:editor", outcome: Outcome = Outcome.APPROVED, **given: Any) -> Approval:
    decided = harness.service.decide(asked(harness).id, outcome, by=by, **given)
    harness.work()
    return decided


# what is filled in and edited ---------------------------------------------------------------------------


def test_what_is_filled_in_reaches_the_body_typed() -> None:
    harness = Harness(terms)
    run_id = harness.start("terms", "x")
    schema = json.loads(asked(harness).fields)
    assert list(schema["properties"]) == ["amount", "until", "note"]
    decide(harness, fields={"amount": "12", "until": "2026-03-01"})
    assert harness.output(run_id) == "12 until 01.03. "


def test_what_does_not_fit_is_refused_field_by_field_and_nothing_is_decided() -> None:
    harness = Harness(terms)
    harness.start("terms", "x")
    with pytest.raises(InvalidInput, match=r"Finance can't be decided like this. amount: .*; until: ") as refused:
        decide(harness, fields={"amount": -1, "until": "soon"})
    assert set(refused.value.fields) == {"amount", "until"}
    with pytest.raises(InvalidInput, match="amount: Field required; until: Field required"):
        decide(harness)
    with pytest.raises(InvalidInput, match="amuont: there is no such field, only amount, until, note"):
        decide(harness, fields={"amuont": 1})
    assert (asked(harness).state, harness.store.decisions(asked(harness).id)) == (ApprovalState.OPEN, [])


def test_a_rejection_needs_nothing_filled_in_and_takes_nothing() -> None:
    harness = Harness(terms)
    run_id = harness.start("terms", "x")
    with pytest.raises(InvalidInput, match="only when Finance is approved"):
        decide(harness, outcome=Outcome.REJECTED, fields={"amount": 1})
    decide(harness, outcome=Outcome.REJECTED, comment="too much")
    assert "too much" in harness.error(run_id)


def test_a_form_whose_model_is_not_installed_here_is_checked_roughly() -> None:
    harness = Harness(terms)
    run_id = harness.start("terms", "x")
    elsewhere = replace(asked(harness), fields=asked(harness).fields.replace("test_deciding:Terms", "nowhere:Terms"))
    harness.store.transact(run_id, lambda _view: Writes(approvals=(elsewhere,)))
    with pytest.raises(InvalidInput, match=r"amount: .*; until: Field required|until: Field required; amount: "):
        decide(harness, fields={"amount": "much"})
    decide(harness, fields={"amount": "3", "until": "2026-03-01"})
    assert harness.output(run_id) == "3 until 01.03. "


def test_edited_values_are_approved_in_place_of_the_shown_ones() -> None:
    harness = Harness(drafts)
    run_id = harness.start("drafts", DRAFT)
    assert json.loads(asked(harness).editable)["values"] == DRAFT
    approval = asked(harness)
    decide(harness, edited={"title": "Green tea"})
    assert harness.output(run_id) == "approved Green tea"
    (decision,) = harness.store.decisions(approval.id)
    assert json.loads(decision.edited or "") == {"title": "Green tea", "body": "Hot"}
    assert json.loads(harness.store.approval(approval.id).show)["title"] == "Tea"  # type: ignore[union-attr]


def test_an_edit_that_changes_nothing_is_none() -> None:
    harness = Harness(drafts)
    run_id = harness.start("drafts", DRAFT)
    approval = decide(harness, edited={"title": "Tea", "body": "Hot"})
    assert harness.output(run_id) == "approved Tea"
    assert harness.store.decisions(approval.id)[0].edited is None


def test_only_what_may_be_edited_is_edited() -> None:
    harness = Harness(drafts, terms)
    harness.start("drafts", DRAFT)
    with pytest.raises(InvalidInput, match="words: there is no such field"):
        decide(harness, edited={"words": 3})
    with pytest.raises(InvalidInput, match="title: "):
        decide(harness, edited={"title": "T"})
    with pytest.raises(InvalidInput, match="only when Editor is approved"):
        decide(harness, outcome=Outcome.CHANGES, edited={"title": "Green tea"})
    decide(harness)
    harness.start("terms", "x")
    with pytest.raises(InvalidInput, match="can be approved as it is, not edited"):
        decide(harness, edited={"title": "Green tea"}, fields={"amount": 1, "until": "2026-03-01"})


def test_what_may_be_edited_must_be_shown() -> None:
    @workflow("blind")
    def blind(run: Run, given: None) -> None:
        run.approval("editor", show={"title": "Tea"}, editable=Text)

    harness = Harness(blind)
    run_id = harness.start("blind")
    assert harness.state(run_id) is RunState.PARKED
    assert "lets people edit body, which `show` does not have" in harness.error(run_id)


# what a decision is bound to ----------------------------------------------------------------------------


def test_a_decision_on_something_else_than_what_is_there_is_refused() -> None:
    harness = Harness(drafts)
    run_id = harness.start("drafts", DRAFT)
    digest = asked(harness).digest
    for wrong in ("0" * 64, "0" * 16, digest[:15], digest[:15] + "!"):
        with pytest.raises(Changed, match="changed since you looked; look at it again") as refused:
            decide(harness, digest=wrong)
        assert refused.value.approval.digest == digest
    decide(harness, digest=digest[:16])
    assert harness.state(run_id) is RunState.SUCCEEDED


def test_the_digest_covers_content_forms_and_policy() -> None:
    def digest(**asks: Any) -> str:
        @workflow("asks_so")
        def asks_so(run: Run, given: None) -> None:
            run.approval("editor", **{"show": DRAFT, **asks})

        harness = Harness(asks_so)
        harness.start("asks_so")
        return asked(harness).digest

    different: list[dict[str, Any]] = [
        {}, {"show": DRAFT | {"body": "Cold"}}, {"approvers": ["test:b"]}, {"quorum": 2}, {"allow_self": True},
        {"fields": Terms}, {"editable": Text},
    ]  # fmt: skip
    assert len({digest(**asks) for asks in different}) == len(different)
    assert digest() == digest(timeout=DAY, title="Another")


def test_an_edit_voids_earlier_votes_and_the_editor_s_counts() -> None:
    harness = Harness(together)
    run_id = harness.start("together", DRAFT)
    filled = {"amount": 5, "until": "2026-03-01"}
    first = decide(harness, "test:a", fields=filled)
    edited = decide(harness, "test:b", fields=filled, edited={"title": "Green tea"})
    assert (edited.state, edited.digest == first.digest) == (ApprovalState.OPEN, False)
    assert json.loads(edited.show)["title"] == "Green tea"
    with pytest.raises(Changed):
        decide(harness, "test:c", fields=filled, digest=first.digest)
    decide(harness, "test:b", fields=filled)  # once more: still one vote, and the edit stays
    assert harness.state(run_id) is RunState.WAITING
    decide(harness, "test:a", fields=filled | {"amount": 7}, digest=edited.digest)
    assert harness.output(run_id) == "approved Green tea 7"


def test_a_change_request_after_an_edit_carries_the_edit() -> None:
    harness = Harness(together)
    run_id = harness.start("together", DRAFT)
    decide(harness, "test:b", fields={"amount": 5, "until": "2026-03-01"}, edited={"title": "Green tea"})
    decide(harness, "test:c", Outcome.CHANGES, comment="shorter")
    assert harness.output(run_id) == "changes Green tea 0"


def test_the_same_answer_once_more_is_harmless_and_another_is_too_late() -> None:
    harness = Harness(drafts, approvers=("test:editor", "test:chief"))
    run_id = harness.start("drafts", DRAFT)
    approval = asked(harness)
    decide(harness)
    revision, trail = harness.run(run_id).revision, harness.store.audit(run_id)
    again = harness.service.decide(approval.id, Outcome.APPROVED, by="test:editor", digest=approval.digest)
    assert (again.outcome, harness.run(run_id).revision, harness.store.audit(run_id)) == ("approved", revision, trail)
    for by, outcome in (("test:editor", Outcome.REJECTED), ("test:chief", Outcome.APPROVED)):
        with pytest.raises(Decided, match="already approved by test:editor") as late:
            harness.service.decide(approval.id, outcome, by=by)
        assert late.value.approval.state is ApprovalState.DECIDED


def test_nobody_decides_that_it_expired() -> None:
    harness = Harness(drafts)
    harness.start("drafts", DRAFT)
    with pytest.raises(InvalidInput, match="Nobody can decide that"):
        decide(harness, outcome=Outcome.EXPIRED)


def test_what_is_no_longer_asked_for_can_not_be_decided() -> None:
    harness = Harness(drafts)
    run_id = harness.start("drafts", DRAFT)
    approval = asked(harness)
    harness.cancel(run_id)
    with pytest.raises(Decided, match="no longer asked for"):
        harness.service.decide(approval.id, Outcome.APPROVED, by="test:editor")


# handing it to others -----------------------------------------------------------------------------------


def test_an_approver_hands_it_to_others_and_earlier_votes_count_no_more() -> None:
    harness = Harness(together)
    run_id = harness.start("together", DRAFT)
    filled = {"amount": 5, "until": "2026-03-01"}
    before = decide(harness, "test:a", fields=filled)
    handed = harness.service.reassign(before.id, ["test:b", "test:d", "test:b"], by="test:c", reason="Away")
    assert (handed.approvers, handed.digest == before.digest) == (("test:b", "test:d"), False)
    (event,) = harness.events(run_id, "approval.reassigned")
    assert json.loads(event.data) | {"approval": ""} == {
        "approval": "", "name": "board", "from": list(BOARD), "to": ["test:b", "test:d"], "reason": "Away",
    }  # fmt: skip
    assert [(a.actor, a.detail) for a in harness.store.audit(run_id) if a.verb == "reassign"] == [
        ("test:c", "board: test:a, test:b, test:c -> test:b, test:d: Away")
    ]
    with pytest.raises(NotAllowed, match="Those who may: test:b, test:d"):
        decide(harness, "test:a", fields=filled)
    decide(harness, "test:b", fields=filled)
    assert harness.state(run_id) is RunState.WAITING
    decide(harness, "test:d", fields=filled)
    assert harness.state(run_id) is RunState.SUCCEEDED


def test_who_may_hand_it_on_and_to_whom() -> None:
    harness = Harness(together, admins=("test:root",))
    harness.start("together", DRAFT, by="test:ana")
    approval = asked(harness)
    reassign = harness.service.reassign
    with pytest.raises(NotAllowed, match="test:ana may not reassign “Board”"):
        reassign(approval.id, ["test:d"], by="test:ana")
    with pytest.raises(InvalidInput, match="Say who"):
        reassign(approval.id, [], by="test:a")
    with pytest.raises(Refused, match="name at least as many"):
        reassign(approval.id, ["test:d"], by="test:a")
    with pytest.raises(Refused, match="decided by somebody else"):
        reassign(approval.id, ["test:ana"], by="test:a")
    assert reassign(approval.id, BOARD, by="test:a").digest == approval.digest
    assert reassign(approval.id, ["role:board"], by="test:root").approvers == ("role:board",)


def test_a_vote_of_before_digests_were_kept_counts_until_something_changes() -> None:
    harness = Harness(together)
    run_id = harness.start("together", DRAFT)
    filled = {"amount": 5, "until": "2026-03-01"}
    old = Decision(asked(harness).id, "test:a", Outcome.APPROVED, START)
    harness.store.transact(run_id, lambda _view: Writes(decisions=(old,)))
    harness.service.reassign(asked(harness).id, ["test:b", "test:c"], by="test:a")
    decide(harness, "test:b", fields=filled)
    assert harness.state(run_id) is RunState.WAITING
    second = harness.start("together", DRAFT)
    approval = harness.store.approvals(run_id=second)[0]
    harness.store.transact(second, lambda _view: Writes(decisions=(replace(old, approval_id=approval.id),)))
    harness.service.decide(approval.id, Outcome.APPROVED, by="test:b", fields=filled)
    harness.work()
    assert harness.state(second) is RunState.SUCCEEDED


# who, and when nobody does ------------------------------------------------------------------------------


def test_approvers_are_computed_from_the_input_once() -> None:
    harness = Harness(routed)
    run_id = harness.start("routed", ["ben", "eva"])
    assert asked(harness).approvers == ("test:ben", "test:eva")

    @workflow("routed")
    def rerouted(run: Run, names: list[str]) -> str:
        return str(run.approval("owner", show=names, approvers=lambda _given: ["test:else"]).outcome)

    harness.deploy(rerouted)
    decide(harness, "test:eva")
    assert harness.output(run_id) == "approved"


def test_a_function_that_names_nobody_leaves_it_to_the_settings() -> None:
    harness = Harness(routed)
    harness.start("routed", [])
    assert asked(harness).approvers == ("test:editor",)


def test_approvers_that_are_one_text_are_no_list_of_letters() -> None:
    @workflow("mistaken")
    def mistaken(run: Run, given: None) -> None:
        run.approval("editor", show=1, approvers="test:ana")

    harness = Harness(mistaken)
    run_id = harness.start("mistaken")
    assert "The approvers of editor are one text" in harness.error(run_id)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_what_it_counts_as_when_nobody_decides_in_time(outcome: Outcome) -> None:
    harness = Harness(hurried)
    run_id = harness.start("hurried", outcome)
    approval = asked(harness)
    assert approval.on_timeout is outcome
    harness.skip(DAY + timedelta(minutes=1))
    assert harness.output(run_id) == outcome
    closed = harness.store.approval(approval.id)
    assert closed is not None
    assert (closed.state, closed.outcome) == (ApprovalState.EXPIRED, outcome)
    with pytest.raises(Decided, match="expired before anybody decided"):
        harness.service.decide(approval.id, Outcome.REJECTED, by="test:editor")


# histories of before ------------------------------------------------------------------------------------


def test_a_decision_recorded_before_forms_still_reads() -> None:
    harness = Harness(drafts)
    run_id = harness.start("drafts", DRAFT)
    record: Record = next(r for r in harness.history(run_id) if r.key == "editor#1")
    old = '{"by":"test:editor","comment":"","name":"editor","outcome":"approved"}'
    from_then = replace(record, state=record.state.SUCCEEDED, position=1, output=old)
    harness.store.transact(run_id, lambda _view: Writes(records=(from_then,), ring=True))
    harness.tick()
    harness.service.signal(run_id, "wake", by="test:ana")
    harness.work()
    assert harness.output(run_id) == "approved Tea"


def test_what_history_compares_is_what_it_compared_before_forms() -> None:
    plain = ApprovalWait(Request("editor", "Editor", 1, ("a",), 2, True))
    assert plain.input() == '{"allow_self":true,"approvers":["a"],"quorum":2,"show":1}'
    formed = ApprovalWait(Request("editor", "Editor", 1, ("a",), 2, True, fields=Terms, on_timeout=Outcome.REJECTED))
    assert formed.input() == plain.input()
    assert (plain.result, formed.result) == (DecisionMade, Answer[Terms, BaseModel])
