"""What holds for the lines of one process and for those in Redis alike. Time is the test's own."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from integrations.http.shared_turns import RedisTurns
from integrations.http.turns import OVERDUE, Asking, MemoryTurns, Turn, Turns
from integrations.rates import UNLIMITED, Rate
from tests.servers import redis

session_redis = redis.session_redis
redis_server = redis.redis_server
redis_client = redis.redis_client

TEN = Rate(10)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "redis"])
def turns(request: pytest.FixtureRequest, clock: Clock) -> Turns:
    if request.param == "memory":
        return MemoryTurns(clock)
    return RedisTurns(request.getfixturevalue("redis_client"), clock)


def ask(turns: Turns, holder: str, rate: Rate = TEN, group: str = "w", patience: float = 2.0, **more: Any) -> Turn:
    turn = turns.ask(Asking("bucket", rate, holder, group, patience, **more))
    return Turn(round(turn.wait, 6), turn.granted)


def served(turns: Turns, clock: Clock, waiting: dict[str, str], rate: Rate = TEN) -> list[tuple[float, str]]:
    """Let everybody ask and come back when told, until all have a slot; when each had it, in order."""
    due = dict.fromkeys(waiting, clock.now)
    slots: list[tuple[float, str]] = []
    while due:
        holder = min(due, key=lambda one: due[one])
        clock.now = max(clock.now, due.pop(holder))
        turn = ask(turns, holder, rate, waiting[holder])
        if turn.granted:
            slots.append((clock.now + turn.wait, holder))
        else:
            due[holder] = clock.now + max(turn.wait - 1.0, 0.0)
    return sorted(slots)


def test_slots_come_in_step_and_a_quiet_time_is_kept_as_a_burst(turns: Turns, clock: Clock) -> None:
    rate = Rate(2, burst=3)
    assert [ask(turns, f"a{n}", rate).wait for n in range(6)] == [0, 0, 0, 0.5, 1.0, 1.5]
    clock.now += 60
    assert [ask(turns, f"b{n}", rate).wait for n in range(4)] == [0, 0, 0, 0.5]


def test_who_would_wait_too_long_keeps_a_place_and_is_told_when_to_come_back(turns: Turns, clock: Clock) -> None:
    for number in range(21):
        assert ask(turns, f"a{number}").granted
    assert ask(turns, "b") == Turn(2.1, granted=False)
    assert ask(turns, "c") == Turn(2.2, granted=False)
    assert ask(turns, "b") == Turn(2.1, granted=False)
    clock.now += 1.1
    assert ask(turns, "b") == Turn(1.0, granted=True)
    assert ask(turns, "c") == Turn(1.1, granted=True)


def test_buckets_do_not_know_each_other(turns: Turns) -> None:
    slow = Rate(0.01)
    assert turns.ask(Asking("one", slow, "a")).granted
    assert not turns.ask(Asking("one", slow, "b")).granted
    assert turns.ask(Asking("other", slow, "b")).granted


def test_a_hold_stops_all_for_its_time_and_a_shorter_one_changes_nothing(turns: Turns, clock: Clock) -> None:
    turns.hold("bucket", 30)
    turns.hold("bucket", 5)
    assert ask(turns, "a", UNLIMITED) == Turn(30, granted=False)
    clock.now += 29
    assert ask(turns, "a", UNLIMITED) == Turn(1, granted=True)


def test_a_learned_rate_counts_except_for_who_asks_with_a_fixed_one(turns: Turns) -> None:
    turns.learn("bucket", Rate(1))
    assert [ask(turns, f"a{n}", Rate(100)).wait for n in range(3)] == [0, 1, 2]
    assert ask(turns, "b", Rate(100), patience=9, fixed=True).wait == 3
    assert ask(turns, "c", Rate(100), patience=9).wait == pytest.approx(3.01)


def test_who_is_underway_goes_before_all_that_have_not_begun(turns: Turns) -> None:
    for number in range(21):
        ask(turns, f"a{number}")
    for number in range(50):
        assert not ask(turns, f"b{number}").granted
    assert ask(turns, "u", patience=60, underway=True) == Turn(2.1, granted=True)
    assert ask(turns, "v", patience=2.0, underway=True) == Turn(2.2, granted=False)
    assert ask(turns, "b0") == Turn(2.2, granted=False)


def test_workflows_have_equal_shares_however_much_they_have_waiting(turns: Turns, clock: Clock) -> None:
    waiting = {f"many{n}": "many" for n in range(300)}
    for holder in waiting:
        ask(turns, holder, group="many")
    clock.now += 5  # the second workflow comes late, to a long line
    waiting |= {f"few{n}": "few" for n in range(40)}
    slots = served(turns, clock, waiting)
    first = [waiting[holder] for _, holder in slots[:80]]
    assert 30 <= Counter(first)["few"] <= 40, "half of what is served while both wait, less those who were there first"
    assert slots[-1][0] - slots[0][0] == pytest.approx(33.9 - 2.0, abs=2.1), "and no slot is lost"


def test_those_who_never_come_back_hold_nobody_up(turns: Turns, clock: Clock) -> None:
    for number in range(221):
        ask(turns, f"gone{number}")
    last = ask(turns, "last")
    assert last == Turn(22.1, granted=False)
    clock.now += 22.1 + OVERDUE  # all but the last minute's are overdue, and no slot was used
    assert ask(turns, "last") == Turn(0, granted=True)
    assert ask(turns, "new").wait <= 0.1
    assert ask(turns, "gone220").granted, "one who comes late has kept the place"


@pytest.mark.parametrize(("rate", "count"), [(TEN, 120), (Rate(4, burst=5), 60)])
def test_no_window_has_more_than_the_rate_and_the_burst(turns: Turns, clock: Clock, rate: Rate, count: int) -> None:
    slots = [at for at, _ in served(turns, clock, {f"h{n}": f"w{n % 3}" for n in range(count)}, rate)]
    for start in slots:
        assert sum(start <= at < start + 2 for at in slots) <= 2 * rate.per_second + rate.burst
    assert slots[-1] - slots[0] == pytest.approx((count - rate.burst) * rate.interval, abs=0.001)


Act = tuple[float, int, int, float, bool]
acts = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.05, 0.4, 1.0, 3.0, 9.0]),
        st.integers(0, 12),
        st.integers(0, 3),
        st.sampled_from([0.0, 0.5, 2.0]),
        st.booleans(),
    ),
    max_size=40,
)


@pytest.fixture(scope="module")
def shared(session_redis: redis.RedisServer) -> Iterator[Redis]:
    with session_redis.client() as client:
        yield client


_numbers = itertools.count()


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=acts, burst=st.integers(1, 4))
def test_both_keepers_give_the_same_answers(shared: Redis, acts: list[Act], burst: int) -> None:
    """Whatever is asked, held and learned in whatever order; and no more slots than the rate allows."""
    clock = Clock()
    bucket, rate = f"bucket{next(_numbers)}", Rate(2, burst)
    memory, in_redis = MemoryTurns(clock), RedisTurns(shared, clock)
    slots: list[float] = []
    for later, holder, kind, patience, underway in acts:
        clock.now += later
        if kind == 3:
            memory.hold(bucket, patience)
            in_redis.hold(bucket, patience)
            continue
        asking = Asking(bucket, rate, f"h{holder}", f"w{kind}", patience, underway)
        mine, theirs = memory.ask(asking), in_redis.ask(asking)
        assert theirs.granted == mine.granted
        assert theirs.wait == pytest.approx(mine.wait, abs=1e-6)
        if mine.granted:
            slots.append(clock.now + mine.wait)
    assert slots == sorted(slots)
    for start in slots:
        assert sum(start <= at < start + 3 - 1e-9 for at in slots) <= 3 * rate.per_second + burst
