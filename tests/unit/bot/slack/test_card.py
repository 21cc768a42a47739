"""The card of a run: what it is, how it stands, what is wanted of whom."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from bot.slack.views.card import run_card
from bot.slack.views.details import run_details
from bot.slack.views.snapshot import ApprovalSnapshot
from tests.unit.bot.slack.snapshots import (
    BEN,
    HOSTILE,
    NOW,
    a_dead_letter,
    a_run,
    a_step,
    an_approval,
    checked,
    decided,
    labels,
    shown,
    snapshot_with,
)
from workflows.engine.length import LONG_RECORDS
from workflows.engine.model import ApprovalState, Kind, Outcome, Record, RunState, StepState
from workflows.engine.plan import NodeKind
from workflows.engine.progress import Item

WAITING = json.dumps([{"kind": "approval", "name": "editor", "key": "editor#1", "due_at": "", "approval": "ap1"}])


def test_it_says_what_it_is_who_started_it_and_how_it_stands() -> None:
    card = checked(
        run_card(snapshot_with(a_run(), a_step(1), a_step(2, StepState.RUNNING), a_step(3, StepState.PENDING)))
    )
    assert card.blocks[0] == {
        "type": "header",
        "text": {"type": "plain_text", "text": "Write an article", "emoji": False},
    }
    text = shown(card)
    assert "🔵 *Running*: 1 of 3 steps done, now: Do thing 2" in text
    assert "Topic: *tea*" in text
    assert "Started by <@UANA> <!date^" in text
    assert "✅ Do thing 1\n🔵 Do thing 2\n⚪ Do thing 3" in text
    assert card.text == "Write an article: running"


def test_a_waiting_run_says_whom_it_waits_for() -> None:
    run = a_run(RunState.WAITING, waiting=WAITING)
    asked = ApprovalSnapshot(an_approval(quorum=2))
    card = checked(run_card(snapshot_with(run, approvals=(asked,))))
    assert "⏳ *Waiting* for <@UBEN> or <!subteam^SEDIT> to decide *Editor* (0 of 2)" in shown(card)


@pytest.mark.parametrize(
    ("state", "changes", "buttons"),
    [
        (RunState.QUEUED, {}, ["Details", "Cancel"]),
        (RunState.RUNNING, {}, ["Details", "Cancel"]),
        (RunState.RUNNING, {"cancel": "cancelled by slack:T1:UANA"}, ["Details"]),
        (RunState.WAITING, {}, ["Details", "Cancel"]),
        (RunState.COMPENSATING, {}, ["Details", "Cancel"]),
        (RunState.SUCCEEDED, {}, ["Details"]),
        (RunState.CANCELLED, {}, ["Details"]),
        (RunState.FAILED, {}, ["Details"]),
        (RunState.FAILED, {"dead_at": NOW}, ["Retry from failed step", "Details"]),
        (RunState.PARKED, {"dead_at": NOW}, ["Retry from failed step", "Details"]),
        (RunState.FAILED, {"dead_at": NOW, "parent_id": "p"}, ["Details"]),
    ],
)
def test_the_buttons_fit_the_state(state: RunState, changes: dict[str, object], buttons: list[str]) -> None:
    assert labels(checked(run_card(snapshot_with(a_run(state, **changes))))) == buttons


def test_a_run_with_an_address_has_a_button_that_opens_it() -> None:
    card = run_card(snapshot_with(a_run(), link="https://baton.example/runs/1"))
    assert "Open in the console" in labels(checked(card))


def test_results_show_their_links() -> None:
    run = a_run(
        RunState.SUCCEEDED, output=json.dumps({"title": "Tea <3", "url": "https://site.example/tea?a=1&b=2"}),
        started_at=NOW, ended_at=NOW + timedelta(minutes=3),
    )  # fmt: skip
    text = shown(checked(run_card(snapshot_with(run))))
    assert "✅ *Succeeded* in 3 min" in text
    assert "*Title*: Tea &lt;3" in text
    assert "*Url*: <https://site.example/tea?a=1&amp;b=2>" in text


def test_a_failure_says_why() -> None:
    text = shown(
        checked(
            run_card(a_dead_letter({"kind": "StepFailed", "step": "publish", "message": "no <access>", "attempts": 6}))
        )
    )
    assert "❌ *Failed*: publish failed after 6 attempts: no &lt;access&gt;" in text


def test_a_cancellation_names_people_as_mentions() -> None:
    run = a_run(RunState.COMPENSATING, cancel="cancelled by slack:T1:UANA: too late")
    assert "*Cancelling*: cancelled by <@UANA>: too late, finished steps are being undone" in shown(
        run_card(snapshot_with(run))
    )


def test_a_cancelled_run_says_so_once_and_shows_nothing_under_way() -> None:
    wait = Item(NodeKind.APPROVAL, "editor", "Publish this?", StepState.RUNNING, "editor#1")
    run = a_run(RunState.CANCELLED, cancel="cancelled by slack:T1:UANA: too late")
    void = ApprovalSnapshot(an_approval(state=ApprovalState.VOID))
    text = shown(checked(run_card(snapshot_with(run, wait, a_step(1, StepState.RETRYING), approvals=(void,)))))
    assert "*Cancelled* by <@UANA>: too late" in text
    assert "⏹️ Publish this?  _no longer asked for_" in text
    assert "⏹️ Do thing 1  _not finished_" in text


def test_a_rejection_is_no_tick() -> None:
    error = json.dumps({"kind": "Rejected", "step": "editor", "outcome": "rejected", "by": BEN})
    wait = Item(NodeKind.APPROVAL, "editor", "Publish this?", StepState.SUCCEEDED, "editor#1")
    run = a_run(RunState.FAILED, error=error)
    text = shown(checked(run_card(snapshot_with(run, wait, approvals=(decided(Outcome.REJECTED),)))))
    assert "*Failed*: editor was rejected by <@UBEN>" in text
    assert "❌ Publish this?  _rejected by <@UBEN>_" in text


def test_a_start_that_is_planned_and_a_pause_are_told() -> None:
    later = a_run(RunState.QUEUED, due_at=NOW + timedelta(hours=1))
    assert "*Queued*: starts <!date^" in shown(run_card(snapshot_with(later)))
    paused = snapshot_with(a_run(RunState.QUEUED), paused="article is paused by slack:T1:UBEN: the site moves")
    assert "*Queued*: article is paused by <@UBEN>: the site moves" in shown(run_card(paused))


def test_where_it_stands_instead_of_its_channel_is_told() -> None:
    card = checked(run_card(snapshot_with(a_run()), "It is shown here, since I am not in #content."))
    assert "It is shown here, since I am not in #content." in shown(card)


def test_secrets_of_the_input_are_shown_nowhere() -> None:
    run = a_run(input='{"api_key": "hidden-1", "password": "hidden-2", "topic": "tea"}')
    snapshot = snapshot_with(run)
    assert "hidden" not in shown(run_card(snapshot)) + shown(run_details(snapshot))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_neither_call_nor_break(text: str) -> None:
    error = json.dumps({"kind": "StepFailed", "step": text, "message": text, "attempts": 2})
    for state in RunState:
        run = a_run(state, title=text, workflow=text, input=json.dumps({text: text, "b": [text]}),
        output=json.dumps({text: text}),
                    started_by=text, error=error, cancel=text or None, waiting=json.dumps([{"kind": "signal",
                    "name": text}]))  # fmt: skip
        item = a_step(1, StepState.FAILED, title=text, error=text)
        snapshot = snapshot_with(run, item, approvals=(decided(Outcome.CHANGES, comment=text, title=text),))
        for message in (run_card(snapshot, ""), run_details(snapshot)):
            words = shown(checked(message))
            assert not any(
                mark in "\n".join(_mrkdwn(message.blocks)) for mark in ("<!channel", "<!here", "<@UEVE", "<#C1")
            )
            assert "\u202e" not in words


def _mrkdwn(blocks: tuple[dict[str, object], ...]) -> list[str]:
    return [json.dumps(block, ensure_ascii=False) for block in blocks if block["type"] != "header"]


def test_two_hundred_steps_fit_and_tell_what_matters() -> None:
    done = [a_step(number) for number in range(150)]
    busy = a_step(150, StepState.RUNNING)
    coming = [a_step(number, StepState.PENDING) for number in range(151, 200)]
    card = checked(run_card(snapshot_with(a_run(), *done, busy, *coming)))
    assert len(card.blocks) <= 50
    text = shown(card)
    assert "✅ 149 steps done\n✅ Do thing 149\n🔵 Do thing 150\n⚪ Do thing 151\n⚪ 48 steps to come" in text
    assert "150 of 200 steps done" in text


def test_two_hundred_failed_steps_in_branches_fit_too() -> None:
    branches = [
        Item(
            NodeKind.BRANCH,
            f"b{n}",
            f"Branch {n}",
            StepState.FAILED,
            children=(a_step(n, StepState.FAILED, error="e" * 500), a_step(n)),
        )
        for n in range(100)
    ]
    group = Item(NodeKind.PARALLEL, "parallel", "Side by side", StepState.FAILED, children=tuple(branches))
    text = shown(checked(run_card(snapshot_with(a_run(RunState.FAILED), group))))
    assert "… and more, 200 steps in all." in text


def test_finished_groups_fold_before_anything_else() -> None:
    groups = [
        Item(
            NodeKind.GROUP,
            f"g{n}",
            f"Group {n}",
            StepState.SUCCEEDED,
            children=tuple(a_step(n * 10 + i) for i in range(8)),
        )
        for n in range(4)
    ]
    text = shown(run_card(snapshot_with(a_run(), *groups, a_step(99, StepState.RUNNING))))
    assert "✅ Group 0  _8 steps_\n✅ Group 1  _8 steps_" in text


def test_details_say_when_a_history_gets_long() -> None:
    records = tuple(
        Record("r", 0, f"look#{n}", "", n, Kind.STEP, "look", StepState.SUCCEEDED) for n in range(LONG_RECORDS)
    )
    assert "run.continue_as_new()" in shown(checked(run_details(snapshot_with(a_run(), records=records))))
    assert "run.continue_as_new()" not in shown(run_details(snapshot_with(a_run(), records=records[1:])))
    ended = snapshot_with(a_run(RunState.SUCCEEDED), records=records)
    assert "run.continue_as_new()" not in shown(run_details(ended))


def test_details_hold_input_steps_decisions_and_result() -> None:
    run = a_run(
        RunState.SUCCEEDED, output='{"url": "https://site.example/tea"}', labels='{"team": "web"}', ended_at=NOW
    )
    details = checked(
        run_details(snapshot_with(run, a_step(1), approvals=(decided(Outcome.APPROVED, comment="Fine, thanks"),)))
    )
    text = shown(details)
    for part in (
        "*Input*\nTopic: tea",
        "*Steps*\n✅ Do thing 1",
        "✅ *Editor*: approved by <@UBEN>",
        "> Fine, thanks",
        "team: web",
    ):
        assert part in text
    assert "*Url*: <https://site.example/tea>" in text
