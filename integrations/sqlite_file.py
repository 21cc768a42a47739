"""A SQLite file that local connectors keep their records in, shared by any number of processes."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from integrations.errors import Unavailable
from workflows.engine.policy import Effect

WAIT = 10.0
"""Seconds to wait for another process that writes."""


class SqliteFile:
    """The file, opened anew for each transaction; `schema` makes what is not there yet.

    `name` is what people call it: "local CRM". The file remembers which schema it was made by, so that who reads need
    not wait for who writes.
    """

    def __init__(self, name: str, path: Path, schema: str) -> None:
        self.path = path
        self._name = name
        self._version = zlib.crc32(schema.encode()) >> 1
        self._schema = f"BEGIN IMMEDIATE; {schema}; PRAGMA user_version = {self._version}; COMMIT"

    @contextmanager
    def transaction(self, *, writes: bool = False) -> Iterator[sqlite3.Connection]:
        """One transaction; raises Unavailable, with nothing done, when the file can't be used."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, timeout=WAIT, isolation_level=None)) as conn:
                conn.execute("PRAGMA journal_mode = WAL")
                conn.execute("PRAGMA synchronous = FULL")
                conn.execute("PRAGMA foreign_keys = ON")
                if conn.execute("PRAGMA user_version").fetchone()[0] != self._version:
                    conn.executescript(self._schema)
                conn.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
                yield conn
                conn.execute("COMMIT")
        except (sqlite3.DatabaseError, OSError) as error:
            words = f"The {self._name} in {self.path} can't be used: {error}. See that Baton may write there."
            raise Unavailable(words, effect=Effect.NONE) from None
