"""Several people decide in the same instant, over real databases: one decision, and everybody is told which."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from workflows import Outcome, Run, workflow
from workflows.engine.errors import Changed, Decided, Refused
from workflows.engine.model import ApprovalState, RunState
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.harness import Harness
from workflows.storage.store import SqlStore

PEOPLE = tuple(f"test:{number}" for number in range(8))


class Text(BaseModel):
    title: str


@workflow("one_of_many")
def one_of_many(run: Run, given: None) -> str:
    decision = run.approval("editor", show={"title": "Tea"}, approvers=PEOPLE)
    return f"{decision.outcome} {decision.by}"


@workflow("all_of_many")
def all_of_many(run: Run, given: None) -> str:
    decision = run.approval("board", show={"title": "Tea"}, approvers=PEOPLE, quorum=8, editable=Text)
    return f"{decision.outcome} {decision.edited.title if decision.edited else 'Tea'}"


@pytest.fixture
def harness(url: str) -> Iterator[Harness]:
    clock = ManualClock()
    store = SqlStore(url, clock=clock)
    yield Harness(one_of_many, all_of_many, store=store, clock=clock)
    store.close()


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What each gave, or what it raised, when all began in the same instant."""
    gate = threading.Barrier(len(acts))
    results: list[Any] = [None] * len(acts)

    def act(place: int) -> None:
        gate.wait()
        try:
            results[place] = acts[place]()
        except Refused as refused:
            results[place] = refused

    threads = [threading.Thread(target=act, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_one_decides_and_the_others_are_told_who(harness: Harness) -> None:
    run_id = harness.start("one_of_many")
    asked = harness.store.approvals()[0]
    outcomes = [Outcome.APPROVED, Outcome.REJECTED] * 4
    answers = at_once(*(
        lambda by=by, outcome=outcome: harness.service.decide(asked.id, outcome, by=by, digest=asked.digest)
        for by, outcome in zip(PEOPLE, outcomes, strict=True)
    ))  # fmt: skip
    (winner,) = [PEOPLE[place] for place, answer in enumerate(answers) if not isinstance(answer, Refused)]
    late = [answer for answer in answers if isinstance(answer, Decided)]
    assert len(late) == 7
    decided = harness.store.approval(asked.id)
    assert decided is not None
    assert {str(answer) for answer in late} == {f"Editor was already {decided.outcome} by {winner}."}
    assert [decision.by for decision in harness.store.decisions(asked.id)] == [winner]
    assert len(harness.events(run_id, "approval.decided")) == 1
    harness.work()
    assert harness.output(run_id) == f"{decided.outcome} {winner}"


def test_the_same_press_many_times_is_one_decision(harness: Harness) -> None:
    run_id = harness.start("one_of_many")
    asked = harness.store.approvals()[0]
    answers = at_once(*[lambda: harness.service.decide(asked.id, Outcome.APPROVED, by=PEOPLE[0])] * 6)
    assert [answer.state for answer in answers] == [ApprovalState.DECIDED] * 6
    assert len(harness.events(run_id, "approval.decided")) == 1
    assert [a.verb for a in harness.store.audit(run_id)].count("decide approved") == 1


def test_every_vote_of_a_quorum_counts_once(harness: Harness) -> None:
    run_id = harness.start("all_of_many")
    asked = harness.store.approvals()[0]
    at_once(*(lambda by=by: harness.service.decide(asked.id, Outcome.APPROVED, by=by) for by in PEOPLE))
    harness.work()
    assert harness.output(run_id) == "approved Tea"
    assert len(harness.store.decisions(asked.id)) == 8


def test_no_vote_on_the_former_text_slips_in_beside_an_edit(harness: Harness) -> None:
    run_id = harness.start("all_of_many")
    asked = harness.store.approvals()[0]

    def vote(by: str, **edited: Any) -> Any:
        return harness.service.decide(asked.id, Outcome.APPROVED, by=by, digest=asked.digest, **edited)

    answers = at_once(
        *(lambda by=by: vote(by) for by in PEOPLE[1:]),
        lambda: vote(PEOPLE[0], edited={"title": "Green tea"}),
    )
    now = harness.store.approval(asked.id)
    assert now is not None
    assert json.loads(now.show) == {"title": "Green tea"}
    assert {type(answer) for answer in answers if isinstance(answer, Refused)} <= {Changed}
    assert [d.by for d in harness.store.decisions(asked.id) if d.digest == now.digest] == [PEOPLE[0]]
    assert harness.state(run_id) is RunState.WAITING
    for by in PEOPLE[1:]:
        harness.service.decide(asked.id, Outcome.APPROVED, by=by, digest=now.digest)
    harness.work()
    assert harness.output(run_id) == "approved Green tea"


def test_a_vote_and_a_reassignment_at_once(harness: Harness) -> None:
    run_id = harness.start("one_of_many")
    asked = harness.store.approvals()[0]
    vote, _handed = at_once(
        lambda: harness.service.decide(asked.id, Outcome.APPROVED, by=PEOPLE[0], digest=asked.digest),
        lambda: harness.service.reassign(asked.id, ["test:else"], by=PEOPLE[1]),
    )
    now = harness.store.approval(asked.id)
    assert now is not None
    if isinstance(vote, Refused):
        assert (now.state, now.approvers, harness.store.decisions(asked.id)) == (ApprovalState.OPEN, ("test:else",), [])
        harness.service.decide(asked.id, Outcome.APPROVED, by="test:else")
    else:
        assert (now.state, now.approvers) == (ApprovalState.DECIDED, PEOPLE)
    harness.work()
    assert harness.state(run_id) is RunState.SUCCEEDED


def test_a_decision_and_a_cancellation_at_once(harness: Harness) -> None:
    """What was decided stays decided, whatever becomes of the run."""
    run_id = harness.start("one_of_many")
    asked = harness.store.approvals()[0]
    at_once(
        lambda: harness.service.decide(asked.id, Outcome.APPROVED, by=PEOPLE[0]),
        lambda: harness.service.cancel(run_id, by="test:ana"),
    )
    harness.work()
    closed = harness.store.approval(asked.id)
    assert closed is not None
    made = harness.store.decisions(asked.id)
    assert closed.state is (ApprovalState.DECIDED if made else ApprovalState.VOID)
    assert harness.state(run_id) in (RunState.SUCCEEDED, RunState.CANCELLED)
