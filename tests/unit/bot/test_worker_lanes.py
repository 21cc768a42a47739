"""The worker with lanes: many jobs at once, and books in Redis that are true at every moment."""

from __future__ import annotations

import pickle
import threading
import zlib
from collections.abc import Callable, Iterator

import pytest
import structlog
from click.testing import CliRunner
from redis import Redis
from rq.cli.cli import main as rq_cli
from rq.job import Job, JobStatus
from rq.registry import FailedJobRegistry, FinishedJobRegistry
from rq.serializers import JSONSerializer
from rq.worker import Worker
from structlog.testing import capture_logs

from bot.lanes import LaneWorker, connect
from tests.servers import redis as servers
from tests.unit.bot.lanes_stage import DEADLINE, Gate, ring, running, started, until
from workflows.storage.rq_queue import ADVANCE

session_redis, redis_server = servers.session_redis, servers.redis_server
redis_url, redis_client = servers.redis_url, servers.redis_client


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open.set()


def test_lanes_run_at_once(redis_url: str) -> None:
    together = threading.Barrier(4, timeout=DEADLINE)
    met: list[str] = []

    def meet(run_id: str) -> None:
        together.wait()
        met.append(run_id)

    with running(redis_url, meet):
        ring(redis_url, "a", "b", "c", "d")
        until(lambda: len(met) == 4)


def test_a_job_is_claimed_only_when_a_lane_is_free(redis_url: str, redis_client: Redis, gate: Gate) -> None:
    with running(redis_url, gate, lanes=2):
        ring(redis_url, *"abcde")
        until(lambda: redis_client.llen("rq:queue:default") == 3)
        until(lambda: len(gate.inside) == 2)
        gate.open.set()
        until(lambda: len(gate.done) == 5)


def test_queues_are_served_in_their_order(redis_url: str, gate: Gate) -> None:
    gate.open.set()
    ring(redis_url, "low1", "low2", queue="low")
    ring(redis_url, "high1", "high2", queue="high")
    with running(redis_url, gate, queues=("high", "low"), lanes=1):
        until(lambda: len(gate.done) == 4)
    assert gate.done == ["high1", "high2", "low1", "low2"]


def test_rq_sees_the_truth_while_jobs_run_and_after(redis_url: str, redis_client: Redis, gate: Gate) -> None:
    with running(redis_url, gate, queues=("default", "slack"), lanes=3) as lanes:
        until(lambda: Worker.all(redis_client))
        (worker,) = Worker.all(redis_client)
        assert worker.queue_names() == ["default", "slack"]
        assert (worker.pid, worker.hostname) == (lanes.pid, lanes.hostname)
        assert [worker.name for worker in LaneWorker.all(redis_client)] == ["w1"]

        ring(redis_url, "a", "b")
        ring(redis_url, "c", queue="slack")
        until(lambda: len(gate.inside) == 3)
        (worker,) = Worker.all(redis_client)
        assert worker.get_state() == "busy"
        assert sorted(execution.job_id for execution in worker.get_current_executions()) == ["a-0", "b-0", "c-0"]
        assert sorted(started(redis_client)) == ["a-0", "b-0"]
        assert started(redis_client, "slack") == ["c-0"]
        assert Job.fetch("a-0", redis_client, JSONSerializer).get_status() is JobStatus.STARTED
        assert "2 executing" in CliRunner().invoke(rq_cli, ["info", "-u", redis_url, "--raw"]).output

        gate.open.set()
        until(lambda: Worker.all(redis_client)[0].get_state() == "idle")
        (worker,) = Worker.all(redis_client)
        assert (worker.successful_job_count, worker.failed_job_count) == (3, 0)
        assert worker.get_current_executions(refresh=True) == []
        assert started(redis_client) == started(redis_client, "slack") == []
        assert sorted(FinishedJobRegistry("default", connection=redis_client).get_job_ids()) == ["a-0", "b-0"]
        assert "0 executing" in CliRunner().invoke(rq_cli, ["info", "-u", redis_url, "--raw"]).output
    assert Worker.all(redis_client) == []


def test_jobs_that_end_one_by_one_leave_the_others_in_the_books(redis_url: str, redis_client: Redis) -> None:
    gates = {run: Gate() for run in "abc"}
    with running(redis_url, lambda run: gates[run](run)):
        ring(redis_url, "a", "b", "c")
        until(lambda: sorted(started(redis_client)) == ["a-0", "b-0", "c-0"])
        gates["b"].open.set()
        until(lambda: sorted(started(redis_client)) == ["a-0", "c-0"])
        gates["a"].open.set()
        until(lambda: started(redis_client) == ["c-0"])
        assert Worker.all(redis_client)[0].get_state() == "busy"
        gates["c"].open.set()


