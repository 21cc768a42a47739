"""The three stores, each empty and with a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.store.opened import Opened
from workflows.engine.ports import Store
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.memory import MemoryStore
from workflows.storage.store import SqlStore


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
def real_postgres(postgres_url: str) -> Iterator[Opened]:
    """A PostgreSQL database judged by its own clock."""
    opened = SqlStore(postgres_url)
    yield Opened(opened)
    opened.close()


@pytest.fixture
def real(url: str) -> Iterator[Opened]:
    """A database judged by its own clock."""
    opened = SqlStore(url)
    yield Opened(opened)
    opened.close()
