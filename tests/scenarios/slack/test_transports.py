"""The two ways in: what is not signed by Slack is refused, and a lost connection comes back by itself."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from bot.slack.manifest import EVENTS_PATH
from bot.web.app import create_app
from bot.web.slack import MOST
from tests.scenarios.slack.stage import Stage, opened_stage, serving


@pytest.fixture
def over_http(tmp_path: Path) -> Iterator[Stage]:
    with opened_stage(tmp_path, "http") as stage:
        yield stage


@pytest.fixture
def over_socket(tmp_path: Path) -> Iterator[Stage]:
    with opened_stage(tmp_path, "socket") as stage:
        yield stage


def _signed(secret: str, body: bytes, age: int = 0) -> dict[str, str]:
    moment = str(int(time.time()) - age)
    digest = hmac.new(secret.encode(), f"v0:{moment}:".encode() + body, hashlib.sha256).hexdigest()
    return {
        "X-Slack-Request-Timestamp": moment, "X-Slack-Signature": f"v0={digest}", "Content-Type": "application/json"
    }  # fmt: skip


def test_what_is_not_signed_is_refused(over_http: Stage) -> None:
    secret = over_http.workspace.signing_secret
    body = json.dumps({"type": "url_verification", "challenge": "c4"}).encode()
    with serving(create_app(over_http.runtime, slack=over_http.side)) as address, httpx.Client() as client:
        url = f"{address}{EVENTS_PATH}"

        def status(content: bytes, headers: dict[str, str]) -> int:
            return client.post(url, content=content, headers=headers).status_code

        good = _signed(secret, body)
        assert client.post(url, content=body, headers=good).json()["challenge"] == "c4"
        assert status(body, {}) == 401
        assert status(body, _signed("another", body)) == 401
        assert status(body + b" ", good) == 401
        assert status(body, _signed(secret, body, age=301)) == 401
        assert status(body, _signed(secret, body, age=-400)) == 401
        assert status(b"\xff", _signed("another", b"\xff")) == 401
        assert status(b"\xff", {**good, "X-Slack-Signature": _signed(secret, b"")["X-Slack-Signature"]}) == 401
        assert status(b"x" * (MOST + 1), good) == 413
        assert client.get(url).status_code == 405


def test_a_signature_that_went_wrong_does_nothing(over_http: Stage) -> None:
    ana = over_http.user("ana")
    over_http.workspace.faults.sign_wrongly(1)
    with pytest.raises(Exception, match=r".+"):
        ana.command("/baton run note topic=tea")
    over_http.settle()
    assert not over_http.runs()


def test_a_lost_connection_comes_back(over_socket: Stage) -> None:
    ana = over_socket.user("ana")
    workspace = over_socket.workspace
    workspace.faults.drop_socket()
    with workspace.world.changed:
        assert workspace.world.changed.wait_for(lambda: not workspace.connections, 10)
    workspace.wait_connected(within=20)
    assert "What Baton understands" in ana.command("/baton help").shown
    line = over_socket.side.line
    assert line is not None
    assert line.connected(10)
    assert line.state().connected
    assert line.state().heard is not None


def test_a_burst_of_commands_is_taken(stage: Stage) -> None:
    people = [stage.user(name) for name in ("ana", "ben", "carla")]
    with ThreadPoolExecutor(40) as pool:
        asked = [
            pool.submit(people[number % 3].command, f"/baton run note topic=burst-{number}", "#content")
            for number in range(120)
        ]
        replies = [one.result() for one in asked]
    assert all("It is on its way" in reply.shown for reply in replies)
    assert len({run.input for run in stage.runs("note")} | set()) == len(stage.runs("note"))
    assert stage.runtime.store.totals().runs[("note", stage.runs("note")[0].state)] == 120
