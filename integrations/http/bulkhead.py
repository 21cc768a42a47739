"""How many lanes one service may hold, so that a slow one leaves some to the others."""

from __future__ import annotations

import threading
from collections import Counter


class Bulkhead:
    """Counts who is at each service. `lanes` are those of this process; with 0 there is no bound."""

    def __init__(self, lanes: int = 0) -> None:
        self._most = max(1, lanes * 3 // 4) if lanes else 0
        self._lock = threading.Lock()
        self._there: Counter[str] = Counter()

    def enter(self, service: str, *, inside: bool = False) -> bool:
        """Count one more at the service; False when three quarters of the lanes are there already.

        Who is `inside`, with a lane that it holds anyway, is counted and never turned away.
        """
        with self._lock:
            if self._most and not inside and self._there[service] >= self._most:
                return False
            self._there[service] += 1
            return True

    def leave(self, service: str) -> None:
        """Count one less."""
        with self._lock:
            self._there[service] -= 1
