"""The doorbell: what a ring does to the job that has its id, whatever state that job is in."""

from __future__ import annotations

import json
import threading
import zlib
from collections.abc import Iterator
from typing import cast

import pytest
from redis import Redis
from rq.job import Job, JobStatus
from rq.queue import Queue as RQQueue
from rq.registry import FinishedJobRegistry, StartedJobRegistry
from rq.serializers import JSONSerializer
from structlog.testing import capture_logs

from bot.claims import Room
from bot.lanes import LaneWorker, connect
from tests.servers import redis as servers
from workflows.engine.ports import Ring
from workflows.storage import rq_queue
from workflows.storage.rq_queue import RqQueue

session_redis, redis_server = servers.session_redis, servers.redis_server
redis_url, redis_client = servers.redis_url, servers.redis_client


@pytest.fixture
def queue(redis_url: str) -> Iterator[RqQueue]:
    with rq_queue.connect(redis_url) as redis:
        yield RqQueue(redis)


def queued(redis: Redis, name: str = "default") -> list[str]:
    return RQQueue(name, connection=redis, serializer=JSONSerializer).job_ids


def job(redis: Redis, job_id: str) -> Job:
    return Job.fetch(job_id, connection=redis, serializer=JSONSerializer)


class Turnstile:
    """A job that waits until it is let through, and counts."""

    def __init__(self) -> None:
        self.began = threading.Semaphore(0)
        self.go = threading.Semaphore(0)
        self.runs: list[str] = []

    def __call__(self, run_id: str) -> None:
        self.runs.append(run_id)
        self.began.release()
        assert self.go.acquire(timeout=10)


@pytest.fixture
def turnstile() -> Turnstile:
    return Turnstile()


@pytest.fixture
def worker(redis_url: str, turnstile: Turnstile) -> Iterator[LaneWorker]:
    """A worker with two lanes that runs what is rung through the turnstile."""
    worker = LaneWorker(
        ["default"],
        "w1",
        connection=connect(redis_url),
        functions={rq_queue.ADVANCE: turnstile},
        lanes=2,
        patience=0.05,
    )
    thread = threading.Thread(target=worker.work)
    thread.start()
    yield worker
    worker.stop()
    turnstile.go.release(100)
    thread.join(10)
    assert worker.drained(10)
    worker.close()


def test_a_ring_is_a_plain_rq_job(queue: RqQueue, redis_client: Redis) -> None:
    queue.ring([Ring("run1", 3, queue="slow")])

    assert queued(redis_client, "slow") == ["run1-3"]
    rung = job(redis_client, "run1-3")
    assert (rung.func_name, list(rung.args), rung.kwargs) == ("bot.worker.advance", ["run1"], {})
    assert (rung.get_status(), rung.origin, rung.timeout) == (JobStatus.QUEUED, "slow", -1)
    assert rung.result_ttl
    assert rung.failure_ttl
    assert [known.name for known in RQQueue.all(redis_client)] == ["slow"]


def test_nothing_is_pickled(queue: RqQueue, redis_client: Redis) -> None:
    queue.ring([Ring("run1", 0)])

    fields = cast("dict[bytes, bytes]", redis_client.hgetall("rq:job:run1-0"))
    assert json.loads(zlib.decompress(fields.pop(b"data"))) == ["bot.worker.advance", None, ["run1"], {}]
    for value in fields.values():
        assert value.decode().isprintable()


def test_equal_rings_coalesce_and_others_do_not(queue: RqQueue, redis_client: Redis) -> None:
    queue.ring([Ring("run1", 1), Ring("run1", 1), Ring("run2", 1)])
    queue.ring([Ring("run1", 1), Ring("run1", 2)])

    assert queued(redis_client) == ["run1-1", "run2-1", "run1-2"]


def test_a_big_batch_arrives_whole(queue: RqQueue, redis_client: Redis) -> None:
    queue.ring([Ring(f"run{number}", 0) for number in range(1234)])

    assert len(queued(redis_client)) == 1234


def test_no_rings_are_no_trouble(queue: RqQueue, redis_client: Redis) -> None:
    queue.ring([])

    assert redis_client.dbsize() == 0


def test_only_rqs_own_keys_are_written(queue: RqQueue, redis_client: Redis) -> None:
    redis_client.set("mine", "1")

    queue.ring([Ring("run1", 1, queue="slow")])

    assert set(redis_client.keys()) == {b"mine", b"rq:job:run1-1", b"rq:queue:slow", b"rq:queues"}


