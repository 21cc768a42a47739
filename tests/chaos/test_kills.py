"""What a user sees after one process was ended in the worst moment."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.counting import CountingServer
from tests.servers.house import House, until
from tests.servers.redis import RedisServer
from workflows.engine.model import RunState

LEASE = 3.0
pytestmark = pytest.mark.timeout(300)  # whole processes start, beside other tests


@pytest.fixture
def lease() -> float:
    """Seconds that a claim holds unless it is renewed."""
    return LEASE


@pytest.fixture
def house(tmp_path: Path, database_url: str, counting: CountingServer, lease: float) -> Iterator[House]:
    folder = Path(__file__).parent / "flows"
    with (
        RedisServer() as redis,
        House(
            tmp_path, database_url, redis.url, folder, COUNTING_URL=counting.url, BATON_LEASE=str(lease),
            BATON_PROCESSES="1",
        ) as house,
    ):  # fmt: skip
        yield house


def over(house: House, run_id: str, seconds: float = 100) -> RunState:
    """Wait until a run no longer goes on by itself."""
    ends = {RunState.SUCCEEDED, RunState.FAILED, RunState.PARKED}
    try:
        until(lambda: house.store.run(run_id).state in ends, f"run {run_id} is over", seconds)
    except AssertionError as late:
        raise AssertionError(f"{late}\n{house.logs()}") from None
    return house.store.run(run_id).state


@pytest.mark.parametrize("lease", [30.0])
def test_after_the_kill_of_a_child_its_run_goes_on_long_before_its_lease_is_over(
    house: House, counting: CountingServer, lease: float
) -> None:
    house.start("worker")
    house.start("clock")
    run_id = house.service.start("slow_pair", {"number": 1, "seconds": 0.5}, by="test:ana").id
    counting.wait_for("slow/1/0.5")
    killed = time.monotonic()
    os.kill(house.holder(run_id), signal.SIGKILL)
    counting.wait_for("slow/1/0.5", times=2)
    assert counting.arrived[-1][0] - killed < lease / 2
    assert over(house, run_id) is RunState.SUCCEEDED
    assert sum(path == "slow/1/0.0" for _at, path in counting.arrived) == 1


@pytest.mark.parametrize("lease", [60.0])
def test_after_the_kill_of_the_parent_the_run_goes_on_elsewhere_long_before_its_lease_is_over(
    house: House, counting: CountingServer, lease: float
) -> None:
    first = house.start("worker")
    house.start("clock")
    run_id = house.service.start("slow_pair", {"number": 1, "seconds": 0.5}, by="test:ana").id
    counting.wait_for("slow/1/0.5")
    house.start("worker")
    killed = time.monotonic()
    first.kill()
    counting.wait_for("slow/1/0.5", times=2)
    assert counting.arrived[-1][0] - killed < lease / 2
    assert over(house, run_id) is RunState.SUCCEEDED


def test_a_worker_that_wakes_after_its_lease_is_over_is_refused(house: House, counting: CountingServer) -> None:
    first = house.start("worker")
    house.start("clock")
    run_id = house.service.start("slow_pair", {"number": 1, "seconds": 0.5}, by="test:ana").id
    counting.wait_for("slow/1/0.5")
    sleeper = house.holder(run_id)
    token = house.store.run(run_id).token
    for pid in (*house.children(first), first.pid):
        os.kill(pid, signal.SIGSTOP)
    house.start("worker")
    assert over(house, run_id) is RunState.SUCCEEDED
    before = house.store.records(run_id), house.store.run(run_id)
    assert before[1].token > token
    for pid in (first.pid, *house.children(first), sleeper):
        os.kill(pid, signal.SIGCONT)
    until(lambda: "lease ran out" in house.logs() or "no longer holds" in house.logs(), "the sleeper is refused")
    assert (house.store.records(run_id), house.store.run(run_id)) == before


def test_a_run_that_takes_its_process_down_is_parked_and_its_neighbours_are_not(
    house: House, counting: CountingServer
) -> None:
    house.start("worker")
    house.start("clock")
    neighbours = [house.service.start("eight_steps", {"number": n}, by="test:ana").id for n in range(5)]
    poison = house.service.start("poisonous", {"number": 9}, by="test:ana").id
    assert over(house, poison) is RunState.PARKED
    assert "the last time alone" in (house.store.run(poison).error or "")
    assert {over(house, run_id) for run_id in neighbours} == {RunState.SUCCEEDED}
    assert max(counting.effects.values()) == 1


def test_sigterm_lets_the_step_finish_and_hands_the_run_on(house: House, counting: CountingServer) -> None:
    first = house.start("worker")
    house.start("clock")
    run_id = house.service.start("slow_pair", {"number": 1, "seconds": 1.0}, by="test:ana").id
    counting.wait_for("slow/1/1.0")
    first.terminate()
    assert first.wait(20) == 0
    house.start("worker")
    assert over(house, run_id) is RunState.SUCCEEDED
    assert sum(path == "slow/1/1.0" for _at, path in counting.arrived) == 1


def test_redis_away_at_the_start_and_in_mid_run_loses_nothing(
    tmp_path: Path, database_url: str, counting: CountingServer
) -> None:
    folder = Path(__file__).parent / "flows"
    redis = RedisServer()
    with House(tmp_path, database_url, redis.url, folder, COUNTING_URL=counting.url, BATON_LEASE=str(LEASE)) as house:
        house.start("worker")
        house.start("clock")
        early = house.service.start("eight_steps", {"number": 1}, by="test:ana").id
        with redis:
            counting.wait_for("keyed/1/1")
            late = house.service.start("eight_steps", {"number": 2}, by="test:ana").id
            counting.wait_for("keyed/2/1")
            redis.stop()
            dark = house.service.start("eight_steps", {"number": 3}, by="test:ana").id
            redis.start()
            assert {over(house, run_id, 60) for run_id in (early, late, dark)} == {RunState.SUCCEEDED}
    assert max(counting.effects.values()) == 1


CHECKPOINTS = [
    ("before_attempt", "make#1"),
    ("after_attempt", "make#1"),
    ("after_effect", "make#1"),
    ("after_commit", "make#1"),
    ("after_effect", "read#1"),
    ("after_commit", "read#2"),
    ("after_effect", "parallel#1/0:read"),
    ("after_commit", "parallel#1/0:read"),
    ("after_attempt", "parallel#1/1:make"),
    ("after_effect", "parallel#1/1:make"),
    ("before_suspend", ""),
    ("after_effect", "make#2"),
]


@pytest.mark.parametrize(("checkpoint", "key"), CHECKPOINTS)
def test_a_process_really_killed_at_a_checkpoint_does_nothing_twice(
    tmp_path: Path, counting: CountingServer, checkpoint: str, key: str
) -> None:
    folder = Path(__file__).parent / "flows"
    with (
        RedisServer() as redis,
        House(
            tmp_path, f"sqlite:///{tmp_path / 'b.db'}", redis.url, folder, COUNTING_URL=counting.url, BATON_LEASE="2",
            BATON_PROCESSES="1",
        ) as house,
    ):  # fmt: skip
        house.crash_file.write_text(f"{checkpoint} {key}")
        house.start("worker")
        house.start("clock")
        run_id = house.service.start("eight_steps", {"number": 1}, by="test:ana").id
        assert over(house, run_id) is RunState.SUCCEEDED
        assert not house.crash_file.exists()
    assert set(counting.effects.values()) == {1}
    assert len(counting.effects) == 8
