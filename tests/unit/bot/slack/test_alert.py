"""The alert of a dead letter: what failed, where, after how many attempts, and what helps."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.slack.views.alert import alert_message, skippable
from bot.slack.views.messages import Message
from bot.slack.views.snapshot import RunSnapshot
from tests.unit.bot.slack.snapshots import ANA, HOSTILE, NOW, a_dead_letter, a_run, checked, labels, shown
from workflows.engine.model import Kind, RunState, StepState

ALL = ["Retry from failed step", "Edit input and retry", "Skip with value", "Fork on today's code", "Discard"]
FAILED = {"kind": "StepFailed", "step": "site.publish", "key": "publish#1", "message": "no access", "attempts": 6}


def alert(snapshot: RunSnapshot, **changes: Any) -> Message:
    return checked(alert_message(snapshot, replace(snapshot.alerts[-1], **changes)))


def test_it_names_the_step_the_attempts_and_the_reason() -> None:
    made = alert(a_dead_letter(FAILED | {"cause": "Unauthorized"}))
    text = shown(made)
    assert "Failed: Write an article" in text
    assert "❌ *Publish a post* (`site.publish`) failed after 6 attempts: no access" in text
    assert "An admin has to renew it" in text
    assert "1 step done so far" in text
    assert labels(made) == ALL
    assert made.text == "Write an article needs a person: no access"


def test_an_unknown_effect_is_said_and_a_retry_asks_back() -> None:
    made = alert(a_dead_letter(FAILED | {"effect": "unknown"}))
    assert "It is not known whether the last attempt had an effect." in shown(made)
    assert "confirm" in made.blocks[-1]["elements"][0]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ({"kind": "NonDeterminism", "message": "history has a"}, "The code no longer fits what this run did."),
        ({"kind": "ChildFailed", "step": "smaller", "message": "no", "outcome": "failed"},
         "The child run `smaller` failed: no"),
        ({"kind": "Odd", "message": "hm"}, "finished steps stay done"),
        ({"kind": "StepFailed", "step": "x", "message": "away", "cause": "Unavailable"}, "The service was away."),
    ],
)  # fmt: skip
def test_each_kind_of_trouble_comes_with_what_helps(error: dict[str, Any], words: str) -> None:
    assert words in shown(alert(a_dead_letter(error, RunState.PARKED)))


@pytest.mark.parametrize(
    ("verb", "detail", "words"),
    [
        ("resume", "", "*Retried from the failed step* by <@UANA>"),
        ("edit", "", "*Input edited, and retried* by <@UANA>"),
        ("skip", "publish#1", "*Skipped with a value* by <@UANA>"),
        ("fork", "01new", "*Forked on today's code* by <@UANA>"),
        ("discard", "old news", "*Discarded* by <@UANA>"),
        ("cancel", "", "*Cancelled* by <@UANA>"),
    ],
)
def test_once_something_was_done_the_buttons_go(verb: str, detail: str, words: str) -> None:
    made = alert(a_dead_letter(FAILED), verb=verb, by=ANA, resolved_at=NOW, detail=detail)
    assert labels(made) == []
    assert words in shown(made)
    assert detail in shown(made)
    assert "It was: *Publish a post*" in shown(made)


def test_one_that_was_dealt_with_says_why_it_stopped_and_no_more() -> None:
    made = alert(
        replace(a_dead_letter({}), run=a_run(RunState.SUCCEEDED)), verb="edit", by=ANA, error="the shop is shut"
    )
    assert "Dealt with: Write an article" in shown(made)
    assert "It was: the shop is shut" in shown(made)


def test_only_what_a_value_can_stand_in_for_can_be_skipped() -> None:
    dead = a_dead_letter(FAILED)
    found = skippable(dead)
    assert found is not None
    assert found.key == "publish#1"
    for record in (
        replace(dead.records[0], kind=Kind.APPROVAL), replace(dead.records[0], superseded=True),
        replace(dead.records[0], kind=Kind.CHILD, state=StepState.RUNNING),
    ):  # fmt: skip
        other = replace(dead, records=(record,))
        assert skippable(other) is None
        assert "Skip with value" not in labels(alert(other))


def test_a_child_is_put_right_through_its_parent() -> None:
    assert labels(alert(a_dead_letter(FAILED, parent_id="p"))) == ["Fork on today's code", "Discard"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_neither_call_nor_break(text: str) -> None:
    dead = a_dead_letter(
        {"kind": "StepFailed", "step": text, "message": text}, title=text, input=json.dumps({text: text})
    )
    alert(dead)
    alert(dead, verb="discard", by=text, detail=text)
