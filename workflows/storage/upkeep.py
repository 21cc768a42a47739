"""What the clock does to rows: reminders; and the small tables of triggers."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from workflows.engine.model import ApprovalState
from workflows.storage.columns import aside
from workflows.storage.database import Database
from workflows.storage.ledger import Ledger
from workflows.storage.tables import APPROVAL, RECEIVED, TRIGGER


def remind(conn: Connection, database: Database, ledger: Ledger, *, limit: int) -> int:
    """One event for each open approval whose reminder is due, however late; its next one is still to come.

    The runs' rows are locked first, as everywhere; what another clock did meanwhile is seen after that.
    """
    now = database.now(conn)
    due = (aside(APPROVAL.c.state) == ApprovalState.OPEN, APPROVAL.c.remind_at <= now)
    asked = select(APPROVAL.c.id, APPROVAL.c.run_id).where(*due).order_by(APPROVAL.c.remind_at, APPROVAL.c.id)
    found = conn.execute(asked.limit(limit)).all()
    if not found:
        return 0
    locked = ledger.lock({row.run_id for row in found})
    columns = (APPROVAL.c.id, APPROVAL.c.run_id, APPROVAL.c.name, APPROVAL.c.remind_at, APPROVAL.c.remind_every)
    still = select(*columns).where(*due, APPROVAL.c.id.in_([row.id for row in found])).with_for_update()
    chosen = conn.execute(still.order_by(APPROVAL.c.remind_at, APPROVAL.c.id)).all()
    for row in chosen:
        later = _next(row.remind_at, row.remind_every, now)
        conn.execute(update(APPROVAL).where(APPROVAL.c.id == row.id).values(remind_at=later))
        ledger.event(locked.rows[row.run_id], "approval.reminded", approval=row.id, name=row.name)
    ledger.flush()
    return len(chosen)


def _next(due: datetime, every: timedelta | None, now: datetime) -> datetime | None:
    return due + ((now - due) // every + 1) * every if every else None


def cursor(conn: Connection, trigger: str) -> str:
    """Where a trigger's last poll ended; "" at first."""
    return conn.execute(select(TRIGGER.c.cursor).where(TRIGGER.c.name == trigger)).scalar_one_or_none() or ""


def set_cursor(conn: Connection, database: Database, trigger: str, value: str) -> None:
    conn.execute(database.upsert(TRIGGER), {"name": trigger, "cursor": value})


def received(conn: Connection, database: Database, source: str, message_id: str) -> bool:
    """Remember an inbound id; False when it was there already."""
    stmt = database.insert(RECEIVED).on_conflict_do_nothing().returning(RECEIVED.c.source)
    row = {"source": source, "message_id": message_id, "at": database.now(conn)}
    return conn.execute(stmt, row).first() is not None
