from __future__ import annotations

import gzip
import logging
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from pydantic import BaseModel

from integrations.errors import (
    Acts,
    ConnectorError,
    InvalidRequest,
    NotFound,
    RateLimited,
    Unauthorized,
    Unavailable,
)
from integrations.http import Http
from tests.servers.http import Answer, CannedServer, as_json, serving
from workflows.engine.policy import CallInProgress, Effect, call_in_progress


class Thing(BaseModel):
    name: str


class LostRun(BaseException):
    pass


@pytest.fixture
def server() -> Iterator[CannedServer]:
    with serving() as running:
        yield running


def client(server: CannedServer, **options: object) -> Http:
    return Http("Shelf", server.url, headers={"Authorization": "Bearer s3cret-token"}, **options)  # type: ignore[arg-type]


def failure(http: Http, method: str = "GET", path: str = "/thing", **options: bool) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        http.request(method, path, what="thing 7", **options)
    http.close()
    return caught.value


def test_it_reads_typed_answers(server: CannedServer) -> None:
    server.routes["GET /thing"] = as_json({"name": "cup"})
    http = client(server)
    assert http.ask(Thing, "GET", "/thing", what="thing 7") == Thing(name="cup")
    assert http.json("GET", "/thing", what="thing 7", params={"a": "b"}) == {"name": "cup"}
    http.close()
    assert server.asked[0].headers["authorization"] == "Bearer s3cret-token"
    assert server.asked[0].headers["user-agent"].startswith("Baton")
    assert "x-baton-run" not in server.asked[0].headers
    assert server.asked[1].query == {"a": ["b"]}


def test_requests_carry_the_run(server: CannedServer) -> None:
    server.routes["GET /thing"] = as_json({})
    http = client(server)
    with call_in_progress(CallInProgress("run-9", "s#1", "k", 1, check=lambda: None)):
        http.request("GET", "/thing", what="thing 7")
    http.close()
    assert server.asked[0].headers["x-baton-run"] == "run-9"


def test_a_lost_run_sends_nothing(server: CannedServer) -> None:
    def lost() -> None:
        raise LostRun

    http = client(server)
    with call_in_progress(CallInProgress("r", "s#1", "k", 1, check=lost)), pytest.raises(LostRun):
        http.client.get("/thing")
    http.close()
    assert server.asked == []


@pytest.mark.parametrize(
    ("status", "kind", "acts", "retryable", "read_effect", "write_effect"),
    [
        (301, InvalidRequest, Acts.USER, False, Effect.NONE, Effect.NONE),
        (400, InvalidRequest, Acts.USER, False, Effect.NONE, Effect.NONE),
        (401, Unauthorized, Acts.ADMIN, False, Effect.NONE, Effect.NONE),
        (403, Unauthorized, Acts.ADMIN, False, Effect.NONE, Effect.NONE),
        (404, NotFound, Acts.USER, False, Effect.NONE, Effect.NONE),
        (408, Unavailable, Acts.ENGINE, True, Effect.NONE, Effect.UNKNOWN),
        (409, Unavailable, Acts.ENGINE, True, Effect.NONE, Effect.NONE),
        (410, NotFound, Acts.USER, False, Effect.NONE, Effect.NONE),
        (422, InvalidRequest, Acts.USER, False, Effect.NONE, Effect.NONE),
        (429, RateLimited, Acts.ENGINE, True, Effect.NONE, Effect.NONE),
        (500, Unavailable, Acts.ENGINE, True, Effect.NONE, Effect.UNKNOWN),
        (503, Unavailable, Acts.ENGINE, True, Effect.NONE, Effect.UNKNOWN),
    ],
)
def test_statuses_become_errors(
    server: CannedServer,
    status: int,
    kind: type[ConnectorError],
    acts: Acts,
    retryable: bool,
    read_effect: Effect,
    write_effect: Effect,
) -> None:
    answer = as_json({"error": {"message": "the key s3cret-token is\nbad"}}, status)
    server.routes.update({"GET /thing": answer, "POST /thing": answer})
    read, write, asking = (
        failure(client(server)),
        failure(client(server), "POST"),
        failure(client(server), "POST", write=False),
    )
    assert type(read) is type(write) is kind
    assert (read.acts, read.retryable) == (acts, retryable)
    assert (read.effect, write.effect, asking.effect) == (read_effect, write_effect, read_effect)
    assert str(read).startswith("Shelf ")
    assert "thing 7" in str(read)
    assert f"({status}: the key *** is bad)" in str(read)
    assert "s3cret" not in str(read)


