"""Cards and messages to test with, and short words for what tests do often."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.contract.store.opened import Opened
from workflows.engine.outbox import Card, CardClaim, CardLease, Delivery, Left, Outbox
from workflows.engine.ports import Store
from workflows.engine.testing.clock import START, ManualClock

TTL = timedelta(seconds=30)


def delivery(key: str = "card", run_id: str = "r1", **columns: Any) -> Delivery:
    return replace(Delivery(f"{run_id}-{key}", run_id, key, key.partition("/")[0], START), **columns)


class Shown(Opened):
    """A store and its outbox in a test's hands."""

    def __init__(self, store: Store, outbox: Outbox, clock: ManualClock) -> None:
        super().__init__(store, clock)
        self.outbox = outbox
        self.manual = clock

    def seen(self, run_id: str = "r1", **columns: Any) -> Card:
        """A run with a card."""
        self.create(run_id, channel="slack:T1:C1", **columns)
        return self.card(run_id)

    def card(self, run_id: str = "r1") -> Card:
        card = self.outbox.card(run_id)
        assert card is not None
        return card

    def take(self, run_id: str = "r1", owner: str = "a", ttl: timedelta = TTL) -> CardClaim:
        """Claim a card that can be claimed."""
        claim = self.outbox.claim(run_id, owner, ttl)
        assert claim is not None
        return claim

    def show(self, run_id: str = "r1", *deliveries: Delivery, **left: Any) -> None:
        """Deliver all that is wanted."""
        claim = self.take(run_id)
        self.leave(claim, *deliveries, **left)

    def leave(self, claim: CardClaim, *deliveries: Delivery, **left: Any) -> None:
        wanted = claim.card.wanted
        self.outbox.leave(claim.lease, replace(Left(wanted, wanted), **left), *deliveries)

    def agrees(self, run_id: str = "r1") -> bool:
        """Whether the card wants what the run has."""
        return self.card(run_id).wanted == self.store.run(run_id).revision


def stale(lease: CardLease) -> CardLease:
    return replace(lease, token=lease.token - 1)
