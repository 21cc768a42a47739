"""What holds for the circuits of one process and for those in Redis alike. Time is the test's own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from integrations.http.circuit import FAILURES, FIRST, PROBE, WINDOW, Change, Circuits, MemoryCircuits, Outcome
from integrations.http.shared_circuits import RedisCircuits
from tests.contract.turns.test_turns import Clock
from tests.servers import redis

session_redis = redis.session_redis
redis_server = redis.redis_server
redis_client = redis.redis_client

ANSWERED, FAILED, UNSENT = Outcome.ANSWERED, Outcome.FAILED, Outcome.UNSENT


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "redis"])
def circuits(request: pytest.FixtureRequest, clock: Clock) -> Circuits:
    if request.param == "memory":
        return MemoryCircuits(clock)
    return RedisCircuits(request.getfixturevalue("redis_client"), clock)


def fail(circuits: Circuits, times: int = FAILURES) -> list[Change]:
    return [circuits.ended("shelf", FAILED) for _ in range(times)]


def test_many_failures_open_it_and_that_is_told_once(circuits: Circuits) -> None:
    assert circuits.ask("shelf") == 0
    assert fail(circuits, FAILURES + 3) == [Change.NONE] * (FAILURES - 1) + [Change.OPENED] + [Change.NONE] * 3
    assert circuits.ask("shelf") == pytest.approx(FIRST)
    assert circuits.ask("other") == 0


def test_few_failures_among_many_answers_leave_it_closed(circuits: Circuits, clock: Clock) -> None:
    for _ in range(FAILURES * 2):
        circuits.ended("shelf", ANSWERED)
    assert set(fail(circuits, FAILURES + 2)) == {Change.NONE}
    clock.now += WINDOW + 1
    assert set(fail(circuits, FAILURES - 1)) == {Change.NONE}, "what is long ago counts no more"
    assert circuits.ask("shelf") == 0


def test_what_was_never_sent_says_nothing(circuits: Circuits) -> None:
    for _ in range(FAILURES * 2):
        circuits.ended("shelf", UNSENT)
    assert circuits.ask("shelf") == 0


def test_one_call_at_a_time_tries_and_an_answer_closes_it(circuits: Circuits, clock: Clock) -> None:
    fail(circuits)
    circuits.ended("shelf", ANSWERED)  # a call that was sent before it opened
    clock.now += FIRST
    assert circuits.ask("shelf") == 0
    assert circuits.ask("shelf") > 0, "another one tries already"
    assert circuits.ended("shelf", ANSWERED) is Change.CLOSED
    assert circuits.ended("shelf", ANSWERED) is Change.NONE
    assert [circuits.ask("shelf") for _ in range(3)] == [0, 0, 0]
    assert set(fail(circuits, FAILURES - 1)) == {Change.NONE}, "it begins to count anew"


def test_a_failed_try_leaves_it_open_for_longer(circuits: Circuits, clock: Clock) -> None:
    fail(circuits)
    for length in (20, 40, 80, 120, 120):
        clock.now += circuits.ask("shelf")
        assert circuits.ask("shelf") == 0
        assert circuits.ended("shelf", FAILED) is Change.NONE
        assert circuits.ask("shelf") == pytest.approx(length)


def test_a_try_that_is_never_heard_of_makes_room_for_another(circuits: Circuits, clock: Clock) -> None:
    fail(circuits)
    clock.now += FIRST
    assert circuits.ask("shelf") == 0
    clock.now += PROBE - 0.5
    assert circuits.ask("shelf") == pytest.approx(0.5)
    clock.now += 0.5
    assert circuits.ask("shelf") == 0
    circuits.ended("shelf", UNSENT)
    assert circuits.ask("shelf") == 0, "one that never left gives its place back at once"


@pytest.fixture(scope="module")
def shared(session_redis: redis.RedisServer) -> Iterator[Redis]:
    with session_redis.client() as client:
        yield client


_numbers = itertools.count()
acts = st.lists(
    st.tuples(st.sampled_from([0.0, 0.0, 1.0, 9.0, 31.0]), st.sampled_from(["ask", *Outcome, "failed", "failed"])),
    max_size=60,
)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=acts)
def test_both_keepers_give_the_same_answers(shared: Redis, acts: list[tuple[float, str]]) -> None:
    clock = Clock()
    name = f"service{next(_numbers)}"
    memory, in_redis = MemoryCircuits(clock), RedisCircuits(shared, clock)
    told = []
    for later, act in acts:
        clock.now += later
        if act == "ask":
            assert in_redis.ask(name) == pytest.approx(memory.ask(name), abs=1e-6)
        else:
            told.append(memory.ended(name, Outcome(act)))
            assert in_redis.ended(name, Outcome(act)) == told[-1]
    changes = [change for change in told if change]
    assert changes == [Change.OPENED, Change.CLOSED] * (len(changes) // 2) + [Change.OPENED] * (len(changes) % 2)
