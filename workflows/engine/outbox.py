"""What is to be shown outside, and what was: the rows between a run and its messages.

A run that is seen has a *card*: the revision that is wanted, which grows in the transaction that changes the run,
and the revision that is shown. Each message has a *delivery*. Whoever delivers holds the card's lease, so a message
has one writer. Nothing here knows how a message looks or who takes it.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

POSTS = "posts"
"""The card of posts that belong to no run."""


class DeliveryState(enum.StrEnum):
    """How far a message is."""

    PENDING = "pending"
    """It is to be posted."""
    POSTED = "posted"
    GONE = "gone"
    """It was posted, and can't be changed any more: deleted, or its channel is closed to us."""
    FAILED = "failed"
    """It can't be posted, and `error` says why."""


@dataclass(frozen=True)
class Card:
    """A run as something to be seen."""

    run_id: str
    channel: str
    """As on the run: where it wants to be seen."""
    wanted: int
    """The run's revision."""
    shown: int
    """The revision that everything shows at least."""
    due_at: datetime
    """Before this moment nobody is asked to deliver."""
    place: str = ""
    """The id of the channel where it is really seen, once that is known."""
    lease_owner: str | None = None
    lease_until: datetime | None = None
    token: int = 0
    failures: int = 0
    """Tries in a row that did not get through."""
    error: str = ""
    """In words, why it is not seen where it wants to be; "" when it is."""
    urgency: int = 9
    """How urgent it is, lower is more, where it was left since it has to wait for a turn."""


@dataclass(frozen=True)
class Delivery:
    """One message. `key` is unique within the run and says which message it is."""

    id: str
    run_id: str
    key: str
    kind: str
    created_at: datetime
    channel: str = ""
    """The id of the channel it was posted to; for a post, where it is to go."""
    thread_ts: str = ""
    ts: str = ""
    digest: str = ""
    """Of the content that was delivered last."""
    state: DeliveryState = DeliveryState.PENDING
    payload: str = ""
    """The content of a post, which no run's rows hold."""
    reply_url: str = ""
    """Where the next change of this message may be sent at no cost."""
    reply_until: datetime | None = None
    attempts: int = 0
    error: str = ""
    posted_at: datetime | None = None
    unclear: datetime | None = None
    """Since when it is not known whether it was posted: to be looked up before it is posted again."""


@dataclass(frozen=True)
class CardLease:
    """A claim on a card: every write of a deliverer shows it."""

    run_id: str
    token: int
    owner: str
    ttl: timedelta


@dataclass(frozen=True)
class CardClaim:
    """A lease with all that is known of the card's messages."""

    lease: CardLease
    card: Card
    deliveries: tuple[Delivery, ...]
    """Oldest first; of the posts of no run, those since the oldest that is still to be posted."""
    now: datetime
    """The database's clock at the claim."""


@dataclass(frozen=True)
class Left:
    """How a deliverer leaves a card."""

    shown: int
    wanted: int
    """What was wanted at the claim."""
    wait: timedelta = timedelta(0)
    """How long nobody is to be asked to deliver again; cut short when the run changed meanwhile."""
    place: str = ""
    failures: int = 0
    error: str = ""
    urgency: int = 9


@dataclass(frozen=True)
class Budget:
    """How often something may be done. `burst` is how many turns ahead of the even pace this caller may take."""

    name: str
    every: timedelta
    burst: int = 0
    urgency: int = 9
    """How urgent it is; lower is more."""
    place: str = ""
    """The place whose cards share the turns; "" for all cards."""


@dataclass(frozen=True)
class Turn:
    """The answer to a request for a turn: granted now, or how long to wait before asking again."""

    granted: bool
    wait: timedelta = timedelta(0)
    behind: int = 0
    """When it was not granted: how many cards that share the turns and are as urgent want to be shown."""


class Outbox(Protocol):
    """What is to be shown. Methods raise StoreUnavailable; those that take a lease raise LeaseLost."""

    # which runs are seen
    def watch(self, run_id: str) -> bool:
        """Give a run a card; False when it has one. Raises UnknownRun."""

    def adopt(self, *, limit: int) -> int:
        """Give a card to runs that ask people to decide and have none; how many. A dead letter has its group's."""

    def touch(self, run_id: str) -> bool:
        """Ask for the run's messages to be looked at again; False for a run without a card."""

    def due(self, *, limit: int) -> Sequence[str]:
        """The runs whose card wants to be shown, may be, and is held by nobody; the longest due first."""

    # delivering
    def claim(self, run_id: str, owner: str, ttl: timedelta) -> CardClaim | None:
        """Take a card that wants to be shown, whenever it is due; None when it is held, or shown already.

        The reply addresses of its messages are taken with it: they are used now or never.
        """

    def save(self, lease: CardLease, *deliveries: Delivery) -> None:
        """Write messages, and renew the lease. A reply address that came meanwhile stays."""

    def leave(self, lease: CardLease, left: Left, *deliveries: Delivery) -> None:
        """Write messages, and give the card back."""

    def release(self, owner: str) -> int:
        """Give back every card of an owner that is no more; how many."""

    # from outside
    def reply_via(self, run_id: str, key: str, url: str, *, until: datetime) -> bool:
        """Remember an address for the next change of a message; False when there is no such message."""

    def reply_at(self, run_id: str, channel: str, ts: str, url: str, *, until: datetime) -> bool:
        """The same for the message that stands there; False when it is none of the run's."""

    def post(self, delivery: Delivery) -> Delivery:
        """Add a message of its own, with a card for its run if that has none. A key that is there already is left."""

    # the pace, which all processes share
    def reserve(self, budget: Budget) -> Turn:
        """Take a turn if there is one, in one conditional write."""

    def hold(self, name: str, pause: timedelta) -> datetime:
        """Give no turns for a while: the service asked for it. Until when."""

    # reading
    def card(self, run_id: str) -> Card | None: ...
    def deliveries(self, run_id: str) -> Sequence[Delivery]:
        """Oldest first."""

    def at(self, channel: str, ts: str) -> Delivery | None:
        """The message that stands there, if it is ours."""

    def troubled(self, *, limit: int) -> Sequence[Card]:
        """Cards that are not seen where they want to be, the newest first."""

    def behind(self, urgency: int = 9) -> int:
        """How many cards want to be shown that are at least as urgent."""


class DeliveryBell(Protocol):
    """The doorbell of those who deliver."""

    def ring_delivery(self, *run_ids: str, again: bool = False) -> None:
        """Have these runs' messages delivered soon. Rings of one run coalesce; never raises."""
