"""Socket Mode, frame by frame and with slack_sdk's own client."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from bot.sandbox import LocalWorkspace, NoAppConnected, OperationTimeout, SkippingClock
from tests.unit.bot.sandbox.stage import client_of, manifest

Json = dict[str, Any]


def opened(workspace: LocalWorkspace) -> Connection:
    """A bare websocket, past its hello."""
    address = client_of(workspace).apps_connections_open(app_token=workspace.app_token)["url"]
    socket = connect(address, compression=None)
    hello = json.loads(socket.recv(5))
    assert hello["type"] == "hello"
    assert hello["connection_info"]["app_id"].startswith("A0LOCAL")
    return socket


def answer(socket: Connection, payload: Json | None = None) -> Json:
    """Read one envelope and acknowledge it."""
    envelope: Json = json.loads(socket.recv(5))
    socket.send(json.dumps({"envelope_id": envelope["envelope_id"], **({"payload": payload} if payload else {})}))
    return envelope


@pytest.fixture
def hasty() -> Iterator[LocalWorkspace]:
    """A workspace that does not wait long for answers."""
    with LocalWorkspace(manifest(), clock=SkippingClock(), ack_seconds=0.15) as workspace:
        yield workspace


def test_envelopes(workspace: LocalWorkspace) -> None:
    ana = workspace.user("ana")
    with opened(workspace) as socket, ThreadPoolExecutor() as pool:
        reply = pool.submit(ana.command, "/baton runs", "#content")
        command = answer(socket, {"text": "None yet."})
        assert (command["type"], command["accepts_response_payload"]) == ("slash_commands", True)
        assert command["payload"]["command"] == "/baton"
        assert command["payload"]["channel_name"] == "content"
        assert "retry_attempt" not in command
        told = reply.result().message
        assert told is not None
        assert (told.shown, told.ephemeral_for) == ("None yet.", ana.id)
        ana.mention("hello", channel="#content")
        first, second = answer(socket), answer(socket)
        assert (first["type"], first["accepts_response_payload"], first["retry_attempt"]) == ("events_api", False, 0)
        assert [one["payload"]["event"]["type"] for one in (first, second)] == ["message", "app_mention"]
        assert first["payload"]["event_id"] != second["payload"]["event_id"]
        assert first["payload"]["event"]["ts"] == second["payload"]["event"]["ts"]
        assert first["payload"]["is_ext_shared_channel"] is True
        workspace.settle()


def test_an_address_works_once(workspace: LocalWorkspace) -> None:
    address = client_of(workspace).apps_connections_open(app_token=workspace.app_token)["url"]
    with connect(address) as socket:
        socket.recv(5)
        with pytest.raises(InvalidStatus):
            connect(address)


def test_each_payload_goes_to_one_of_ten(workspace: LocalWorkspace) -> None:
    with ExitStack() as stack:
        sockets = [stack.enter_context(opened(workspace)) for _ in range(10)]
        eleventh = connect(client_of(workspace).apps_connections_open(app_token=workspace.app_token)["url"])
        assert json.loads(eleventh.recv(5)) == {
            "type": "disconnect",
            "reason": "too_many_websockets",
            "debug_info": {"host": "applink-local"},
        }
        eleventh.close()
        for number in range(20):
            workspace.user("ana").dm(str(number))
        heard = Counter(answer(socket)["payload"]["event"]["text"] for socket in sockets for _ in range(2))
        assert heard == Counter({str(number): 1 for number in range(20)})
        workspace.settle()


def test_events_are_retried_three_times(hasty: LocalWorkspace) -> None:
    clock = hasty.world.clock
    assert isinstance(clock, SkippingClock)
    with opened(hasty) as socket:
        hasty.user("ana").dm("hello")
        seen = [json.loads(socket.recv(5)) for _ in range(2)]
        hasty.settle()
        for seconds in (60, 300):
            clock.skip(seconds - 1)
            hasty.settle()
            with pytest.raises(TimeoutError):
                socket.recv(0)
            clock.skip(1)
            hasty.settle()
            seen.append(json.loads(socket.recv(5)))
        assert [(one["retry_attempt"], one["retry_reason"]) for one in seen] == [
            (0, ""), (1, "timeout"), (2, "timeout"), (3, "timeout"),
        ]  # fmt: skip
        assert len({one["payload"]["event_id"] for one in seen}) == 1
        clock.skip(10_000)
        hasty.settle()
        assert len(hasty.site.courier.dropped) == 1


def test_nobody_answers(hasty: LocalWorkspace) -> None:
    ana = hasty.user("ana")
    with opened(hasty):
        with pytest.raises(OperationTimeout):
            ana.command("/baton run", channel="#content")
        assert ana.notices == ['/baton failed with the error "operation_timeout"']
        ana.see("operation_timeout", "#content")
    assert hasty.user("ben").notices == []


def test_nobody_is_connected(workspace: LocalWorkspace) -> None:
    ana = workspace.user("ana")
    with pytest.raises(NoAppConnected, match="no app is connected to this workspace"):
        ana.command("/baton run", channel="#content")
    assert "Start the bot" in ana.notices[0]


def test_a_warning_comes_before_the_end(workspace: LocalWorkspace) -> None:
    workspace.site.sockets.grace = 0.05
    with opened(workspace) as old:
        workspace.faults.refresh_socket()
        assert json.loads(old.recv(5))["reason"] == "refresh_requested"
        with opened(workspace) as new:
            workspace.user("ana").dm("hello")
            assert answer(new)["payload"]["event"]["text"] == "hello"
            with pytest.raises(ConnectionClosed):
                old.recv(5)
            workspace.settle()


def test_slack_sdks_client_comes_back_after_a_cut(workspace: LocalWorkspace) -> None:
    web = WebClient(base_url=workspace.api_url)
    client = SocketModeClient(app_token=workspace.app_token, web_client=web, ping_interval=0.1)
    client.logger.disabled = True
    heard: list[str] = []
    arrived = threading.Condition()

    def listen(socket: Any, request: SocketModeRequest) -> None:
        socket.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        with arrived:
            heard.append(request.payload["event"]["text"])
            arrived.notify_all()

    client.socket_mode_request_listeners.append(listen)
    client.connect()
    workspace.wait_connected()
    workspace.user("ana").dm("before")
    workspace.settle()
    workspace.faults.drop_socket()
    with workspace.world.changed:
        assert workspace.world.changed.wait_for(lambda: workspace.site.sockets.opened == 2, 10)
    workspace.wait_connected()
    workspace.user("ana").dm("after")
    with arrived:
        assert arrived.wait_for(lambda: heard == ["before", "after"], 10), heard
    workspace.settle()
    threading.Thread(target=client.close, daemon=True).start()


def test_doubled_and_reordered_events(workspace: LocalWorkspace) -> None:
    with opened(workspace) as socket:
        workspace.faults.duplicate_deliveries(1)
        workspace.user("ana").dm("twice")
        both = [answer(socket), answer(socket)]
        assert both[0]["payload"]["event_id"] == both[1]["payload"]["event_id"]
        assert [one["retry_attempt"] for one in both] == [0, 1]
        workspace.faults.reorder(3)
        for word in ("one", "two", "three"):
            workspace.user("ana").dm(word)
        assert [answer(socket)["payload"]["event"]["text"] for _ in range(3)] == ["three", "two", "one"]
        workspace.settle()


def test_events_that_the_manifest_does_not_ask_for_stay_away() -> None:
    asked_for = manifest(events=["app_mention"], without=("im:history",))
    with LocalWorkspace(asked_for) as workspace, opened(workspace) as socket:
        workspace.user("ana").dm("nobody hears this")
        workspace.user("ana").say("nor this", "#content")
        workspace.user("ana").mention("but this", channel="#content")
        assert answer(socket)["payload"]["event"]["type"] == "app_mention"
        workspace.settle()


def test_who_an_event_came_from(workspace: LocalWorkspace) -> None:
    with opened(workspace) as socket:
        workspace.user("eve").mention("hi", channel="#content")
        told = answer(socket)["payload"]
        assert told["event"]["user_team"] == told["event"]["team"] == "T0LOCALOTHER"
        assert told["team_id"] == workspace.team_id
        answer(socket)
        workspace.user("ana").say("private", "#finance")
        told = answer(socket)["payload"]
        assert (told["event"]["channel_type"], told["is_ext_shared_channel"]) == ("group", False)
        workspace.settle()
