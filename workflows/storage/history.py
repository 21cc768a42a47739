"""Reading a run's history: records, attempts, events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import BindParameter, Connection, Text, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY

from workflows.engine.model import DONE, Attempt, Event, Record
from workflows.storage.blobs import unpacked
from workflows.storage.prepared import prepared
from workflows.storage.rows import ATTEMPT_COLUMNS, EVENT_COLUMNS, STEP_COLUMNS
from workflows.storage.tables import ATTEMPT, EVENT, STEP

R = TypeVar("R", Record, Attempt)

ID: BindParameter[str] = bindparam("run_id")
RECORDS = select(*STEP_COLUMNS).where(STEP.c.run_id == ID)
REPLAYED = RECORDS.where(STEP.c.superseded.is_(False))
ATTEMPTS = select(*ATTEMPT_COLUMNS).where(ATTEMPT.c.run_id == ID)
IDS: BindParameter[Sequence[str]] = bindparam("run_ids", expanding=True)
REPLAYED_OF = select(*STEP_COLUMNS).where(STEP.c.run_id.in_(IDS), STEP.c.superseded.is_(False))
REPLAYED_OF_MANY = select(*STEP_COLUMNS).where(
    STEP.c.run_id == any_(bindparam("ids", type_=ARRAY(Text))), STEP.c.superseded.is_(False)
)
"""The same on PostgreSQL, so that it can be prepared."""
ATTEMPTS_OF = select(*ATTEMPT_COLUMNS).where(ATTEMPT.c.run_id.in_(IDS))
EVENTS = (
    select(*EVENT_COLUMNS).where(EVENT.c.run_id == ID, EVENT.c.number > bindparam("after")).order_by(EVENT.c.number)
)


def records(conn: Connection, run_id: str, *, superseded: bool = False) -> list[Record]:
    """By position, unfinished ones last; with superseded ones, generation by generation."""
    rows = prepared(conn, RECORDS if superseded else REPLAYED).run(conn, {"run_id": run_id})
    found = unpacked(conn, (Record(*row) for row in rows))
    return sorted(found, key=lambda record: _place(record, by_generation=superseded))


def attempts(conn: Connection, run_id: str) -> list[Attempt]:
    """Oldest first."""
    found = [Attempt(*row) for row in conn.execute(ATTEMPTS, {"run_id": run_id})]
    return sorted(found, key=_tried)


def attempts_of_unfinished(conn: Connection, run_id: str, history: Sequence[Record]) -> list[Attempt]:
    """What was tried of the records that have no result yet."""
    unfinished = {(r.generation, r.key) for r in history if r.state not in DONE}
    return [a for a in attempts(conn, run_id) if (a.generation, a.key) in unfinished] if unfinished else []


def records_of(conn: Connection, run_ids: Sequence[str]) -> dict[str, list[Record]]:
    """What counts today of several runs, each as `records` has it."""
    return by_run(conn, conn.execute(REPLAYED_OF, {"run_ids": run_ids}))


def by_run(conn: Connection, rows: Iterable[Sequence[Any]]) -> dict[str, list[Record]]:
    """Rows of records, each run's as `records` has them."""
    found = unpacked(conn, (Record(*row) for row in rows))
    return _by_run(sorted(found, key=lambda record: _place(record, by_generation=False)))


def attempts_of(conn: Connection, run_ids: Sequence[str]) -> dict[str, list[Attempt]]:
    """Those of several runs, each as `attempts` has it."""
    found = [Attempt(*row) for row in conn.execute(ATTEMPTS_OF, {"run_ids": run_ids})]
    return _by_run(sorted(found, key=_tried))


def _by_run(rows: Iterable[R]) -> dict[str, list[R]]:
    found: dict[str, list[R]] = {}
    for row in rows:
        found.setdefault(row.run_id, []).append(row)
    return found


def events(conn: Connection, run_id: str, *, after: int = 0) -> list[Event]:
    """In the order of their numbers."""
    return [Event(*row) for row in conn.execute(EVENTS, {"run_id": run_id, "after": after})]


def _tried(attempt: Attempt) -> tuple[datetime, int, str, int]:
    return (attempt.started_at, attempt.generation, attempt.key, attempt.number)


def _place(record: Record, *, by_generation: bool) -> tuple[int, bool, int, int, str, int, str]:
    first = record.generation if by_generation else 0
    return (first, record.position == 0, record.position, record.generation, record.scope, record.ordinal, record.key)
