"""The three outboxes beside their stores, each empty and with a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.outbox.shown import Shown
from tests.contract.store import conftest as stores
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.memory import MemoryStore
from workflows.engine.testing.memory_outbox import MemoryOutbox
from workflows.storage.store import SqlStore

clock = stores.clock


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
