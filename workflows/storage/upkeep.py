"""What the clock does to rows: reminders and pruning; and the small tables of triggers."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, or_, select, update

from workflows.engine.model import OPEN, OVER, ApprovalState, Audit, RunState
from workflows.engine.outbox import POSTS, DeliveryState
from workflows.engine.ports import Totals
from workflows.storage import blobs
from workflows.storage.database import Database
from workflows.storage.ledger import Ledger
from workflows.storage.pauses import FREE_TO_GO
from workflows.storage.rows import AUDIT_COLUMNS
from workflows.storage.tables import (
    APPROVAL,
    ATTEMPT,
    AUDIT,
    CARD,
    DECISION,
    DELIVERY,
    EVENT,
    RECEIVED,
    RUN,
    SIGNAL,
    STEP,
    TRIGGER,
)

RECEIVED_KEPT = timedelta(days=30)
"""How long inbound ids are remembered at least."""
DEPENDENT = (DECISION, APPROVAL, SIGNAL, EVENT, ATTEMPT, STEP, AUDIT, CARD, DELIVERY)
"""A card comes before its deliveries: whoever delivers now writes none after that."""


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


def prune(conn: Connection, database: Database, *, before: datetime, limit: int) -> int:
    """Delete what ended before a time, with all that belongs to it, and posts of before; returns how many runs."""
    parent = RUN.alias("parent")
    goes_on = select(parent.c.id).where(parent.c.id == RUN.c.parent_id, parent.c.state.not_in(sorted(OVER)))
    chosen = (
        select(RUN.c.id)
        .where(RUN.c.ended_at < before, RUN.c.state.in_(sorted(OVER)), RUN.c.dead_at.is_(None))
        .where(or_(RUN.c.parent_id.is_(None), ~goes_on.exists()))
        .order_by(RUN.c.ended_at, RUN.c.id)
        .limit(limit)
        .with_for_update(of=RUN, skip_locked=True)
    )
    ids = list(conn.execute(chosen).scalars())
    if ids:
        blobs.forget(conn, ids)
        _forget(conn, ids)
    old = (DELIVERY.c.created_at < before, DELIVERY.c.state != DeliveryState.PENDING)
    conn.execute(delete(DELIVERY).where(DELIVERY.c.run_id == POSTS, *old))
    conn.execute(delete(RECEIVED).where(RECEIVED.c.at < min(before, database.now(conn) - RECEIVED_KEPT)))
    return len(ids)


def _forget(conn: Connection, ids: list[str]) -> None:
    approvals = select(APPROVAL.c.id).where(APPROVAL.c.run_id.in_(ids))
    for table in DEPENDENT:
        mine = table.c.approval_id.in_(approvals) if table is DECISION else table.c.run_id.in_(ids)
        conn.execute(delete(table).where(mine))
    conn.execute(delete(RUN).where(RUN.c.id.in_(ids)))


def audit(conn: Connection, run_id: str) -> list[Audit]:
    """In the order of writing."""
    query = select(*AUDIT_COLUMNS).where(AUDIT.c.run_id == run_id).order_by(AUDIT.c.id)
    return [Audit(*row) for row in conn.execute(query)]


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
