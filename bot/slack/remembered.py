"""Answers that are kept for a while, and asked for once however many want them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Generic, TypeVar, cast

V = TypeVar("V")


class Unanswered(Exception):
    """Nobody can say just now."""


class NotThere(Unanswered):
    """It is not there, or no longer for us: what was said of it before counts no more."""


@dataclass
class _Entry(Generic[V]):
    asking: threading.Lock = field(default_factory=threading.Lock)
    value: V | None = None
    known: bool = False
    asked_at: float = 0.0
    tried_at: float | None = None


class Remembered(Generic[V]):
    """What `ask` said of a key. Safe across threads; `now` gives seconds that never go back.

    An answer is fresh for `fresh`. When `ask` raises Unanswered, an older one serves until it is `stale`; after that,
    and where there never was one, Unanswered comes through. A question that failed is not asked again for a second.
    """

    def __init__(
        self,
        ask: Callable[[str], V],
        now: Callable[[], float],
        *,
        fresh: timedelta = timedelta(seconds=30),
        stale: timedelta = timedelta(minutes=10),
        most: int = 10_000,
    ) -> None:
        self._ask = ask
        self._now = now
        self._fresh = fresh.total_seconds()
        self._stale = stale.total_seconds()
        self._most = most
        self._entries: OrderedDict[str, _Entry[V]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> V:
        """The answer; raises Unanswered."""
        entry = self._entry(key)
        if self._is_younger(entry, self._fresh):
            return self._value(entry)
        with entry.asking:
            if not self._is_younger(entry, self._fresh):
                self._refresh(key, entry)
        return self._value(entry)

    def has(self, key: str) -> bool:
        """Whether there is a fresh answer."""
        return self._is_younger(self._entry(key), self._fresh)

    def forget(self, key: str) -> None:
        """Ask anew next time."""
        with self._lock:
            self._entries.pop(key, None)

    def _refresh(self, key: str, entry: _Entry[V]) -> None:
        now = self._now()
        if entry.tried_at is not None and now - entry.tried_at < 1.0:
            if self._is_younger(entry, self._stale):
                return
            raise Unanswered(key)
        entry.tried_at = now
        try:
            entry.value, entry.known, entry.asked_at, entry.tried_at = self._ask(key), True, now, None
        except NotThere:
            entry.known = False
            raise
        except Unanswered:
            if not self._is_younger(entry, self._stale):
                raise

    def _is_younger(self, entry: _Entry[V], age: float) -> bool:
        return entry.known and self._now() - entry.asked_at < age

    def _value(self, entry: _Entry[V]) -> V:
        return cast(V, entry.value)

    def _entry(self, key: str) -> _Entry[V]:
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            while len(self._entries) > self._most:
                self._entries.popitem(last=False)
            return entry
