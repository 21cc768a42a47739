"""Which ticks of a schedule are due, and which of them are to be dealt with: pure rules over moments."""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise, takewhile

from workflows.engine.schedules.calendar import Calendar
from workflows.engine.schedules.model import CatchUp, Schedule

ON_TIME = timedelta(minutes=1)
"""A tick that is later than that was missed: its schedule's catch-up says what becomes of it."""
MOST_MISSED = 100
"""So many missed ticks of one schedule are caught up with, the newest ones."""
PER_PASS = 20
"""So many ticks of one schedule are dealt with at a time; the next pass of a clock goes on."""
SHORTEST_OF = 500
"""So many ticks to come are looked through for the shortest time between two."""


@dataclass(frozen=True)
class DueTicks:
    """What is due. All ticks up to the last one named are dealt with by it."""

    run: tuple[datetime, ...] = ()
    """Those that are to start runs, as far as the overlap policy lets them; oldest first."""
    passed: tuple[datetime, datetime] | None = None
    """The first and the last of those that were missed and are not caught up with."""
    more: bool = False
    """There is more to deal with at once."""

    @property
    def last(self) -> datetime | None:
        """The last tick that is dealt with."""
        return self.run[-1] if self.run else self.passed[1] if self.passed else None


def moment_of(schedule: Schedule, tick: datetime) -> datetime:
    """When a tick is due: itself, and its share of the jitter, the same for whoever asks."""
    if not schedule.jitter:
        return tick
    drawn = hashlib.blake2b(f"{schedule.id} {tick.timestamp():.0f}".encode(), digest_size=8).digest()
    share = int.from_bytes(drawn, "big") / 2**64
    return tick + timedelta(milliseconds=int(schedule.jitter / timedelta(milliseconds=1) * share))


def next_tick(schedule: Schedule, calendar: Calendar, after: datetime | None = None) -> datetime | None:
    """The first tick that was not dealt with, or the first after a moment."""
    return calendar.after(schedule.cron, schedule.zone, after or schedule.ticked_to)


def due_ticks(schedule: Schedule, calendar: Calendar, now: datetime) -> DueTicks:
    """What is due at this moment, by the schedule's catch-up."""
    first = next_tick(schedule, calendar)
    if first is None or moment_of(schedule, first) > now:
        return DueTicks()
    wanted = MOST_MISSED if schedule.catch_up is CatchUp.ALL else 3
    newest = _newest(schedule, calendar, first, now, wanted)
    on_time = [tick for tick in newest if now - moment_of(schedule, tick) <= ON_TIME]
    missed = newest[: len(newest) - len(on_time)]
    run = _caught_up(schedule.catch_up, missed, on_time)
    passed = None
    if not run or first != run[0]:
        passed = (first, newest[-1] if not run else max(tick for tick in newest if tick < run[0]))
    return DueTicks(tuple(run[:PER_PASS]), passed, more=len(run) > PER_PASS)


def _caught_up(policy: CatchUp, missed: list[datetime], on_time: list[datetime]) -> list[datetime]:
    if policy is CatchUp.ALL:
        return [*missed, *on_time][-MOST_MISSED:]
    if policy is CatchUp.LAST and not on_time:
        return missed[-1:]
    return on_time


def _newest(schedule: Schedule, calendar: Calendar, first: datetime, now: datetime, wanted: int) -> list[datetime]:
    """The newest due ticks, one more than wanted if there are so many; looked for ever further back."""
    span = timedelta(minutes=wanted)
    while True:
        start = max(now - schedule.jitter - span, first - timedelta(microseconds=1))
        ticks = calendar.from_(schedule.cron, schedule.zone, start)
        found = deque(takewhile(lambda tick: moment_of(schedule, tick) <= now, ticks), maxlen=wanted + 1)
        if len(found) > wanted or start < first:
            return list(found)
        span *= 2


def shortest_gap(cron: str, zone: str, calendar: Calendar, after: datetime) -> timedelta | None:
    """The shortest time between two of the ticks to come; None for a rule that hardly ever comes."""
    ticks = calendar.next(cron, zone, after, SHORTEST_OF if _is_frequent(cron, zone, calendar, after) else 20)
    return min((later - earlier for earlier, later in pairwise(ticks)), default=None)


def _is_frequent(cron: str, zone: str, calendar: Calendar, after: datetime) -> bool:
    ahead = calendar.next(cron, zone, after, 20)
    return len(ahead) == 20 and ahead[-1] - ahead[0] < timedelta(days=60)
