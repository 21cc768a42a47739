"""Channels close, move and lose messages under a run: it is shown somewhere, once, and what is open can be decided."""

from __future__ import annotations

import pytest

from bot.slack.words import LATE
from tests.scenarios.slack.stage import Stage
from tests.scenarios.slack.witness import answers, approval, asked, cards, requests, shows_the_truth
from workflows.engine.model import ApprovalState, Outcome, RunState


def close(stage: Stage, how: str, channel: str = "#content") -> None:
    stage.workspace.archive(channel) if how == "archived" else stage.workspace.kick_bot(channel)


@pytest.mark.parametrize("how", ["archived", "kicked"])
def test_a_channel_closes_while_an_approval_is_open(over_http: Stage, how: str) -> None:
    stage, ana, ben = over_http, over_http.user("ana"), over_http.user("ben")
    request = asked(stage)
    close(stage, how)
    approval_id = approval(stage).id
    stage.runtime.service.reassign(approval_id, ["role:editors", stage.actor("ben")], by=stage.actor("carla"))
    stage.settle()
    asked_directly = ben.see("Publish this?", channel="dm")
    why = "it is archived" if how == "archived" else "the bot is not in it"
    assert why in ana.see("can't be posted to", channel="dm").shown
    ben.click("Approve", message=asked_directly)
    stage.settle()
    assert stage.shop.sold == ["tea"]
    assert not stage.current(asked_directly).buttons
    ana.see("Published: receipt for tea", channel="dm")
    if how == "kicked":
        ben.click("Approve", message=request)
        stage.quiet()
        assert "already approved" in answers(ben)[-1]
    shows_the_truth(stage, closed=("#content",))
    card = stage.runtime.outbox.card(stage.run().id)
    assert card is not None
    assert why in card.error


@pytest.mark.parametrize("how", ["archived", "kicked"])
def test_a_channel_closes_between_a_press_and_the_update(over_http: Stage, how: str) -> None:
    stage, ana, ben = over_http, over_http.user("ana"), over_http.user("ben")
    request = asked(stage)
    ben.click("Approve", message=request)
    stage.quiet()
    close(stage, how)
    stage.settle()
    assert stage.shop.sold == ["tea"]
    assert stage.run().state is RunState.SUCCEEDED
    assert "Published: receipt for tea" in ana.see("Published", channel="dm").shown
    assert len([one for one in ana.messages("dm") if "can't be posted to" in one.shown]) == 1
    shows_the_truth(stage, closed=("#content",))


def test_the_bot_is_thrown_out_of_a_private_channel(over_http: Stage) -> None:
    stage, ana, carla = over_http, over_http.user("ana"), over_http.user("carla")
    ben = stage.user("ben")
    request = asked(stage, channel="#finance")
    ben.see("Publish this?", channel="dm")  # who decides and is not in the channel is asked directly
    stage.workspace.kick_bot("#finance")
    stage.skip(seconds=31)
    ben.click("Approve", message=ben.see("Publish this?", channel="dm"))
    stage.settle()
    assert stage.shop.sold == ["tea"]
    assert "Published" in ana.see("Published", channel="dm").shown
    carla.click("Approve", message=request)
    stage.quiet()
    assert "already approved by @ben" in answers(carla)[-1]
    shows_the_truth(stage, closed=("#finance",))
    ben.never_sees("Published", channel="dm")


def test_a_channel_gets_another_name(over_http: Stage) -> None:
    stage, ben = over_http, over_http.user("ben")
    request = asked(stage)
    stage.workspace.rename("#content", "writing")
    ben.click("Approve", message=request)
    stage.settle()
    assert stage.shop.sold == ["tea"]
    assert not stage.current(request).buttons
    assert len(cards(stage, "#writing")) == 1
    shows_the_truth(stage)


def test_the_bot_was_never_in_the_channel(over_http: Stage) -> None:
    stage, ana, ben = over_http, over_http.user("ana"), over_http.user("ben")
    ana.command("/baton run article title=tea", channel="#random")
    stage.settle()
    assert "invite it with /invite" in ana.see("can't be posted to", channel="dm").shown
    ben.click("Approve", message=ben.see("Publish this?", channel="dm"))
    stage.settle()
    assert stage.shop.sold == ["tea"]
    assert not requests(stage, "#random")
    shows_the_truth(stage)


