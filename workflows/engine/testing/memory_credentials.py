"""The credentials' in-memory twin, on the rows of the in-memory store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from workflows.engine.credentials import SealedCredential
from workflows.engine.model import Audit
from workflows.engine.testing.memory import MemoryStore


class MemoryCredentials:
    """Sealed credentials that share a store's rows, and its transactions."""

    def __init__(self, store: MemoryStore) -> None:
        self._rows, self._lock, _ = store.shared

    def put(self, credential: SealedCredential, audit: Audit) -> None:
        with self._lock:
            self._rows.credentials[credential.workspace, credential.name] = credential
            self._rows.audit.append(audit)

    def remove(self, workspace: str, name: str, audit: Audit) -> bool:
        with self._lock:
            if self._rows.credentials.pop((workspace, name), None) is None:
                return False
            self._rows.audit.append(audit)
            return True

    def reseal(self, seal: Callable[[str], str], audit: Audit) -> int:
        with self._lock:
            there = self._rows.credentials
            self._rows.credentials = {key: replace(row, sealed=seal(row.sealed)) for key, row in there.items()}
            self._rows.audit.append(audit)
            return len(there)

    def all(self) -> Sequence[SealedCredential]:
        with self._lock:
            return [row for _, row in sorted(self._rows.credentials.items())]
