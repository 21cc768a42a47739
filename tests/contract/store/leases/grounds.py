"""Where the machine runs: each store with a clock that a test moves, and a way to begin anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import psycopg
from sqlalchemy import create_engine

from workflows.engine.ports import Store
from workflows.engine.testing.clock import START, ManualClock
from workflows.engine.testing.memory import MemoryStore
from workflows.storage.address import parse
from workflows.storage.store import SqlStore
from workflows.storage.tables import METADATA

OWN_CLOCK = """
CREATE SCHEMA own_clock;
CREATE TABLE own_clock.moment (at timestamptz NOT NULL);
INSERT INTO own_clock.moment VALUES ('{start}');
CREATE FUNCTION own_clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
    AS 'SELECT at FROM own_clock.moment';
DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET search_path = own_clock, public, pg_catalog', current_database());
END $$;
"""
"""What Baton asks of PostgreSQL's clock is answered by a row that a test changes."""


class Movable(Protocol):
    """The clock that leases are judged by."""

    def now(self) -> datetime: ...
    def advance(self, delta: timedelta) -> None: ...


@dataclass(frozen=True)
class Ground:
    """Stores on the same rows, as several processes have them, and their clock."""

    stores: Sequence[Store]
    clock: Movable


Fresh = Callable[[], Ground]
"""Gives a ground with no rows, and its clock at some time."""


class ServerClock:
    """PostgreSQL's own clock, as far as the database can tell."""

    def __init__(self, url: str) -> None:
        self._conn = psycopg.connect(url, autocommit=True)
        self._conn.execute(OWN_CLOCK.format(start=START.isoformat()).encode())
        self._now = START

    def now(self) -> datetime:
        return self._now

    def advance(self, delta: timedelta) -> None:
        self._now += delta
        self._conn.execute("UPDATE own_clock.moment SET at = %s", [self._now])

    def close(self) -> None:
        self._conn.close()


def in_memory(kind: type[MemoryStore] = MemoryStore) -> Ground:
    """The twin, which is shared by being one object."""
    clock = ManualClock()
    return Ground((kind(clock),), clock)


@contextmanager
def on_database(url: str, *, own_clock: bool = False) -> Iterator[Fresh]:
    """Two stores on one database; with `own_clock` the server judges the time, which is moved there."""
    served = ServerClock(url) if own_clock else None
    manual = ManualClock()
    stores = [SqlStore(url, clock=None if own_clock else manual) for _ in range(2)]
    engine = create_engine(parse(url))

    def fresh() -> Ground:
        with engine.begin() as conn:
            for table in reversed(METADATA.sorted_tables):
                conn.execute(table.delete())
        return Ground(stores, served or manual)

    try:
        yield fresh
    finally:
        for store in stores:
            store.close()
        engine.dispose()
        if served is not None:
            served.close()
