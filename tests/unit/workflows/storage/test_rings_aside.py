"""Rings that nobody waits for reach Redis all the same, together, and before the process leaves."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event
from typing import Any

from redis import Redis
from redis.exceptions import ConnectionError as RedisAway

from tests.servers import redis as servers
from workflows.engine.ports import Ring
from workflows.storage.rings_aside import RingsAside

session_redis, redis_server, redis_client = servers.session_redis, servers.redis_server, servers.redis_client


def queued(client: Redis, queue: str) -> list[str]:
    found: Any = client.lrange(f"rq:queue:{queue}", 0, -1)
    return [job.decode() for job in found]


def test_everything_is_rung_by_the_end(redis_client: Redis) -> None:
    bell = RingsAside(redis_client)
    bell.ring([Ring("r1", 0, "default"), Ring("r2", 3, "default")])
    bell.ring_delivery("r1", "r2")
    bell.close()
    assert queued(redis_client, "default") == ["r1-0", "r2-3"]
    assert queued(redis_client, "slack") == ["deliver-r1", "deliver-r2"]


def test_what_comes_meanwhile_goes_together(redis_client: Redis) -> None:
    sent: list[int] = []
    begun, go = Event(), Event()

    class Slow(RingsAside):
        def _queue(self, jobs: Sequence[Any]) -> None:
            sent.append(len(jobs))
            begun.set()
            assert go.wait(10)
            super()._queue(jobs)

    bell = Slow(redis_client)
    bell.ring([Ring("r1", 0, "default")])
    assert begun.wait(10)
    for _ in range(3):
        bell.ring_delivery("r1")
    bell.ring([Ring("r2", 0, "default")])
    go.set()
    bell.close()
    assert sent == [1, 2]
    assert queued(redis_client, "slack") == ["deliver-r1"]


def test_an_outage_ends_nothing(redis_client: Redis) -> None:
    class Away(RingsAside):
        away = True

        def _send(self, jobs: Sequence[Any]) -> None:
            if self.away:
                self.away = False
                raise RedisAway("gone")
            super()._send(jobs)

    bell = Away(redis_client)
    bell.ring([Ring("r1", 0, "default")])
    while bell.away:
        Event().wait(0.01)
    bell.ring([Ring("r2", 0, "default")])
    bell.close()
    assert queued(redis_client, "default") == ["r2-0"]


def test_one_that_was_never_used_closes(redis_client: Redis) -> None:
    RingsAside(redis_client).close()
