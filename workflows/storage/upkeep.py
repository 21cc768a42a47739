"""What the clock does to rows: reminders; what a monitor asks for; and the small tables of triggers."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select, update

from workflows.engine.model import OPEN, ApprovalState, RunState
from workflows.engine.ports import Totals
from workflows.storage.database import Database
from workflows.storage.ledger import Ledger
from workflows.storage.pauses import FREE_TO_GO
from workflows.storage.tables import APPROVAL, RECEIVED, RUN, TRIGGER


def remind(conn: Connection, database: Database, ledger: Ledger, *, limit: int) -> int:
    """One event for each open approval whose reminder is due, however late; its next one is still to come.

    The runs' rows are locked first, as everywhere; what another clock did meanwhile is seen after that.
    """
    now = database.now(conn)
    due = (APPROVAL.c.state == ApprovalState.OPEN, APPROVAL.c.remind_at <= now)
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


def totals(conn: Connection, database: Database) -> Totals:
    """Counts over all runs, for a monitor that asks now and then."""
    now = database.now(conn)
    by_state = select(RUN.c.workflow, RUN.c.state, func.count()).group_by(RUN.c.workflow, RUN.c.state)
    dead = select(func.count()).select_from(RUN).where(RUN.c.dead_at.is_not(None))
    asked = select(func.count()).select_from(APPROVAL).where(APPROVAL.c.state == ApprovalState.OPEN)
    due = select(func.min(RUN.c.wake_at)).where(RUN.c.wake_at <= now, RUN.c.state.in_(sorted(OPEN)), FREE_TO_GO)
    return Totals(
        now,
        {(workflow, RunState(state)): count for workflow, state, count in conn.execute(by_state)},
        conn.execute(dead).scalar_one(),
        conn.execute(asked).scalar_one(),
        conn.execute(due).scalar_one(),
    )


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
