"""Two databases with 20,000 runs, made once for this folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.grown.rows import Grown, grow
from tests.servers.databases import Templates
from workflows.storage.store import SqlStore

RUNS = 20_000


@dataclass(frozen=True)
class Full:
    """The full databases, to be copied."""

    sqlite: Path
    postgres: str
    of_sqlite: Grown
    of_postgres: Grown


@pytest.fixture(scope="session")
def full(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Full:
    file = tmp_path_factory.mktemp("full") / "baton.db"
    shutil.copy(templates.sqlite, file)
    name = f"{templates.database}_full"
    templates.postgres.run(f"CREATE DATABASE {name} TEMPLATE {templates.database}")
    return Full(file, name, grow(f"sqlite:///{file}", RUNS), grow(templates.postgres.url(name), RUNS))


@pytest.fixture
def sqlite_full(full: Full, tmp_path: Path) -> Iterator[tuple[SqlStore, Grown]]:
    """A SQLite store with 20,000 runs."""
    file = tmp_path / "baton.db"
    shutil.copy(full.sqlite, file)
    store = SqlStore(f"sqlite:///{file}")
    yield store, full.of_sqlite
    store.close()


@pytest.fixture(scope="session")
def postgres_shared(full: Full, templates: Templates) -> Iterator[tuple[SqlStore, Grown]]:
    """A PostgreSQL store with 20,000 runs, the same for all tests: a copy would have no statistics of its use."""
    store = SqlStore(templates.postgres.url(full.postgres))
    yield store, full.of_postgres
    store.close()
