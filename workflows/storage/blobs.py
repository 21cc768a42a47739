"""Large values: kept once by the hash of their text, out of the rows that are read often."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, delete, exists, select

from workflows.engine.model import Approval, Message, Record, Run
from workflows.storage.database import Database
from workflows.storage.tables import BLOB, BLOB_USE

LIMIT = 64 * 1024
MARK = "blob:"
"""Begins a column that holds a hash; no JSON text begins like this, and what does is put away too."""
VALUES = {Run: ("input", "output"), Record: ("input", "output"), Message: ("payload",), Approval: ("show", "editable")}

UNUSED = ~exists().where(BLOB_USE.c.hash == BLOB.c.hash)

R = TypeVar("R", Run, Record, Message, Approval)


@dataclass
class Blobs:
    """The large values of one transaction, on their way in."""

    found: dict[str, bytes] = field(default_factory=dict)
    uses: dict[tuple[str, str], None] = field(default_factory=dict)

    def pack(self, run_id: str, row: dict[str, Any], columns: tuple[str, ...]) -> None:
        """Replace the large values of a row by their marks."""
        for column in columns:
            value = row.get(column)
            if value is not None and (len(value) * 4 > LIMIT or value.startswith(MARK)):
                row[column] = self._put(run_id, value)

    def _put(self, run_id: str, value: str) -> str:
        data = value.encode()
        if len(data) <= LIMIT and not value.startswith(MARK):
            return value
        name = hashlib.sha256(data).hexdigest()
        self.found[name] = data
        self.uses[run_id, name] = None
        return MARK + name

    def join(self, other: Blobs) -> None:
        """Take over what another one gathered."""
        self.found.update(other.found)
        self.uses.update(other.uses)

    def write(self, conn: Connection, database: Database) -> None:
        """Insert what is not there yet; the rows that use it are inserted after."""
        if not self.found:
            return
        stmt = database.insert(BLOB)
        # Touching the row that is there keeps a prune in another transaction from deleting it meanwhile.
        kept = stmt.on_conflict_do_update(index_elements=["hash"], set_={"hash": stmt.excluded.hash})
        conn.execute(kept, [{"hash": name, "data": data} for name, data in sorted(self.found.items())])
        self.found.clear()

    def note_uses(self, conn: Connection, database: Database) -> None:
        """Record which runs use them; after the runs themselves are inserted."""
        if self.uses:
            stmt = database.insert(BLOB_USE).on_conflict_do_nothing()
            conn.execute(stmt, [{"run_id": run_id, "hash": name} for run_id, name in self.uses])
            self.uses.clear()


def unpacked(conn: Connection, rows: Iterable[R]) -> list[R]:
    """The rows with their large values in place."""
    listed = list(rows)
    marks = {value for row in listed for value in _marked(row).values()}
    if not marks:
        return listed
    query = select(BLOB.c.hash, BLOB.c.data).where(BLOB.c.hash.in_([mark.removeprefix(MARK) for mark in marks]))
    texts = {MARK + name: data.decode() for name, data in conn.execute(query)}
    return [replace(row, **{column: texts[mark] for column, mark in _marked(row).items()}) for row in listed]


def forget(conn: Connection, run_ids: list[str]) -> None:
    """Drop the uses of these runs, and the values that no run uses any more."""
    mine = BLOB_USE.c.run_id.in_(run_ids)
    names = list(conn.execute(select(BLOB_USE.c.hash).where(mine).distinct()).scalars())
    if names:
        conn.execute(delete(BLOB_USE).where(mine))
        _drop(conn, select(BLOB.c.hash).where(BLOB.c.hash.in_(names), UNUSED))


def drop_unused(conn: Connection, limit: int) -> int:
    """Delete values that no run uses: two that ended together may each have left one to the other."""
    return _drop(conn, select(BLOB.c.hash).where(UNUSED).limit(limit))


def _drop(conn: Connection, which: Select[tuple[str]]) -> int:
    """Lock first and look again then: who writes such a value just now has its row, or waits for this end."""
    names = list(conn.execute(which.with_for_update(skip_locked=True)).scalars())
    return conn.execute(delete(BLOB).where(BLOB.c.hash.in_(names), UNUSED)).rowcount if names else 0


def _marked(row: Run | Record | Message | Approval) -> dict[str, str]:
    held = ((column, getattr(row, column)) for column in VALUES[type(row)])
    return {column: value for column, value in held if value is not None and value.startswith(MARK)}
