"""An installation with alerts, on each store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.alerts.stage import House
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.memory import MemoryStore
from workflows.engine.testing.memory_alerts import MemoryAlerts
from workflows.engine.testing.memory_beats import MemoryBeats
from workflows.engine.testing.memory_happenings import MemoryHappenings
from workflows.storage.store import SqlStore


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    clock = ManualClock()
    if request.param == "memory":
        store = MemoryStore(clock)
        yield House(store, MemoryAlerts(store), MemoryHappenings(store), MemoryBeats(store), clock)
        return
    opened = SqlStore(request.getfixturevalue(f"{request.param}_url"), clock=clock)
    yield House(opened, opened.alerts, opened.happenings, opened.beats, clock)
    opened.close()
