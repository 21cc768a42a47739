"""From a cron rule on a wall clock to moments: what becomes of the hour that is left out, and of the one that is twice.

A rule that names hours means the wall clock. Each of its times comes once: one that the clock leaves out comes at the
first moment after the gap, one that the clock shows twice comes the first time. A rule of every hour means the passing
of time: it goes on through the doubled hour, and nothing comes for an hour that there is not.
"""

from __future__ import annotations

import difflib
import zoneinfo
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from workflows.engine.errors import InvalidInput
from workflows.engine.schedules.cron import Cron
from workflows.engine.schedules.cron import parse as parse_cron

NextOnWall = Callable[[Cron, datetime], datetime | None]
"""The first time on a wall clock that never jumps, after this one, at which a rule comes. Both are naive."""
SECOND = timedelta(seconds=1)


class Calendar:
    """Says when rules come. The arithmetic of a rule on a plain wall clock is given."""

    def __init__(self, next_on_wall: NextOnWall) -> None:
        self._next = next_on_wall

    def after(self, cron: str, zone: str, moment: datetime) -> datetime | None:
        """The first moment after this one at which the rule comes, in UTC; None if it never does."""
        rule, place = parse_cron(cron), zone_of(zone)
        find = self._passing if rule.every_hour else self._on_wall
        try:
            return find(rule, place, moment)
        except OverflowError:  # the end of the calendar
            return None

    def from_(self, cron: str, zone: str, moment: datetime) -> Iterator[datetime]:
        """All moments after this one, in order."""
        found = self.after(cron, zone, moment)
        while found is not None:
            yield found
            found = self.after(cron, zone, found)

    def next(self, cron: str, zone: str, moment: datetime, count: int) -> list[datetime]:
        """So many moments after this one, in the zone."""
        return [found.astimezone(zone_of(zone)) for found in islice(self.from_(cron, zone, moment), count)]

    def _on_wall(self, rule: Cron, zone: ZoneInfo, moment: datetime) -> datetime | None:
        wall = self._next(rule, _wall(zone, moment))
        while wall is not None:
            found = _moment(zone, wall)
            if found > moment:  # not so within the second pass of a doubled hour
                return found
            wall = self._next(rule, wall)
        return None

    def _passing(self, rule: Cron, zone: ZoneInfo, moment: datetime) -> datetime | None:
        start = since = moment
        offset = _offset(zone, moment)
        while True:
            wall = self._next(rule, (start + offset).replace(tzinfo=None))
            if wall is None:
                return None
            found = (wall - offset).replace(tzinfo=UTC)
            if _offset(zone, found) == offset:
                return found
            since = _change(zone, offset, since, found)
            start, offset = since - SECOND, _offset(zone, since)  # it may come at the change itself


def zone_of(name: str) -> ZoneInfo:
    """The time zone of this name; raises InvalidInput."""
    try:
        return ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        near = difflib.get_close_matches(name, zoneinfo.available_timezones(), n=1)
        hint = f"Did you mean {near[0]}?" if near else "Write it as in Europe/Berlin, America/New_York or UTC."
        raise InvalidInput(f"There is no time zone {name!r}. {hint}") from None


def _wall(zone: ZoneInfo, moment: datetime) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)


def _moment(zone: ZoneInfo, wall: datetime) -> datetime:
    """When a wall clock shows this: the first time, or the first moment after a gap that holds it."""
    late = wall.replace(tzinfo=zone).astimezone(UTC)
    if _wall(zone, late) == wall:
        return late
    early = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return _change(zone, _offset(zone, early), early, late)


def _change(zone: ZoneInfo, offset: timedelta, before: datetime, after: datetime) -> datetime:
    """The first second between the two at which the zone has another offset than this, the one before."""
    before = before.replace(microsecond=0)
    low, high = 0, int((after - before).total_seconds()) + 1
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, before + middle * SECOND) == offset:
            low = middle
        else:
            high = middle
    return before + high * SECOND
