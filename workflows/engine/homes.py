"""Who looks at a page of their own outside, such as App Home: it is shown anew while they may be looking.

Such a page has a card as a run has (`workflows.engine.outbox`), so whoever shows it holds its lease, and it has one
writer. Nothing here knows what is on it. The twin is `workflows.engine.testing.memory_homes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from workflows.engine.outbox import CardLease

HOME = "home-"
"""How the id of such a card begins; no run's id does. It is persisted, so it is compatibility data."""


def home_id(realm: str, person: str) -> str:
    """The card's id of a person's page: letters, digits and dashes alone."""
    return f"{HOME}{realm}-{person}"


def whose(card_id: str) -> tuple[str, str] | None:
    """The realm and the person of a page; None for the card of anything else."""
    realm, dash, person = card_id.removeprefix(HOME).partition("-")
    return (realm, person) if card_id.startswith(HOME) and realm and dash and person else None


@dataclass(frozen=True)
class Home:
    """What is known of a page."""

    id: str
    digest: str = ""
    """Of what it shows; "" when it has to be shown whatever that is."""
    mark: str = ""
    """What the other side calls this state of it."""


class HomeBook(Protocol):
    """The pages. Methods raise StoreUnavailable."""

    def open(self, card_id: str) -> None:
        """Somebody looks at their page: it wants to be shown now, and later whenever it changes."""

    def touch(self, card_id: str) -> bool:
        """Something on it changed; False for a page at which nobody ever looked."""

    def opened(self, within: timedelta) -> Sequence[str]:
        """The pages that somebody opened so lately, by the database's clock."""

    def find(self, card_id: str) -> Home | None: ...
    def keep(self, lease: CardLease, home: Home) -> None:
        """Remember what it shows now. Raises LeaseLost."""

    def close(self, card_id: str) -> None:
        """There is nobody any more who could look at it."""
