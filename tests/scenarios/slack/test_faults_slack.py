"""Slack refuses, loses answers or is away: the channel ends up showing the truth, and every effect is there once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.sandbox import NoAppConnected
from bot.slack.listeners import SLOW
from tests.scenarios.slack.stage import Stage
from tests.scenarios.slack.witness import answers, asked, cards, requests, shows_the_truth
from workflows.engine.model import RunState


def test_a_pause_of_half_a_minute_before_updates(over_http: Stage) -> None:
    stage, ben = over_http, over_http.user("ben")
    request = asked(stage)
    stage.workspace.faults.rate_limit("chat.update", retry_after=30, times=1)
    before = stage.clock.monotonic()
    ben.click("Approve", message=request)
    stage.settle()
    assert 29 <= stage.clock.monotonic() - before <= 45
    assert stage.shop.sold == ["tea"]
    shown = stage.current(request)
    assert "@ben" in shown.shown
    assert not shown.buttons
    limited = [call for call in stage.workspace.calls if call.error == "ratelimited"]
    assert len(limited) == 1, "Slack was asked again although it had said when"
    shows_the_truth(stage)


def test_a_press_is_answered_at_once_although_updates_are_paused(over_http: Stage) -> None:
    stage, ben = over_http, over_http.user("ben")
    request = asked(stage)
    stage.runtime.outbox.hold("slack/update", timedelta(seconds=30))
    ben.click("Approve", message=request)
    stage.quiet()
    stage.runtime.hands("another").deliver(stage.run().id)
    assert not stage.current(request).buttons
    stage.settle()
    shows_the_truth(stage)


def test_a_pause_of_half_a_minute_before_posts(over_http: Stage) -> None:
    stage, ben = over_http, over_http.user("ben")
    stage.workspace.faults.rate_limit("chat.postMessage", retry_after=30, times=2)
    request = asked(stage)
    assert len([call for call in stage.workspace.calls if call.error == "ratelimited"]) == 2
    ben.click("Approve", message=request)
    stage.settle()
    assert stage.shop.sold == ["tea"]
    assert len(cards(stage)) == 1
    shows_the_truth(stage)


@pytest.mark.parametrize("how", ["refuse", "503"])
def test_slack_is_down_for_a_minute_in_the_middle_of_a_run(over_http: Stage, how: str) -> None:
    stage, ben = over_http, over_http.user("ben")
    request = asked(stage)
    ben.click("Approve", message=request)
    stage.quiet()
    stage.workspace.faults.down(how)
    for _ in range(6):
        stage.clock.advance(timedelta(seconds=10))
        stage.round()
    assert stage.run().state is RunState.SUCCEEDED
    assert stage.current(request).buttons
    assert stage.shop.sold == ["tea"]
    stage.workspace.faults.up()
    stage.settle()
    assert not stage.current(request).buttons
    assert [one.text for one in stage.workspace.channel("#content").messages if "Published" in one.shown]
    shows_the_truth(stage)


def test_slack_cuts_the_socket_and_stays_away_for_a_minute(over_socket: Stage) -> None:
    stage, ben = over_socket, over_socket.user("ben")
    request = asked(stage)
    ben.click("Approve", message=request)
    stage.quiet()
    stage.workspace.faults.down()
    for _ in range(6):
        stage.clock.advance(timedelta(seconds=10))
        stage.round()
    assert stage.workspace.connections == 0
    with pytest.raises(NoAppConnected):
        ben.click("Approve", message=request)
    assert "no app is connected" in ben.notices[-1]
    stage.workspace.faults.up()
    stage.workspace.wait_connected()
    stage.settle()
    assert not stage.current(request).buttons
    assert stage.shop.sold == ["tea"]
    ben.click("Approve", message=request)
    stage.settle()
    assert "already approved by you" in answers(ben)[-1]
    shows_the_truth(stage)


def test_slack_is_slow(stage: Stage) -> None:
    ana, ben = stage.user("ana"), stage.user("ben")
    stage.workspace.faults.slow(4.0)  # nobody is known yet, and asking who somebody is takes longer than Slack waits
    said = ana.command("/baton run note topic=tea", channel="#content").shown  # raises when it is not taken in time
    assert said == SLOW or "can't be found out just now who this is" in said
    stage.workspace.faults.slow(0)
    stage.settle()
    assert said != SLOW or len(answers(ana)) > 1, "What takes long is answered later"
    assert len(stage.runs("note")) <= 1
    stage.clock.advance(timedelta(seconds=2))
    request = asked(stage)
    ben.click("Reject", message=request)
    ben.submit(why="no")
    stage.settle()
    request = asked(stage)
    stage.clock.advance(timedelta(seconds=60))
    stage.workspace.faults.slow(4.0)
    ben.click("Approve", message=request)  # raises when it is not taken within three seconds
    stage.workspace.faults.slow(0)
    stage.settle()
    assert stage.shop.sold == ["tea"]
    shows_the_truth(stage)


def test_slack_is_down_over_a_start_from_elsewhere(over_http: Stage) -> None:
    stage, ben = over_http, over_http.user("ben")
    channel = f"slack:{stage.workspace.team_id}:{stage.workspace.channel('#content').id}"
    stage.workspace.faults.down()
    stage.runtime.service.start("article", {"title": "tea"}, by="cli:root", channel=channel)
    for _ in range(6):
        stage.clock.advance(timedelta(seconds=10))
        stage.round()
    stage.workspace.faults.up()
    stage.settle()
    (request,) = requests(stage)
    ben.click("Approve", message=request)
    stage.settle()
    assert stage.shop.sold == ["tea"]
    shows_the_truth(stage)


@pytest.mark.parametrize("which", ["card", "approval"])
def test_the_answer_to_a_post_is_lost(over_http: Stage, which: str) -> None:
    stage, ben = over_http, over_http.user("ben")
    ana = stage.user("ana")
    ana.command("/baton run article title=tea", channel="#content")
    stage.quiet()
    if which == "approval":
        stage.round(advance=False)
    stage.workspace.faults.lose_answer("chat.postMessage")
    stage.settle()
    (request,) = requests(stage)
    assert len(cards(stage)) == 1
    ben.click("Approve", message=request)
    stage.settle()
    assert stage.shop.sold == ["tea"]
    shows_the_truth(stage)


def test_the_answer_to_an_update_is_lost(over_http: Stage) -> None:
    stage, ben = over_http, over_http.user("ben")
    request = asked(stage)
    stage.workspace.faults.lose_answer("chat.update", times=2)
    ben.click("Approve", message=request)
    stage.settle()
    assert not stage.current(request).buttons
    assert stage.shop.sold == ["tea"]
    shows_the_truth(stage)


def test_slack_opens_no_form(over_http: Stage) -> None:
    stage, ben = over_http, over_http.user("ben")
    request = asked(stage)
    stage.workspace.faults.fail("views.open", "internal_error", times=1)
    ben.click("Reject", message=request)
    stage.quiet()
    assert "Press the button again" in answers(ben)[-1]
    ben.click("Reject", message=request)
    ben.submit(why="no")
    stage.settle()
    assert not stage.current(request).buttons
    shows_the_truth(stage)


def test_slack_does_not_fill_the_form(over_http: Stage) -> None:
    stage, ben = over_http, over_http.user("ben")
    request = asked(stage)
    stage.workspace.faults.rate_limit("views.update", retry_after=30, times=1)
    ben.click("Reject", message=request)
    stage.quiet()
    assert any("again" in told for told in answers(ben)), answers(ben)
    ben.close_modal()
    ben.click("Reject", message=request)
    ben.submit(why="no")
    stage.settle()
    assert not stage.current(request).buttons


def test_slack_opens_no_form_for_a_command(over_http: Stage) -> None:
    stage, ana = over_http, over_http.user("ana")
    stage.workspace.faults.fail("views.open", "internal_error", times=1)
    ana.command("/baton run note", channel="#content")
    stage.quiet()
    assert "needs `topic`" in answers(ana)[-1]
