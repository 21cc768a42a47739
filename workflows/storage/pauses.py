"""Pauses: what no worker takes."""

from __future__ import annotations

from sqlalchemy import Connection, delete, exists, or_, select

from workflows.engine.model import Audit, Pause
from workflows.storage.database import Database
from workflows.storage.rows import PAUSE_COLUMNS, to_row
from workflows.storage.tables import AUDIT, PAUSE, RUN

HELD = exists().where(or_(PAUSE.c.workflow == "", PAUSE.c.workflow == RUN.c.workflow)).correlate(RUN)
"""Whether the run's workflow, or everything, is paused."""
FREE_TO_GO = or_(RUN.c.cancel.is_not(None), ~HELD)
"""Runs that no pause holds; a cancelled one may come to its end."""


def pause(conn: Connection, database: Database, pause: Pause) -> None:
    """Record a pause in place of one that is there."""
    conn.execute(database.upsert(PAUSE), to_row(pause))
    what = pause.workflow or "everything"
    _audit(conn, Audit(pause.at, pause.by, "pause", "", f"{what}: {pause.reason}" if pause.reason else what))


def unpause(conn: Connection, database: Database, workflow: str, by: str) -> bool:
    """Lift a pause; False when there was none."""
    gone = conn.execute(delete(PAUSE).where(PAUSE.c.workflow == workflow).returning(PAUSE.c.workflow)).first()
    if gone is None:
        return False
    _audit(conn, Audit(database.now(conn), by, "unpause", "", workflow or "everything"))
    return True


def listed(conn: Connection) -> list[Pause]:
    """By workflow; what holds for everything comes first."""
    return [Pause(*row) for row in conn.execute(select(*PAUSE_COLUMNS).order_by(PAUSE.c.workflow))]


def _audit(conn: Connection, entry: Audit) -> None:
    conn.execute(AUDIT.insert(), to_row(entry))
