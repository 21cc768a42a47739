"""Empty databases of this release's schema, of each kind: copies of one that was migrated once per test process.

A folder has the fixtures by naming them in its `conftest.py` (`templates = databases.templates` and so on).
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.postgres import Postgres, running_postgres
from workflows.storage.schema import migrate

NUMBERS = itertools.count()
"""Folders that have the fixtures at the same time share a server, and have a template each."""


@dataclass(frozen=True)
class Templates:
    """What is prepared once: a SQLite file to copy, and a PostgreSQL server with a database to copy."""

    sqlite: Path
    postgres: Postgres
    database: str
    """The name of the database to copy."""


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Templates]:
    """The migrated databases."""
    file = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrate(f"sqlite:///{file}")
    with running_postgres() as postgres:
        name = f"baton_template_{next(NUMBERS)}"
        postgres.run(f"CREATE DATABASE {name}")
        migrate(postgres.url(name))
        yield Templates(file, postgres, name)


@pytest.fixture
def sqlite_url(templates: Templates, tmp_path: Path) -> str:
    """An empty SQLite database."""
    file = tmp_path / "baton.db"
    shutil.copy(templates.sqlite, file)
    return f"sqlite:///{file}"


@pytest.fixture
def postgres_url(templates: Templates) -> Iterator[str]:
    """An empty PostgreSQL database."""
    with templates.postgres.database(templates.database) as url:
        yield url


@pytest.fixture
def postgres(templates: Templates) -> Postgres:
    """The PostgreSQL server."""
    return templates.postgres


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """An empty database of each kind."""
    return str(request.getfixturevalue(f"{request.param}_url"))
