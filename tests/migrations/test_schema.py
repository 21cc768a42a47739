"""Bringing the schema up, on both databases."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.servers.postgres import Postgres, running_postgres
from workflows.engine.errors import StoreUnavailable
from workflows.storage.address import parse
from workflows.storage.revision import KNOWN, current, head, needs_migration
from workflows.storage.schema import differences, migrate, revisions

ROOT = Path(__file__).parents[2]
MIGRATE = "import sys; from workflows.storage.schema import migrate; print(migrate(sys.argv[1]))"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with nothing in it; on SQLite not even the folder is there."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new folder' / 'baton.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.database() as address:
        yield address


def test_an_empty_database_is_brought_up(url: str) -> None:
    assert (current(url), needs_migration(url)) == ("", True)
    assert migrate(url) == head() == current(url)
    assert not needs_migration(url)
    assert migrate(url) == head()


def test_migrations_and_tables_agree(url: str) -> None:
    migrate(url)
    assert differences(url) == []


def test_several_processes_may_migrate_at_once_from_anywhere(url: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", MIGRATE, url]
    environment = {"PYTHONPATH": str(ROOT)}
    processes = [
        subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    answers = [process.communicate(timeout=60) for process in processes]
    assert answers == [(f"{head()}\n", "")] * 4
    assert differences(url) == []


def test_a_newer_schema_is_left_alone(url: str) -> None:
    migrate(url)
    engine = create_engine(parse(url))
    with engine.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    assert migrate(url) == "9999"
    assert not needs_migration(url)


def test_a_server_that_is_away(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="can't be reached"):
        migrate("postgresql://ada:s3cret@127.0.0.1:1/baton")


def test_the_revisions_that_are_asked_for_are_those_of_the_migrations() -> None:
    assert revisions() == KNOWN
