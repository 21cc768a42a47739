"""Identifiers: sortable run ids and idempotency keys."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


class _Ids:
    """Ids made in one process never go back, also within a millisecond."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> int:
        fresh = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(79)
        with self._lock:
            self._last = fresh if fresh >> 80 > self._last >> 80 else self._last + 1 + secrets.randbits(32)
            return self._last


_ids = _Ids()


def new_id() -> str:
    """A ULID in lower case: 26 characters, sortable by creation time."""
    return encoded(_ids.next())


def encoded(value: int) -> str:
    """A number of 130 bits as an id: milliseconds since 1970, then 80 bits of chance."""
    return "".join(_ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5))


def idempotency_key(run_id: str, generation: int, key: str) -> str:
    """What makes a repeat of this step harmless: the same for every attempt, another in every generation."""
    return hashlib.sha256(f"{run_id}\n{generation}\n{key}".encode()).hexdigest()[:32]


def chance(run_id: str, generation: int, key: str, salt: str = "") -> bytes:
    """Thirty-two bytes that are the same at every replay."""
    return hashlib.sha256(f"{salt}\n{run_id}\n{generation}\n{key}".encode()).digest()