def test_a_ring_for_a_started_job_runs_once_more_after_it(
    queue: RqQueue, worker: LaneWorker, turnstile: Turnstile, redis_client: Redis
) -> None:
    queue.ring([Ring("run1", 1)])
    assert turnstile.began.acquire(timeout=10)

    queue.ring([Ring("run1", 1)])
    queue.ring([Ring("run1", 1)])
    assert queued(redis_client) == []
    assert not turnstile.began.acquire(timeout=0.1)

    turnstile.go.release()
    assert turnstile.began.acquire(timeout=10)
    turnstile.go.release()
    assert worker.drained(10)
    assert turnstile.runs == ["run1", "run1"]


def test_a_ring_for_a_finished_job_queues_it_anew(
    queue: RqQueue, worker: LaneWorker, turnstile: Turnstile, redis_client: Redis
) -> None:
    turnstile.go.release(2)
    queue.ring([Ring("run1", 1)])
    assert turnstile.began.acquire(timeout=10)
    assert worker.drained(10)
    assert FinishedJobRegistry("default", connection=redis_client).get_job_ids() == ["run1-1"]

    queue.ring([Ring("run1", 1)])

    assert turnstile.began.acquire(timeout=10)
    assert worker.drained(10)
    assert turnstile.runs == ["run1", "run1"]


def test_a_ring_again_takes_a_started_job_from_its_worker(
    queue: RqQueue, worker: LaneWorker, turnstile: Turnstile, redis_client: Redis
) -> None:
    queue.ring([Ring("run1", 1)])
    assert turnstile.began.acquire(timeout=10)

    queue.ring([Ring("run1", 1, again=True)])
    assert turnstile.began.acquire(timeout=10)  # beside the first, which may be a dead worker's

    turnstile.go.release()  # whichever ends first, the other stays in the books
    turnstile.go.release()
    assert worker.drained(10)
    assert turnstile.runs == ["run1", "run1"]
    assert StartedJobRegistry("default", connection=redis_client).get_job_ids() == []


def test_a_ring_again_repairs_what_a_dead_worker_left(queue: RqQueue, redis_client: Redis, redis_url: str) -> None:
    queue.ring([Ring("run1", 1), Ring("run2", 1)])
    dead = LaneWorker(["default"], "dead", connection=connect(redis_url))
    dead._take(Room(1))  # started, and then the process was killed
    redis_client.lpop("rq:queue:default")  # popped, and killed before it said so
    queue.ring([Ring("run1", 1), Ring("run2", 1)])
    assert queued(redis_client) == []

    for _ in range(2):
        queue.ring([Ring("run1", 1, again=True), Ring("run2", 1, again=True)])

    assert queued(redis_client) == ["run1-1", "run2-1"]
    assert job(redis_client, "run1-1").get_status() is JobStatus.QUEUED
    assert StartedJobRegistry("default", connection=redis_client).get_job_ids() == []
    assert dead.current_execution_count == 0
    dead.connection.close()


def test_a_job_that_another_kind_of_worker_started_is_queued(queue: RqQueue, redis_client: Redis) -> None:
    queue.ring([Ring("run1", 1)])
    redis_client.delete("rq:queue:default")
    redis_client.hset("rq:job:run1-1", "status", "started")

    queue.ring([Ring("run1", 1)])

    assert queued(redis_client) == ["run1-1"]


@pytest.mark.parametrize("status", ["failed", "canceled", "stopped", "deferred"])
def test_a_job_that_is_over_is_queued_anew(queue: RqQueue, redis_client: Redis, status: str) -> None:
    queue.ring([Ring("run1", 1)])
    redis_client.delete("rq:queue:default")
    redis_client.hset("rq:job:run1-1", mapping={"status": status, "ended_at": "2026-01-01T00:00:00.000000Z"})
    redis_client.expire("rq:job:run1-1", 100)
    redis_client.zadd("rq:failed:default", {"run1-1": 2e9})

    queue.ring([Ring("run1", 1)])

    assert queued(redis_client) == ["run1-1"]
    assert job(redis_client, "run1-1").ended_at is None
    assert redis_client.ttl("rq:job:run1-1") == -1
    assert redis_client.zcard("rq:failed:default") == 0


def test_an_unreachable_redis_is_said_once_each_way() -> None:
    with servers.RedisServer() as server, rq_queue.connect(server.url) as redis, capture_logs() as logs:
        queue = RqQueue(redis)
        queue.ring([Ring("run1", 1)])
        server.stop()
        for _ in range(3):
            queue.ring([Ring("run2", 1)])
        server.start()
        for _ in range(3):
            queue.ring([Ring("run3", 1)])
        assert queued(redis) == ["run3-1"]

    assert [(entry["log_level"], entry["event"]) for entry in logs] == [
        ("warning", "redis is away: rings wait for the rescue tick"),
        ("info", "redis is back"),
    ]
