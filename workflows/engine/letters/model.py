"""Groups of dead letters, frozen. Times are UTC with time zone."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

FRESH = timedelta(days=1)
"""A failure joins the group of those alike while the last of them is no older; later it is told anew."""


class Closed(enum.StrEnum):
    """Why a group takes no more dead letters: the next failure of its kind begins a new one."""

    DEALT = "dealt"
    """Nothing in it waits for a person any more."""
    PASSED = "passed"
    """Runs of the workflow passed since: the error is gone."""
    QUIET = "quiet"
    """It had not happened for a day when it happened again."""


@dataclass(frozen=True)
class Group:
    """Failures that are alike, in one channel, in one episode."""

    id: str
    fingerprint: str
    channel: str
    """As on its runs."""
    workflow: str
    step: str
    error: str
    """The class of the error."""
    words: str
    """The error's words without numbers and ids."""
    release: int
    """The release that made its first failure."""
    opened_at: datetime
    fresh_until: datetime
    """Until then a failure of this kind joins it."""
    closed_at: datetime | None = None
    """Since when no failure joins it."""
    closed_as: Closed | None = None
    owner: str = ""
    """Who claimed it."""
    claimed_at: datetime | None = None


@dataclass(frozen=True)
class Counted:
    """A group with what is counted of it."""

    group: Group
    runs: int
    """Runs that failed so, each counted once."""
    open: int
    """Those of them that still wait for a person."""
    last_at: datetime
    """When the last of them failed."""
    last_release: int = 0
    earlier: int = 0
    """How many episodes there were before this one."""
    first_release: int = 0
    """The release that made the first failure of this kind, in whichever episode."""


@dataclass(frozen=True)
class Member:
    """One dead letter of a group."""

    run_id: str
    number: int
    """Its place among the dead letters of its run; the first is 1."""
    group_id: str
    at: datetime
    release: int = 0
    settled_at: datetime | None = None
    """When it was dealt with; None while it waits for a person."""


@dataclass(frozen=True)
class GroupQuery:
    """Which groups; newest failure first. Empty means any."""

    workflow: str = ""
    owner: str = ""
    open: bool = True
    """Only groups in which something waits for a person."""
    limit: int = 50
