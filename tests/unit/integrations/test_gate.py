from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from integrations.errors import ConnectorError, RateLimited, Unavailable
from integrations.http import UNLIMITED, EndpointClass, Gate, Http, Limits, Rate, governed_by
from integrations.http.bulkhead import Bulkhead
from integrations.http.circuit import FAILURES, FIRST, Outcome
from integrations.http.shared_turns import ShelteredTurns
from integrations.http.shelter import Shelter
from integrations.http.turns import Asking, MemoryTurns, Turn
from workflows.engine.policy import CallInProgress, call_in_progress, effect_of, retry_after, untried

ONE_IN_TEN = Rate(0.1)


class Time:
    """A clock that stands still but for what is slept; `oversleep` is added to every sleep."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []
        self.oversleep = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds + self.oversleep


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def gate(time: Time) -> Gate:
    return Gate(MemoryTurns(time), clock=time, sleep=time.sleep)


class Service:
    """Answers everything with `answer`, and counts."""

    def __init__(self, status: int = 200, **headers: str) -> None:
        self.answer = (status, {name.replace("_", "-"): value for name, value in headers.items()})
        self.asked = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        return httpx.Response(self.answer[0], headers=self.answer[1], content=iter([b"{}"]))


def client(service: Service, gate: Gate | None = None, limits: Limits | Rate = UNLIMITED, token: str = "one") -> Http:
    return Http(
        "Shelf", "http://shelf", secrets=[token], limits=limits, gate=gate, transport=httpx.MockTransport(service)
    )


def failure(http: Http, path: str = "/thing") -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        http.request("GET", path, what="thing 7")
    return caught.value


def call(key: str = "k", workflow: str = "w") -> CallInProgress:
    return CallInProgress("run", "step", key, 1, check=lambda: None, workflow=workflow)


def test_a_short_wait_is_waited_out(gate: Gate, time: Time) -> None:
    service = Service()
    http = client(service, gate, Rate(2))
    for _ in range(3):
        http.request("GET", "/thing", what="thing 7")
    assert (time.slept, service.asked) == ([0.5, 0.5], 3)


def test_a_long_wait_gives_the_lane_back_before_anything_was_sent(gate: Gate, time: Time) -> None:
    service = Service()
    http = client(service, gate, ONE_IN_TEN)
    http.request("GET", "/thing", what="thing 7")
    with call_in_progress(call()):
        error = failure(http)
    assert isinstance(error, RateLimited)
    assert untried(error)
    assert retry_after(error) == timedelta(seconds=9), "a second before its turn"
    assert "goes on in 10 s" in str(error)
    assert (time.slept, service.asked) == ([], 1)


def test_a_step_that_has_begun_waits_longer_rather_than_begin_anew(gate: Gate, time: Time) -> None:
    service = Service()
    http = client(service, gate, ONE_IN_TEN)
    with call_in_progress(call()):
        for _ in range(3):
            http.request("GET", "/thing", what="thing 7")
        gate.turns.hold(next(iter(gate.turns._lines)), 100)  # type: ignore[attr-defined]
        error = failure(http)
    assert (time.slept, service.asked) == ([10, 10], 3)
    assert not untried(error), "what it sent would be sent again: that is an attempt"


def test_a_turn_that_was_slept_through_is_not_used(gate: Gate, time: Time) -> None:
    service = Service()
    http = client(service, gate, Rate(2))
    http.request("GET", "/thing", what="thing 7")
    time.oversleep = 0.6
    http.request("GET", "/thing", what="thing 7")
    time.oversleep = 0.0
    http.request("GET", "/thing", what="thing 7")
    assert time.slept == [0.5, 0.5], "the third keeps its distance to when the second was really sent"
    assert service.asked == 3


def test_credentials_and_classes_have_limits_of_their_own(gate: Gate) -> None:
    service = Service()
    limits = Limits(ONE_IN_TEN, (EndpointClass("search", "GET /search", ONE_IN_TEN),))
    one, other = client(service, gate, limits, "token-one"), client(service, gate, limits, "token-two")
    for http in (one, other):
        http.request("GET", "/thing", what="thing 7")
        http.request("GET", "/search/x", what="things")
    assert {type(failure(http, path)) for http in (one, other) for path in ("/thing", "/search/y")} == {RateLimited}
    assert service.asked == 4
    assert "token" not in str(gate.turns.__dict__)


def test_settings_say_another_rate_for_a_service_or_one_class(time: Time) -> None:
    gate = Gate(
        MemoryTurns(time), {"shelf": Rate(1, burst=3), "shelf:search": ONE_IN_TEN}, clock=time, sleep=time.sleep
    )
    service = Service()
    http = client(service, gate, Limits(ONE_IN_TEN, (EndpointClass("search", "GET /search", Rate(50)),)))
    for path in ("/a", "/b", "/c", "/search"):
        http.request("GET", path, what="things")
    failure(http, "/search")
    assert (time.slept, service.asked) == ([], 4)


@pytest.mark.parametrize(
    ("status", "headers", "pause"),
    [
        (429, {"Retry_After": "60"}, 60),
        (429, {}, 1),
        (503, {"Retry_After": "60"}, 60),
        (429, {"Retry_After": "5", "X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "90"}, 90),
        (200, {"RateLimit_Remaining": "0", "RateLimit_Reset": "40"}, 40),
    ],
)
def test_a_pause_that_the_service_asks_for_holds_everybody(
    gate: Gate, time: Time, status: int, headers: dict[str, str], pause: float
) -> None:
    service = Service(status, **headers)
    if status == 200:
        client(service, gate).request("GET", "/thing", what="thing 7")
    else:
        assert not untried(failure(client(service, gate))), "the service was asked, so it was an attempt"
    error = failure(client(service, gate)) if pause > 2 else None
    if error is None:
        failure(client(service, gate))
        assert time.slept == [pause]
    else:
        assert retry_after(error) == timedelta(seconds=pause - 1)
        assert service.asked == 1


def test_a_500_holds_nobody(gate: Gate) -> None:
    service = Service(500)
    for _ in range(3):
        assert isinstance(failure(client(service, gate)), Unavailable)
    assert service.asked == 3


def test_a_rate_that_the_service_tells_is_kept_from_then_on(gate: Gate, time: Time) -> None:
    service = Service(RateLimit_Policy="10;w=10")
    http = client(service, gate)
    for _ in range(3):
        http.request("GET", "/thing", what="thing 7")
    assert sum(time.slept) > 0, "the first answer told it"


def test_workflows_are_told_apart(gate: Gate) -> None:
    asked: list[Asking] = []

    class Spy(MemoryTurns):
        def ask(self, asking: Asking) -> Turn:
            asked.append(asking)
            return super().ask(asking)

    gate.turns = Spy()
    with call_in_progress(call("key-1", "digest")) as mine:
        http = client(Service(), gate, Rate(100))
        for _ in range(2):
            http.request("GET", "/thing", what="thing 7")
    assert mine.requests == 2
    assert [(one.holder, one.group, one.underway) for one in asked] == [
        ("key-1", "digest", False), ("key-1", "digest", True),
    ]  # fmt: skip


# lanes ---------------------------------------------------------------------------------------------------


def test_one_service_gets_three_quarters_of_the_lanes(time: Time) -> None:
    gate = Gate(bulkhead=Bulkhead(lanes=4), clock=time, sleep=time.sleep)
    http = client(Service(), gate)
    open_ones = [http.client.stream("GET", "/thing") for _ in range(3)]
    for one in open_ones:
        one.__enter__()
    error = failure(http)
    assert untried(error)
    assert "is slow" in str(error)
    with call_in_progress(call()) as mine:
        mine.requests = 1  # it holds a lane already: turning it away frees none
        http.request("GET", "/thing", what="thing 7")
    other = Http("Other", "http://other", gate=gate, transport=httpx.MockTransport(Service()))
    other.request("GET", "/thing", what="thing 7")
    open_ones[0].__exit__(None, None, None)
    http.request("GET", "/thing", what="thing 7")
    for one in open_ones[1:]:
        one.__exit__(None, None, None)


def test_a_request_that_fails_gives_its_lane_back() -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no")

    gate = Gate(bulkhead=Bulkhead(lanes=1))
    http = Http("Shelf", "http://shelf", gate=gate, transport=httpx.MockTransport(broken))
    for _ in range(3):
        assert isinstance(failure(http), Unavailable)


# a service that is down ----------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", [502, 503, 504, httpx.ConnectError("no"), httpx.ReadTimeout("late")])
def test_a_service_that_is_down_is_left_alone_and_tried_by_one(time: Time, trouble: int | Exception) -> None:
    told: list[tuple[str, bool]] = []
    gate = Gate(clock=time, sleep=time.sleep, news=lambda service, *, down: told.append((service, down)))
    service = Service()

    def answer(request: httpx.Request) -> httpx.Response:
        if isinstance(trouble, Exception) and service.asked < FAILURES:
            service.asked += 1
            raise trouble
        return service(request)

    http = Http("Shelf", "http://shelf", gate=gate, transport=httpx.MockTransport(answer))
    if isinstance(trouble, int):
        service.answer = (trouble, {})
    for _ in range(FAILURES):
        failure(http)
    with call_in_progress(call()) as mine:
        error = failure(http)
    assert isinstance(error, Unavailable)
    assert (effect_of(error), error.retryable, untried(error), mine.requests) == ("none", True, False, 0)
    assert retry_after(error) == timedelta(seconds=FIRST)
    assert "leaves it alone" in str(error)
    assert service.asked == FAILURES
    service.answer = (200, {})
    time.now += FIRST
    http.request("GET", "/thing", what="thing 7")
    http.request("GET", "/thing", what="thing 7")
    assert told == [("Shelf", True), ("Shelf", False)]


@pytest.mark.parametrize("status", [400, 404, 429, 500])
def test_what_is_about_one_request_opens_nothing(time: Time, status: int) -> None:
    gate = Gate(clock=time, sleep=time.sleep)
    http = client(Service(status), gate)
    for _ in range(FAILURES * 2):
        failure(http)
        time.now += 1.1
    assert gate.circuits.ask("shelf|http://shelf") == 0


def test_who_waits_for_a_turn_gives_the_try_back(gate: Gate, time: Time) -> None:
    for _ in range(FAILURES):
        gate.circuits.ended("shelf|http://shelf", Outcome.FAILED)
    time.now += FIRST
    gate.turns.hold(gate.way("Shelf", "http://shelf", Limits(), ["one"])._bucket(""), 60)
    assert untried(failure(client(Service(), gate)))
    assert gate.circuits.ask("shelf|http://shelf") == 0


# without Redis -------------------------------------------------------------------------------------------


class Away(MemoryTurns):
    """Redis, as long as it is there."""

    def __init__(self, clock: Time) -> None:
        super().__init__(clock)
        self.away = False
        self.asked = 0

    def ask(self, asking: Asking) -> Turn:
        self.asked += 1
        if self.away:
            raise RedisConnectionError("gone")
        return super().ask(asking)


def test_without_redis_a_process_keeps_to_the_limits_by_itself(time: Time, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("WARNING", logger="baton.connectors")
    shared = Away(time)
    turns = ShelteredTurns(shared, Shelter(time))
    asking = Asking("bucket", ONE_IN_TEN, "a")
    assert turns.ask(asking).granted
    shared.away = True
    assert turns.ask(asking).granted, "its own line is another one"
    assert not turns.ask(asking).granted
    assert shared.asked == 2, "Redis is left alone for a moment"
    time.now += 1
    turns.ask(asking)
    assert shared.asked == 3
    shared.away = False
    time.now += 1
    assert not turns.ask(asking).granted, "the shared line again"
    told = [record.message for record in caplog.records if record.message.startswith("redis is away")]
    assert len(told) == 1, "once while it lasts"


# who makes them ------------------------------------------------------------------------------------------


@pytest.fixture
def made(gate: Gate) -> Iterator[Any]:
    with governed_by(gate):
        yield gate


def test_what_is_made_under_a_gate_goes_through_it(made: Gate, time: Time) -> None:
    service = Service()
    client(service, limits=ONE_IN_TEN).request("GET", "/thing", what="thing 7")
    assert isinstance(failure(client(service, limits=ONE_IN_TEN)), RateLimited)


def test_errors_say_nothing_of_turns_unless_they_wait_for_one() -> None:
    assert not untried(ValueError())
    assert not untried(RateLimited("slow"))
    assert effect_of(RateLimited("slow", untried=True)) == "none"
