"""What a worker and Redis say to each other: take jobs, end jobs, be seen.

A worker that runs many jobs at once writes RQ's own records (executions, registries, its own hash), so that
`rq info` and RQ's classes read the truth. One script ends a job and takes the next ones in a single round trip.
A job leaves its queue and becomes started in one step, unless the worker was asleep in `wait`.
"""

from __future__ import annotations

import json
import zlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import uuid4

from redis import Redis
from redis.client import Pipeline
from redis.commands.core import Script
from rq.defaults import RQ_KEY_PREFIX
from rq.executions import WORKER_EXECUTIONS_KEY_TEMPLATE, Execution, ExecutionRegistry
from rq.queue import Queue as RQQueue
from rq.registry import FailedJobRegistry, FinishedJobRegistry, StartedJobRegistry
from rq.serializers import JSONSerializer
from rq.suspension import WORKERS_SUSPENDED
from rq.utils import now, utcformat
from rq.worker_registration import REDIS_WORKER_KEYS, WORKERS_BY_QUEUE_KEY

RUNG = "rung"
"""The field of a started job by which a ring asks for one more turn. The doorbell writes it."""
EXECUTION = "execution"
"""The field of a started job that names the execution whose end counts. The doorbell reads it."""

Birth = Mapping[Any, Any]
"""A worker as RQ describes it: field to value."""

_STATE = """
local function raise(name, value)
    local current = tonumber(redis.call('HGET', t.worker, name) or '0')
    if value > current then redis.call('HSET', t.worker, name, value) end
end

local function show_state()
    if redis.call('EXISTS', t.worker) == 0 then return end
    local state = 'idle'
    if redis.call('SCARD', t.running) > 0 then state = 'busy'
    elseif redis.call('EXISTS', t.suspended) == 1 then state = 'suspended' end
    redis.call('HSET', t.worker, 'state', state)
    raise('successful_job_count', t.succeeded)
    raise('failed_job_count', t.failed)
    raise('total_working_time', t.seconds)
end
"""

_SHOW = "local t = cjson.decode(ARGV[1])\n" + _STATE + "show_state()"

_TURN = (
    """
-- KEYS: the queues in order of preference; ARGV: the request as JSON, the error of the ended job as RQ packs it
local t = cjson.decode(ARGV[1])
local known = redis.call('EXISTS', t.worker) == 1
local second = tonumber(redis.call('TIME')[1])

local function finish(e)
    local key, composite = t.prefix .. ':job:' .. e.job, e.job .. ':' .. e.execution
    redis.call('DEL', t.prefix .. ':execution:' .. composite)
    redis.call('ZREM', t.prefix .. ':executions:' .. e.job, e.execution)
    redis.call('ZREM', e.started, composite)
    redis.call('SREM', t.running, composite)
    local job = redis.call('HMGET', key, t.execution, t.rung, 'status')
    if job[1] ~= e.execution then return end     -- the job is another's by now, or gone
    redis.call('HDEL', key, t.execution, t.rung)
    if job[3] == 'failed' then redis.call('ZREM', e.failed, e.job) end     -- RQ had taken it for abandoned
    if job[2] then
        redis.call('HSET', key, 'status', 'queued', 'enqueued_at', t.now)
        redis.call('RPUSH', e.queue, e.job)
    elseif e.ttl == 0 then
        redis.call('DEL', key)
    else
        redis.call('HSET', key, 'status', e.status, 'ended_at', t.now)
        if e.status == 'failed' then
            local results = t.prefix .. ':results:' .. e.job
            redis.call('XADD', results, 'MAXLEN', '10', '*', 'type', '2', 'worker_name', t.name,
                'exc_string', ARGV[2], 'execution_id', e.execution)
            redis.call('EXPIRE', results, e.ttl)
        end
        redis.call('EXPIRE', key, e.ttl)
        redis.call('ZADD', e.registry, second + e.ttl, e.job)
        redis.call('ZREMRANGEBYSCORE', e.registry, 0, second)
    end
end

local taken = {}
local function take(number, id)
    local key = t.prefix .. ':job:' .. id
    local job = redis.call('HMGET', key, 'data', 'result_ttl', 'failure_ttl')
    if not job[1] then return end
    local execution, group = t.ids[#taken + 1], t.groups[number]
    t.room[group] = t.room[group] - 1
    local composite = id .. ':' .. execution
    redis.call('HSET', key, 'status', 'started', 'started_at', t.now, 'last_heartbeat', t.now,
        'worker_name', t.name, t.execution, execution)
    redis.call('HDEL', key, t.rung)
    redis.call('PERSIST', key)
    redis.call('HSET', t.prefix .. ':execution:' .. composite, 'id', execution, 'job_id', id,
        'created_at', t.timestamp, 'last_heartbeat', t.timestamp, 'worker_name', t.name)
    redis.call('EXPIRE', t.prefix .. ':execution:' .. composite, t.ttl)
    redis.call('ZADD', t.prefix .. ':executions:' .. id, second + t.ttl, execution)
    redis.call('EXPIRE', t.prefix .. ':executions:' .. id, t.ttl)
    redis.call('ZADD', t.started[number], second + t.ttl, composite)
    redis.call('SADD', t.running, composite)
    redis.call('EXPIRE', t.running, t.ttl)
    taken[#taken + 1] = {id, execution, number, job[1], job[2] or '', job[3] or ''}
end
"""
    + _STATE
    + """
if t.ended then finish(t.ended) end
local suspended = redis.call('EXISTS', t.suspended) == 1
if suspended and t.first then
    redis.call('LPUSH', KEYS[t.first[1]], t.first[2])
elseif t.first then
    take(t.first[1], t.first[2])
end
for number, queue in ipairs(KEYS) do
    while not suspended and t.room[t.groups[number]] > 0 do
        local id = redis.call('LPOP', queue)
        if not id then break end
        take(number, id)
    end
end
show_state()
return {known and 1 or 0, suspended and 1 or 0, taken}
"""
)


