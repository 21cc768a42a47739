"""Slack tells of things twice, late, in another order, or somebody else tells of them: one run, one decision."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from bot.sandbox import AppFailed, LocalUser, payloads
from bot.sandbox.courier import Delivery
from bot.sandbox.model import Payload
from bot.slack.manifest import EVENTS_PATH
from bot.web.app import create_app
from tests.scenarios.slack.stage import Stage, serving
from tests.scenarios.slack.witness import answers, approval, asked, cards, shows_the_truth
from workflows.engine.model import ApprovalState, RunState


def typed(stage: Stage, user: LocalUser, line: str, times: int) -> list[Any]:
    """Type a command, of which Slack tells so many times at once; the bodies of the answers."""
    workspace = stage.workspace
    channel = workspace.channel("#content").now
    name, _, text = line.partition(" ")
    told, _ = workspace.site.gestures.typed(user.person, channel, name, text)
    with ThreadPoolExecutor(times) as pool:
        acks = list(pool.map(lambda _: workspace.run(workspace.site.courier.deliver(told)), range(times)))
    assert not [ack.problem for ack in acks if ack.problem]
    return [ack.body for ack in acks]


def test_a_command_that_comes_several_times_is_one_run(stage: Stage) -> None:
    bodies = typed(stage, stage.user("ana"), "/baton run article title=tea", 3)
    stage.settle()
    run = stage.run()
    assert all(run.id in json.dumps(body) for body in bodies), "Each of them is told of the one run"
    assert len(cards(stage)) == 1
    shows_the_truth(stage)


def test_a_mention_that_comes_again_is_answered_once(stage: Stage) -> None:
    ana = stage.user("ana")
    stage.workspace.faults.duplicate_deliveries(2)
    said = ana.mention("run note topic=tea", channel="#content")
    stage.settle()
    stage.workspace.faults.clear()
    assert stage.run().state is RunState.SUCCEEDED
    assert len(stage.workspace.replies(said)) == 1
    stage.workspace.faults.duplicate_deliveries(1)
    ana.dm("runs")
    stage.settle()
    assert len([one for one in ana.messages("dm") if one.user == stage.workspace.bot_user_id]) == 1
    shows_the_truth(stage)


@pytest.mark.parametrize("when", ["before it is read", "after it is carried out"])
def test_a_mention_whose_taker_broke_is_sent_again(
    over_http: Stage, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    stage, ana = over_http, over_http.user("ana")
    dispatch = stage.side.app.bolt.dispatch
    calls: list[str] = []

    def crashing(request: Any) -> Any:
        if request.body.get("event", {}).get("type") != "app_mention":
            return dispatch(request)  # the same words also come as a message of the channel
        calls.append(str(request.headers.get("x-slack-retry-num", [""])[0]))
        answer = dispatch(request) if when.startswith("after") or len(calls) > 1 else None
        if len(calls) == 1:
            raise ZeroDivisionError
        return answer

    monkeypatch.setattr(stage.side.app.bolt, "dispatch", crashing)
    said = ana.mention("run note topic=tea", channel="#content")
    stage.settle()
    stage.skip(seconds=61)  # the first repeat may meet the connection that was closed over it
    assert calls in (["", "1"], ["", "2"])
    assert stage.run().state is RunState.SUCCEEDED
    assert len(stage.workspace.replies(said)) == 1


def test_words_that_come_in_another_order_are_all_taken(stage: Stage) -> None:
    ana = stage.user("ana")
    stage.workspace.faults.reorder(3)
    for topic in ("one", "two", "three"):
        ana.mention(f"run note topic={topic}", channel="#content")
    stage.settle()
    assert sorted(json.loads(run.input)["topic"] for run in stage.runs()) == ["one", "three", "two"]
    assert len(cards(stage)) == 3
    shows_the_truth(stage)


def test_a_form_that_is_sent_twice_is_one_run(over_http: Stage) -> None:
    stage, ana = over_http, over_http.user("ana")
    ana.command("/baton run note", channel="#content")
    ana.fill(topic="tea")
    view = ana.see_modal("Topic")
    site = stage.workspace.site
    told = Delivery("interactive", payloads.view_submission(stage.workspace.world, ana.person, view, []), True)
    with ThreadPoolExecutor(2) as pool:
        acks = list(pool.map(lambda _: stage.workspace.run(site.courier.deliver(told)), range(2)))
    assert not [ack for ack in acks if ack.problem or ack.body]
    stage.settle()
    assert stage.run().state is RunState.SUCCEEDED
    shows_the_truth(stage)


def cut(stage: Stage, meanwhile: Callable[[], object] = lambda: None) -> None:
    """Cut the connection without a word, and wait for the next one."""
    sockets, world = stage.workspace.site.sockets, stage.workspace.world
    before = sockets.opened
    stage.workspace.faults.drop_socket()
    meanwhile()
    with world.changed:
        assert world.changed.wait_for(lambda: sockets.opened > before, 20)


def test_a_socket_that_is_cut_in_the_middle_loses_nothing(over_socket: Stage) -> None:
    stage, ben = over_socket, over_socket.user("ben")
    request = asked(stage)
    cut(stage)
    ben.click("Approve", message=request)
    stage.settle()
    ana = stage.user("ana")
    cut(stage, lambda: ana.mention("run note topic=tea", channel="#content"))
    stage.skip(seconds=61)  # when Slack sends again what nobody took
    assert stage.shop.sold == ["tea"]
    assert stage.run("note").state is RunState.SUCCEEDED
    shows_the_truth(stage)


# what Slack did not sign --------------------------------------------------------------------------------------


def signed(secret: str, body: bytes, at: int | None = None) -> dict[str, str]:
    moment = str(int(time.time()) if at is None else at)
    digest = hmac.new(secret.encode(), f"v0:{moment}:".encode() + body, hashlib.sha256).hexdigest()
    return {
        "X-Slack-Request-Timestamp": moment, "X-Slack-Signature": f"v0={digest}",
        "Content-Type": "application/x-www-form-urlencoded",
    }  # fmt: skip


def forged(stage: Stage, press: Payload) -> list[bytes]:
    """A command, an approval and a mention, as Slack would send them."""
    ben, world = stage.user("ben"), stage.workspace.world
    channel = stage.workspace.channel("#content").id
    command = {
        "command": "/baton", "text": "run note topic=forged", "team_id": world.team_id, "user_id": ben.id,
        "channel_id": channel, "trigger_id": "1.2.3", "response_url": f"{stage.workspace.address}/hook",
    }  # fmt: skip
    event = {"type": "app_mention", "user": ben.id, "channel": channel, "ts": "1.2", "text": "<@U1> run note topic=x"}
    wrapped = {"type": "event_callback", "team_id": world.team_id, "event_id": "Ev9", "event": event}
    return [
        urlencode(command).encode(),
        urlencode({"payload": json.dumps(press)}).encode(),
        json.dumps(wrapped).encode(),
    ]


def test_what_slack_did_not_sign_is_refused_and_does_nothing(over_http: Stage) -> None:
    stage, ben = over_http, over_http.user("ben")
    request = asked(stage)
    button = request.button("Approve")
    action = {"type": "button", "action_id": button.action_id, "block_id": button.block_id, "value": button.value}
    press = stage.workspace.site.gestures.pressed(ben.person, request, action, {}).payload
    secret, now = stage.workspace.signing_secret, int(time.time())
    with serving(create_app(stage.runtime, slack=stage.side)) as address, httpx.Client(base_url=address) as client:
        for body in forged(stage, press):
            good = signed(secret, body)
            wrong: list[Any] = [
                {},
                signed("another secret", body),
                signed(secret, body, now - 600),
                signed(secret, body, now + 600),
                signed(secret, body + b"&"),
                {**good, "X-Slack-Signature": ""},
                {**good, "X-Slack-Signature": "v0=" + "0" * 64},
                {**good, "X-Slack-Signature": good["X-Slack-Signature"].replace("v0=", "v1=")},
                {**good, "X-Slack-Request-Timestamp": "soon"},
                {**good, "X-Slack-Request-Timestamp": ""},
                {**good, "X-Slack-Request-Timestamp": "9" * 400},
                {**good, "X-Slack-Request-Timestamp": "9" * 5_000},
                {**good, "X-Slack-Request-Timestamp": "nan"},
                {**good, "X-Slack-Signature": "v0=\xe4".encode("latin-1")},
            ]
            for headers in wrong:
                answer = client.post(EVENTS_PATH, content=body, headers=headers)
                assert answer.status_code == 401, (headers, answer.text)
    stage.settle()
    assert approval(stage).state is ApprovalState.OPEN
    assert len(stage.runs()) == 1
    assert not answers(ben)
    shows_the_truth(stage)


@pytest.mark.parametrize("how", ["wrongly", "late", "early"])
def test_a_command_that_is_signed_badly_is_told_of_by_slack(over_http: Stage, how: str) -> None:
    stage, ana = over_http, over_http.user("ana")
    faults = stage.workspace.faults
    faults.sign_wrongly() if how == "wrongly" else faults.sign_late(seconds=400 if how == "late" else -400)
    with pytest.raises(AppFailed, match="http_client_error"):
        ana.command("/baton run note topic=tea", channel="#content")
    assert "http_client_error" in ana.notices[-1]
    stage.settle()
    assert not stage.runs()
