"""From rows to snapshots: alerts, edits, handovers and reminders, as the engine records them."""

from __future__ import annotations

import json
from datetime import timedelta

from pydantic import BaseModel

from bot.slack.views.reading import alerts_of, approval_of, progress_words, snapshot_of
from bot.slack.views.snapshot import RunSnapshot
from tests.unit.bot.slack.snapshots import ANA, BEN, NOW, a_run
from workflows import Retry, Run, StepContext, step, workflow
from workflows.engine.model import Event, Outcome, RunState
from workflows.engine.plan import plan_of
from workflows.engine.testing.harness import Harness


class Text(BaseModel):
    """What may be edited."""

    title: str


@step(idempotent=True, retry=Retry(attempts=1))
def publish(ctx: StepContext, title: str) -> str:
    """Publish it."""
    return title


@workflow("note", title="A note")
def note(run: Run, title: str) -> str:
    decision = run.approval(
        "editor", show={"title": title, "n": 1}, editable=Text, quorum=2, approvers=["test:a", "test:b", "test:c"],
        remind=timedelta(hours=1),
    )  # fmt: skip
    decision.require_approved()
    return run.step(publish, title)


def taken(harness: Harness, run_id: str) -> RunSnapshot:
    store = harness.store
    pairs = [(one, store.decisions(one.id)) for one in store.approvals(run_id=run_id, state=None)]
    run, records, events = store.run(run_id), store.records(run_id), store.events(run_id)
    return snapshot_of(run, plan_of(note), records, pairs, events, now=harness.clock.now(), summary="s", link="l")


def test_votes_handovers_and_edits_are_read() -> None:
    harness = Harness(note)
    run_id = harness.start("note", "Tea")
    harness.decide(Outcome.APPROVED, by="test:a", comment="fine")
    [open_one] = harness.store.approvals(run_id=run_id)
    harness.service.reassign(open_one.id, ["test:b", "test:c"], by="test:a", reason="away")
    [shown] = taken(harness, run_id).approvals
    assert shown.open
    assert shown.agreed == ()
    assert [(one.by, one.to, one.reason) for one in shown.handovers] == [("test:a", ("test:b", "test:c"), "away")]
    harness.decide(Outcome.APPROVED, by="test:b", edited={"title": "Green tea"})
    [shown] = taken(harness, run_id).approvals
    assert [vote.by for vote in shown.agreed] == ["test:b"]
    [edit] = shown.edits
    assert (edit.by, json.loads(edit.before), json.loads(edit.after)) == (
        "test:b", {"title": "Tea"}, {"title": "Green tea"},
    )  # fmt: skip
    harness.decide(Outcome.APPROVED, by="test:b", edited={"title": "Black tea"})
    [shown] = taken(harness, run_id).approvals
    assert [(json.loads(one.before)["title"], json.loads(one.after)["title"]) for one in shown.edits] == [
        ("Tea", "Green tea"), ("Green tea", "Black tea"),
    ]  # fmt: skip
    assert taken(harness, run_id).summary == "s"


def test_a_failure_is_an_alert_and_a_resume_resolves_it() -> None:
    harness = Harness(note).given(publish, ConnectionError("away"))
    run_id = harness.start("note", "Tea")
    for person in ("test:a", "test:b"):
        harness.decide(Outcome.APPROVED, by=person)
    first = taken(harness, run_id)
    [alert] = first.alerts
    assert (alert.number, alert.verb, json.loads(alert.error)["message"]) == (1, "", "away")
    harness.recovery.resume(run_id, by="test:ana")
    [alert] = taken(harness, run_id).alerts
    assert (alert.verb, alert.by) == ("resume", "test:ana")
    harness.work()
    second = taken(harness, run_id)
    assert [(one.number, one.verb) for one in second.alerts] == [(1, "resume"), (2, "")]
    harness.recovery.discard(run_id, by="test:ana", reason="old")
    assert [(one.verb, one.detail) for one in taken(harness, run_id).alerts][1] == ("discard", "old")


def test_a_dead_letter_whose_event_is_gone_is_alerted_all_the_same() -> None:
    run = a_run(RunState.PARKED, error='{"kind": "Odd", "message": "m"}', dead_at=NOW)
    [alert] = alerts_of(run, ())
    assert (alert.number, alert.error) == (1, run.error)


def test_a_fork_and_a_cancel_resolve_too() -> None:
    run = a_run(RunState.CANCELLED)
    dead = Event(run.id, "run.dead_letter", NOW, '{"error": "e"}')
    forked = Event(run.id, "run.forked", NOW, '{"run": "01new"}', ANA)
    assert [(one.verb, one.by, one.detail) for one in alerts_of(run, (dead, forked))] == [("fork", ANA, "01new")]
    cancelled = Event(run.id, "run.cancel_requested", NOW, "{}", BEN)
    assert [one.verb for one in alerts_of(run, (dead, cancelled))] == ["cancel"]
    assert alerts_of(run, (cancelled,)) == ()


def test_reminders_are_counted_by_approval() -> None:
    harness = Harness(note)
    run_id = harness.start("note", "Tea")
    [approval] = harness.store.approvals(run_id=run_id)
    events = [Event(run_id, "approval.reminded", NOW, json.dumps({"approval": one})) for one in (approval.id, "x")]
    assert approval_of(approval, (), events).reminders == 1


def test_long_steps_tell_how_far_they_are() -> None:
    assert progress_words({"done": 3, "total": 10, "text": "pages"}) == "3 of 10, pages"
    assert progress_words({"done": 3, "total": None, "text": ""}) == "3"
    assert progress_words({"text": "looking"}) == "looking"
