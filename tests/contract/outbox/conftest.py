"""The three outboxes beside their stores, each empty and with a clock that stands still."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.outbox.shown import Shown
from tests.contract.store import conftest as stores
from tests.contract.store.conftest import Servers
from tests.servers.postgres import running_postgres
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.memory import MemoryStore
from workflows.engine.testing.memory_outbox import MemoryOutbox
from workflows.storage.schema import migrate
from workflows.storage.store import SqlStore

TEMPLATE = "baton_outbox_template"

clock, url = stores.clock, stores.url


@pytest.fixture(scope="session")
def outbox_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Migrated databases to copy."""
    file = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrate(f"sqlite:///{file}")
    with running_postgres() as postgres:
        postgres.run(f"CREATE DATABASE {TEMPLATE}")
        migrate(postgres.url(TEMPLATE))
        yield Servers(file, postgres)


@pytest.fixture
def sqlite_url(outbox_servers: Servers, tmp_path: Path) -> str:
    """An empty SQLite database."""
    file = tmp_path / "baton.db"
    shutil.copy(outbox_servers.sqlite, file)
    return f"sqlite:///{file}"


@pytest.fixture
def postgres_url(outbox_servers: Servers) -> Iterator[str]:
    """An empty PostgreSQL database."""
    with outbox_servers.postgres.database(TEMPLATE) as address:
        yield address


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def shown(request: pytest.FixtureRequest, clock: ManualClock) -> Iterator[Shown]:
    """Each outbox, empty, with the test's clock."""
    if request.param == "memory":
        store = MemoryStore(clock)
        yield Shown(store, MemoryOutbox(store), clock)
        return
    opened = SqlStore(request.getfixturevalue(f"{request.param}_url"), clock=clock)
    yield Shown(opened, opened.outbox, clock)
    opened.close()
