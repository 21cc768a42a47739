"""Times as people write them, in their own time zone: "9:00 tomorrow", "in 2 hours", "Friday at noon"."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateparser.conf import SettingValidationError
from dateparser.date import DateDataParser

from workflows.engine.errors import BatonError

_SPAN = re.compile(
    r"(?P<count>\d{1,6}|an?|half an)\s*(?P<unit>seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h)\b", re.IGNORECASE
)
_UNITS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1)}
_DAYS = re.compile(r"in\s+(\d{1,4}|an?)\s*(days?|d|weeks?|w)", re.IGNORECASE)
_MONTH = re.compile(r"\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b", re.IGNORECASE)
_HOUR = re.compile(
    r"(?<![\d:./+-])\b([01]?\d|2[0-3])\b(?![\d:./]|-\d|\s*[ap]\.?m\b|\s+in the\b|\s+o.clock)", re.IGNORECASE
)
_NAMED = ((r"\bnoon\b|\bmidday\b", "12:00"), (r"\bmidnight\b", "00:00"), (r"\btonight\b", "today 20:00"))
_FURTHEST = timedelta(days=5 * 366)
EXAMPLES = "For example: `at 9:00 tomorrow`, `at Friday 14:30`, `in 2 hours`, `at 2027-01-31 08:00`."


class TimeUnclear(BatonError):
    """A time can't be understood, or is no time to start at; the text says why."""


def zone(name: str) -> tzinfo:
    """The time zone of this name; UTC for one that nobody knows."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def moment(text: str, now: datetime, where: tzinfo) -> datetime:
    """The coming moment that `text` names in the zone `where`, in UTC; raises TimeUnclear."""
    span = _span(text)
    try:
        found = now + span if span is not None else _parsed(text, now, where)
    except OverflowError:
        found = None
    if found is None:
        raise TimeUnclear(f"I can't read “{_short(text)}” as a time. {EXAMPLES}")
    if found <= now:
        raise TimeUnclear(f"{_local(found, where)} has passed. Give a time to come. {EXAMPLES}")
    if found - now > _FURTHEST:
        raise TimeUnclear(f"{_local(found, where)} is more than five years from now. Give an earlier time.")
    return found.astimezone(UTC)


def _span(text: str) -> timedelta | None:
    """A span of hours, minutes and seconds, which no change of the clocks makes longer: "in 1 hour 30 minutes"."""
    body = re.fullmatch(r"\s*in\s+(.+?)\s*", text, re.IGNORECASE | re.DOTALL)
    if body is None:
        return None
    rest = re.sub(r"\band\b|,", " ", body[1], flags=re.IGNORECASE)
    if _SPAN.sub("", rest).strip():
        return None
    total = timedelta(0)
    for found in _SPAN.finditer(rest):
        count = {"a": 1.0, "an": 1.0, "half an": 0.5}.get(found["count"].lower()) or float(found["count"])
        total += _UNITS[found["unit"][0].lower()] * count
    return total


def _parsed(text: str, now: datetime, where: tzinfo) -> datetime | None:
    """By dateparser, on the wall clock; the zone is put on afterwards, so that changes of the clocks are right."""
    wall = now.astimezone(where).replace(tzinfo=None)
    if days := _DAYS.fullmatch(text.strip()):
        count = int(days[1]) if days[1].isdigit() else 1
        return _placed(wall + timedelta(days=count * (7 if days[2].lower().startswith("w") else 1)), where)
    for pattern, instead in _NAMED:
        text = re.sub(pattern, instead, text, flags=re.IGNORECASE)
    if not _MONTH.search(text):
        text = _HOUR.sub(r"\1:00", text)
    settings = {
        "PREFER_DATES_FROM": "future", "RELATIVE_BASE": wall, "RETURN_TIME_AS_PERIOD": True, "DATE_ORDER": "DMY"
    }  # fmt: skip
    try:
        parser = DateDataParser(languages=["en"], settings=settings)
        read = parser.get_date_data(re.sub(r"\bat\b", " ", text, flags=re.IGNORECASE).strip())
    except (SettingValidationError, ValueError, TypeError, AttributeError, RecursionError):
        return None
    found: datetime | None = read.date_obj
    if found is None:
        return None
    if read.period != "time":
        if read.period == "day":
            raise TimeUnclear(f"At which time on {found:%a %d %b %Y}? {EXAMPLES}")
        return None
    if found.tzinfo is not None:
        return found.astimezone(UTC)
    return _placed(found, where)


def _placed(wall: datetime, where: tzinfo) -> datetime:
    """A time on the wall as a moment: the earlier of two, and in a gap as far after it as it is in it."""
    return wall.replace(tzinfo=where, fold=0).astimezone(UTC)


def _local(at: datetime, where: tzinfo) -> str:
    return f"{at.astimezone(where):%a %d %b %Y %H:%M %Z}"


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
