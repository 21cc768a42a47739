"""Bulks of moves, frozen. Times are UTC with time zone."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

ASKED_KEPT = timedelta(minutes=30)
"""How long a bulk that was asked for waits to be confirmed."""
ENDED_KEPT = timedelta(days=30)
"""How long a bulk that is over is known; what it did to each run stays in the audit."""


class Move(enum.StrEnum):
    """What is done to each run."""

    RESUME = "resume"
    SKIP = "skip"
    FORK = "fork"
    DISCARD = "discard"


class EndedAs(enum.StrEnum):
    """How a bulk ended."""

    DONE = "done"
    CANCELLED = "cancelled"


class CameTo(enum.StrEnum):
    """What became of one run of a bulk."""

    DONE = "done"
    ELSEWHERE = "elsewhere"
    """Somebody moved it before its turn came, so it was left alone."""
    REFUSED = "refused"
    LEFT = "left"
    """The bulk was cancelled before its turn came."""


@dataclass(frozen=True)
class Bulk:
    """One move for a fixed set of dead letters. It is carried out once it is confirmed."""

    id: str
    group_id: str
    move: Move
    by: str
    """Who asked for it, and in whose name each run is moved."""
    asked_at: datetime
    only: str = ""
    """Only the runs that this person started; "" for all of the group."""
    detail: str = ""
    """Of a skip the value, as JSON; of a discard the reason."""
    total: int = 0
    """How many runs it is about."""
    confirmed_at: datetime | None = None
    ended_at: datetime | None = None
    ended_as: EndedAs | None = None
    ended_by: str = ""
    """Who cancelled it."""


@dataclass(frozen=True)
class Turn:
    """A run whose turn it is, as the dead letter that it was when the bulk was asked for."""

    run_id: str
    dead_at: datetime


@dataclass(frozen=True)
class Standing:
    """A bulk with what is counted of it."""

    bulk: Bulk
    done: int = 0
    elsewhere: int = 0
    refused: int = 0
    left: int = 0
    since: int = 0
    """Dead letters of the group that wait and that the bulk is not about: they failed since."""
    why: str = ""
    """Why one of those was refused."""

    @property
    def pending(self) -> int:
        """Runs whose turn is still to come."""
        return self.bulk.total - self.done - self.elsewhere - self.refused - self.left
