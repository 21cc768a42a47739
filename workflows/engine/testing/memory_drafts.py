"""The drafts' in-memory twin, on the rows of the in-memory store."""

from __future__ import annotations

from workflows.engine.drafts import KEPT, Draft
from workflows.engine.testing.memory import MemoryStore


class MemoryDrafts:
    """Drafts that share a store's rows."""

    def __init__(self, store: MemoryStore) -> None:
        self._rows, self._lock, self._clock = store.shared

    def keep(self, draft: Draft) -> None:
        with self._lock:
            self._rows.drafts[draft.id] = draft

    def find(self, draft_id: str) -> Draft | None:
        with self._lock:
            found = self._rows.drafts.get(draft_id)
            return found if found is not None and found.at > self._clock.now() - KEPT else None

    def drop(self, draft_id: str) -> bool:
        with self._lock:
            return self._rows.drafts.pop(draft_id, None) is not None

    def forget(self, *, limit: int) -> int:
        with self._lock:
            old = sorted((one.at, one.id) for one in self._rows.drafts.values() if one.at <= self._clock.now() - KEPT)
            for _, draft_id in old[:limit]:
                del self._rows.drafts[draft_id]
            return len(old[:limit])
