"""When people are left alone: at night and on holidays, by the clock and the calendar where they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

FreeDay = Callable[[date, str], str]
"""The name of the holiday that a day is in a time zone; "" for none."""
FURTHEST = 60
"""So many days are looked through for one that is no holiday."""


@dataclass(frozen=True)
class Rest:
    """The hours of the night, and the holidays."""

    night: time = time(20)
    morning: time = time(7)
    holiday: FreeDay = lambda _day, _zone: ""

    def is_night(self, at: time) -> bool:
        """Whether nobody is written to at this time on the wall."""
        if self.night <= self.morning:
            return self.night <= at < self.morning
        return at >= self.night or at < self.morning

    def next_awake(self, moment: datetime, zone: str) -> datetime:
        """The first moment from this one on at which a person in this zone may be written to."""
        place = ZoneInfo(zone)
        wall = moment.astimezone(place)
        day = wall.date()
        if self.is_night(wall.timetz().replace(tzinfo=None)) and wall.time() >= self.morning:
            day += timedelta(days=1)
        for _ in range(FURTHEST):
            begins = datetime.combine(day, self.morning, place).astimezone(UTC)
            found = max(moment, begins)
            if not self.holiday(day, zone):
                return found
            day += timedelta(days=1)
        return moment
