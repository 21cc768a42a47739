"""The three stores with their schedules, each empty and with a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.schedules.stage import House
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.memory import MemoryStore
from workflows.engine.testing.memory_schedules import MemorySchedules
from workflows.storage.store import SqlStore


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def house(request: pytest.FixtureRequest, clock: ManualClock) -> Iterator[House]:
    """An installation on each store."""
    if request.param == "memory":
        memory = MemoryStore(clock)
        yield House(memory, MemorySchedules(memory), clock)
        return
    opened = SqlStore(request.getfixturevalue(f"{request.param}_url"), clock=clock)
    yield House(opened, opened.schedules, clock)
    opened.close()
