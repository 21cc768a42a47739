"""Drafts in SQL."""

from __future__ import annotations

from dataclasses import fields

from sqlalchemy import Connection, delete, select

from workflows.engine.drafts import KEPT, Draft
from workflows.storage.database import Database
from workflows.storage.rows import to_row
from workflows.storage.tables import DRAFT

COLUMNS = tuple(DRAFT.c[field.name] for field in fields(Draft))


class SqlDrafts:
    """The drafts in the store's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, draft: Draft) -> None:
        self._database.write(lambda conn: conn.execute(DRAFT.insert(), to_row(draft)))

    def find(self, draft_id: str) -> Draft | None:
        return self._database.read(lambda conn: self._find(conn, draft_id))

    def _find(self, conn: Connection, draft_id: str) -> Draft | None:
        fresh = DRAFT.c.at > self._database.now(conn) - KEPT
        row = conn.execute(select(*COLUMNS).where(DRAFT.c.id == draft_id, fresh)).one_or_none()
        return Draft(*row) if row is not None else None

    def drop(self, draft_id: str) -> bool:
        gone = delete(DRAFT).where(DRAFT.c.id == draft_id).returning(DRAFT.c.id)
        return self._database.write(lambda conn: conn.execute(gone).first()) is not None

    def forget(self, *, limit: int) -> int:
        return self._database.write(lambda conn: self._forget(conn, limit))

    def _forget(self, conn: Connection, limit: int) -> int:
        old = select(DRAFT.c.id).where(DRAFT.c.at <= self._database.now(conn) - KEPT).order_by(DRAFT.c.at).limit(limit)
        ids = list(conn.execute(old).scalars())
        if ids:
            conn.execute(delete(DRAFT).where(DRAFT.c.id.in_(ids)))
        return len(ids)
