"""Worker processes, really killed: what becomes of their leases, their runs and each other."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from rq.worker import Worker

from bot import worker as worker_module
from bot.worker import WORN_OUT, advance, bind
from tests.servers import redis as servers
from workflows.engine.ports import Ring
from workflows.storage.rq_queue import ADVANCE, RqQueue, connect

session_redis, redis_server = servers.session_redis, servers.redis_server
redis_url, redis_client = servers.redis_url, servers.redis_client

ROOT = Path(__file__).parents[3]
DEADLINE = 15.0


class Stage:
    """A running parent, and what its processes wrote."""

    def __init__(self, folder: Path, redis_url: str) -> None:
        self.folder = folder
        self._url = redis_url
        self._options: dict[str, Any] = {
            "redis_url": redis_url,
            "processes": 1,
            "lanes": 4,
            "lease": 0.6,
            "beat": 0.05,
            "tolerance": 5,
            "grace": 5,
        }

    def start(self, **options: Any) -> None:
        program = Path(__file__).with_name("worker_stage.py")
        self.parent = subprocess.Popen(
            [sys.executable, str(program), str(self.folder), json.dumps(self._options | options)],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )

    def ring(self, *runs: str) -> None:
        with connect(self._url) as redis:
            RqQueue(redis).ring([Ring(run, 0) for run in runs])

    def touch(self, name: str) -> Path:
        path = self.folder / name
        path.touch()
        return path

    def lines(self, file: str, event: str, **facts: object) -> list[dict[str, Any]]:
        """What was written to a file of JSON lines about an event with these facts."""
        with suppress(FileNotFoundError):
            text = (self.folder / file).read_text()
            lines = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
            return [line for line in lines if line["event"] == event and facts.items() <= line.items()]
        return []

    def events(self, event: str, **facts: object) -> list[dict[str, Any]]:
        return self.lines("events", event, **facts)

    def wait_for(self, event: str, times: int = 1, **facts: object) -> dict[str, Any]:
        """The latest such event, once there are as many."""
        self.until(lambda: len(self.events(event, **facts)) >= times)
        return self.events(event, **facts)[-1]

    def until(self, condition: Callable[[], object]) -> None:
        end = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < end, self.report()
            time.sleep(0.01)

    def until_gone(self, pid: int) -> None:
        self.until(lambda: not alive(pid))

    def report(self) -> str:
        files = [self.folder / "events", self.folder / "log"]
        return "it did not happen:\n" + "\n".join(file.read_text() for file in files if file.exists())

    def lease(self, run: str) -> tuple[str | None, int, int]:
        """Owner, renewals and crashes of a run."""
        with closing(sqlite3.connect(self.folder / "leases.db", timeout=10)) as db:
            row: tuple[str | None, int, int] = db.execute(
                "SELECT owner, renewals, crashes FROM lease WHERE run = ?", [run]
            ).fetchone()
            return row

    def end(self) -> None:
        if self.parent.poll() is None:
            self.parent.kill()
        self.parent.wait(DEADLINE)
        for process in self.lines("log", "worker process started") + self.events("keeper"):
            self.until_gone(process["pid"])


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with suppress(OSError):
        # A zombie that init has not fetched yet. While another thread of it is still on its way out, its sockets
        # are open, and Redis would give the next job to it.
        zombie = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        return not zombie or len(os.listdir(f"/proc/{pid}/task")) > 1
    return not Path("/proc").exists()


@pytest.fixture
def stage(tmp_path: Path, redis_url: str) -> Iterator[Stage]:
    stage = Stage(tmp_path, redis_url)
    yield stage
    stage.end()


def test_sigterm_lets_runs_suspend_and_ends_well(stage: Stage, redis_client: Redis) -> None:
    stage.start(processes=2)
    stage.wait_for("child", 2)
    stage.ring("quick-1", "block-1")
    stage.wait_for("ended", run="quick-1")
    stage.wait_for("began", run="block-1")

    stage.parent.terminate()

    assert stage.parent.wait(DEADLINE) == 0
    assert stage.events("ended", run="block-1", drained=True)
    assert len(stage.events("closed")) == 2
    assert [event["crashed"] for event in stage.events("released")] == [False, False]
    assert Worker.all(redis_client) == []


def test_leases_are_renewed_and_the_child_is_told(stage: Stage) -> None:
    stage.start()
    stage.ring("block-1")
    owner = stage.wait_for("began")["owner"]

    told = stage.wait_for("until", 3, owner=owner)

    assert 0 < told["ahead"] <= 0.6
    assert stage.lease("block-1")[1] >= 2


def test_a_killed_child_is_replaced_and_its_run_goes_on_at_once(stage: Stage) -> None:
    stage.start(lease=60)
    stage.ring("die-1")

    ended = stage.wait_for("ended", run="die-1")

    (first, second) = stage.events("child")
    assert ended["owner"] == second["owner"] != first["owner"]
    (released,) = stage.events("released")
    assert (released["owner"], released["crashed"], released["runs"]) == (first["owner"], True, ["die-1"])
    assert stage.lease("die-1") == (None, 0, 1)


def test_a_killed_child_leaves_its_siblings_alone(stage: Stage) -> None:
    stage.start(processes=2, lanes=1)
    stage.ring("block-1", "block-2")
    stage.wait_for("began", 2)
    first, second = stage.events("began")

    os.kill(first["pid"], signal.SIGKILL)

    stage.wait_for("began", 2, run=first["run"])
    assert stage.lease(second["run"])[0] == second["owner"]
    stage.touch("go")
    stage.wait_for("ended", run=second["run"], owner=second["owner"])


def test_children_die_with_their_parent_and_keep_their_leases(stage: Stage) -> None:
    stage.start(processes=2)
    stage.ring("block-1")
    began = stage.wait_for("began")

    stage.parent.kill()
    stage.parent.wait()

    for child in stage.events("child") + stage.events("keeper"):
        stage.until_gone(child["pid"])
    assert stage.lease("block-1")[0] == began["owner"]
    assert stage.events("released") == stage.events("closed") == []


def test_a_stopped_child_loses_its_leases_and_gets_them_back(stage: Stage) -> None:
    stage.start(tolerance=0.3, lease=0.3)
    stage.ring("block-1")
    began = stage.wait_for("began")
    stage.wait_for("until")

    os.kill(began["pid"], signal.SIGSTOP)
    stage.until(lambda: stage.lines("log", "worker process is silent: its leases run out"))
    # a renewal asked for just before may still be on its way: the count must come to rest
    count, since = stage.lease("block-1")[1], time.monotonic()
    while time.monotonic() < since + 0.5:
        time.sleep(0.05)
        if stage.lease("block-1")[1] != count:
            count, since = stage.lease("block-1")[1], time.monotonic()

    os.kill(began["pid"], signal.SIGCONT)
    stage.until(lambda: stage.lease("block-1")[1] > count)
    assert len(stage.events("child")) == 1


def test_steps_that_outlast_the_grace_are_left_to_others(stage: Stage, redis_client: Redis) -> None:
    stage.start(grace=0.3)
    stage.ring("deaf-1")
    stage.wait_for("began")

    stage.parent.terminate()

    assert stage.parent.wait(DEADLINE) == 0
    assert stage.lease("deaf-1")[0] is None
    assert [event["crashed"] for event in stage.events("released")] == [False]
    assert redis_client.lrange("rq:queue:default", 0, -1) == [b"deaf-1-0"]


def test_a_second_signal_ends_at_once(stage: Stage) -> None:
    stage.start(grace=60)
    stage.ring("deaf-1")
    began = stage.wait_for("began")
    stage.parent.send_signal(signal.SIGINT)
    stage.until(lambda: stage.lines("log", "stopping: steps may finish"))
    stage.parent.send_signal(signal.SIGINT)  # with the first, from a terminal that tells the whole group

    time.sleep(0.15)
    assert stage.parent.poll() is None
    stage.parent.send_signal(signal.SIGINT)

    assert stage.parent.wait(DEADLINE) == 1
    stage.until_gone(began["pid"])
    assert stage.lease("deaf-1")[0] == began["owner"]


def test_a_database_that_is_away_is_waited_for(stage: Stage) -> None:
    stage.start()
    stage.ring("block-1")
    began = stage.wait_for("began")
    stage.wait_for("until")
    away = stage.touch("away")
    stage.until(lambda: stage.lines("log", "the database of leases is failing"))

    os.kill(began["pid"], signal.SIGKILL)
    stage.wait_for("child", 2)
    assert stage.events("released") == []
    assert stage.parent.poll() is None
    away.unlink()

    stage.wait_for("released", owner=began["owner"], crashed=True)
    assert stage.wait_for("began", 2)["owner"] != began["owner"]
    assert len(stage.lines("log", "the database of leases is failing")) == 1
    assert len(stage.lines("log", "the database of leases is fine again")) == 1


def test_a_worn_out_child_is_replaced_without_blame(stage: Stage) -> None:
    stage.start()
    first = stage.wait_for("child")

    stage.touch("worn")

    stage.wait_for("child", 2)
    stage.wait_for("released", owner=first["owner"], crashed=False)
    (ended,) = stage.lines("log", "worker process ended")
    assert (ended["code"], ended["restart_in"]) == (WORN_OUT, 0)
    stage.ring("quick-1")
    stage.wait_for("ended", run="quick-1")


def test_children_that_die_young_are_started_ever_more_slowly(stage: Stage) -> None:
    broken = stage.touch("broken")
    stage.start()

    stage.wait_for("broken", 4)

    delays = [line["restart_in"] for line in stage.lines("log", "worker process ended")]
    assert delays[:3] == [0, 0, 1]
    broken.unlink()
    stage.wait_for("child")
    stage.parent.terminate()
    assert stage.parent.wait(DEADLINE) == 0


def test_a_killed_keeper_is_replaced(stage: Stage) -> None:
    stage.start()
    stage.ring("block-1")
    stage.wait_for("began")
    stage.wait_for("until")

    os.kill(stage.wait_for("keeper")["pid"], signal.SIGKILL)

    stage.wait_for("keeper", 2)
    count = len(stage.events("until"))
    stage.wait_for("until", count + 2)
    assert len(stage.events("child")) == 1


def test_a_child_that_is_told_itself_leaves_and_is_replaced(stage: Stage) -> None:
    stage.start()
    child = stage.wait_for("child")

    os.kill(child["pid"], signal.SIGTERM)

    stage.wait_for("closed", owner=child["owner"])
    stage.wait_for("child", 2)


def test_work_goes_on_over_a_flushed_redis(stage: Stage, redis_client: Redis) -> None:
    stage.start()
    stage.ring("block-1")
    stage.wait_for("began")

    redis_client.flushall()
    stage.ring("quick-1")

    stage.wait_for("ended", run="quick-1")
    stage.touch("go")
    stage.wait_for("ended", run="block-1")
    stage.until(lambda: Worker.all(redis_client))


def test_rqs_entry_calls_what_the_process_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "_bound", worker_module._Bound())
    with pytest.raises(RuntimeError, match="no engine"):
        advance("run1")
    seen: list[str] = []
    bind(seen.append)
    advance("run1")
    assert seen == ["run1"]


def test_the_doorbell_and_the_worker_agree_on_names() -> None:
    assert ADVANCE == worker_module.ADVANCE == f"{advance.__module__}.{advance.__qualname__}"
