"""The schema's version: bringing it up, and looking whether it is up."""

from __future__ import annotations

import fcntl
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select

from workflows.storage.database import Database
from workflows.storage.revision import KNOWN, PATIENCE, asked
from workflows.storage.tables import METADATA

SCRIPTS = Path(__file__).parent / "migrations"
OVER_EXPRESSION = "ix_run_tail"
LOCK_NUMBER = 7_170_021_193
"""The advisory lock under which one process at a time migrates a PostgreSQL database."""


def migrate(url: str) -> str:
    """Bring the database up to this release's schema and return its revision; nothing happens when it is there.

    Several processes may call it at once: one works, the others wait. Raises StoreUnavailable.
    """
    database = Database(url, clock=None, lock_timeout=PATIENCE, pool_size=1)
    try:
        with _alone(database):
            return database.write(_upgrade)
    finally:
        database.close()


def differences(url: str) -> list[object]:
    """Where the database and the tables of this release do not agree; empty when they do."""
    return asked(url, _differences)


def _differences(conn: Connection) -> list[object]:
    """All but an index over an expression, which can't be compared: its plans are tested instead."""
    options = {"include_object": lambda _object, name, *_: name != OVER_EXPRESSION}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*expression-based index")
        return list(compare_metadata(MigrationContext.configure(conn, opts=options), METADATA))


def _upgrade(conn: Connection) -> str:
    config = _config()
    config.attributes["connection"] = conn
    if conn.dialect.name == "postgresql":
        conn.execute(select(func.pg_advisory_xact_lock(LOCK_NUMBER)))
    at = MigrationContext.configure(conn).get_current_revision() or ""
    if not at or at in KNOWN:  # a newer release was here before: its schema serves this one too
        command.upgrade(config, "head")
    return MigrationContext.configure(conn).get_current_revision() or ""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@contextmanager
def _alone(database: Database) -> Iterator[None]:
    """On SQLite, a lock on a file beside the database: even turning on its journal wants it alone."""
    if not database.lite:
        yield
        return
    path = Path(database.url.database or "")
    with path.with_name(path.name + "-migrating").open("a+b") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        yield


def revisions() -> tuple[str, ...]:
    """The revisions that the migrations hold, oldest first."""
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return tuple(script.revision for script in scripts)[::-1]