def test_nothing_of_an_ended_job_stays_for_long(redis_url: str, redis_client: Redis, gate: Gate) -> None:
    gate.open.set()
    with running(redis_url, gate):
        ring(redis_url, *(f"run{number}" for number in range(50)))
        until(lambda: len(gate.done) == 50)
    for key in redis_client.scan_iter():
        if key not in {b"rq:queues", b"rq:finished:default"}:
            assert redis_client.ttl(key) > 0, key


def test_a_failing_job_is_marked_and_its_lane_lives_on(redis_url: str, redis_client: Redis) -> None:
    done: list[str] = []

    def fail(run_id: str) -> None:
        match run_id:
            case "bad":
                raise ValueError("out of tea")
            case "worse":
                raise SystemExit("out of here")
            case _:
                done.append(run_id)

    with running(redis_url, fail, lanes=1), capture_logs() as logs:
        ring(redis_url, "bad", "worse", "good")
        until(lambda: done)
        until(lambda: [worker.successful_job_count for worker in Worker.all(redis_client)] == [1])
        (worker,) = Worker.all(redis_client)
        assert (worker.get_state(), worker.failed_job_count) == ("idle", 2)
    assert FailedJobRegistry("default", connection=redis_client).get_job_ids() == ["bad-0", "worse-0"]
    bad = Job.fetch("bad-0", redis_client, JSONSerializer)
    assert bad.get_status() is JobStatus.FAILED
    result = bad.latest_result()
    assert result
    assert "out of tea" in (result.exc_string or "")
    assert 0 < redis_client.ttl("rq:job:bad-0") <= 600
    assert [entry["job"] for entry in logs if entry["event"] == "job failed"] == ["bad-0", "worse-0"]


class _Bomb:
    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return (exploded.append, ("boom",))


exploded: list[str] = []


@pytest.mark.parametrize(
    "data",
    [
        pickle.dumps(("bot.worker.advance", None, (_Bomb(),), {})),
        b'["os.system", null, ["true"], {}]',
        b'["bot.worker.advance", "os", ["run"], {}]',
        b'["bot.worker.advance", null, ["run", "more"], {}]',
        b'["bot.worker.advance", null, [{"no": "text"}], {}]',
        b'["bot.worker.advance", null, ["run"], {"more": 1}]',
        b'{"a": "dict"}',
        b'["' + b"x" * 200_000,
    ],
    ids=["pickle", "other function", "instance", "two arguments", "no text", "named", "dict", "bomb"],
)
def test_a_job_that_is_no_ring_is_refused(redis_url: str, redis_client: Redis, gate: Gate, data: bytes) -> None:
    gate.open.set()
    ring(redis_url, "evil")
    redis_client.hset("rq:job:evil-0", "data", zlib.compress(data))
    with running(redis_url, gate):
        until(lambda: FailedJobRegistry("default", connection=redis_client).get_job_ids() == ["evil-0"])
    assert gate.inside == []
    assert exploded == []


def test_a_queued_id_without_a_job_is_passed_over(redis_url: str, redis_client: Redis, gate: Gate) -> None:
    gate.open.set()
    redis_client.rpush("rq:queue:default", "ghost")
    ring(redis_url, "a")
    with running(redis_url, gate):
        until(lambda: gate.done == ["a"])


def test_a_job_sees_nothing_of_the_one_before_it(redis_url: str) -> None:
    seen: list[dict[str, object]] = []

    def bind(run_id: str) -> None:
        seen.append(dict(structlog.contextvars.get_contextvars()))
        structlog.contextvars.bind_contextvars(run_id=run_id)

    with running(redis_url, bind, lanes=1):
        ring(redis_url, "a", "b")
        until(lambda: len(seen) == 2)
    assert seen == [{}, {}]


def test_stop_claims_nothing_more_and_lets_lanes_finish(redis_url: str, redis_client: Redis, gate: Gate) -> None:
    with running(redis_url, gate, lanes=1) as worker:
        ring(redis_url, "a", "b")
        until(lambda: gate.inside)
        worker.stop()
        assert not worker.drained(0.01)
        gate.open.set()
        assert worker.drained(DEADLINE)
        assert gate.done == ["a"]
        assert redis_client.lrange("rq:queue:default", 0, -1) == [b"b-0"]


def test_burst_ends_when_nothing_is_left(redis_url: str, gate: Gate) -> None:
    gate.open.set()
    again = ["c"]

    def chain(run_id: str) -> None:
        gate(run_id)
        if again:
            ring(redis_url, again.pop())

    ring(redis_url, "a", "b")
    worker = LaneWorker(["default"], connection=connect(redis_url), functions={ADVANCE: chain}, lanes=2)
    assert worker.work(burst=True)
    assert worker.drained(0)
    worker.close()
    assert sorted(gate.done) == ["a", "b", "c"]
