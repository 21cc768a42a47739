"""Reading a run's history: records, attempts, events."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import BindParameter, Connection, bindparam, select

from workflows.engine.model import DONE, Attempt, Event, Record
from workflows.storage.blobs import unpacked
from workflows.storage.rows import ATTEMPT_COLUMNS, EVENT_COLUMNS, STEP_COLUMNS
from workflows.storage.tables import ATTEMPT, EVENT, STEP

ID: BindParameter[str] = bindparam("run_id")
RECORDS = select(*STEP_COLUMNS).where(STEP.c.run_id == ID)
REPLAYED = RECORDS.where(STEP.c.superseded.is_(False))
ATTEMPTS = select(*ATTEMPT_COLUMNS).where(ATTEMPT.c.run_id == ID)
EVENTS = (
    select(*EVENT_COLUMNS).where(EVENT.c.run_id == ID, EVENT.c.number > bindparam("after")).order_by(EVENT.c.number)
)


def records(conn: Connection, run_id: str, *, superseded: bool = False) -> list[Record]:
    """By position, unfinished ones last; with superseded ones, generation by generation."""
    rows = conn.execute(RECORDS if superseded else REPLAYED, {"run_id": run_id})
    found = unpacked(conn, (Record(*row) for row in rows))
    return sorted(found, key=lambda record: _place(record, by_generation=superseded))


def attempts(conn: Connection, run_id: str) -> list[Attempt]:
    """Oldest first."""
    found = [Attempt(*row) for row in conn.execute(ATTEMPTS, {"run_id": run_id})]
    return sorted(found, key=lambda a: (a.started_at, a.generation, a.key, a.number))


def attempts_of_unfinished(conn: Connection, run_id: str, history: Sequence[Record]) -> list[Attempt]:
    """What was tried of the records that have no result yet."""
    unfinished = {(r.generation, r.key) for r in history if r.state not in DONE}
    return [a for a in attempts(conn, run_id) if (a.generation, a.key) in unfinished] if unfinished else []


def events(conn: Connection, run_id: str, *, after: int = 0) -> list[Event]:
    """In the order of their numbers."""
    return [Event(*row) for row in conn.execute(EVENTS, {"run_id": run_id, "after": after})]


def _place(record: Record, *, by_generation: bool) -> tuple[int, bool, int, int, str, int, str]:
    first = record.generation if by_generation else 0
    return (first, record.position == 0, record.position, record.generation, record.scope, record.ordinal, record.key)
