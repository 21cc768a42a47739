"""Response URLs, with slack_sdk's WebhookClient."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import pytest
from slack_sdk.webhook import WebhookClient

from bot.sandbox import LocalWorkspace, SkippingClock
from tests.unit.bot.sandbox.stage import Heard, Listener, Recorder, actions, button, client_of, section

Json = dict[str, Any]


class Pressed:
    """A button that was pressed over HTTP, and the response URL that came with it."""

    def __init__(self, workspace: LocalWorkspace, *, ephemeral: bool = False) -> None:
        client, ana = client_of(workspace), workspace.user("ana")
        message: Json = {"channel": "#content", "text": "x", "blocks": [section("Original"), actions(button("Go"))]}
        if ephemeral:
            client.chat_postEphemeral(user=ana.id, **message)
        else:
            client.chat_postMessage(**message)
        told: list[Json] = []
        workspace.site.courier.transport = Recorder(told)
        workspace.settle()
        ana.click("Go")
        self.payload = next(one for one in told if one["type"] == "block_actions")
        self.hook = WebhookClient(self.payload["response_url"])

    def send(self, **body: Any) -> None:
        answer = self.hook.send_dict(body)
        assert (answer.status_code, answer.body) == (200, "ok")


def test_a_new_message_for_one_person_is_the_default(workspace: LocalWorkspace) -> None:
    pressed = Pressed(workspace)
    pressed.send(text="for you")
    assert workspace.user("ana").see("for you").ephemeral_for == workspace.user("ana").id
    workspace.user("ben").never_sees("for you")
    assert workspace.channel("#content").messages[-1].shown == "Original\nGo"


def test_a_new_message_for_all_in_a_thread(workspace: LocalWorkspace) -> None:
    pressed = Pressed(workspace)
    pressed.send(text="for all", response_type="in_channel", thread_ts=pressed.payload["container"]["message_ts"])
    assert workspace.user("ben").see("for all").is_reply


def test_replacing_and_deleting(workspace: LocalWorkspace) -> None:
    pressed = Pressed(workspace)
    pressed.send(text="Replaced", replace_original=True)
    assert workspace.channel("#content").messages[-1].shown == "Replaced"
    assert workspace.channel("#content").messages[-1].buttons == ()
    pressed.send(delete_original=True)
    assert workspace.channel("#content").messages == []


def test_replacing_what_one_person_sees(workspace: LocalWorkspace) -> None:
    pressed = Pressed(workspace, ephemeral=True)
    assert pressed.payload["container"]["is_ephemeral"] is True
    assert "message" not in pressed.payload
    pressed.send(text="Replaced", replace_original="true")
    assert [one.shown for one in workspace.user("ana").ephemerals()] == ["Replaced"]
    pressed.send(delete_original=True)
    assert workspace.user("ana").ephemerals() == []


def test_it_works_where_the_app_is_not(workspace: LocalWorkspace) -> None:
    pressed = Pressed(workspace)
    workspace.kick_bot("#content")
    pressed.send(text="still here", response_type="in_channel")
    workspace.user("ben").see("still here")


def test_five_uses_in_half_an_hour(workspace: LocalWorkspace, clock: SkippingClock) -> None:
    pressed = Pressed(workspace)
    clock.skip(30 * 60 - 1)
    for _ in range(5):
        pressed.send(text="x")
    assert pressed.hook.send(text="x").status_code == 404
    assert WebhookClient(f"{workspace.address}/actions/T/unknown").send(text="x").status_code == 404


@pytest.mark.parametrize(("status", "words"), [(429, "ratelimited"), (500, "internal_error")])
def test_faults(workspace: LocalWorkspace, status: int, words: str) -> None:
    pressed = Pressed(workspace)
    if status == 429:
        workspace.faults.rate_limit("response_url", retry_after=5)
    else:
        workspace.faults.fail("response_url")
    answer = pressed.hook.send(text="x")
    assert (answer.status_code, answer.body) == (status, words)
    pressed.send(text="again")


def test_the_payload_of_a_press(workspace: LocalWorkspace) -> None:
    told = Pressed(workspace).payload
    assert told["type"] == "block_actions"
    assert told["api_app_id"] == "A0LOCALAPP"
    assert told["team"]["id"] == told["user"]["team_id"] == workspace.team_id
    assert told["container"] == {
        "type": "message",
        "message_ts": told["message"]["ts"],
        "channel_id": workspace.channel("#content").id,
        "is_ephemeral": False,
    }
    assert told["channel"] == {"id": workspace.channel("#content").id, "name": "content"}
    assert told["message"]["bot_id"] == "B0LOCALBOT"
    action = told["actions"][0]
    assert (action["type"], action["action_id"], action["block_id"], action["value"]) == ("button", "go", "row", "1")
    assert action["text"]["text"] == "Go"
    assert action["action_ts"]
    assert told["state"] == {"values": {}}


def test_a_command_sent_over_http_has_one_too(workspace: LocalWorkspace) -> None:
    def use(heard: Heard) -> tuple[int, dict[str, str], str]:
        return 200, {}, ""

    listener = Listener(use)
    with listener.listening():
        workspace.deliver_to(listener.url)
        workspace.user("ana").command("/baton", channel="dm")
    told = parse_qs(listener.heard[0].body)
    assert told["channel_name"] == ["directmessage"]
    assert WebhookClient(told["response_url"][0]).send(text="later").status_code == 200
    workspace.user("ana").see("later")