def test_a_pause_is_told_in_seconds_or_as_a_date(server: CannedServer) -> None:
    server.routes["GET /thing"] = [
        as_json({}, 429, Retry_After="17"),
        as_json({}, 503, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"),
        as_json({}, 429, Retry_After="99999999"),
        as_json({}, 429, Retry_After="soon"),
        as_json({}, 429),
    ]
    pauses = [failure(client(server)).retry_after for _ in range(5)]
    assert pauses == [timedelta(seconds=17), timedelta(0), timedelta(days=1), None, None]


def test_a_date_in_the_future_is_a_pause(server: CannedServer) -> None:
    def later(_: object) -> Answer:
        return as_json({}, 429, Retry_After=format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True))

    server.routes["GET /thing"] = later
    pause = failure(client(server)).retry_after
    assert pause is not None
    assert timedelta(minutes=59) < pause <= timedelta(hours=1)


def test_nobody_there_means_nothing_was_done() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        http = Http("Shelf", f"http://127.0.0.1:{free.getsockname()[1]}")
        error = failure(http, "POST")
    assert isinstance(error, Unavailable)
    assert (error.effect, error.retryable) == (Effect.NONE, True)
    assert "could not be reached" in str(error)


def test_a_broken_answer_leaves_a_write_unknown(server: CannedServer) -> None:
    server.routes.update({"POST /thing": Answer(hang_up=True), "GET /thing": Answer(hang_up=True)})
    assert failure(client(server), "POST").effect is Effect.UNKNOWN
    assert failure(client(server), "GET").effect is Effect.NONE


def test_a_late_answer_leaves_a_write_unknown(server: CannedServer) -> None:
    release = threading.Event()

    def late(_: object) -> Answer:
        release.wait(10)
        return as_json({})

    server.routes["POST /thing"] = late
    error = failure(client(server, timeout=timedelta(milliseconds=50)), "POST")
    release.set()
    assert isinstance(error, Unavailable)
    assert (error.effect, error.retryable) == (Effect.UNKNOWN, True)


def test_a_wrong_shape_is_no_use_and_shows_no_values(server: CannedServer) -> None:
    server.routes["GET /thing"] = [as_json({"name": {"token": "abcdefgh"}}), Answer(200, b"<html>hello</html>")]
    http = client(server)
    for expected in ("name: Input should be a valid string", "Invalid JSON"):
        with pytest.raises(Unavailable, match=expected) as caught:
            http.ask(Thing, "GET", "/thing", what="thing 7")
        assert not caught.value.retryable
        assert "abcdefgh" not in str(caught.value)
        assert caught.value.__cause__ is None
    http.close()


def test_a_large_answer_is_broken_off(server: CannedServer) -> None:
    packed = gzip.compress(b"0" * 300_000)
    server.routes["GET /thing"] = [
        Answer(200, b"0" * 20_000),
        Answer(200, packed, {"Content-Encoding": "gzip"}),
        Answer(200, b"0" * 9_000),
    ]
    http = client(server, max_bytes=10_000)
    for _ in range(2):
        with pytest.raises(Unavailable, match="more than 10,000 bytes"):
            http.request("GET", "/thing", what="thing 7")
    assert len(http.request("GET", "/thing", what="thing 7").content) == 9_000
    http.close()


def test_a_compressed_answer_is_unpacked_once(server: CannedServer) -> None:
    server.routes["GET /thing"] = Answer(200, gzip.compress(b'{"name": "cup"}'), {"Content-Encoding": "gzip"})
    http = client(server)
    assert http.ask(Thing, "GET", "/thing", what="thing 7").name == "cup"
    http.close()


def test_a_client_library_gets_the_same_errors(server: CannedServer) -> None:
    server.routes["GET /thing"] = as_json({"message": "no"}, 403)
    http = client(server)
    with pytest.raises(Unauthorized, match=r"\(403: no\)"), http.fault("thing 7", write=False).mapped():
        http.client.get("/thing?token=abcdefgh").raise_for_status()
    http.close()


def test_logs_hold_no_addresses(server: CannedServer, caplog: pytest.LogCaptureFixture) -> None:
    server.routes["GET /thing"] = as_json({})
    http = client(server)
    with caplog.at_level(logging.INFO):
        http.request("GET", "/thing?token=abcdefgh", what="thing 7")
    http.close()
    assert "abcdefgh" not in caplog.text
