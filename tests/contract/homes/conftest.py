"""The three books of pages beside their outboxes, each empty and with a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.contract.outbox import conftest as outboxes
from tests.contract.outbox.shown import Shown
from workflows.engine.homes import HomeBook
from workflows.engine.testing.memory import MemoryStore
from workflows.engine.testing.memory_homes import MemoryHomes
from workflows.storage.store import SqlStore

clock = outboxes.clock
shown = outboxes.shown


@dataclass(frozen=True)
class Hall:
    """A book of pages and the outbox beside it."""

    shown: Shown
    book: HomeBook


@pytest.fixture
def hall(shown: Shown) -> Iterator[Hall]:
    store = shown.store
    if isinstance(store, MemoryStore):
        yield Hall(shown, MemoryHomes(store))
        return
    assert isinstance(store, SqlStore)
    yield Hall(shown, store.homes)
