"""Which revision a database is at, asked without the tools that change it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from sqlalchemy import Connection, inspect, text

from workflows.storage.database import Database

T = TypeVar("T")
KNOWN = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011", "0012", "0013", "0014")
"""The revisions of this release, oldest first. A test holds them against the migrations."""
PATIENCE = timedelta(seconds=60)


def head() -> str:
    """The revision that this release works with."""
    return KNOWN[-1]


def current(url: str) -> str:
    """The revision that the database is at; "" when it is empty."""
    return asked(url, _revision)


def needs_migration(url: str) -> bool:
    """Whether the database is older than this release. A newer one is none of this release's business."""
    at = current(url)
    return at != head() and (not at or at in KNOWN)


def asked(url: str, question: Callable[[Connection], T]) -> T:
    """The answer of a database that is opened for this question alone."""
    database = Database(url, clock=None, lock_timeout=PATIENCE, pool_size=1)
    try:
        return database.read(question)
    finally:
        database.close()


def _revision(conn: Connection) -> str:
    if not inspect(conn).has_table("alembic_version"):
        return ""
    return str(conn.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")
