"""The three books of what came in, each beside its empty store, with a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.inbound.stage import Post
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.memory import MemoryStore
from workflows.engine.testing.memory_inbound import MemoryInbound
from workflows.storage.store import SqlStore


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def post(request: pytest.FixtureRequest) -> Iterator[Post]:
    """An installation on each store."""
    clock = ManualClock()
    if request.param == "memory":
        memory = MemoryStore(clock)
        yield Post(memory, MemoryInbound(memory), clock)
        return
    opened = SqlStore(request.getfixturevalue(f"{request.param}_url"), clock=clock)
    yield Post(opened, opened.inbound, clock)
    opened.close()
