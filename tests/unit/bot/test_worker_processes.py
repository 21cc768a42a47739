"""Worker processes, really killed: what becomes of their leases, their runs and each other."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from rq.worker import Worker

from bot import worker as worker_module
from bot.standing_back import NICENESS
from bot.worker import WORN_OUT, advance, bind
from tests.servers import redis as servers
from tests.unit.bot.processes_stage import DEADLINE, Stage
from workflows.storage.rq_queue import ADVANCE

session_redis, redis_server = servers.session_redis, servers.redis_server
redis_url, redis_client = servers.redis_url, servers.redis_client


@pytest.fixture
def stage(tmp_path: Path, redis_url: str) -> Iterator[Stage]:
    stage = Stage(tmp_path, redis_url)
    yield stage
    stage.end()


def test_sigterm_lets_runs_suspend_and_ends_well(stage: Stage, redis_client: Redis) -> None:
    stage.start(processes=2, margin=DEADLINE)
    stage.wait_for("child", 2)
    stage.ring("quick-1", "block-1")
    stage.wait_for("ended", run="quick-1")
    stage.wait_for("began", run="block-1")

    stage.parent.terminate()

    assert stage.parent.wait(DEADLINE) == 0
    assert stage.events("ended", run="block-1", drained=True)
    assert len(stage.events("closed")) == 2
    assert [event["crashed"] for event in stage.events("released")] == [False, False]
    assert [event["crashed"] for event in stage.events("missed")] == [False, False]
    assert len(stage.events("farewell")) == 1
    assert Worker.all(redis_client) == []


def test_leases_are_renewed_and_the_child_is_told(stage: Stage) -> None:
    stage.start()
    stage.ring("block-1")
    owner = stage.wait_for("began")["owner"]

    told = stage.wait_for("until", 3, owner=owner)

    assert told["ahead"] <= 0.6
    assert stage.lease("block-1")[1] >= 2


def test_children_stand_back_for_others_and_the_keeper_of_leases_does_not(stage: Stage) -> None:
    stage.start()
    stage.ring("block-1")
    began, keeper, mine = stage.wait_for("began")["pid"], stage.wait_for("keeper")["pid"], os.nice(0)
    niceness = [os.getpriority(os.PRIO_PROCESS, pid) for pid in (began, keeper, stage.parent.pid)]
    assert niceness == [min(mine + NICENESS, 19), mine, mine]


def test_a_killed_child_is_replaced_and_its_run_goes_on_at_once(stage: Stage) -> None:
    stage.start(lease=60)
    stage.ring("die-1")

    ended = stage.wait_for("ended", run="die-1")

    (first, second) = stage.events("child")
    assert ended["owner"] == second["owner"] != first["owner"]
    # its parent notices the death, and its keeper may find it as well: what the first of them gives up is gone
    (released,) = [event for event in stage.events("released") if event["runs"]]
    assert (released["owner"], released["crashed"], released["runs"]) == (first["owner"], True, ["die-1"])
    assert stage.lease("die-1") == (None, 0, 1)
    stage.wait_for("missed", owner=first["owner"], crashed=True)
    stage.wait_for("beat")


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


def test_another_worker_of_the_machine_goes_on_at_once_with_what_a_killed_one_had(stage: Stage) -> None:
    stage.start(processes=2, lease=600)
    stage.ring("block-1")
    began = stage.wait_for("began")
    dead = stage.parent
    stage.start(processes=1, lease=600)
    stage.wait_for("keeper", 2)

    dead.kill()
    dead.wait()

    released = stage.wait_for("released", owner=began["owner"])
    assert (released["crashed"], released["runs"]) == (True, ["block-1"])
    assert stage.wait_for("began", 2)["owner"] != began["owner"]
    stage.touch("go")
    stage.wait_for("ended", run="block-1")


def test_a_child_that_outstays_the_grace_is_killed_and_not_taken_for_crashed(stage: Stage) -> None:
    stage.start(grace=0.2, lease=600)
    stage.ring("deaf-1")
    began = stage.wait_for("began")
    os.kill(began["pid"], signal.SIGSTOP)

    stage.parent.terminate()

    stage.parent.wait(DEADLINE)
    stage.until_gone(began["pid"])
    assert stage.events("released", owner=began["owner"], crashed=True) == []
    assert list((stage.folder / "workers").iterdir()) == [], "nobody finds it dead later"


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


def test_a_new_keeper_renews_at_once_what_the_last_one_may_have_left(stage: Stage) -> None:
    stage.start(lease=3000)  # the next renewal by itself is due in 1,000 seconds
    stage.wait_for("child")

    os.kill(stage.wait_for("keeper")["pid"], signal.SIGKILL)

    told = stage.wait_for("until")
    assert told["owner"] == stage.events("child")[0]["owner"]


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
