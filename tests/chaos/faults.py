"""Each fault, done to the real thing, and noted down with whom it hit."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg

from tests.chaos.crew import Crew
from tests.chaos.excuses import Hit
from tests.chaos.plan import Fault, Kind
from tests.chaos.preload import Preload, environment
from tests.servers.house import House
from tests.servers.postgres import Postgres
from tests.servers.redis import RedisServer
from workflows.engine.errors import StoreUnavailable
from workflows.engine.model import OPEN
from workflows.engine.ports import Ring, RunQuery

CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'baton'{0} LIMIT {1}
"""
IN_TRANSACTION = " AND backend_xid IS NOT NULL"
LOOKS = 200
"""So often a connection is looked for that has written and not yet committed, before any other is cut."""


@dataclass(frozen=True)
class Site:
    """What there is to be hit."""

    house: House
    crew: Crew
    redis: RedisServer
    lease: float
    preload: Preload | None = None
    postgres: Postgres | None = None
    database: str = ""
    """Its address, where it is PostgreSQL."""


@dataclass
class Later:
    """The end of a fault that lasts."""

    due: float
    do: Callable[[], None]


class Faults:
    """Does the faults of a plan, one after the other; those that last end while others begin."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._later: dict[Kind, Later] = {}
        self._aside = False
        self.hits: list[Hit] = []
        self.done: Counter[Kind] = Counter()
        self.in_transaction = 0
        """Connections of PostgreSQL that were cut between a write and its commit."""

    def do(self, fault: Fault) -> None:
        """Do it, and note it down."""
        if not self._aside and fault.kind is not Kind.REDIS_OLD:
            self._keep_redis()
        began = _now()
        hit = self._DO[fault.kind](self, fault)
        self.hits.append(
            Hit(fault.kind, began, _now(), hit.get("killed", frozenset()), hit.get("stopped", frozenset()),
                fault.kind in (Kind.POSTGRES_CUT, Kind.POSTGRES_RESTART), time.monotonic(), self._site.crew.struck)
        )  # fmt: skip
        self.done[fault.kind] += 1

    def tend(self) -> None:
        """End what has lasted long enough."""
        for kind, later in list(self._later.items()):
            if time.monotonic() >= later.due:
                self._finish(kind)

    def end(self) -> None:
        """End everything that still lasts."""
        for kind in list(self._later):
            self._finish(kind)

    def _finish(self, kind: Kind) -> None:
        later = self._later.pop(kind, None)
        if later is not None:
            later.do()

    def _lasts(self, kind: Kind, seconds: float, end: Callable[[], None]) -> None:
        self._later[kind] = Later(time.monotonic() + seconds, end)

    # processes -------------------------------------------------------------------------------------------

    def _kill_child(self, fault: Fault) -> Mapping[str, frozenset[int]]:
        return {"killed": self._site.crew.kill_child(fault.pick)}

    def _kill_worker(self, fault: Fault) -> Mapping[str, frozenset[int]]:
        return {"killed": self._site.crew.kill_worker(fault.pick)}

    def _kill_web(self, fault: Fault) -> Mapping[str, frozenset[int]]:
        return {"killed": self._site.crew.kill_web()}

    def _kill_clock(self, fault: Fault) -> Mapping[str, frozenset[int]]:
        return {"killed": self._site.crew.kill_clock(fault.pick)}

    def _skew(self, fault: Fault) -> Mapping[str, frozenset[int]]:
        assert self._site.preload is not None
        seconds = int((fault.size - 0.5) * 1200)
        off = self._site.preload.environment(seconds if abs(seconds) >= 60 else 60)
        return {"killed": self._site.crew.kill_worker(fault.pick, off)}

    def _stop_worker(self, fault: Fault) -> Mapping[str, frozenset[int]]:
        earlier = self._later.get(Kind.STOP_WORKER)
        if earlier is not None:  # one works at any time, and each stop outlasts the leases: the fault itself
            time.sleep(max(earlier.due - time.monotonic(), 0.0))
        self._finish(Kind.STOP_WORKER)
        crew = self._site.crew
        stopped = crew.stop_worker(fault.pick)
        self._lasts(Kind.STOP_WORKER, self._site.lease + 1 + fault.size * 2, lambda: crew.wake(stopped))
        return {"stopped": stopped}

    # rings and Redis -------------------------------------------------------------------------------------

    def _ring_twice(self, fault: Fault) -> Mapping[str, frozenset[int]]:
        house = self._site.house
        try:
            runs = house.store.runs(RunQuery(states=OPEN, limit=10 + int(fault.size * 90)))
        except StoreUnavailable:
            return {}
        rings = [Ring(run.id, run.inbox, run.queue, again=True) for run in runs]
        house.runtime.queue.ring(rings)
        house.runtime.queue.ring(rings)
        return {}

    def _redis_flush(self, fault: Fault) -> Mapping[str, frozenset[int]]:
        self._finish(Kind.REDIS_KILL)
        with self._site.redis.client() as client:
            client.flushall()
        return {}

    def _redis_kill(self, fault: Fault) -> Mapping[str, frozenset[int]]:
        self._finish(Kind.REDIS_KILL)
        self._site.redis.stop()
        self._lasts(Kind.REDIS_KILL, 0.2 + fault.size * 1.5, self._site.redis.start)
        return {}

    def _redis_old(self, fault: Fault) -> Mapping[str, frozenset[int]]:
        self._finish(Kind.REDIS_KILL)
        if not self._aside:
            self._keep_redis()
        self._site.redis.stop()
        self._site.redis.put_back()
        self._site.redis.start()
        if fault.size > 0.5:
            self._keep_redis()
        return {}

    def _keep_redis(self) -> None:
        self._finish(Kind.REDIS_KILL)
        self._site.redis.set_aside()
        self._aside = True

    # the database ----------------------------------------------------------------------------------------

    def _slow_disk(self, fault: Fault) -> Mapping[str, frozenset[int]]:
        preload = self._site.preload
        assert preload is not None
        preload.slow_disk(5 + int(fault.size * 35))
        self._lasts(Kind.SLOW_DISK, 1 + fault.pick * 3, lambda: preload.slow_disk(0))
        return {}

    def _postgres_restart(self, fault: Fault) -> Mapping[str, frozenset[int]]:
        assert self._site.postgres is not None
        self._finish(Kind.SLOW_DISK)  # a server that was killed begins with an fsync of every file that it has
        self._site.postgres.stop()
        time.sleep(fault.size * 0.5)  # so long it is away: the fault itself, no synchronisation
        with environment(self._site.preload.environment() if self._site.preload else {}):
            self._site.postgres.start()
        return {}

    def _postgres_cut(self, fault: Fault) -> Mapping[str, frozenset[int]]:
        count = 1 + int(fault.size * 4)
        with psycopg.connect(self._site.database, autocommit=True) as conn:
            cut = 0
            for _ in range(LOOKS):
                cut = len(conn.execute(CUT.format(IN_TRANSACTION, count).encode()).fetchall())
                if cut:
                    break
            self.in_transaction += cut
            if not cut:
                conn.execute(CUT.format("", count).encode())
        return {}

    _DO: Mapping[Kind, Callable[[Faults, Fault], Mapping[str, frozenset[int]]]] = {
        Kind.KILL_CHILD: _kill_child,
        Kind.KILL_WORKER: _kill_worker,
        Kind.KILL_CLOCK: _kill_clock,
        Kind.KILL_WEB: _kill_web,
        Kind.STOP_WORKER: _stop_worker,
        Kind.RING_TWICE: _ring_twice,
        Kind.REDIS_FLUSH: _redis_flush,
        Kind.REDIS_KILL: _redis_kill,
        Kind.REDIS_OLD: _redis_old,
        Kind.SLOW_DISK: _slow_disk,
        Kind.POSTGRES_RESTART: _postgres_restart,
        Kind.POSTGRES_CUT: _postgres_cut,
        Kind.SKEW: _skew,
    }


def _now() -> datetime:
    return datetime.now(UTC)
