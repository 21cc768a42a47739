"""What every connector does: health in words, and one error map for those over HTTP."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from integrations.base import Connector, Health
from integrations.errors import ConnectorError, InvalidRequest, NotFound, RateLimited, Unauthorized, Unavailable
from integrations.registry import Registry
from tests.contract.connectors.cases import CASES, SAMPLE, ConnectorCase, HttpCall
from tests.servers.http import Answer, Asked, CannedServer, as_json, serving
from workflows.engine.policy import CallInProgress, Effect, call_in_progress

LOCAL = [case for case in CASES if case.make]
MISCONFIGURED = [case for case in CASES if case.misconfigured]
OVER_HTTP = [case for case in (*CASES, SAMPLE) if case.over_http]
CALLS = [pytest.param(case, call, id=f"{case.name}.{name}") for case in OVER_HTTP for name, call in case.calls.items()]
STATUSES: list[tuple[int, type[ConnectorError], bool]] = [
    (400, InvalidRequest, False),
    (401, Unauthorized, False),
    (403, Unauthorized, False),
    (404, NotFound, False),
    (429, RateLimited, True),
    (500, Unavailable, True),
    (503, Unavailable, True),
]


class LostRun(BaseException):
    """What the engine raises when a worker no longer holds a run."""


class Failing(CannedServer):
    """Gives the same answer to everything."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self._answer = answer

    def answer(self, asked: Asked) -> Answer:
        """Record `asked`; the answer is always the same."""
        self.asked.append(asked)
        return self._answer


def test_the_error_map_is_tried_with_some_call_of_every_http_connector() -> None:
    assert [case.name for case in OVER_HTTP if not case.calls] == []


@pytest.mark.parametrize("case", LOCAL, ids=lambda case: case.name)
def test_a_working_connector_is_healthy(case: ConnectorCase, tmp_path: Path) -> None:
    assert case.make is not None
    connector = case.make(tmp_path)
    assert connector.health().ok
    assert connector.health().words


@pytest.mark.parametrize("case", MISCONFIGURED, ids=lambda case: case.name)
def test_a_misconfigured_connector_says_what_to_do(case: ConnectorCase, tmp_path: Path) -> None:
    assert case.misconfigured is not None
    connector = case.misconfigured(tmp_path)
    health = health_of(connector)
    assert not health.ok
    assert health.words.count(".") >= 2, f"{health.words!r} should say what is wrong, and what to do"


@pytest.mark.parametrize("case", OVER_HTTP, ids=lambda case: case.name)
def test_an_http_connector_is_healthy_when_its_service_is(case: ConnectorCase) -> None:
    assert case.over_http is not None
    with serving(case.healthy) as server:
        assert health_of(case.over_http(server.url)).ok
    failing = Failing(as_json({"message": "no"}, 401))
    failing.start()
    try:
        health = health_of(case.over_http(failing.url))
    finally:
        failing.stop()
    assert not health.ok
    assert case.secret not in health.words


@pytest.mark.parametrize(("status", "kind", "retryable"), STATUSES)
@pytest.mark.parametrize(("case", "call"), CALLS)
def test_statuses_become_errors(
    case: ConnectorCase, call: HttpCall, status: int, kind: type[ConnectorError], retryable: bool
) -> None:
    error = failure(case, call, as_json({"message": f"no {case.secret}"}, status, Retry_After="7"))
    assert type(error) is kind
    assert error.retryable is retryable
    assert error.effect is (Effect.UNKNOWN if call.write and status >= 500 else Effect.NONE)
    assert case.secret not in str(error)
    if kind is RateLimited:
        assert error.retry_after is not None
        assert error.retry_after.total_seconds() == 7


@pytest.mark.parametrize(("case", "call"), CALLS)
def test_a_broken_connection_leaves_a_write_unknown(case: ConnectorCase, call: HttpCall) -> None:
    error = failure(case, call, Answer(hang_up=True))
    assert isinstance(error, Unavailable)
    assert error.effect is (Effect.UNKNOWN if call.write else Effect.NONE)


@pytest.mark.parametrize(("case", "call"), CALLS)
def test_nobody_there_means_nothing_was_done(case: ConnectorCase, call: HttpCall) -> None:
    assert case.over_http is not None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        connector = case.over_http(f"http://127.0.0.1:{free.getsockname()[1]}")
        with pytest.raises(Unavailable) as caught:
            call.call(connector)
    assert caught.value.effect is Effect.NONE
    assert caught.value.retryable


@pytest.mark.parametrize(("case", "call"), CALLS)
def test_a_lost_run_sends_nothing(case: ConnectorCase, call: HttpCall) -> None:
    assert case.over_http is not None

    def lost() -> None:
        raise LostRun

    with serving() as server:
        connector = case.over_http(server.url)
        with call_in_progress(CallInProgress("r", "s#1", "k", 1, check=lost)), pytest.raises(LostRun):
            call.call(connector)
        assert server.asked == []


@pytest.mark.parametrize(("case", "call"), CALLS)
def test_requests_name_the_run(case: ConnectorCase, call: HttpCall) -> None:
    assert case.over_http is not None
    failing = Failing(as_json({}, 400))
    failing.start()
    try:
        connector = case.over_http(failing.url)
        progress = CallInProgress("run-7", "s#1", "k", 1, check=lambda: None)
        with call_in_progress(progress), pytest.raises(ConnectorError):
            call.call(connector)
    finally:
        failing.stop()
    assert failing.asked[0].headers["x-baton-run"] == "run-7"


def failure(case: ConnectorCase, call: HttpCall, answer: Answer) -> ConnectorError:
    """The error that `call` ends with when the service gives `answer` to everything."""
    assert case.over_http is not None
    failing = Failing(answer)
    failing.start()
    try:
        with pytest.raises(ConnectorError) as caught:
            call.call(case.over_http(failing.url))
    finally:
        failing.stop()
    return caught.value


def health_of(connector: Connector) -> Health:
    """The health as `baton doctor` asks for it."""
    bindings: dict[type[Connector], Any] = {type(connector): lambda: connector}
    return Registry(bindings).health(type(connector))
