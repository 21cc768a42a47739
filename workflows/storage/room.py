"""How much room a database takes, and giving back what is free."""

from __future__ import annotations

from contextlib import closing
from sqlite3 import OperationalError

from sqlalchemy import Connection, text

from workflows.engine.ports import Room
from workflows.storage.database import Database
from workflows.storage.faults import away


def room(conn: Connection) -> Room:
    """How large the database is."""
    if conn.dialect.name != "sqlite":
        return Room(_number(conn, "SELECT pg_database_size(current_database())"))
    page = _number(conn, "PRAGMA page_size")
    return Room(_number(conn, "PRAGMA page_count") * page, _number(conn, "PRAGMA freelist_count") * page)


def compact(database: Database) -> None:
    """Write an SQLite file anew without its free pages; a server does that by itself. Raises StoreUnavailable."""
    if not database.lite:
        return
    with closing(database.engine.raw_connection()) as conn, closing(conn.cursor()) as cursor:
        try:
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except OperationalError as error:
            raise away(error, database.place) from None


def _number(conn: Connection, statement: str) -> int:
    return int(conn.execute(text(statement)).scalar_one())
