"""Runs that share a limit: at most so many at a time, the others in line, oldest first."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, update

from workflows.engine.model import OVER, RunState
from workflows.engine.ports import RING_GRACE, Ring
from workflows.storage.tables import RUN

HOLDING = [state for state in RunState if state not in OVER]


class Limited(Protocol):
    """A run with a limit, as far as the line has to know it."""

    @property
    def workflow(self) -> str: ...
    @property
    def limit_key(self) -> str | None: ...


def wake_next(conn: Connection, over: Limited, places: int, now: datetime) -> list[Ring]:
    """Ring for the places that are free now that a run is over.

    A row that another transaction holds just now is rung without a new `wake_at`: it has one that comes soon.
    """
    free = places - _admitted(conn, over)
    if free <= 0:
        return []
    query = select(RUN.c.id, RUN.c.inbox, RUN.c.queue).where(_waiting(over, now)).order_by(RUN.c.created_at, RUN.c.id)
    chosen = conn.execute(query.limit(free)).all()
    ids = [row.id for row in chosen]
    locked = select(RUN.c.id).where(RUN.c.id.in_(ids)).with_for_update(key_share=True, skip_locked=True)
    conn.execute(update(RUN).where(RUN.c.id.in_(list(conn.execute(locked).scalars()))).values(wake_at=now + RING_GRACE))
    return [Ring(row.id, row.inbox, row.queue) for row in chosen]


def has_room(conn: Connection, run: Any, now: datetime) -> bool:
    """Whether there is a place for this run and for every older one in line. Holds until the transaction ends."""
    if conn.dialect.name == "postgresql":
        conn.execute(select(func.pg_advisory_xact_lock(_lock_number(run.workflow, run.limit_key))))
    older = or_(RUN.c.created_at < run.created_at, and_(RUN.c.created_at == run.created_at, RUN.c.id < run.id))
    ahead = select(func.count()).select_from(RUN).where(_waiting(run, now), older)
    return bool(_admitted(conn, run) + conn.execute(ahead).scalar_one() < run.limit_runs)


def _admitted(conn: Connection, run: Limited) -> int:
    query = select(func.count()).select_from(RUN).where(_same(run), RUN.c.admitted, RUN.c.state.in_(HOLDING))
    return int(conn.execute(query).scalar_one())


def _waiting(run: Limited, now: datetime) -> ColumnElement[bool]:
    """Those in line; a run that is to start later stands in it from then on."""
    due = or_(RUN.c.due_at.is_(None), RUN.c.due_at <= now, RUN.c.cancel.is_not(None))
    return and_(_same(run), RUN.c.state == RunState.QUEUED, RUN.c.admitted.is_(False), due)


def _same(run: Limited) -> ColumnElement[bool]:
    key = RUN.c.limit_key
    alike = key.is_(None) if run.limit_key is None else key == run.limit_key
    return and_(RUN.c.workflow == run.workflow, alike, RUN.c.limit_runs.is_not(None))


def _lock_number(workflow: str, key: str | None) -> int:
    digest = hashlib.blake2b(f"{workflow}/{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
