"""How many calls each hook had in this process, by what was answered."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping


class HookCounts:
    """Counts since the process began; safe across threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()

    def count(self, hook: str, outcome: str) -> int:
        """One more; how many that makes."""
        with self._lock:
            self._counts[hook, outcome] += 1
            return self._counts[hook, outcome]

    def all(self) -> Mapping[tuple[str, str], int]:
        """By hook and outcome."""
        with self._lock:
            return dict(self._counts)
