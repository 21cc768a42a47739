"""A queue that only remembers who rang."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

from workflows.engine.ports import Ring


class MemoryQueue:
    """Rings in the order in which they came; equal ones coalesce."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rings: deque[Ring] = deque()
        self.deaf = False
        """While True every ring is lost, as when Redis is away."""

    def ring(self, rings: Sequence[Ring]) -> None:
        with self._lock:
            for ring in rings:
                if not self.deaf and all((r.run_id, r.inbox) != (ring.run_id, ring.inbox) for r in self._rings):
                    self._rings.append(ring)

    def take(self) -> Ring | None:
        """The oldest ring, removed."""
        with self._lock:
            return self._rings.popleft() if self._rings else None

    def flush(self) -> int:
        """Lose every ring; how many were lost."""
        with self._lock:
            lost = len(self._rings)
            self._rings.clear()
            return lost

    def __len__(self) -> int:
        with self._lock:
            return len(self._rings)
