"""The doorbell over Redis: a ring is an RQ job that says "this run can go on".

Correctness lives in SQL, so a ring may be lost or come twice; this module only makes that rare. Jobs use
RQ's JSON serializer and carry a run id, so whoever can write to Redis can ring, and nothing more.

What a ring does depends on the job that already has its id:

- none, or one that is over (finished, failed, cancelled …): it is queued (anew).
- queued: nothing. With `again`, the queue itself is looked at, since a worker may have died with the id in hand.
- started: the job is marked as rung, and the worker that ends it queues it once more, so that the next
  advance begins after this one gave its lease back. With `again`, or when no lane holds it, it is queued at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.client import Pipeline
from redis.commands.core import Script
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError
from redis.exceptions import TimeoutError as RedisTimeout
from redis.retry import Retry
from rq.defaults import RQ_KEY_PREFIX
from rq.job import Job, JobStatus
from rq.queue import Queue as RQQueue
from rq.registry import CanceledJobRegistry, FailedJobRegistry, FinishedJobRegistry, StartedJobRegistry
from rq.serializers import JSONSerializer
from rq.utils import now

from workflows.engine.ports import Ring

ADVANCE = "bot.worker.advance"
"""The function that a ring names. Persisted in Redis, so it is compatibility data."""
DELIVER = "bot.worker.deliver"
"""The function that a ring for a run's messages names."""
DELIVERIES = "slack"
"""The queue of those rings."""

RUNG = "rung"
"""The field of a started job that says: queue it once more when it ends. The worker reads it."""
EXECUTION = "execution"
"""The field of a started job that names the lane's execution. The worker writes it."""

REGISTRIES = (StartedJobRegistry, FinishedJobRegistry, FailedJobRegistry, CanceledJobRegistry)
_BATCH = 500
_HOLD_OFF = 1.0
"""Seconds for which nothing is tried after Redis failed to answer in time: a caller waits once, not at each ring."""

_RING = """
-- KEYS: job, queue, set of queues, started, finished, failed, cancelled; ARGV: job id, again, prefix, fields ...
local id, again, prefix = ARGV[1], ARGV[2] == '1', ARGV[3]
local job = redis.call('HMGET', KEYS[1], 'status', '%(execution)s', 'worker_name')
local status, execution, worker = job[1], job[2], job[3]
if status == 'queued' then
    if not again then return 0 end
    -- a queue too long to look through keeps its workers busy; a later rescue looks again
    if redis.call('LPOS', KEYS[2], id, 'MAXLEN', 10000) or redis.call('LLEN', KEYS[2]) > 10000 then return 0 end
elseif status == 'started' and execution and not again then
    redis.call('HSET', KEYS[1], '%(rung)s', '1')
    return 0
end
if status then
    for i = 5, 7 do redis.call('ZREM', KEYS[i], id) end
    redis.call('DEL', KEYS[1])
end
if execution then
    redis.call('ZREM', KEYS[4], id .. ':' .. execution)
    redis.call('ZREM', prefix .. ':executions:' .. id, execution)
    redis.call('DEL', prefix .. ':execution:' .. id .. ':' .. execution)
    redis.call('SREM', prefix .. ':worker:' .. worker .. ':executions', id .. ':' .. execution)
end
redis.call('HSET', KEYS[1], unpack(ARGV, 4))
redis.call('SADD', KEYS[3], KEYS[2])
redis.call('RPUSH', KEYS[2], id)
return 1
""" % {"execution": EXECUTION, "rung": RUNG}  # noqa: UP031 (Lua is full of braces)


def connect(url: str) -> Redis:
    """Open a client that fails fast: two seconds without an answer is an outage, a stale connection is replaced."""
    again = Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,))
    return Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2, retry=again)


