"""The delegations' in-memory twin, on the rows of the in-memory store."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from workflows.engine.approving.delegation import Delegation
from workflows.engine.model import Audit
from workflows.engine.ports import Clock
from workflows.engine.testing.memory_rows import Rows


class MemoryDelegations:
    """Delegations that share a store's rows, and its transactions."""

    def __init__(self, rows: Rows, lock: threading.RLock, clock: Clock) -> None:
        self._rows, self._lock, self._clock = rows, lock, clock

    def put(self, delegation: Delegation, audit: Audit) -> None:
        with self._lock:
            self._rows.delegations = {(one.person, one.scope): one for one in self.all()}
            self._rows.delegations[delegation.person, delegation.scope] = delegation
            self._rows.audit.append(audit)

    def end(self, person: str, audit: Audit) -> int:
        with self._lock:
            held = [one for one in self.all() if one.person == person]
            self._rows.delegations = {key: one for key, one in self._rows.delegations.items() if key[0] != person}
            self._rows.audit += [audit] if held else []
            return len(held)

    def to(self, deputy: str) -> Sequence[Delegation]:
        return [one for one in self.all() if one.deputy == deputy]

    def all(self) -> Sequence[Delegation]:
        with self._lock:
            now = self._clock.now()
            found = [self._rows.delegations[key] for key in sorted(self._rows.delegations)]
            return [one for one in found if one.until is None or one.until > now]
