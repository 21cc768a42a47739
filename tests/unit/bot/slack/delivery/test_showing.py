"""What the channel shows of a run, from its start to its end."""

from __future__ import annotations

from tests.unit.bot.slack.delivery.stage import Stage
from workflows.engine.model import Outcome
from workflows.engine.outbox import DeliveryState


def test_a_run_from_its_start_to_its_end(stage: Stage) -> None:
    run_id = stage.start("article", {"text": "Tea"})
    stage.deliver()
    card, asked = stage.channel()
    assert "Write an article" in card.shown
    assert "@ben" in asked.shown
    assert asked.buttons
    assert stage.card(run_id).place == stage.workspace.channel("#content").now.id

    stage.harness.decide(by=stage.actor("ben"), comment="fine")
    stage.until_shown(run_id)
    card, asked, summary = stage.channel()
    assert not asked.buttons
    assert "Approved" in asked.shown
    assert "fine" in asked.shown
    assert summary.shown == "*published* is out"
    assert "Cancel" not in card.buttons
    (end,) = stage.replies(card)
    assert "@ana" in end.shown
    assert {row.state for row in stage.rows(run_id).values()} == {DeliveryState.POSTED}


def test_nothing_is_sent_when_nothing_changed(stage: Stage) -> None:
    run_id = stage.start("article", {})
    stage.until_shown(run_id)
    before = len(stage.workspace.calls)
    stage.outbox.touch(run_id)
    stage.skip(10)
    assert stage.deliver() == 1
    assert len(stage.workspace.calls) == before


def test_progress_is_shown_in_one_go(stage: Stage) -> None:
    run_id = stage.start("waits", {})
    stage.deliver()
    updates = stage.calls("chat.update")
    for number in range(20):
        stage.harness.signal(run_id, "go", f"word {number}")
        stage.deliver()
    stage.until_shown(run_id)
    assert stage.calls("chat.update") - updates <= 3
    stage.harness.signal(run_id, "go", "end")
    assert stage.until_shown(run_id) < 3
    assert "Cancel" not in stage.channel()[0].buttons


def test_long_content_comes_before_the_buttons(stage: Stage) -> None:
    text = "\n\n".join(f"Paragraph {number}. " + "tea " * 150 for number in range(12))
    run_id = stage.start("article", {"text": text})
    stage.until_shown(run_id)
    asked = stage.channel()[1]
    parts = stage.replies(asked)
    assert len(parts) > 1
    assert "Paragraph 11" in parts[-1].shown
    assert "Approve" in asked.buttons
    calls = [call for call in stage.workspace.calls if call.method in ("chat.postMessage", "chat.update")]
    with_buttons = [n for n, call in enumerate(calls) if "approval.approve" in str(call.arguments.get("blocks"))]
    last_part = max(n for n, call in enumerate(calls) if "Paragraph 11" in str(call.arguments.get("blocks")))
    assert min(with_buttons) > last_part
    stage.harness.decide(by=stage.actor("ben"))
    stage.until_shown(run_id)
    assert not stage.workspace.current(asked).buttons  # type: ignore[union-attr]


def test_very_long_content_is_a_file(stage: Stage) -> None:
    run_id = stage.start("article", {"text": "tea and cake, " * 6000})
    stage.until_shown(run_id)
    asked = stage.channel()[1]
    (reply,) = stage.replies(asked)
    assert [file.name for file in reply.files] == ["editor.md"]
    assert "Approve" in asked.buttons


def test_approvers_who_are_not_in_the_channel_are_asked_directly(stage: Stage) -> None:
    run_id = stage.start("article", {}, channel="#finance")
    stage.until_shown(run_id)
    _card, asked = stage.channel("#finance")
    (direct,) = stage.direct("ben")
    assert "Approve" in direct.buttons
    assert "Approve" in asked.buttons
    stage.harness.decide(by=stage.actor("ben"), outcome=Outcome.REJECTED, comment="no")
    stage.until_shown(run_id)
    for message in (asked, direct):
        now = stage.workspace.current(message)
        assert now is not None
        assert not now.buttons
        assert "Rejected" in now.shown


def test_a_group_is_asked_one_by_one(stage: Stage) -> None:
    group = stage.workspace.usergroup("reviewers", ["ben", "carla"])
    run_id = stage.start("article", {"approvers": [f"slack:{stage.workspace.team_id}:{group.id}"]}, channel="#finance")
    stage.until_shown(run_id)
    assert len(stage.direct("ben")) == 1
    assert stage.direct("carla") == []


def test_a_run_without_a_channel_asks_directly(stage: Stage) -> None:
    run_id = stage.start("article", {"approvers": [stage.actor("ben")]}, channel="")
    stage.until_shown(run_id)
    (direct,) = stage.direct("ben")
    assert "Approve" in direct.buttons
    stage.harness.decide(by=stage.actor("ben"))
    stage.until_shown(run_id)
    assert not stage.direct("ben")[0].buttons


def test_a_run_without_a_channel_is_seen_at_home(stage: Stage) -> None:
    stage.home = "#general"
    run_id = stage.start("article", {}, channel="")
    stage.until_shown(run_id)
    assert len(stage.channel("#general")) == 2


def test_a_failure_is_told_in_both_channels(stage: Stage) -> None:
    stage.ops = "#ops"
    run_id = stage.start("breaks", {"text": "ink"})
    stage.until_shown(run_id)
    alert, (ops,) = stage.channel()[1], stage.channel("#ops")
    for message in (alert, ops):
        assert "out of ink" in message.shown
        assert message.buttons
    stage.harness.recovery.discard(run_id, by=stage.actor("ana"), reason="never mind")
    stage.until_shown(run_id)
    for message in (alert, ops):
        now = stage.workspace.current(message)
        assert now is not None
        assert "Discard" not in now.buttons


def test_reminders_come_once_each(stage: Stage) -> None:
    run_id = stage.start("article", {})
    stage.until_shown(run_id)
    asked = stage.channel()[1]
    for count in (1, 2):
        stage.skip(3601)
        stage.harness.tick()
        stage.until_shown(run_id)
        stage.until_shown(run_id)
        assert len(stage.replies(asked)) == count
    assert "@ben" in stage.replies(asked)[0].shown


def test_each_request_in_a_loop_is_a_message(stage: Stage) -> None:
    run_id = stage.start("asks_again", {})
    stage.until_shown(run_id)
    stage.harness.decide(Outcome.CHANGES, by=stage.actor("ben"), comment="shorter")
    stage.until_shown(run_id)
    _, first, second = stage.channel()
    assert not first.buttons
    assert "shorter" in first.shown
    assert "Approve" in second.buttons
