"""The worker with lanes when something is amiss: Redis away or emptied, workers suspended, a thread broken."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer
from rq.suspension import resume, suspend
from rq.worker import Worker
from structlog.testing import capture_logs

from bot.lanes import LaneWorker, connect
from tests.servers import redis as servers
from tests.unit.bot.lanes_stage import Gate, ring, running, started, until

session_redis, redis_server = servers.session_redis, servers.redis_server
redis_url, redis_client = servers.redis_url, servers.redis_client


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open.set()


def test_an_emptied_redis_loses_the_books_for_a_moment_only(redis_url: str, redis_client: Redis, gate: Gate) -> None:
    with running(redis_url, gate):
        ring(redis_url, "a", "b")
        until(lambda: len(gate.inside) == 2)

        redis_client.flushall()

        until(lambda: Worker.all(redis_client))  # of itself, with nothing rung
        (worker,) = Worker.all(redis_client)
        until(lambda: sorted(started(redis_client)) == ["a-0", "b-0"])
        assert len(worker.get_current_executions(refresh=True)) == 2
        ring(redis_url, "c")
        until(lambda: len(gate.inside) == 3)
        gate.open.set()
        until(lambda: Worker.all(redis_client)[0].successful_job_count == 3)
        until(lambda: Worker.all(redis_client)[0].get_state() == "idle")  # counted before the last end is told
        assert started(redis_client) == []
        assert redis_client.exists("rq:job:a-0") == 0


def test_a_worker_waits_for_a_redis_that_is_not_there_yet(gate: Gate) -> None:
    gate.open.set()
    with servers.RedisServer() as server, capture_logs() as logs:
        server.stop()
        with running(server.url, gate):
            until(lambda: logs)
            server.start()
            ring(server.url, "a")
            until(lambda: gate.done == ["a"])
            with server.client() as redis:
                until(lambda: Worker.all(redis))
    assert [entry["event"] for entry in logs] == ["redis is failing", "redis is fine again"]


def test_jobs_end_without_redis_and_are_told_later(gate: Gate) -> None:
    with servers.RedisServer(durable=True) as server, server.client() as redis, capture_logs() as logs:
        with running(server.url, gate, lanes=2, beat=0.2):
            ring(server.url, "a")
            until(lambda: gate.inside == ["a"])
            server.stop()
            gate.open.set()
            until(lambda: gate.done == ["a"])
            until(lambda: logs)
            server.start()
            until(lambda: not started(redis))
            assert Job.fetch("a-0", redis, JSONSerializer).get_status() is JobStatus.FINISHED
            ring(server.url, "b")
            until(lambda: gate.done == ["a", "b"])
            until(lambda: Worker.all(redis)[0].get_state() == "idle")
        assert Worker.all(redis) == []
    assert [entry["event"] for entry in logs] == ["redis is failing", "redis is fine again"]


def test_what_a_worker_shows_expires_when_it_is_killed(redis_url: str, redis_client: Redis, gate: Gate) -> None:
    with running(redis_url, gate, beat=0.1):
        ring(redis_url, "a")
        until(lambda: gate.inside)
        until(lambda: Worker.all(redis_client))
        (execution,) = Worker.all(redis_client)[0].get_current_executions()
        shown = [redis_client.ttl(key) for key in ("rq:worker:w1", "rq:worker:w1:executions", execution.key)]
        gate.open.set()
        assert all(0 < seconds <= 3 for seconds in shown)


def test_suspended_workers_take_nothing(redis_url: str, redis_client: Redis, gate: Gate) -> None:
    gate.open.set()
    with running(redis_url, gate):
        suspend(redis_client)
        until(lambda: Worker.all(redis_client) and Worker.all(redis_client)[0].get_state() == "suspended")
        ring(redis_url, "a")
        until(lambda: redis_client.llen("rq:queue:default") == 1)
        assert gate.inside == []
        resume(redis_client)
        until(lambda: gate.done == ["a"])


def test_a_lane_that_breaks_takes_the_worker_down(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = LaneWorker(["default"], connection=connect(redis_url), lanes=2)
    monkeypatch.setattr(worker, "_end", {}.__getitem__)
    ring(redis_url, "a")
    with pytest.raises(RuntimeError, match="lane"):
        worker.work()
    worker.close()