@dataclass(frozen=True)
class Claimed:
    """A job that this worker has taken. `data` is what the ringer wrote, compressed and not to be trusted."""

    job_id: str
    execution_id: str
    queue: str
    data: bytes
    result_ttl: int
    failure_ttl: int


@dataclass(frozen=True)
class Ended:
    """A claimed job whose function is over; `error` is None when it returned."""

    claimed: Claimed
    error: str | None = None


@dataclass(frozen=True)
class Room:
    """Lanes that are free: those for most queues, and those for queues that have their own."""

    lanes: int = 0
    apart: int = 0


@dataclass(frozen=True)
class Tally:
    """What a worker did since it started."""

    succeeded: int = 0
    failed: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Turn:
    """What Redis answered. `known` is False when it has no record of this worker: it was emptied."""

    known: bool
    suspended: bool
    claimed: tuple[Claimed, ...]


@dataclass(frozen=True)
class Rung:
    """A job id that was popped while waiting, with the number of its queue, counted from 1 as Lua does."""

    queue: int
    job_id: str


class Claims:
    """The jobs of one worker, in Redis. What it shows there lives for `ttl` seconds unless it is shown again."""

    def __init__(
        self, redis: Redis, worker: str, queues: Sequence[str], ttl: int, *, apart: frozenset[str] = frozenset()
    ) -> None:
        """The queues of `apart` have lanes of their own, the second group of a `Room`."""
        self._redis = redis
        self._worker = worker
        self._queues = tuple(queues)
        self._groups = [2 if queue in apart else 1 for queue in queues]
        self._keys = [RQQueue.redis_queue_namespace_prefix + queue for queue in queues]
        self._ttl = ttl
        self._turn = Script(redis, _TURN)
        self._show = Script(redis, _SHOW)
        self._fixed = {
            "prefix": RQ_KEY_PREFIX,
            "name": worker,
            "worker": f"{RQ_KEY_PREFIX}:worker:{worker}",
            "running": WORKER_EXECUTIONS_KEY_TEMPLATE.format(worker),
            "started": [StartedJobRegistry.key_template.format(queue) for queue in queues],
            "suspended": WORKERS_SUSPENDED,
            "groups": self._groups,
            "execution": EXECUTION,
            "rung": RUNG,
            "ttl": ttl,
        }

    def turn(self, take: Room, *, tally: Tally, ended: Ended | None = None, first: Rung | None = None) -> Turn:
        """End a job and take others for the free lanes, `first` before those in the queues; ending twice is harmless.

        There has to be room for `first`.
        """
        moment = now()
        request: dict[str, Any] = {
            **self._fixed,
            "now": utcformat(moment),
            "timestamp": moment.timestamp(),
            "ids": [uuid4().hex for _ in range(take.lanes + take.apart)],
            "room": [take.lanes, take.apart],
            **_tally(tally),
        }
        if first:
            request["first"] = [first.queue, first.job_id]
        error = ""
        if ended:
            request["ended"] = self._ended(ended)
            error = b64encode(zlib.compress((ended.error or "").encode())).decode()
        known, suspended, taken = cast(
            "tuple[int, int, list[Any]]", self._turn(keys=self._keys, args=[json.dumps(request), error])
        )
        return Turn(bool(known), bool(suspended), tuple(self._claimed(*row) for row in taken))

    def is_apart(self, queue: str) -> bool:
        """Whether a queue's jobs run in the lanes of the second group."""
        return self._groups[self._queues.index(queue)] == 2

    def wait(self, seconds: float, room: Room) -> Rung | None:
        """Sleep in Redis until a job is queued for which there is room, and take its id off the queue."""
        free = (0, room.lanes, room.apart)
        keys = [key for key, group in zip(self._keys, self._groups, strict=True) if free[group]]
        popped = cast("tuple[bytes, bytes] | None", self._redis.blpop(keys, seconds)) if keys else None
        return Rung(self._keys.index(popped[0].decode()) + 1, popped[1].decode()) if popped else None

    def give_back(self, rung: Rung) -> None:
        """Put a popped id back where it was."""
        self._redis.lpush(self._keys[rung.queue - 1], rung.job_id)

    def show(self, birth: Birth, tally: Tally, executions: Sequence[tuple[Execution, str]]) -> None:
        """Say that the worker lives and what it runs (with each execution's queue), whatever Redis still knew of it."""
        key = f"{RQ_KEY_PREFIX}:worker:{self._worker}"
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.hset(key, mapping=birth)
            pipeline.expire(key, self._ttl)
            pipeline.sadd(REDIS_WORKER_KEYS, key)
            for queue in self._queues:
                pipeline.sadd(WORKERS_BY_QUEUE_KEY % queue, key)
            for execution, queue in executions:
                self._show_execution(execution, queue, pipeline)
            self._show(args=[json.dumps({**self._fixed, **_tally(tally)})], client=pipeline)
            pipeline.execute()

    def hide(self, executions: Sequence[tuple[Execution, str]]) -> None:
        """Take back what `show` wrote about executions that ended meanwhile."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for execution, queue in executions:
                pipeline.delete(execution.key)
                ExecutionRegistry(execution.job_id, self._redis).remove(execution, pipeline)
                StartedJobRegistry(queue, self._redis, serializer=JSONSerializer).remove_execution(
                    execution, pipeline=pipeline
                )
                pipeline.srem(execution.worker_executions_key, execution.composite_key)
            self._show(args=[json.dumps({**self._fixed, **_tally(Tally())})], client=pipeline)
            pipeline.execute()

    def _show_execution(self, execution: Execution, queue: str, pipeline: Pipeline) -> None:
        execution.last_heartbeat = now()
        execution.save(self._ttl, pipeline)
        ExecutionRegistry(execution.job_id, self._redis).add(execution, self._ttl, pipeline)
        StartedJobRegistry(queue, self._redis, serializer=JSONSerializer).add_execution(
            execution, pipeline, ttl=self._ttl
        )
        pipeline.sadd(execution.worker_executions_key, execution.composite_key)
        pipeline.expire(execution.worker_executions_key, self._ttl)

    def _claimed(self, job_id: bytes, execution: bytes, queue: int, data: bytes, *ttls: bytes) -> Claimed:
        result_ttl, failure_ttl = (int(ttl or 60) for ttl in ttls)
        return Claimed(job_id.decode(), execution.decode(), self._queues[queue - 1], data, result_ttl, failure_ttl)

    def _ended(self, ended: Ended) -> dict[str, Any]:
        claimed, failed = ended.claimed, ended.error is not None
        registry = FailedJobRegistry if failed else FinishedJobRegistry
        return {
            "job": claimed.job_id,
            "execution": claimed.execution_id,
            "queue": RQQueue.redis_queue_namespace_prefix + claimed.queue,
            "started": StartedJobRegistry.key_template.format(claimed.queue),
            "failed": FailedJobRegistry.key_template.format(claimed.queue),
            "registry": registry.key_template.format(claimed.queue),
            "status": "failed" if failed else "finished",
            "ttl": claimed.failure_ttl if failed else claimed.result_ttl,
        }


def _tally(tally: Tally) -> dict[str, Any]:
    return {"succeeded": tally.succeeded, "failed": tally.failed, "seconds": tally.seconds}
