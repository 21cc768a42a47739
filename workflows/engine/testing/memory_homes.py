"""The in-memory twin of the pages of people, on the rows of an in-memory store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from workflows.engine.errors import LeaseLost
from workflows.engine.homes import Home
from workflows.engine.outbox import Card, CardLease
from workflows.engine.testing.memory import MemoryStore


class MemoryHomes:
    """Shares the rows and the lock of a MemoryStore."""

    def __init__(self, store: MemoryStore) -> None:
        self._rows, self._lock, self._clock = store.shared

    def open(self, card_id: str) -> None:
        with self._lock:
            now = self._clock.now()
            known = self._rows.homes.get(card_id, (Home(card_id), now))[0]
            self._rows.homes[card_id] = (replace(known, digest=""), now)
            card = self._rows.cards.get(card_id) or Card(card_id, "", 0, 0, now)
            self._rows.cards[card_id] = replace(card, wanted=card.wanted + 1, due_at=now)

    def touch(self, card_id: str) -> bool:
        with self._lock:
            card = self._rows.cards.get(card_id)
            if card is None:
                return False
            self._rows.cards[card_id] = replace(card, wanted=card.wanted + 1)
            return True

    def opened(self, within: timedelta) -> Sequence[str]:
        with self._lock:
            since = self._clock.now() - within
            return sorted(home.id for home, at in self._rows.homes.values() if at > since)

    def find(self, card_id: str) -> Home | None:
        with self._lock:
            known = self._rows.homes.get(card_id)
            return known[0] if known else None

    def keep(self, lease: CardLease, home: Home) -> None:
        with self._lock:
            now, card = self._clock.now(), self._rows.cards.get(lease.run_id)
            holds = card is not None and (card.token, card.lease_owner) == (lease.token, lease.owner)
            if card is None or not holds or card.lease_until is None or card.lease_until <= now:
                raise LeaseLost(f"{lease.owner} no longer delivers for {lease.run_id}")
            self._rows.cards[lease.run_id] = replace(card, lease_until=now + lease.ttl)
            if home.id in self._rows.homes:
                self._rows.homes[home.id] = (home, self._rows.homes[home.id][1])

    def close(self, card_id: str) -> None:
        with self._lock:
            self._rows.homes.pop(card_id, None)
            self._rows.cards.pop(card_id, None)
