"""Working hours and quiet hours: moments on the walls of a zone, with weekends and holidays taken out."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from workflows.engine.errors import BatonError

DAY = timedelta(days=1)
FURTHEST = 3700
"""So many days are looked through for working time."""


class CalendarError(BatonError):
    """A calendar can't be used; the text says why."""


@dataclass(frozen=True)
class Hours:
    """The working hours of a place."""

    zone: str
    opens: time = time(9)
    closes: time = time(17)
    days: Sequence[int] = (0, 1, 2, 3, 4)
    """Working days; Monday is 0."""
    country: str = ""
    """The country whose holidays are kept, such as DE; "" for none."""
    region: str = ""
    """The part of the country, such as BE."""
    closed: Sequence[date] = ()
    """Days on which nobody works either."""
    name: str = ""

    def after(self, start: datetime, span: timedelta) -> datetime:
        """The moment at which so much working time has passed; whole days of the span are working days."""
        at = self.next_open(start)
        for _ in range(span.days):
            at = self._next_day(at)
        return self._later(at, span - timedelta(days=span.days))

    def next_open(self, at: datetime) -> datetime:
        """The moment itself within working hours, else when they next begin."""
        wall = at.astimezone(self._zone)
        opens, closes = self._of(wall.date())
        if self.works(wall.date()) and at < closes:
            return max(at, opens)
        return self._of(self._working_day_after(wall.date()))[0]

    def works(self, day: date) -> bool:
        """Whether people work on a day."""
        return day.weekday() in self.days and day not in self.closed and not self.holiday(day)

    def holiday(self, day: date) -> str:
        """The name of a holiday; "" for other days."""
        return holidays_of(self.country, self.region, day.year).get(day, "") if self.country else ""

    @property
    def _zone(self) -> ZoneInfo:
        return zone_of(self.zone)

    def _of(self, day: date) -> tuple[datetime, datetime]:
        opens = datetime.combine(day, self.opens, self._zone)
        closes = datetime.combine(day, self.closes, self._zone)
        return opens.astimezone(UTC), closes.astimezone(UTC)

    def _working_day_after(self, day: date) -> date:
        found = next((d for n in range(1, FURTHEST) if self.works(d := day + n * DAY)), None)
        if found is None:
            raise CalendarError(f"The calendar {self.name or self.zone} has no working day for ten years.")
        return found

    def _next_day(self, at: datetime) -> datetime:
        """The same time on the wall, a working day later."""
        wall = at.astimezone(self._zone)
        return datetime.combine(self._working_day_after(wall.date()), wall.time(), self._zone).astimezone(UTC)

    def _later(self, at: datetime, left: timedelta) -> datetime:
        while left > timedelta(0):
            closes = self._of(at.astimezone(self._zone).date())[1]
            if left <= closes - at:
                return at + left
            left -= closes - at
            at = self.next_open(closes)
        return at


@dataclass(frozen=True)
class Quiet:
    """The hours in which nobody is reminded, every day."""

    begins: time
    ends: time
    zone: str

    def loud(self, at: datetime) -> datetime:
        """The moment itself, or the end of the quiet hours that it lies in."""
        wall = at.astimezone(zone_of(self.zone))
        clock, over_night = wall.time(), self.begins > self.ends
        within = (clock >= self.begins or clock < self.ends) if over_night else self.begins <= clock < self.ends
        if not within:
            return at
        day = wall.date() + (DAY if over_night and clock >= self.begins else timedelta(0))
        return datetime.combine(day, self.ends, wall.tzinfo).astimezone(UTC)


def checked(hours: Hours) -> Hours:
    """The calendar, if time passes in it; raises CalendarError."""
    if hours.opens >= hours.closes:
        raise CalendarError(f"Working hours from {hours.opens:%H:%M} to {hours.closes:%H:%M} have no time in them.")
    if not hours.days or not set(hours.days) <= set(range(7)):
        raise CalendarError("Working days are numbers from 0 for Monday to 6 for Sunday, one at least.")
    zone_of(hours.zone)
    hours.holiday(date(2026, 1, 1))
    return hours


def zone_of(name: str) -> ZoneInfo:
    """The time zone of this name; raises CalendarError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CalendarError(f"There is no time zone {name!r}: write one such as Europe/Berlin.") from None


@lru_cache(maxsize=200)
def holidays_of(country: str, region: str, year: int) -> Mapping[date, str]:
    """The holidays of a year by day; raises CalendarError. The library is large, and loaded when it is needed."""
    library = importlib.import_module("holidays")
    try:
        return dict(library.country_holidays(country, subdiv=region or None, years=year))
    except NotImplementedError:
        place = f"{country}, {region}" if region else country
        raise CalendarError(
            f"No holidays are known for {place}: write a country such as DE, and a region such as BE."
        ) from None