class RqQueue:
    """Rings by RQ jobs. Safe to share between threads, and to carry over a fork before its first use."""

    def __init__(
        self,
        redis: Redis,
        *,
        result_ttl: timedelta = timedelta(seconds=10),
        failure_ttl: timedelta = timedelta(minutes=10),
    ) -> None:
        self._redis = redis
        self._result_ttl = int(result_ttl.total_seconds())
        self._failure_ttl = int(failure_ttl.total_seconds())
        self._script = Script(redis, _RING)
        self._lock = threading.Lock()
        self._away = False
        self._not_before = 0.0
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

    def ring(self, rings: Sequence[Ring]) -> None:
        """Queue a job for each ring, in one round trip for some hundreds; what Redis can't take now is dropped."""
        self._queue([(self._job(ring), ring.again) for ring in rings])

    def ring_delivery(self, *run_ids: str, again: bool = False) -> None:
        """Queue a job for the messages of each run; one that is queued already is enough, unless `again`."""
        self._queue([(self._delivery(run_id), again) for run_id in run_ids])

    def retire(self, queue: str) -> None:
        """Forget a queue that is used no more, with its jobs and its records of them; no worker may serve it."""
        try:
            known = RQQueue(queue, connection=self._redis, serializer=JSONSerializer)
            for registry in REGISTRIES:
                for job_id in registry(queue, connection=self._redis, serializer=JSONSerializer).get_job_ids(
                    cleanup=False
                ):
                    self._redis.delete(Job.key_for(job_id))
                self._redis.delete(registry.key_template.format(queue))
            known.delete(delete_jobs=True)
        except RedisError as error:
            self._failed(error)

    def _queue(self, jobs: Sequence[tuple[Job, bool]]) -> None:
        if time.monotonic() < self._not_before:
            return
        try:
            for start in range(0, len(jobs), _BATCH):
                self._send(jobs[start : start + _BATCH])
        except RedisError as error:
            self._failed(error)
        else:
            self._worked()

    def _send(self, jobs: Sequence[tuple[Job, bool]]) -> None:
        try:
            self._pipeline(jobs).execute()
        except NoScriptError:  # a new or restarted server
            self._redis.script_load(_RING)
            self._pipeline(jobs).execute()

    def _pipeline(self, jobs: Sequence[tuple[Job, bool]]) -> Pipeline:
        pipeline = self._redis.pipeline(transaction=False)
        for job, again in jobs:
            keys = _keys(job)
            fields = [part for field in job.to_dict().items() if field[1] is not None for part in field]
            arguments = [job.id, int(again), RQ_KEY_PREFIX, *fields]
            pipeline.evalsha(self._script.sha, len(keys), *keys, *arguments)
        return pipeline

    def _job(self, ring: Ring) -> Job:
        return self._made(ADVANCE, ring.run_id, f"{ring.run_id}-{ring.inbox}", ring.queue)

    def _delivery(self, run_id: str) -> Job:
        return self._made(DELIVER, run_id, f"deliver-{run_id}", DELIVERIES)

    def _made(self, function: str, run_id: str, job_id: str, queue: str) -> Job:
        job = Job.create(
            function,
            args=(run_id,),
            id=job_id,
            origin=queue,
            description=f"{function.rpartition('.')[2]} {run_id}",
            status=JobStatus.QUEUED,
            timeout=-1,
            result_ttl=self._result_ttl,
            failure_ttl=self._failure_ttl,
            connection=self._redis,
            serializer=JSONSerializer,
        )
        job.enqueued_at = now()
        return job

    def _failed(self, error: RedisError) -> None:
        if isinstance(error, RedisTimeout):
            self._not_before = time.monotonic() + _HOLD_OFF
        with self._lock:
            first, self._away = not self._away, True
        if first:
            self._log.warning("redis is away: rings wait for the rescue tick", error=str(error))

    def _worked(self) -> None:
        with self._lock:
            back, self._away = self._away, False
        if back:
            self._log.info("redis is back")


def _keys(job: Job) -> list[Any]:
    queue = job.origin
    return [
        job.key,
        RQQueue.redis_queue_namespace_prefix + queue,
        RQQueue.redis_queues_keys,
        *(registry.key_template.format(queue) for registry in REGISTRIES),
    ]
