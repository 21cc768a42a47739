"""Approvals that follow a policy: who is asked, how many have to agree, what is told, and when it ends."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, time

import pytest

from tests.unit.workflows.engine.approving.stage import BERLIN, HOUR, PAYMENTS, Payment, asked, opened
from tests.unit.workflows.engine.stage import DAY
from workflows import Escalation, Outcome, Policy, Quiet, Rule, Run, When, workflow
from workflows.engine.approving.book import Book
from workflows.engine.approving.policy import PolicyError, checked
from workflows.engine.approving.recorded import recorded
from workflows.engine.errors import Changed, InvalidInput, NotAllowed, Refused
from workflows.engine.model import RunState
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.harness import Harness

# who is asked, and how many -----------------------------------------------------------------------------------


def test_a_small_payment_takes_one_of_finance() -> None:
    harness = opened()
    run_id = harness.start("pay", {"amount": 9_999.99})
    approval = asked(harness)
    assert (approval.approvers, approval.quorum) == (("role:finance",), 1)
    with pytest.raises(NotAllowed, match="test:leo may not decide"):
        harness.decide(by="test:leo")
    harness.decide(by="test:fin")
    assert harness.output(run_id) == "approved"


def test_a_large_one_takes_two_of_finance_of_whom_one_is_a_lead() -> None:
    harness = opened()
    run_id = harness.start("pay", {"amount": 10_000})
    terms = recorded(asked(harness))
    assert terms is not None
    assert (terms.rule, terms.facts) == ("amount of at least 10,000", {"amount": "10000.0"})
    harness.decide(by="test:fin")
    harness.decide(by="test:fay")  # finance too, but no lead
    assert harness.state(run_id) is RunState.WAITING
    with pytest.raises(NotAllowed, match="test:leo may not decide"):  # a lead, but not of finance
        harness.decide(by="test:leo")
    harness.decide(by="test:lea")
    assert harness.output(run_id) == "approved"
    assert [e.kind for e in harness.events(run_id, "approval.")] == [
        "approval.requested", "approval.voted", "approval.voted", "approval.decided",
    ]  # fmt: skip


def test_a_lead_who_came_first_is_not_in_the_way() -> None:
    harness = opened()
    run_id = harness.start("pay", {"amount": 10_000})
    harness.decide(by="test:lea")
    harness.decide(by="test:fin")
    assert harness.output(run_id) == "approved"


def test_one_rejection_is_enough_and_only_of_somebody_who_may_take_a_seat() -> None:
    harness = opened()
    run_id = harness.start("pay", {"amount": 10_000})
    with pytest.raises(NotAllowed):
        harness.decide("rejected", by="test:leo")
    harness.decide("rejected", by="test:fin")
    assert harness.output(run_id) == "rejected"


def test_four_eyes_unless_the_policy_says_otherwise() -> None:
    harness = opened()
    harness.start("pay", {"amount": 5}, by="test:fin")
    with pytest.raises(NotAllowed, match="started or changed this run"):
        harness.decide(by="test:fin")
    trusting = opened(book=Book({"payments": replace(PAYMENTS, four_eyes=False)}))
    run_id = trusting.start("pay", {"amount": 5}, by="test:fin")
    trusting.decide(by="test:fin")
    assert trusting.output(run_id) == "approved"


# where a policy comes from --------------------------------------------------------------------------------------


def test_the_settings_policy_goes_before_the_code_s_and_what_it_came_to_stays() -> None:
    stricter = replace(PAYMENTS, rules=[Rule(approvers=["test:boss"])], calendar="berlin")
    harness = opened(book=Book({"payments": stricter}, {"berlin": BERLIN}))
    run_id = harness.start("pay", {"amount": 5})
    harness._book = Book()  # another deploy, while it waits
    harness.new_worker()
    assert asked(harness).approvers == ("test:boss",)
    with pytest.raises(NotAllowed):
        harness.decide(by="test:fin")
    harness.decide(by="test:boss")
    assert harness.output(run_id) == "approved"


def test_a_policy_of_the_settings_by_its_name_and_one_that_is_not_there() -> None:
    harness = opened(book=Book({"payments": PAYMENTS}))
    harness.start("by_name", {"amount": 5})
    assert asked(harness).approvers == ("role:finance",)
    with pytest.raises(Refused, match=r"by_name can't start: There is no policy payments.*It has: none"):
        opened().start("by_name", {"amount": 5})
    preview = opened().service.preview("by_name", {"amount": 5}, by="test:ana")
    assert "There is no policy payments" in preview.problems[0]
    [told] = harness.service.preview("by_name", {"amount": 5}, by="test:ana").approvals
    assert told.approvers == ("role:finance",)


def test_the_digest_covers_what_the_policy_came_to() -> None:
    small, large = opened(), opened()
    small.start("pay", {"amount": 5})
    large.start("pay", {"amount": 5})
    one, other = asked(small), asked(large)
    assert one.digest == other.digest
    changed = replace(other, policy=other.policy.replace("role:cfo", "role:cto"))
    from_policy = opened(book=Book({"payments": replace(PAYMENTS, escalation=[Escalation(8 * HOUR, ["role:cto"])])}))
    from_policy.start("pay", {"amount": 5})
    assert asked(from_policy).digest != one.digest
    assert changed.policy == asked(from_policy).policy
    with pytest.raises(Changed):
        small.service.decide(one.id, Outcome.APPROVED, by="test:fin", digest=asked(from_policy).digest)


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ([Rule(when=When("amount", max=1), approvers=["x"])], "No rule of the policy payments is for amount 5.0"),
        ([Rule(when=When("price", min=1), approvers=["x"])], "asks for price, which neither"),
        ([Rule(when=When("to", min=1), approvers=["x"])], "compares to, which is 'Tea & Co': no amount"),
    ],
)
def test_a_case_that_no_rule_is_for_waits_for_a_person(rules: list[Rule], words: str) -> None:
    harness = opened(book=Book({"payments": replace(PAYMENTS, rules=rules)}))
    run_id = harness.start("pay", {"amount": 5})
    assert harness.state(run_id) is RunState.PARKED
    assert words in harness.error(run_id)
    harness._book = Book()
    harness.new_worker()
    harness.resume(run_id)
    assert asked(harness).approvers == ("role:finance",)


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (Policy("", [Rule(["x"])]), "give it a name"),
        (Policy("p", []), "no rule"),
        (Policy("p", [Rule()]), "rule 1 names nobody"),
        (Policy("p", [Rule("ana")]), "one text, 'ana'"),
        (Policy("p", [Rule(["x"], 0)]), "quorum between 1 and 20"),
        (Policy("p", [Rule(quorum={"a": 1, "b": 0})]), "quorum between 1 and 20"),
        (Policy("p", [Rule(["x"]), Rule(["y"])]), "rule 1 is for all cases"),
        (Policy("p", [Rule(["x"], when=When("a", 5, 1))]), "between 5 and 1"),
        (Policy("p", [Rule(["x"])], remind=-HOUR), "longer than nothing"),
        (Policy("p", [Rule(["x"])], escalation=[Escalation(HOUR, "ana")]), "needs a list"),
        (Policy("p", [Rule(["x"])], escalation=[Escalation(DAY, ["y"])], timeout=DAY), "never happen"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(policy: Policy, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        checked(policy)


def test_a_policy_says_its_terms_alone() -> None:
    @workflow("both")
    def both(run: Run, amount: int) -> None:
        run.approval("pay", policy=PAYMENTS, approvers=["test:ana"], timeout=DAY)

    harness = Harness(both)
    assert "says its approvers, timeout too" in harness.error(harness.start("both", 5))


# edits and handing over ---------------------------------------------------------------------------------------


def test_nobody_edits_an_amount_past_those_whom_it_chose() -> None:
    harness = opened()
    run_id = harness.start("pay_edited", {"amount": 5})
    with pytest.raises(InvalidInput, match="amount decides who may approve"):
        harness.decide(by="test:fin", edited={"amount": 50_000})
    harness.decide(by="test:fin", edited={"to": "Coffee & Co"})
    assert harness.output(run_id) == "approved Coffee & Co"


def test_only_an_admin_hands_it_past_its_policy_and_as_many_have_to_agree() -> None:
    harness = opened()
    run_id = harness.start("pay", {"amount": 10_000})
    with pytest.raises(NotAllowed, match="follows a policy"):
        harness.service.reassign(asked(harness).id, ["test:x", "test:y"], by="test:fin")
    with pytest.raises(Refused, match="needs 2 approvals"):
        harness.service.reassign(asked(harness).id, ["test:x"], by="test:root")
    before = asked(harness).digest
    harness.decide(by="test:fin")
    harness.service.reassign(asked(harness).id, ["test:x", "test:y"], by="test:root")
    assert asked(harness).digest != before
    harness.decide(by="test:x")
    assert harness.state(run_id) is RunState.WAITING
    harness.skip(9 * HOUR)
    assert asked(harness).approvers == ("test:x", "test:y")  # the policy's escalation is no more
    harness.decide(by="test:y")
    assert harness.output(run_id) == "approved"


# too few ------------------------------------------------------------------------------------------------------


def test_too_few_people_are_told_at_once() -> None:
    harness = opened(roles={"finance": ("test:fin", "test:lea"), "lead": ("test:lea",)})
    run_id = harness.start("pay", {"amount": 10_000}, by="test:lea")
    [event] = harness.events(run_id, "approval.impossible")
    said = json.loads(event.data)
    assert said["approval"] == asked(harness).id
    assert "nobody is left for 1 of finance and lead" in said["reason"]
    assert "(test:fin)" in said["reason"]
    assert harness.state(run_id) is RunState.WAITING


def test_enough_people_are_not_worth_a_word_and_who_can_t_be_asked_is_not_guessed() -> None:
    for roles in (None, {"finance": ("slack:T1:SFIN",), "lead": ()}):
        harness = opened(roles=roles) if roles else opened()
        assert not harness.events(harness.start("pay", {"amount": 10_000}), "approval.impossible")


def test_a_plain_quorum_of_more_than_there_are() -> None:
    @workflow("board")
    def board(run: Run, amount: int) -> None:
        run.approval("board", approvers=["test:a", "test:b"], quorum=2)

    harness = Harness(board)
    assert harness.events(harness.start("board", 5, by="test:a"), "approval.impossible")
    assert not harness.events(harness.start("board", 5, by="test:c"), "approval.impossible")


# reminders, escalation and the end ----------------------------------------------------------------------------


def told(harness: Harness, run_id: str) -> list[tuple[str, str]]:
    """What was told of the approval, and when, on the wall in Berlin."""
    found = [e for e in harness.events(run_id, "approval.") if e.kind != "approval.requested"]
    return [(e.kind.removeprefix("approval."), f"{e.at.astimezone(BERLIN._zone):%a %d %H:%M}") for e in found]


def test_reminders_escalation_and_the_end_come_in_working_hours() -> None:
    thursday = datetime(2026, 12, 24, 14, 0, tzinfo=UTC)  # 15:00 in Berlin, before Christmas and a weekend
    harness = opened(clock=ManualClock(thursday))
    run_id = harness.start("pay", {"amount": 5})
    assert asked(harness).due_at == datetime(2026, 12, 30, 14, 0, tzinfo=UTC)
    with pytest.raises(NotAllowed):
        harness.decide(by="test:cleo")
    harness.skip(3.9 * DAY)
    assert told(harness, run_id) == [("reminded", "Mon 28 11:00")]
    harness.skip(DAY / 2)
    assert ("escalated", "Mon 28 15:00") in told(harness, run_id)
    approval = asked(harness)
    assert approval.approvers == ("role:finance", "role:cfo")
    harness.skip(3 * DAY)
    assert told(harness, run_id)[-1] == ("expired", "Wed 30 15:00")
    assert harness.output(run_id) == "rejected"
    closed = harness.store.approval(approval.id)
    assert closed is not None
    assert closed.outcome is Outcome.REJECTED


def test_whom_it_is_escalated_to_takes_any_seat_and_votes_stay() -> None:
    harness = opened(clock=ManualClock(datetime(2026, 11, 25, 8, 0, tzinfo=UTC)))
    run_id = harness.start("pay", {"amount": 10_000})
    harness.decide(by="test:fin")
    digest = asked(harness).digest
    harness.skip(10 * HOUR)
    assert asked(harness).digest == digest
    harness.decide(by="test:cleo")
    assert harness.output(run_id) == "approved"


def test_quiet_hours_hold_for_approvals_without_a_policy_too() -> None:
    @workflow("nod")
    def nod(run: Run, amount: int) -> None:
        run.approval("nod", remind=6 * HOUR, timeout=DAY)

    quiet = Quiet(time(20), time(8), "Europe/Berlin")
    clock = ManualClock(datetime(2026, 11, 25, 12, 0, tzinfo=UTC))
    harness = Harness(nod, book=Book(quiet=quiet), clock=clock)
    run_id = harness.start("nod", 5)  # 13:00: reminders at 19:00, at 1:00 and 7:00 in the night
    harness.skip(2 * DAY)
    assert told(harness, run_id) == [
        ("reminded", "Wed 25 19:00"),
        ("reminded", "Thu 26 08:00"),
        ("expired", "Thu 26 13:00"),
    ]


def test_amounts_are_exact_and_texts_are_cases_too() -> None:
    policy = Policy(
        "p",
        [
            Rule(["a"], when=When("input.to", among=["x", "y"])),
            Rule(["b"], when=When("amount", min=0.3)),
            Rule(["c"]),
        ],
    )
    book, now = Book(), datetime.now(UTC)

    def approvers(**shown: object) -> tuple[str, ...]:
        values = {"show": shown, "input": Payment(amount=0, to="z").model_dump()}
        return book.opening(policy, values, now).recorded.approvers

    assert approvers(amount="0.3", to="x") == ("b",)  # `input.to` does not look at what is shown
    assert approvers(amount=0.29) == ("c",)
    assert book.opening(policy, {"show": None, "input": {"to": "y"}}, now).recorded.approvers == ("a",)
