"""The in-memory twin of what came in, on the rows of the in-memory store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from workflows.engine.hooks.model import Inbound, InboundState
from workflows.engine.hooks.ports import GONE_WORDS, OVER_WORDS, Arrival, Took
from workflows.engine.model import OVER, Writes
from workflows.engine.testing.memory import MemoryStore
from workflows.engine.testing.memory_rows import Rings, refuse_unwritable


class MemoryInbound:
    """What came in, in a store's rows and transactions."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._rows, self._lock, self._clock = store.shared

    def take(self, arrival: Arrival) -> Took:
        with self._lock:
            inbound = replace(arrival.inbound, at=self._clock.now())
            there = self.find(inbound.source, inbound.event_id)
            if there is not None and there.state is not InboundState.FAILED:
                return Took(there, new=False)
            took = Took(inbound, new=True)
            if arrival.start is not None:
                created = self._store.create(*arrival.start)
                took = Took(replace(inbound, run_id=created.run.id), new=True, rings=tuple(created.rings))
            elif arrival.message is not None:
                took = self._tell(arrival, inbound)
            self._rows.inbound[inbound.source, inbound.event_id] = took.inbound
            return took

    def _tell(self, arrival: Arrival, inbound: Inbound) -> Took:
        assert arrival.message is not None
        message, audit = arrival.message
        run = self._rows.runs.get(message.run_id)
        if run is None or run.state in OVER:
            words = OVER_WORDS.format(run.id, run.state) if run else GONE_WORDS.format(message.run_id)
            return Took(replace(inbound, state=InboundState.IGNORED, words=words), new=True)
        writes, owed = Writes(messages=(message,), audit=(audit,)), Rings()
        refuse_unwritable(writes)
        self._rows.apply(run.id, writes, self._clock.now(), owed)
        return Took(inbound, new=True, rings=self._rows.rings(owed))

    def find(self, source: str, event_id: str) -> Inbound | None:
        with self._lock:
            return self._rows.inbound.get((source, event_id))

    def latest(self, source: str, *, limit: int) -> Sequence[Inbound]:
        with self._lock:
            found = [one for one in self._rows.inbound.values() if one.source == source]
            return sorted(found, key=lambda one: (one.at, one.event_id), reverse=True)[:limit]

    def forget(self, age: timedelta, *, limit: int) -> int:
        with self._lock:
            before = self._clock.now() - age
            old = sorted((one.at, key) for key, one in self._rows.inbound.items() if one.at <= before)[:limit]
            for _, key in old:
                del self._rows.inbound[key]
            return len(old)