def test_the_bot_comes_back(over_http: Stage) -> None:
    stage, ana, ben = over_http, over_http.user("ana"), over_http.user("ben")
    old = asked(stage)
    stage.workspace.kick_bot("#content")
    stage.runtime.service.cancel(stage.run().id, by=stage.actor("ana"))
    stage.settle()
    assert "cancelled" in ana.see("can't be posted to", channel="dm").text
    stage.workspace.invite_bot("#content")
    ana.command("/baton run article title=milk", channel="#content")
    stage.settle()
    ben.click("Approve", message=requests(stage)[-1])
    stage.settle()
    assert stage.shop.sold == ["milk"]
    ben.click("Approve", message=old)
    stage.quiet()
    assert "no longer asked for" in answers(ben)[-1]


def test_the_request_is_deleted(over_http: Stage) -> None:
    stage, ben = over_http, over_http.user("ben")
    request = asked(stage)
    stage.workspace.delete(request)
    stage.runtime.outbox.touch(stage.run().id)
    stage.runtime.service.reassign(approval(stage).id, [stage.actor("ben")], by=stage.actor("carla"))
    stage.settle()
    (again,) = requests(stage)
    assert again.ts != request.ts
    ben.click("Approve", message=again)
    stage.settle()
    assert stage.shop.sold == ["tea"]
    shows_the_truth(stage)


def test_the_card_is_deleted(over_http: Stage) -> None:
    stage, ben = over_http, over_http.user("ben")
    request = asked(stage)
    (card,) = cards(stage)
    stage.workspace.delete(card)
    ben.click("Approve", message=request)
    stage.settle()
    assert stage.shop.sold == ["tea"]
    (again,) = cards(stage)
    assert "succeeded" in again.text
    shows_the_truth(stage)


def test_everything_is_deleted_at_the_same_time(over_http: Stage) -> None:
    stage, ben = over_http, over_http.user("ben")
    request = asked(stage)
    ben.click("Approve", message=request)
    stage.quiet()
    for message in stage.workspace.channel("#content").messages:
        if not message.ephemeral_for:
            stage.workspace.delete(message)
    stage.settle()
    assert stage.shop.sold == ["tea"]
    assert len(cards(stage)) == 1
    assert not requests(stage)
    shows_the_truth(stage)


def test_the_only_approver_is_deactivated(over_http: Stage) -> None:
    stage, ana, ben = over_http, over_http.user("ana"), over_http.user("ben")
    request = asked(stage)
    stage.runtime.service.reassign(approval(stage).id, [stage.actor("ben")], by=stage.actor("carla"))
    stage.settle()
    stage.workspace.deactivate("ben")
    stage.skip(seconds=31)
    carla = stage.user("carla")
    carla.click("Reassign", message=stage.current(request))
    assert carla.submit(who_decides_instead=["carla"], why="Ben left") is None
    stage.settle()
    carla.click("Approve", message=stage.current(request))
    stage.settle()
    assert stage.shop.sold == ["tea"]
    assert approval(stage).outcome is Outcome.APPROVED
    ana.see("Published", channel="#content")
    assert ben.person.deleted
    shows_the_truth(stage)


def test_the_starter_is_deactivated(over_http: Stage) -> None:
    stage, ben = over_http, over_http.user("ben")
    request = asked(stage)
    stage.workspace.deactivate("ana")
    stage.skip(seconds=31)
    stage.workspace.kick_bot("#content")
    ben.click("Approve", message=request)
    stage.settle()
    assert approval(stage).state is ApprovalState.DECIDED
    assert stage.shop.sold == ["tea"]
    ops = [one.shown for one in stage.workspace.channel("#ops").messages]
    assert [one for one in ops if "Publish an article" in one], "It is shown in the last place that is left"
    ben.click("Approve", message=request)
    stage.quiet()
    assert answers(ben)[-1] != LATE
    shows_the_truth(stage, closed=("#content",))
