"""The beats' in-memory twin, on the rows of the in-memory store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from workflows.engine.beats.model import Beat, End
from workflows.engine.testing.memory import MemoryStore


class MemoryBeats:
    """Beats that share a store's rows."""

    def __init__(self, store: MemoryStore) -> None:
        self._rows, self._lock, self._clock = store.shared

    def now(self) -> datetime:
        return self._clock.now()

    def beat(self, beats: Sequence[Beat]) -> None:
        with self._lock:
            for beat in beats:
                self._put(beat, End.UNTOLD)

    def end(self, beat: Beat, end: End) -> None:
        with self._lock:
            self._put(beat, end)
            for child in [one for one in self._rows.beats.values() if one.parent == beat.id]:
                self._put(child, end)

    def heard(self, *, limit: int) -> Sequence[Beat]:
        with self._lock:
            return sorted(self._rows.beats.values(), key=lambda one: (one.seen_at, one.id), reverse=True)[:limit]

    def forget(self, before: datetime) -> int:
        with self._lock:
            old = [one.id for one in self._rows.beats.values() if one.seen_at < before]
            for beat_id in old:
                del self._rows.beats[beat_id]
            return len(old)

    def _put(self, beat: Beat, end: End) -> None:
        now, there = self._clock.now(), self._rows.beats.get(beat.id)
        if there is None:
            self._rows.beats[beat.id] = replace(beat, began_at=now, seen_at=now, ending=end)
        elif there.ending is End.UNTOLD:
            self._rows.beats[beat.id] = replace(there, seen_at=now, ending=end)
