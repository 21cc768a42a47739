"""What the clock does to rows: reminders; and the small tables of triggers."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from workflows.engine.approving.reminding import reminded
from workflows.engine.model import ApprovalState
from workflows.storage.columns import aside
from workflows.storage.database import Database
from workflows.storage.ledger import Ledger
from workflows.storage.rows import APPROVAL_COLUMNS, approval_row, to_approval
from workflows.storage.tables import APPROVAL, RECEIVED, TRIGGER

REMINDED = ("approvers", "agenda", "remind_at")
"""The columns that a reminder or an escalation changes."""


def remind(conn: Connection, database: Database, ledger: Ledger, *, limit: int) -> int:
    """Tell of each open approval what its agenda says is due, however late; what comes next is still to come.

    The runs' rows are locked first, as everywhere; what another clock did meanwhile is seen after that.
    """
    now = database.now(conn)
    due = (aside(APPROVAL.c.state) == ApprovalState.OPEN, APPROVAL.c.remind_at <= now)
    asked = select(APPROVAL.c.id, APPROVAL.c.run_id).where(*due).order_by(APPROVAL.c.remind_at, APPROVAL.c.id)
    found = conn.execute(asked.limit(limit)).all()
    if not found:
        return 0
    locked = ledger.lock({row.run_id for row in found})
    still = select(*APPROVAL_COLUMNS).where(*due, APPROVAL.c.id.in_([row.id for row in found])).with_for_update()
    chosen = conn.execute(still.order_by(APPROVAL.c.remind_at, APPROVAL.c.id)).all()
    for approval in map(to_approval, chosen):
        after, told = reminded(approval, now)
        row = approval_row(after, after.run_id)
        changed = {name: row[name] for name in REMINDED}
        conn.execute(update(APPROVAL).where(APPROVAL.c.id == approval.id).values(changed))
        for kind, data in told:
            ledger.event(locked.rows[approval.run_id], kind, **data)
    ledger.flush()
    return len(chosen)


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
