"""Channels that are closed to the bot, and people who are gone: what has to be told is told elsewhere."""

from __future__ import annotations

import pytest

from tests.unit.bot.slack.delivery.stage import Stage
from workflows.engine.letters.ports import card_of
from workflows.engine.outbox import DeliveryState


@pytest.mark.parametrize("how", ["archived", "removed"])
def test_a_channel_that_closes_under_a_run(stage: Stage, how: str) -> None:
    stage.home = "#general"
    run_id = stage.start("article", {})
    stage.until_shown(run_id)
    if how == "archived":
        stage.workspace.archive("#content")
    else:
        stage.workspace.kick_bot("#content")
    stage.harness.decide(by=stage.actor("ben"), comment="fine")
    stage.until_shown(run_id)
    card, *_rest = stage.channel("#general")
    assert "Write an article" in card.shown
    assert ("archived" if how == "archived" else "invite") in card.shown
    assert stage.card(run_id).error
    assert [one.run_id for one in stage.outbox.troubled(limit=5)] == [run_id]
    assert any("published" in message.shown for message in stage.channel("#general"))


def test_an_open_request_moves_with_its_buttons(stage: Stage) -> None:
    stage.home = "#general"
    run_id = stage.start("article", {})
    stage.until_shown(run_id)
    stage.workspace.archive("#content")
    stage.skip(3601)
    stage.harness.tick()
    stage.until_shown(run_id)
    assert any(message.buttons and "Please decide" in message.shown for message in stage.channel("#general"))
    (direct,) = stage.direct("ben")
    assert "Approve" in direct.buttons
    stage.harness.decide(by=stage.actor("ben"))
    stage.until_shown(run_id)
    for message in (*stage.channel("#general"), *stage.direct("ben")):
        assert "Approve" not in message.buttons


def test_a_private_channel_that_the_bot_never_saw(stage: Stage) -> None:
    stage.workspace.add_channel("secret", private=True)
    run_id = stage.start("article", {}, channel="#secret")
    stage.workspace.kick_bot("#secret")
    stage.until_shown(run_id)
    (card, *_), (asked,) = stage.direct("ana"), stage.direct("ben")
    assert "Write an article" in card.shown
    assert "Approve" in asked.buttons
    assert "can't be posted to" in stage.card(run_id).error


def test_a_channel_by_its_name(stage: Stage) -> None:
    run = stage.harness.service.start("article", {}, by=stage.actor("ana"), channel="#content")
    stage.harness.work()
    stage.until_shown(run.id)
    assert len(stage.channel()) == 2
    stage.workspace.rename("#content", "articles")
    stage.harness.decide(by=stage.actor("ben"))
    stage.until_shown(run.id)
    assert not stage.channel("#articles")[1].buttons


def test_a_name_that_is_no_channel(stage: Stage) -> None:
    stage.home = "#general"
    run = stage.harness.service.start("article", {}, by=stage.actor("ana"), channel="#nowhere")
    stage.harness.work()
    stage.until_shown(run.id)
    assert "#nowhere can't be posted to" in stage.channel("#general")[0].shown


def test_nowhere_to_go_is_tried_again_later(stage: Stage) -> None:
    run = stage.harness.service.start("article", {}, by="test:ana", channel="#content")
    stage.harness.work()
    stage.workspace.archive("#content")
    stage.deliver()
    assert "archived" in stage.card(run.id).error
    assert stage.deliver() == 0
    stage.workspace.unarchive("#content")
    stage.until_shown(run.id, most=400)
    assert len(stage.channel()) == 2
    assert stage.card(run.id).error == ""


def test_an_approver_who_is_gone_holds_nothing_up(stage: Stage) -> None:
    people = [stage.actor("ben"), stage.actor("carla")]
    stage.workspace.deactivate("ben")
    run_id = stage.start("article", {"approvers": people}, channel="")
    stage.until_shown(run_id)
    assert "Approve" in stage.direct("carla")[0].buttons
    assert {row.state for key, row in stage.rows(run_id).items() if "ben" in key.lower()} <= {DeliveryState.FAILED}
    stage.harness.decide(by=stage.actor("carla"))
    stage.until_shown(run_id)


def test_an_ops_channel_that_is_closed_holds_nothing_up(stage: Stage) -> None:
    stage.ops = "#ops"
    stage.workspace.archive("#ops")
    run_id = stage.start("breaks", {})
    stage.until_shown(run_id)
    assert "out of tea" in stage.channel()[1].shown
    member = stage.store.letters.of_run(run_id)
    assert member is not None
    assert stage.rows(card_of(member.group_id))["group/ops"].state is DeliveryState.FAILED


def test_an_old_run_that_was_never_shown_is_left_alone(stage: Stage) -> None:
    run_id = stage.start("waits", {})
    stage.harness.signal(run_id, "go", "end")
    stage.skip(25 * 3600)
    stage.until_shown(run_id)
    assert stage.channel() == []
