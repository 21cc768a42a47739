"""The three stores with their bulks, each empty and with a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.bulks.stage import Stage
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.memory import MemoryStore
from workflows.engine.testing.memory_bulks import MemoryBulks
from workflows.engine.testing.memory_letters import MemoryLetters
from workflows.engine.testing.memory_outbox import MemoryOutbox
from workflows.storage.store import SqlStore


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Each store, empty, with a clock of the test's."""
    clock = ManualClock()
    if request.param == "memory":
        memory = MemoryStore(clock)
        yield Stage(memory, MemoryLetters(memory), MemoryBulks(memory), MemoryOutbox(memory), clock)
        return
    opened = SqlStore(request.getfixturevalue(f"{request.param}_url"), clock=clock)
    yield Stage(opened, opened.letters, opened.bulks, opened.outbox, clock)
    opened.close()
