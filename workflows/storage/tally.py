"""Counting runs for a monitor: what goes on is counted each time, what ended is counted on from the last tally."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, select, union_all, update

from workflows.engine.model import OPEN, OVER, ApprovalState, RunState
from workflows.engine.ports import Totals
from workflows.storage.columns import aside
from workflows.storage.database import Database
from workflows.storage.pauses import FREE_TO_GO
from workflows.storage.tables import APPROVAL, RUN, TALLY

SETTLED = timedelta(minutes=1)
"""What ended so long ago is committed by now."""
GOING = sorted(frozenset(RunState) - OVER)
LOCK_NUMBER = 7_170_021_194
"""The advisory lock under which one transaction at a time changes the tally in PostgreSQL."""
Kinds = Counter[tuple[str, RunState]]


def totals(conn: Connection, database: Database) -> Totals:
    """Counts over all runs; what was resumed since the last tally is in it until the next."""
    now = database.now(conn)
    counted = conn.execute(select(TALLY.c.workflow, TALLY.c.state, TALLY.c.runs, TALLY.c.until)).all()
    found: Kinds = Counter({(row.workflow, row.state): row.runs for row in counted})
    found.update(_counts(conn, RUN.c.state.in_(GOING)))
    ended = _counts(conn, RUN.c.ended_at > counted[0].until, sort=True) if counted else _counts(conn)
    found.update({kind: count for kind, count in ended.items() if kind[1] in OVER})
    dead = select(func.count()).select_from(RUN).where(RUN.c.dead_at.is_not(None))
    asked = select(func.count()).select_from(APPROVAL).where(APPROVAL.c.state == ApprovalState.OPEN)
    due = select(func.min(RUN.c.wake_at)).where(RUN.c.wake_at <= now, aside(RUN.c.state).in_(sorted(OPEN)), FREE_TO_GO)
    return Totals(
        now,
        {kind: count for kind, count in found.items() if count > 0},
        conn.execute(dead).scalar_one(),
        conn.execute(asked).scalar_one(),
        conn.execute(due).scalar_one(),
    )


def counted(conn: Connection, database: Database) -> list[dict[str, Any]]:
    """The rows of a new tally: everything that ended, less what may not be committed yet. Reads an index through."""
    until = database.now(conn) - SETTLED
    kinds = (RUN.c.workflow, RUN.c.state)
    every = select(*kinds, func.count().label("runs")).group_by(*kinds)
    recent = select(*kinds, (-func.count()).label("runs")).where(RUN.c.ended_at > until).group_by(*kinds)
    both = union_all(every, recent).subquery()
    asked = select(both.c.workflow, both.c.state, func.sum(both.c.runs)).group_by(both.c.workflow, both.c.state)
    return [
        {"workflow": workflow, "state": state, "runs": int(runs), "until": until}
        for workflow, state, runs in conn.execute(asked)
        if state in OVER
    ]


def put(conn: Connection, rows: list[dict[str, Any]]) -> None:
    """Put a tally in place of the last. What was deleted since it was counted is in it until the next."""
    _alone(conn)
    conn.execute(delete(TALLY))
    if rows:
        conn.execute(TALLY.insert(), rows)


def take_out(conn: Connection, gone: Iterable[Any]) -> None:
    """Runs are deleted, so the tally has them no more."""
    _alone(conn)
    until: datetime | None = conn.execute(select(TALLY.c.until).limit(1)).scalar_one_or_none()
    if until is None:
        return
    for (workflow, state), count in Counter((run.workflow, run.state) for run in gone if run.ended_at <= until).items():
        here = (TALLY.c.workflow == workflow, TALLY.c.state == state)
        conn.execute(update(TALLY).where(*here).values(runs=TALLY.c.runs - count))


def _counts(conn: Connection, *which: Any, sort: bool = False) -> Kinds:
    """`sort` says that few runs fit: they are grouped once they are found, not on the way along an index."""
    kinds = (RUN.c.workflow, RUN.c.state)
    groups = [aside(kind) for kind in kinds] if sort else kinds
    rows = conn.execute(select(func.min(kinds[0]), func.min(kinds[1]), func.count()).where(*which).group_by(*groups))
    return Counter({(workflow, state): count for workflow, state, count in rows})


def _alone(conn: Connection) -> None:
    if conn.dialect.name == "postgresql":
        conn.execute(select(func.pg_advisory_xact_lock(LOCK_NUMBER)))
