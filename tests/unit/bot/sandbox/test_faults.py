"""Each fault, seen through slack_sdk's own client."""

from __future__ import annotations

import time
from http.client import RemoteDisconnected

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from bot.sandbox import LocalWorkspace, SkippingClock
from tests.unit.bot.sandbox.stage import client_of, manifest
from tests.unit.bot.sandbox.test_socket_mode import opened


def error_of(client: WebClient) -> str:
    with pytest.raises(SlackApiError) as refused:
        client.auth_test()
    return str(refused.value.response["error"])


def test_rate_limits_for_a_number_of_times(workspace: LocalWorkspace, client: WebClient) -> None:
    workspace.faults.rate_limit("auth.test", retry_after=30, times=2)
    client.api_test()
    assert [error_of(client), error_of(client)] == ["ratelimited", "ratelimited"]
    assert client.auth_test()["ok"]
    workspace.faults.rate_limit("auth.*", retry_after=30, times=None)
    assert [error_of(client) for _ in range(4)] == ["ratelimited"] * 4
    workspace.faults.clear()
    assert client.auth_test()["ok"]


def test_slack_sdk_waits_as_long_as_it_is_told(workspace: LocalWorkspace) -> None:
    patient = client_of(workspace, retry_handlers=[RateLimitErrorRetryHandler(max_retry_count=1)])
    workspace.faults.rate_limit("auth.test", retry_after=0)
    assert patient.auth_test()["ok"]
    assert [(call.ok, call.error) for call in workspace.calls] == [(False, "ratelimited"), (True, "")]


def test_failing_with_an_error_of_slacks_or_a_status(workspace: LocalWorkspace, client: WebClient) -> None:
    workspace.faults.fail("auth.test", "fatal_error")
    assert error_of(client) == "fatal_error"
    workspace.faults.fail("auth.test", status=503)
    with pytest.raises(SlackApiError) as refused:
        client.auth_test()
    assert refused.value.response.status_code == 503
    assert workspace.calls[-1].error == "HTTP 503"
    assert client.auth_test()["ok"]


def test_a_lost_answer_took_effect(workspace: LocalWorkspace, client: WebClient) -> None:
    client.retry_handlers.clear()
    workspace.faults.lose_answer("chat.postMessage")
    with pytest.raises(RemoteDisconnected):
        client.chat_postMessage(channel="#content", text="once")
    assert [one.shown for one in workspace.channel("#content").messages] == ["once"]
    client.chat_postMessage(channel="#content", text="twice")


def test_slow_answers(workspace: LocalWorkspace, client: WebClient) -> None:
    workspace.faults.slow(0.1, times=1)
    began = time.monotonic()
    client.auth_test()
    assert time.monotonic() - began >= 0.1
    workspace.faults.slow(5)
    with pytest.raises(TimeoutError):
        client_of(workspace, timeout=0.05, retry_handlers=[]).auth_test()
    workspace.faults.slow(0)
    client.auth_test()


def test_slack_is_down(workspace: LocalWorkspace, client: WebClient) -> None:
    client.retry_handlers.clear()
    with opened(workspace):
        assert workspace.connections == 1
        workspace.faults.down()
        with workspace.world.changed:
            assert workspace.world.changed.wait_for(lambda: workspace.connections == 0, 10)
    with pytest.raises((RemoteDisconnected, ConnectionError)):
        client.auth_test()
    workspace.faults.down("503")
    with pytest.raises(SlackApiError) as refused:
        client.auth_test()
    assert refused.value.response.status_code == 503
    workspace.faults.up()
    assert client.auth_test()["ok"]
    with pytest.raises(ValueError, match="two ways"):
        workspace.faults.down("softly")


def test_slacks_own_limits_when_asked_for() -> None:
    clock = SkippingClock()
    with LocalWorkspace(manifest(), clock=clock, enforce_tiers=True) as workspace:
        client = client_of(workspace)
        posted = client.chat_postMessage(channel="#content", text="x")
        for _ in range(3):
            client.chat_postMessage(channel="#content", text="x")
        with pytest.raises(SlackApiError) as refused:
            client.chat_postMessage(channel="#content", text="x")
        assert refused.value.response.headers["retry-after"] == "1"
        client.chat_postMessage(channel="#ops", text="another channel")
        clock.skip(1)
        client.chat_postMessage(channel="#content", text="x")
        for _ in range(50):
            client.chat_update(channel=posted["channel"], ts=posted["ts"], text="x")
        with pytest.raises(SlackApiError):
            client.chat_update(channel=posted["channel"], ts=posted["ts"], text="x")
        clock.skip(60)
        client.chat_update(channel=posted["channel"], ts=posted["ts"], text="x")


def test_what_is_switched_on_is_told(workspace: LocalWorkspace) -> None:
    workspace.faults.rate_limit("chat.update", times=3)
    workspace.faults.slow(1)
    workspace.faults.reorder(2)
    told = workspace.faults.told()
    assert (told["slow"], told["methods"], told["reorder"]) == (1, ["limit chat.update ratelimited"], 2)
    workspace.faults.clear()
    assert workspace.faults.told() == {
        "down": "", "slow": 0.0, "methods": [], "duplicate": 0, "reorder": 0, "sign_wrongly": 0, "sign_late": 0,
    }  # fmt: skip
