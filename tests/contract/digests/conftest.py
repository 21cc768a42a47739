"""An installation that posts digests, on each store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.digests.stage import House
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.memory import MemoryStore
from workflows.engine.testing.memory_drafts import MemoryDrafts
from workflows.engine.testing.memory_happenings import MemoryHappenings
from workflows.engine.testing.memory_outbox import MemoryOutbox
from workflows.engine.testing.memory_schedules import MemorySchedules
from workflows.storage.store import SqlStore


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    clock = ManualClock()
    if request.param == "memory":
        store = MemoryStore(clock)
        yield House(
            store, MemorySchedules(store), MemoryHappenings(store), MemoryDrafts(store), MemoryOutbox(store), clock
        )
        return
    opened = SqlStore(request.getfixturevalue(f"{request.param}_url"), clock=clock)
    yield House(opened, opened.schedules, opened.happenings, opened.drafts, opened.outbox, clock)
    opened.close()
