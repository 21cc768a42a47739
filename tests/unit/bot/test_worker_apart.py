"""Queues with lanes of their own: nobody waits for the other kind of job."""

from __future__ import annotations

from redis import Redis

from tests.servers import redis as servers
from tests.unit.bot.lanes_stage import Gate, ring, running, started, until
from workflows.storage import rq_queue
from workflows.storage.rq_queue import ADVANCE, DELIVER, RqQueue

session_redis, redis_server = servers.session_redis, servers.redis_server
redis_url, redis_client = servers.redis_url, servers.redis_client

BOTH = ("default", "slack")


def ring_delivery(url: str, *runs: str) -> None:
    with rq_queue.connect(url) as redis:
        RqQueue(redis).ring_delivery(*runs)


def test_full_lanes_hold_no_deliveries_up(redis_url: str, redis_client: Redis) -> None:
    advances, deliveries = Gate(), Gate()
    functions = {ADVANCE: advances, DELIVER: deliveries}
    with running(redis_url, advances, queues=BOTH, lanes=2, functions=functions, apart={"slack": 2}) as worker:
        ring(redis_url, *(f"run{number}" for number in range(5)))
        until(lambda: len(advances.inside) == 2)
        ring_delivery(redis_url, *(f"run{number}" for number in range(5)))
        until(lambda: len(deliveries.inside) == 2)
        assert (len(started(redis_client)), len(started(redis_client, "slack"))) == (2, 2)
        assert worker.current_execution_count == 4
        deliveries.open.set()
        until(lambda: len(deliveries.done) == 5)
        assert len(advances.inside) == 2
        advances.open.set()
        until(lambda: len(advances.done) == 5)


def test_slow_deliveries_hold_no_advances_up(redis_url: str) -> None:
    advances, deliveries = Gate(), Gate()
    functions = {ADVANCE: advances, DELIVER: deliveries}
    with running(redis_url, advances, queues=BOTH, lanes=1, functions=functions, apart={"slack": 1}):
        ring_delivery(redis_url, *(f"run{number}" for number in range(20)))
        until(lambda: len(deliveries.inside) == 1)
        advances.open.set()
        ring(redis_url, *(f"run{number}" for number in range(20)))
        until(lambda: len(advances.done) == 20)
        assert len(deliveries.inside) == 1
        deliveries.open.set()
        until(lambda: len(deliveries.done) == 20)


def test_a_delivery_that_is_rung_while_it_runs_runs_once_more(redis_url: str) -> None:
    deliveries = Gate()
    functions = {DELIVER: deliveries}
    with running(redis_url, deliveries, queues=BOTH, functions=functions, apart={"slack": 2}):
        ring_delivery(redis_url, "run1")
        until(lambda: deliveries.inside == ["run1"])
        for _ in range(3):
            ring_delivery(redis_url, "run1")
        assert deliveries.inside == ["run1"]
        deliveries.open.set()
        until(lambda: deliveries.done == ["run1", "run1"])
