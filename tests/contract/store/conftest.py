"""The three stores, each empty and with a clock that stands still."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.contract.store.opened import Opened
from tests.servers.postgres import Postgres, running_postgres
from workflows.engine.ports import Store
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.memory import MemoryStore
from workflows.storage.schema import migrate
from workflows.storage.store import SqlStore

TEMPLATE = "baton_template"


@dataclass(frozen=True)
class Servers:
    """What is prepared once per test process."""

    sqlite: Path
    postgres: Postgres


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """A migrated SQLite file to copy, and a PostgreSQL server with a migrated database to copy."""
    file = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrate(f"sqlite:///{file}")
    with running_postgres() as postgres:
        postgres.run(f"CREATE DATABASE {TEMPLATE}")
        migrate(postgres.url(TEMPLATE))
        yield Servers(file, postgres)


@pytest.fixture
def sqlite_url(servers: Servers, tmp_path: Path) -> str:
    """An empty SQLite database."""
    file = tmp_path / "baton.db"
    shutil.copy(servers.sqlite, file)
    return f"sqlite:///{file}"


@pytest.fixture
def postgres_url(servers: Servers) -> Iterator[str]:
    """An empty PostgreSQL database."""
    with servers.postgres.database(TEMPLATE) as url:
        yield url


@pytest.fixture
def postgres(servers: Servers) -> Postgres:
    return servers.postgres


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """An empty database of each kind."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, clock: ManualClock) -> Iterator[Store]:
    """Each store, empty, with the test's clock."""
    if request.param == "memory":
        yield MemoryStore(clock)
        return
    opened = SqlStore(request.getfixturevalue(f"{request.param}_url"), clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def made(store: Store, clock: ManualClock) -> Opened:
    """The store with short words for what the tests do often."""
    return Opened(store, clock)


@pytest.fixture
def real(url: str) -> Iterator[Opened]:
    """A database judged by its own clock."""
    opened = SqlStore(url)
    yield Opened(opened)
    opened.close()
