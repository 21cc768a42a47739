"""The three stores with their groups of dead letters, each empty and with a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.letters.stage import Failing
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.memory import MemoryStore
from workflows.engine.testing.memory_letters import MemoryLetters
from workflows.engine.testing.memory_outbox import MemoryOutbox
from workflows.storage.store import SqlStore


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def failing(request: pytest.FixtureRequest, clock: ManualClock) -> Iterator[Failing]:
    """Each store, empty, with the test's clock."""
    if request.param == "memory":
        memory = MemoryStore(clock)
        yield Failing(memory, MemoryLetters(memory), MemoryOutbox(memory), clock)
        return
    opened = SqlStore(request.getfixturevalue(f"{request.param}_url"), clock=clock)
    yield Failing(opened, opened.letters, opened.outbox, clock)
    opened.close()
