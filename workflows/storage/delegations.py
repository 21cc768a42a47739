"""Who decides for whom, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, or_, select

from workflows.engine.approving.delegation import Delegation
from workflows.engine.model import Audit
from workflows.storage.database import Database
from workflows.storage.rows import DELEGATION_COLUMNS, to_row
from workflows.storage.tables import AUDIT, DELEGATION


class SqlDelegations:
    """The delegations in the store's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, delegation: Delegation, audit: Audit) -> None:
        self._database.write(lambda conn: self._put(conn, delegation, audit))

    def end(self, person: str, audit: Audit) -> int:
        return self._database.write(lambda conn: self._end(conn, person, audit))

    def to(self, deputy: str) -> Sequence[Delegation]:
        return self._database.read(lambda conn: self._listed(conn, DELEGATION.c.deputy == deputy))

    def all(self) -> Sequence[Delegation]:
        return self._database.read(self._listed)

    def _put(self, conn: Connection, delegation: Delegation, audit: Audit) -> None:
        conn.execute(delete(DELEGATION).where(DELEGATION.c.until <= self._database.now(conn)))
        conn.execute(self._database.upsert(DELEGATION), to_row(delegation))
        conn.execute(AUDIT.insert(), to_row(audit))

    def _end(self, conn: Connection, person: str, audit: Audit) -> int:
        held = len(self._listed(conn, DELEGATION.c.person == person))
        conn.execute(delete(DELEGATION).where(DELEGATION.c.person == person))
        if held:
            conn.execute(AUDIT.insert(), to_row(audit))
        return held

    def _listed(self, conn: Connection, *which: ColumnElement[Any]) -> list[Delegation]:
        holds = or_(DELEGATION.c.until.is_(None), DELEGATION.c.until > self._database.now(conn))
        found = select(*DELEGATION_COLUMNS).where(holds, *which)
        return [Delegation(*row) for row in conn.execute(found.order_by(DELEGATION.c.person, DELEGATION.c.scope))]
