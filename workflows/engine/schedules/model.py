"""A schedule and its ticks, as their rows stand. Times are UTC; what people read is in the schedule's zone."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

LOOK_BACK = timedelta(days=90)
"""How long the record of a tick is kept."""


class Overlap(enum.StrEnum):
    """What a tick does while a run of the same schedule goes on."""

    SKIP = "skip"
    QUEUE = "queue"
    ALLOW = "allow"


class CatchUp(enum.StrEnum):
    """What becomes of ticks that came while nobody could start their runs."""

    NONE = "none"
    LAST = "last"
    ALL = "all"


class TickState(enum.StrEnum):
    """What became of a tick."""

    WAITING = "waiting"
    """It waits until the run before it is over."""
    STARTED = "started"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Schedule:
    """A rule that starts runs of one workflow with one input."""

    id: str
    name: str
    workflow: str
    input: str
    """JSON, with the defaults filled in."""
    cron: str
    zone: str
    """A time zone of the IANA, such as `Europe/Berlin`."""
    created_by: str
    created_at: datetime
    ticked_to: datetime
    """The last tick that was dealt with; at first, the moment from which ticks count."""
    overlap: Overlap = Overlap.SKIP
    catch_up: CatchUp = CatchUp.LAST
    jitter: timedelta = timedelta(0)
    channel: str = ""
    """Where its runs are shown; "" for the usual place."""
    wake_at: datetime | None = None
    """When a clock has to look at it; None while it is paused."""
    paused_at: datetime | None = None
    paused_by: str = ""
    trouble: str = ""
    """Why its ticks start nothing, although nobody paused anything; "" while all is well."""

    @property
    def actor(self) -> str:
        """Who starts its runs."""
        return f"schedule:{self.name}"


@dataclass(frozen=True)
class Tick:
    """One moment of a schedule and what became of it. One row by (schedule, moment), so it starts one run."""

    schedule_id: str
    at: datetime
    state: TickState
    decided_at: datetime
    run_id: str = ""
    reason: str = ""
    """Why it was skipped, or waits, in words."""
    extra: bool = False
    """A run that a person asked for: no tick of the rule."""
    open: bool = False
    """Whether its run was not over when that was last looked at."""
