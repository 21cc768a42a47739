from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.http import LocalRateLimit, Unlimited

PATIENT = timedelta(minutes=1)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def seconds(limit: LocalRateLimit, patience: timedelta = PATIENT) -> float:
    return limit.take(patience).total_seconds()


def test_a_burst_goes_at_once_and_the_rest_in_step() -> None:
    limit = LocalRateLimit(per_second=2, burst=3, clock=Clock())
    assert [seconds(limit) for _ in range(5)] == [0, 0, 0, 0.5, 1.0]


def test_time_refills_up_to_the_burst() -> None:
    clock = Clock()
    limit = LocalRateLimit(per_second=2, burst=2, clock=clock)
    assert [seconds(limit) for _ in range(3)] == [0, 0, 0.5]
    clock.now += 60
    assert [seconds(limit) for _ in range(3)] == [0, 0, 0.5]


def test_the_impatient_take_nothing() -> None:
    limit = LocalRateLimit(per_second=1, clock=Clock())
    assert seconds(limit) == 0
    assert [seconds(limit, timedelta(0)) for _ in range(3)] == [1, 1, 1]
    assert seconds(limit) == 1


def test_a_hold_stops_everybody() -> None:
    clock = Clock()
    limit = LocalRateLimit(per_second=10, burst=5, clock=clock)
    limit.hold(timedelta(seconds=30))
    assert seconds(limit) == 30
    clock.now += 31
    assert seconds(limit) == 0


def test_a_limit_that_lets_nothing_through_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing through"):
        LocalRateLimit(per_second=0)


def test_no_limit() -> None:
    Unlimited().hold(timedelta(days=1))
    assert Unlimited().take(timedelta(0)) == timedelta(0)
