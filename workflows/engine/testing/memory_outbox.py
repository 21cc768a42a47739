"""The outbox's in-memory twin, on the rows of an in-memory store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from workflows.engine.errors import LeaseLost
from workflows.engine.model import ApprovalState
from workflows.engine.outbox import POSTS, Budget, Card, CardClaim, CardLease, Delivery, DeliveryState, Left, Turn
from workflows.engine.testing.memory import MemoryStore

SOON = timedelta(seconds=1)
"""How long a card waits at most that changed while it was delivered."""
EARLY = datetime.min.replace(tzinfo=UTC)


class MemoryOutbox:
    """What is to be shown outside; shares the rows and the lock of a MemoryStore."""

    def __init__(self, store: MemoryStore) -> None:
        self._rows, self._lock, self._clock = store.shared

    # which runs are seen

    def watch(self, run_id: str) -> bool:
        with self._lock:
            run = self._rows.get(run_id)
            if run.carded:
                return False
            self._rows.cards[run_id] = Card(run_id, run.channel, run.revision + 1, 0, self._clock.now())
            self._rows.set(run_id, carded=True, revision=run.revision + 1)
            return True

    def adopt(self, *, limit: int) -> int:
        with self._lock:
            asked = {a.run_id for a in self._rows.approvals.values() if a.state is ApprovalState.OPEN}
            found = [run_id for run_id in sorted(asked) if not self._rows.runs[run_id].carded]
            return sum(self.watch(run_id) for run_id in found[:limit])

    def touch(self, run_id: str) -> bool:
        with self._lock:
            if run_id == POSTS:
                card = self._rows.cards.get(POSTS) or Card(POSTS, "", 0, 0, self._clock.now())
                self._rows.cards[POSTS] = replace(card, wanted=card.wanted + 1)
                return True
            run = self._rows.runs.get(run_id)
            if run is None or not run.carded:
                return False
            self._rows.set(run_id, revision=run.revision + 1)
            return True

    def due(self, *, limit: int) -> Sequence[str]:
        with self._lock:
            now = self._clock.now()
            free = [c for c in self._wanting() if c.due_at <= now and not _held(c, now)]
            return [card.run_id for card in sorted(free, key=lambda c: (c.due_at, c.run_id))[:limit]]

    # delivering

    def claim(self, run_id: str, owner: str, ttl: timedelta) -> CardClaim | None:
        with self._lock:
            now, card = self._clock.now(), self._rows.cards.get(run_id)
            if card is None or card.shown >= card.wanted or _held(card, now):
                return None
            card = replace(card, lease_owner=owner, lease_until=now + ttl, token=card.token + 1)
            self._rows.cards[run_id] = card
            messages = tuple(self.deliveries(run_id))
            if run_id == POSTS:
                unsent = [m.created_at for m in messages if m.state is DeliveryState.PENDING]
                messages = tuple(m for m in messages if unsent and m.created_at >= min(unsent))
            for message in messages:
                self._rows.deliveries[message.id] = replace(message, reply_url="", reply_until=None)
            return CardClaim(CardLease(run_id, card.token, owner, ttl), card, messages, now)

    def save(self, lease: CardLease, *messages: Delivery) -> None:
        with self._lock:
            self._renew(lease)
            self._keep(messages)

    def leave(self, lease: CardLease, left: Left, *messages: Delivery) -> None:
        with self._lock:
            card = self._renew(lease)
            self._keep(messages)
            wait = min(left.wait, SOON) if card.wanted > left.wanted else left.wait
            self._rows.cards[lease.run_id] = replace(
                card, shown=max(card.shown, left.shown), due_at=self._clock.now() + wait, place=left.place,
                failures=left.failures, error=left.error, urgency=left.urgency, lease_owner=None, lease_until=None,
            )  # fmt: skip

    def release(self, owner: str) -> int:
        with self._lock:
            held = [card for card in self._rows.cards.values() if card.lease_owner == owner]
            for card in held:
                self._rows.cards[card.run_id] = replace(card, lease_owner=None, lease_until=None)
            return len(held)

    # from outside

    def reply_via(self, run_id: str, key: str, url: str, *, until: datetime) -> bool:
        with self._lock:
            found = self._find(run_id, key)
            if found is None:
                return False
            self._rows.deliveries[found.id] = replace(found, reply_url=url, reply_until=until)
            return True

    def reply_at(self, run_id: str, channel: str, ts: str, url: str, *, until: datetime) -> bool:
        with self._lock:
            found = self.at(channel, ts)
            return found is not None and found.run_id == run_id and self.reply_via(run_id, found.key, url, until=until)

    def post(self, delivery: Delivery) -> Delivery:
        with self._lock:
            if delivery.run_id != POSTS:
                self._rows.get(delivery.run_id)
                if not self.watch(delivery.run_id):
                    self.touch(delivery.run_id)
            there = self._find(delivery.run_id, delivery.key)
            if there is None:
                self._rows.deliveries[delivery.id] = delivery
                if delivery.run_id == POSTS:
                    self.touch(POSTS)
            return there or delivery

    # the pace

    def reserve(self, budget: Budget) -> Turn:
        with self._lock:
            now = self._clock.now()
            free_at, held_until = self._rows.pace.get(budget.name, (now, EARLY))
            ahead = budget.burst * budget.every
            if free_at <= now + ahead and held_until <= now:
                self._rows.pace[budget.name] = (max(free_at, now) + budget.every, held_until)
                return Turn(True)
            wait = max(free_at - ahead - now, held_until - now, timedelta(0))
            return Turn(False, wait, self._behind(budget.urgency, budget.place))

    def hold(self, name: str, pause: timedelta) -> datetime:
        with self._lock:
            now = self._clock.now()
            free_at, held_until = self._rows.pace.get(name, (now, EARLY))
            until = max(held_until, now + pause)
            self._rows.pace[name] = (free_at, until)
            return until

    # reading

    def card(self, run_id: str) -> Card | None:
        with self._lock:
            return self._rows.cards.get(run_id)

    def deliveries(self, run_id: str) -> Sequence[Delivery]:
        with self._lock:
            found = [message for message in self._rows.deliveries.values() if message.run_id == run_id]
            return sorted(found, key=lambda message: (message.created_at, message.id))

    def at(self, channel: str, ts: str) -> Delivery | None:
        with self._lock:
            mine = (m for m in self._rows.deliveries.values() if ts and (m.channel, m.ts) == (channel, ts))
            return next(mine, None)

    def troubled(self, *, limit: int) -> Sequence[Card]:
        with self._lock:
            found = [card for card in self._rows.cards.values() if card.error]
            return sorted(found, key=lambda card: card.run_id, reverse=True)[:limit]

    def behind(self, urgency: int = 9) -> int:
        with self._lock:
            return self._behind(urgency)

    def _behind(self, urgency: int, place: str = "") -> int:
        return sum(card.urgency <= urgency and place in ("", card.place) for card in self._wanting())

    def _wanting(self) -> list[Card]:
        return [card for card in self._rows.cards.values() if card.shown < card.wanted]

    def _find(self, run_id: str, key: str) -> Delivery | None:
        return next((m for m in self._rows.deliveries.values() if (m.run_id, m.key) == (run_id, key)), None)

    def _renew(self, lease: CardLease) -> Card:
        now, card = self._clock.now(), self._rows.cards.get(lease.run_id)
        if card is None or (card.token, card.lease_owner) != (lease.token, lease.owner) or not _held(card, now):
            raise LeaseLost(f"{lease.owner} no longer delivers for {lease.run_id}")
        self._rows.cards[lease.run_id] = card = replace(card, lease_until=now + lease.ttl)
        return card

    def _keep(self, messages: Sequence[Delivery]) -> None:
        for message in messages:
            there = self._rows.deliveries.get(message.id)
            if there is None:
                self._rows.deliveries[message.id] = replace(message, reply_url="", reply_until=None)
                continue
            self._rows.deliveries[message.id] = replace(
                message, kind=there.kind, created_at=there.created_at, payload=there.payload,
                reply_url=there.reply_url, reply_until=there.reply_until,
            )  # fmt: skip


def _held(card: Card, now: datetime) -> bool:
    return card.lease_until is not None and card.lease_until > now
