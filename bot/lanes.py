"""One RQ worker that runs many jobs at once, each in a thread of its own.

RQ's workers run one job at a time, since they were made for work that computes. An advance mostly waits for
other systems, so here one worker object holds as many executions as it has lanes, asks for a job only when a
lane is free, and under load costs Redis one round trip a job. Jobs are never unpickled and never say what is to
be imported: a job's function must be one of those that the worker was given.

Redis may go away at any time: lanes finish what they have, since SQL holds the truth, and what could not be
told to Redis is told when it is back.
"""

from __future__ import annotations

import contextvars
import json
import logging
import os
import socket
import threading
import time
import traceback
import zlib
from collections.abc import Callable, Mapping, Sequence
from queue import SimpleQueue
from typing import Any

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq.executions import Execution
from rq.serializers import JSONSerializer
from rq.utils import now
from rq.worker import SimpleWorker

from bot.books import Books
from bot.claims import Birth, Claimed, Claims, Ended, Room, Rung, Tally, Turn
from bot.outage import Outage

MAX_DATA = 64 * 1024
"""Bytes of a job's call, unpacked. A ring is far smaller."""

SHORT_PATIENCE = 0.05
"""As `patience`, while one kind of lanes is full: a lane that gets free is not to wait for the other kind's jobs."""

MAINTENANCE = 60
"""Seconds between RQ's own sweeps over its registries; one worker at a time makes them."""

Function = Callable[[str], None]


def connect(url: str) -> Redis:
    """Open a client for a worker: it repeats nothing by itself, and five seconds without an answer is an outage."""
    return Redis.from_url(url, socket_timeout=5, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0))


