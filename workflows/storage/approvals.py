"""Reading approvals and the decisions on them."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from workflows.engine.model import Approval, ApprovalState, Decision
from workflows.storage.blobs import unpacked
from workflows.storage.prepared import prepared
from workflows.storage.rows import APPROVAL_COLUMNS, DECISION_COLUMNS, to_approval
from workflows.storage.tables import APPROVAL, DECISION

BY_ID = select(*APPROVAL_COLUMNS).where(APPROVAL.c.id == bindparam("approval_id"))
DECISIONS = (
    select(*DECISION_COLUMNS)
    .where(DECISION.c.approval_id == bindparam("approval_id"))
    .order_by(DECISION.c.at, DECISION.c.by)
)


def find(conn: Connection, approval_id: str) -> Approval | None:
    rows = prepared(conn, BY_ID).run(conn, {"approval_id": approval_id})
    return unpacked(conn, [to_approval(rows[0])])[0] if rows else None


def listed(conn: Connection, run_id: str, state: ApprovalState | None, limit: int | None = None) -> list[Approval]:
    """Oldest first; of every run when `run_id` is empty."""
    query = select(*APPROVAL_COLUMNS).order_by(APPROVAL.c.opened_at, APPROVAL.c.id).limit(limit)
    if run_id:
        query = query.where(APPROVAL.c.run_id == run_id)
    if state is not None:
        query = query.where(APPROVAL.c.state == state)
    return unpacked(conn, [to_approval(row) for row in conn.execute(query)])


def decisions(conn: Connection, approval_id: str) -> list[Decision]:
    """Oldest first."""
    return [Decision(*row) for row in prepared(conn, DECISIONS).run(conn, {"approval_id": approval_id})]
