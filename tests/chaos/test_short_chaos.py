"""Real processes killed at random while 200 runs go on; afterwards nothing is lost and nothing was done twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.servers.counting import CountingServer
from tests.servers.house import House, until
from tests.servers.redis import RedisServer
from workflows.engine.model import Kind, Record, RunState

RUNS = 200
KILLS = 20
SLACK = timedelta(seconds=1)
"""A worker's time may be behind the server's by as long as its claim took; the sleep of a run is longer."""
SEED = int(os.environ.get("CHAOS_SEED", "20261122"))


def kill_one(house: House, workers: list[subprocess.Popen[bytes]], dice: random.Random) -> str:
    """End a worker's child with SIGKILL, or, one time in five, a whole worker, which is started anew."""
    if dice.random() < 0.2:
        victim = dice.choice(workers)
        workers.remove(victim)
        victim.kill()
        victim.wait()
        workers.append(house.start("worker"))
        return "parent"
    children = [pid for worker in workers for pid in house.children(worker)]
    if children:
        with_luck = dice.choice(children)
        try:
            os.kill(with_luck, signal.SIGKILL)
        except ProcessLookupError:
            return "nobody"
    return "child"


def path_of(record: Record) -> str:
    """What a step asked the counting server for."""
    order, place = json.loads(record.input or "[]")
    return f"{'keyed' if record.name == 'read' else 'made'}/{order}/{place}"


@pytest.mark.timeout(300)
@pytest.mark.xdist_group("chaos")
def test_two_hundred_runs_survive_twenty_kills_and_a_flushed_redis(
    tmp_path: Path, database_url: str, counting: CountingServer, record_property: Callable[[str, object], None]
) -> None:
    dice = random.Random(SEED)
    folder = Path(__file__).parent
    with (
        RedisServer() as redis,
        House(tmp_path, database_url, redis.url, folder, COUNTING_URL=counting.url, BATON_LEASE="3") as house,
    ):
        workers = [house.start("worker")]
        house.start("clock")
        house.start("clock")
        ids = [house.service.start("eight_steps", {"number": n}, by="test:ana").id for n in range(RUNS)]
        until(lambda: len(counting.effects) > 50, "the work has begun")
        said = []
        for number in range(KILLS):
            said.append(kill_one(house, workers, dice))
            if number == KILLS // 2:
                with redis.client() as client:
                    client.flushall()
            time.sleep(dice.uniform(0.1, 0.5))  # the load, not a synchronisation
        runs = house.settled(ids, 200)
        states = {run_id: run.state for run_id, run in runs.items()}
        parked = {run_id: runs[run_id].error for run_id, state in states.items() if state is not RunState.SUCCEEDED}
        records = [record for run_id in ids for record in house.store.records(run_id) if record.kind is Kind.STEP]
    record_property("chaos", f"seed {SEED}: {RUNS} runs, kills {said}, {sum(counting.calls.values())} calls")
    assert parked == {}, f"seed {SEED}"
    twice = {path: times for path, times in counting.effects.items() if times > 1}
    assert twice == {}
    assert len(counting.effects) == RUNS * 8
    assert len(records) == RUNS * 8
    again = [r.key for r in records if r.ended_at and counting.last[path_of(r)] > r.ended_at + SLACK]
    assert again == []  # every run is replayed after its sleep, and most after a kill
