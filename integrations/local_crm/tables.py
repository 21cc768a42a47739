"""The local CRM's SQLite file: records, what is searched in them, links and notes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

TABLES = """
CREATE TABLE IF NOT EXISTS record (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, external_id TEXT, natural_key TEXT, fields TEXT NOT NULL,
    changed_at TEXT NOT NULL, UNIQUE (kind, external_id), UNIQUE (kind, natural_key)
);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (id UNINDEXED, kind UNINDEXED, text, prefix = '2 3');
CREATE TABLE IF NOT EXISTS link (one TEXT NOT NULL, other TEXT NOT NULL, PRIMARY KEY (one, other));
CREATE TABLE IF NOT EXISTS note (id TEXT PRIMARY KEY, record TEXT NOT NULL, text TEXT NOT NULL, at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS note_record ON note (record, at);
"""

Fields = Mapping[str, str]


@dataclass(frozen=True)
class Row:
    """A record as it is kept."""

    id: str
    kind: str
    external_id: str
    natural_key: str
    """What it is known by: a contact's address, a company's domain."""
    fields: Fields


def found(
    conn: sqlite3.Connection, kind: str, *, record_id: str = "", external_id: str = "", key: str = ""
) -> Row | None:
    """The record with this id, else with this external id, else with this key."""
    for column, value in (("id", record_id), ("external_id", external_id), ("natural_key", key)):
        if value:
            row = conn.execute(
                f"SELECT id, kind, external_id, natural_key, fields FROM record WHERE kind = ? AND {column} = ?",  # noqa: S608 - our own names
                (kind, value),
            ).fetchone()
            if row is not None or column == "id":
                return _row(row) if row else None
    return None


def put(conn: sqlite3.Connection, row: Row, at: datetime) -> None:
    """Write a record in the place of one with its id, and what it is found by."""
    known = (
        row.id,
        row.kind,
        row.external_id or None,
        row.natural_key or None,
        json.dumps(dict(row.fields)),
        at.isoformat(),
    )
    conn.execute(
        "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE "
        "SET external_id = excluded.external_id, natural_key = excluded.natural_key, fields = excluded.fields, "
        "changed_at = excluded.changed_at",
        known,
    )
    conn.execute("DELETE FROM words WHERE id = ?", (row.id,))
    text = " ".join([row.external_id, *(value for value in row.fields.values() if value)])
    conn.execute("INSERT INTO words VALUES (?, ?, ?)", (row.id, row.kind, text))


def remove(conn: sqlite3.Connection, kind: str, record_id: str) -> None:
    """Delete a record with its links and notes."""
    if found(conn, kind, record_id=record_id) is None:
        return
    conn.execute("DELETE FROM record WHERE id = ?", (record_id,))
    conn.execute("DELETE FROM words WHERE id = ?", (record_id,))
    conn.execute("DELETE FROM link WHERE one = ? OR other = ?", (record_id, record_id))
    conn.execute("DELETE FROM note WHERE record = ?", (record_id,))


def search(conn: sqlite3.Connection, kind: str, words: str, limit: int) -> list[Row]:
    """The records in which every word occurs, or begins one, the best first."""
    asked = " ".join(f'"{word}"*' for word in words.replace('"', " ").split())
    if not asked:
        return []
    rows = conn.execute(
        "SELECT r.id, r.kind, r.external_id, r.natural_key, r.fields FROM words w JOIN record r ON r.id = w.id "
        "WHERE words MATCH ? AND w.kind = ? ORDER BY bm25(words), r.changed_at DESC, r.id LIMIT ?",
        (asked, kind, limit),
    )
    return [_row(row) for row in rows]


def _row(row: tuple[str, str, str | None, str | None, str]) -> Row:
    return Row(row[0], row[1], row[2] or "", row[3] or "", json.loads(row[4]))
