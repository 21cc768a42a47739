"""Signed HTTP: what is POSTed, how it is signed, and what happens when the app does not take it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest
from slack_sdk.signature import SignatureVerifier

from bot.sandbox import AppFailed, LocalWorkspace, NoAppConnected, OperationTimeout, SkippingClock
from tests.unit.bot.sandbox.stage import (
    Heard,
    Listener,
    actions,
    app_of,
    button,
    client_of,
    connected,
    manifest,
    section,
)

Json = dict[str, Any]
JSON = {"Content-Type": "application/json"}


def fine(_heard: Heard) -> tuple[int, dict[str, str], str]:
    return 200, {}, ""


def says(status: int, body: str = "", **headers: str) -> Callable[[Heard], tuple[int, dict[str, str], str]]:
    return lambda _heard: (status, headers, body)


def valid(workspace: LocalWorkspace, heard: Heard) -> bool:
    return SignatureVerifier(workspace.signing_secret).is_valid_request(heard.body, heard.headers)


def test_the_three_forms(workspace: LocalWorkspace) -> None:
    listener = Listener(fine)
    ana = workspace.user("ana")
    with listener.listening():
        workspace.deliver_to(listener.url)
        client_of(workspace).chat_postMessage(channel="#ops", text="x", blocks=[section("x"), actions(button("Go"))])
        workspace.settle()
        ana.click("Go")
        ana.command("/baton run topic=Grünkohl & <tea>", channel="#ops")
        event, click, command = listener.wait(3)
    assert all(valid(workspace, one) for one in (event, click, command))
    assert event.headers["Content-Type"] == "application/json"
    assert json.loads(event.body)["event"]["bot_id"] == "B0LOCALBOT"
    assert click.headers["Content-Type"] == "application/x-www-form-urlencoded"
    pressed = json.loads(parse_qs(click.body)["payload"][0])
    assert (pressed["type"], pressed["user"]["team_id"]) == ("block_actions", workspace.team_id)
    assert pressed["actions"][0]["value"] == "1"
    told = parse_qs(command.body)
    assert told["text"] == ["run topic=Grünkohl &amp; &lt;tea&gt;"]
    assert told["is_enterprise_install"] == ["false"]


def test_a_challenge(workspace: LocalWorkspace) -> None:
    def echo(heard: Heard) -> tuple[int, dict[str, str], str]:
        return 200, JSON, json.dumps({"challenge": json.loads(heard.body)["challenge"]})

    good, bad = Listener(echo), Listener(says(404))
    with good.listening(), bad.listening():
        assert workspace.verify(good.url)
        assert not workspace.verify(bad.url)


def test_a_bolt_app_takes_the_challenge_and_refuses_bad_signatures(workspace: LocalWorkspace) -> None:
    app = app_of(workspace)

    @app.command("/baton")
    def run(ack: Any) -> None:
        ack("yes")

    ana = workspace.user("ana")
    with connected(workspace, app, "http"):
        url = workspace.site._https[-1].url
        assert workspace.verify(url)
        assert ana.command("/baton").shown == "yes"
        workspace.faults.sign_wrongly()
        with pytest.raises(AppFailed) as refused:
            ana.command("/baton")
        assert refused.value.reason == "http_client_error"
        for seconds in (301, 400, -400):
            workspace.faults.sign_late(seconds=seconds)
            with pytest.raises(AppFailed):
                ana.command("/baton")
        assert ana.command("/baton").shown == "yes"
        assert '/baton failed with the error "http_client_error"' in ana.notices


def test_retries_and_their_headers(workspace: LocalWorkspace, clock: SkippingClock) -> None:
    listener = Listener(says(500))
    with listener.listening():
        workspace.deliver_to(listener.url)
        workspace.user("ana").dm("hello")
        workspace.settle()
        assert len(listener.heard) == 2
        clock.skip(60)
        workspace.settle()
        clock.skip(300)
        workspace.settle()
        clock.skip(3_600)
        workspace.settle()
        told = [
            (one.headers.get("X-Slack-Retry-Num"), one.headers.get("X-Slack-Retry-Reason")) for one in listener.heard
        ]
    assert told == [(None, None), ("1", "http_error"), ("2", "http_error"), ("3", "http_error")]
    assert len({one.body for one in listener.heard}) == 1


def test_an_app_can_stop_the_retries(workspace: LocalWorkspace) -> None:
    listener = Listener(says(500, **{"X-Slack-No-Retry": "1"}))
    with listener.listening():
        workspace.deliver_to(listener.url)
        workspace.user("ana").dm("hello")
        workspace.settle()
    assert len(listener.heard) == 1


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (says(200, "done"), "done"),
        (says(200, json.dumps({"text": "*done*"}), **JSON), "*done*"),
        (says(200), ""),
    ],
)
def test_what_a_command_may_answer(workspace: LocalWorkspace, answer: Any, shown: str) -> None:
    listener = Listener(answer)
    with listener.listening():
        workspace.deliver_to(listener.url)
        assert workspace.user("ana").command("/baton", channel="#random").shown == shown


def test_an_answer_for_all_and_a_bad_one(workspace: LocalWorkspace) -> None:
    loud = Listener(says(200, json.dumps({"response_type": "in_channel", "text": "all"}), **JSON))
    bad = Listener(says(200, json.dumps({"blocks": [{"type": "poem"}]}), **JSON))
    ana, ben = workspace.user("ana"), workspace.user("ben")
    with loud.listening(), bad.listening():
        workspace.deliver_to(loud.url)
        ana.command("/baton", channel="#content")
        assert ben.see("all").ephemeral_for == ""
        workspace.deliver_to(bad.url)
        with pytest.raises(AppFailed, match="invalid_blocks"):
            ana.command("/baton", channel="#content")


def test_nobody_is_there(workspace: LocalWorkspace) -> None:
    workspace.deliver_to("http://127.0.0.1:9/slack/events")
    with pytest.raises(NoAppConnected):
        workspace.user("ana").command("/baton")


def test_too_late() -> None:
    noticed = threading.Event()

    def late(_heard: Heard) -> tuple[int, dict[str, str], str]:
        noticed.wait(10)
        return 200, {}, "too late"

    listener = Listener(late)
    with LocalWorkspace(manifest(), ack_seconds=0.1) as workspace, listener.listening():
        workspace.deliver_to(listener.url)
        with pytest.raises(OperationTimeout):
            workspace.user("ana").command("/baton")
        noticed.set()