class LaneWorker(SimpleWorker):
    """Runs up to `lanes` jobs at once, taking from its queues in their order.

    Queues of `apart` are served by that many lanes of their own, so that neither they nor the others wait for each
    other: a lane that is free takes from its own queues alone.

    `beat` is how often it shows itself in Redis (three missing beats, and RQ takes it for dead), `patience` how
    long it sleeps there at a time when nothing is queued; both in seconds.
    """

    def __init__(
        self,
        queues: Sequence[str],
        name: str | None = None,
        *,
        connection: Redis,
        functions: Mapping[str, Function] | None = None,
        lanes: int = 8,
        apart: Mapping[str, int] | None = None,
        beat: float = 10.0,
        patience: float = 0.5,
        **rq: Any,
    ) -> None:
        rq.update(connection=connection, prepare_for_work=False, serializer=JSONSerializer)
        super().__init__(queues, name, worker_ttl=max(int(beat * 3), 3), maintenance_interval=MAINTENANCE, **rq)
        own = {queue: count for queue, count in (apart or {}).items() if queue in queues}
        self.lanes = lanes + sum(own.values())
        self._free = Room(lanes, sum(own.values()))
        self._functions = dict(functions or {})
        self._beat = beat
        self._patience = patience
        self._has_apart = bool(own)
        self._claims = Claims(connection, self.name, self.queue_names(), self.worker_ttl, apart=frozenset(own))
        self._redis_outage = Outage("redis", worker=self.name)
        self._logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__).bind(worker=self.name)
        self._inbox: SimpleQueue[Claimed | None] = SimpleQueue()
        self._changed = threading.Condition()
        self._in_hand: Rung | None = None
        self._stopping = threading.Event()
        self._broken: BaseException | None = None
        self._books = Books(self._claims, self._redis_outage, self._describe, self._sweep, beat)
        self._keeping = self._thread("books", self._books.keep)

    def _set_connection(self, connection: Redis) -> Redis:
        return connection  # RQ would raise the time-outs to the length of its sleep

    def work(self, burst: bool = False, *_: Any, **__: Any) -> bool:
        """Take and run jobs until `stop`, or with `burst` until none is left; then `drained` and `close` follow.

        Returns whether there was a job. Lanes may still be busy then, and no signal handler is installed.
        """
        logging.getLogger("rq.worker").setLevel(logging.WARNING)
        self.hostname, self.pid, self.ip_address = socket.gethostname(), os.getpid(), ""
        self.birth_date = self.last_heartbeat = now()
        self._keeping.start()
        for number in range(self.lanes):
            self._thread(f"lane-{number}", self._lane).start()
        exhausted = False
        while not self._stopping.is_set():
            exhausted = self._listen(exhausted, burst)
        for _number in range(self.lanes):
            self._inbox.put(None)
        if self._broken:
            raise RuntimeError(
                "A thread of this worker broke: a lane less, or books that nobody keeps"
            ) from self._broken
        return self._books.tally != Tally()

    def stop(self) -> None:
        """Claim nothing more; `work` returns soon. Any thread may ask."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()

    def drained(self, seconds: float) -> bool:
        """Wait for the lanes to finish what they have; says whether they did in time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._idle == self.lanes, seconds)

    @property
    def _idle(self) -> int:
        return self._free.lanes + self._free.apart

    def close(self) -> None:
        """Leave Redis' books, as far as Redis can be reached."""
        self.stop()
        self._books.close()
        if self._keeping.is_alive():
            self._keeping.join(5)
        try:
            if self._in_hand:
                self._claims.give_back(self._in_hand)
            self._books.settle()
            self.register_death()  # type: ignore[no-untyped-call]
        except RedisError as error:
            self._redis_outage.failed(error)
        self.connection.close()

    def _thread(self, name: str, target: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                target()
            except BaseException as error:  # noqa: BLE001  `work` raises it
                self._broken = error
                self.stop()

        return threading.Thread(target=run, name=name, daemon=True)

    # the listener: the thread that called `work`

    def _listen(self, exhausted: bool, burst: bool) -> bool:
        """Claim for the lanes that are free; says whether the queues held no more than that."""
        with self._changed:
            self._changed.wait_for(lambda: self._idle or self._stopping.is_set())
            free = self._free
        if self._stopping.is_set():
            return True
        if exhausted and burst:
            return self._end_of_burst()
        try:
            if exhausted and not self._in_hand:
                full = not free.lanes or (not free.apart and self._has_apart)
                self._in_hand = self._claims.wait(SHORT_PATIENCE if full else self._patience, free)
                if self._stopping.is_set():
                    return True
            turn = self._take(free, first=self._in_hand)
        except RedisError as error:
            self._redis_outage.failed(error)
            self._stopping.wait(self._redis_outage.delay)
            return False
        self._in_hand = None
        with self._changed:
            self._occupy(turn.claimed)
        for claimed in turn.claimed:
            self._inbox.put(claimed)
        if turn.suspended:
            self._stopping.wait(self._patience)
        return len(turn.claimed) < free.lanes + free.apart and not turn.suspended

    def _occupy(self, claimed: Sequence[Claimed]) -> None:
        apart = sum(self._claims.is_apart(one.queue) for one in claimed)
        self._free = Room(self._free.lanes - (len(claimed) - apart), self._free.apart - apart)

    def _end_of_burst(self) -> bool:
        with self._changed:
            if self._idle < self.lanes:
                self._changed.wait()
                return False
        self._stopping.set()
        return True

    def _take(self, room: Room, *, ended: Ended | None = None, first: Rung | None = None) -> Turn:
        turn = self._claims.turn(room, tally=self._books.tally, ended=ended, first=first)
        if self._redis_outage.worked() or not turn.known:
            self._books.show_soon()
        return turn

    # the lanes

    def _lane(self) -> None:
        while (claimed := self._inbox.get()) is not None:
            own = Room(0, 1) if self._claims.is_apart(claimed.queue) else Room(1, 0)
            following: Claimed | None = claimed
            while following:
                following = self._end(self._run(following), own)
            with self._changed:
                self._free = Room(self._free.lanes + own.lanes, self._free.apart + own.apart)
                self._changed.notify_all()

    def _run(self, claimed: Claimed) -> Ended:
        execution = Execution(claimed.execution_id, claimed.job_id, self.connection, self.name)
        self.executions[execution.id] = execution
        self._books.began(execution, claimed.queue)
        started, error = time.monotonic(), None
        try:
            function, argument = self._call(claimed)
            contextvars.Context().run(function, argument)
        except BaseException:  # whatever a job raises, its lane lives on
            error = traceback.format_exc()
            self._logger.exception("job failed", job=claimed.job_id)
        self.executions.pop(execution.id)
        self._books.ended(execution, succeeded=error is None, seconds=time.monotonic() - started)
        return Ended(claimed, error)

    def _call(self, claimed: Claimed) -> tuple[Function, str]:
        unpacked = zlib.decompressobj().decompress(claimed.data, MAX_DATA)
        name, instance, arguments, named = json.loads(unpacked)
        function = self._functions.get(name)
        match arguments:
            case [str(argument)] if function and instance is None and not named:
                return function, argument
        raise ValueError(f"Job {claimed.job_id} asks for {str(name)[:100]!r} with {len(arguments)} arguments: refused")

    def _end(self, ended: Ended, own: Room) -> Claimed | None:
        """Tell Redis, and come back with the lane's next job if there is one: of the kind that it is for."""
        for room in (Room() if self._stopping.is_set() else own, Room()):
            try:
                turn = self._take(room, ended=ended)
            except RedisError:  # a connection may be stale: once more, for the end alone
                continue
            return turn.claimed[0] if turn.claimed else None
        self._books.owe(ended)
        return None

    # the books

    def _describe(self) -> Birth:
        if not self.ip_address:
            self._set_ip_address(self.connection)
        self.last_heartbeat = now()
        return self.serialize()

    def _sweep(self) -> None:
        if self.should_run_maintenance_tasks:
            self.clean_registries()  # type: ignore[no-untyped-call]
