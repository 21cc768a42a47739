"""Reading runs."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from workflows.engine import expiry
from workflows.engine.errors import UnknownRun
from workflows.engine.model import Audit, Run
from workflows.engine.ports import Lineage
from workflows.storage.blobs import unpacked
from workflows.storage.prepared import prepared
from workflows.storage.rows import AUDIT_COLUMNS, RUN_COLUMNS
from workflows.storage.tables import AUDIT, RUN

BY_ID = select(*RUN_COLUMNS).where(RUN.c.id == bindparam("run_id"))
CHILDREN = select(*RUN_COLUMNS).where(RUN.c.parent_id == bindparam("run_id")).order_by(RUN.c.id)
LINEAGE = (
    select(RUN.c.started_by, RUN.c.parent_id, *AUDIT_COLUMNS)
    .outerjoin_from(RUN, AUDIT, AUDIT.c.run_id == RUN.c.id)
    .where(RUN.c.id == bindparam("run_id"))
    .order_by(AUDIT.c.id)
)
AUDITED = select(*AUDIT_COLUMNS).where(AUDIT.c.run_id == bindparam("run_id")).order_by(AUDIT.c.id)


def unknown(conn: Connection, run_id: str) -> UnknownRun:
    """There is no such run; one that was deleted is told so."""
    return expiry.unknown(run_id, audit(conn, run_id))


def audit(conn: Connection, run_id: str) -> list[Audit]:
    """Who did what to a run, also to one that was deleted; in the order of writing."""
    return [Audit(*row) for row in conn.execute(AUDITED, {"run_id": run_id})]


def audited(conn: Connection, limit: int) -> list[Audit]:
    """Who did what lately, the newest first."""
    query = select(*AUDIT_COLUMNS).order_by(AUDIT.c.at.desc(), AUDIT.c.id.desc()).limit(limit)
    return [Audit(*row) for row in conn.execute(query)]


def lineage(conn: Connection, run_id: str) -> Lineage:
    """Whose a run is and what was done to it, in one statement where the run is there."""
    rows = prepared(conn, LINEAGE).run(conn, {"run_id": run_id})
    if not rows:
        return Lineage(None, None, tuple(audit(conn, run_id)))
    started_by, parent_id = rows[0][:2]
    return Lineage(started_by, parent_id, tuple(Audit(*entry) for _, _, *entry in rows if entry[0] is not None))


def find(conn: Connection, run_id: str) -> Run | None:
    """The run with this id, if there is one."""
    rows = prepared(conn, BY_ID).run(conn, {"run_id": run_id})
    return unpacked(conn, [Run(*rows[0])])[0] if rows else None


def get(conn: Connection, run_id: str) -> Run:
    """The run with this id; raises UnknownRun."""
    found = find(conn, run_id)
    if found is None:
        raise unknown(conn, run_id)
    return found


def by_dedupe(conn: Connection, workflow: str, dedupe: str) -> Run | None:
    """The run that was started with this idempotency key."""
    query = select(*RUN_COLUMNS).where(RUN.c.workflow == workflow, RUN.c.dedupe == dedupe)
    row = conn.execute(query).one_or_none()
    return unpacked(conn, [Run(*row)])[0] if row else None


def children(conn: Connection, run_id: str) -> list[Run]:
    """By id, which is the order of their start."""
    return unpacked(conn, [Run(*row) for row in conn.execute(CHILDREN, {"run_id": run_id})])
