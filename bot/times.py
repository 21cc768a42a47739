"""Moments and ages as people write them: `9:00`, `tomorrow at 9:00`, `2026-12-01 09:30`; `90d`, `12w`, `48h`; `5m`."""

from __future__ import annotations

import importlib
import re
from datetime import UTC, datetime, timedelta, tzinfo

from workflows.engine.errors import InvalidInput

UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1), "y": timedelta(days=365)}

SHORT_UNITS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1)}


def age_of(text: str, what: str) -> timedelta:
    """A length of time such as 90d, 12w, 48h or 7y; raises InvalidInput that begins with what it was given for."""
    found = re.fullmatch(r"(\d{1,6})\s*([hdwy])", text.strip().lower())
    if found is None or not int(found[1]):
        raise InvalidInput(
            f"{what} {text}: write a number of hours, days, weeks or years, such as 48h, 90d, 12w or 7y."
        )
    return int(found[1]) * UNITS[found[2]]


def short_length_of(text: str, what: str) -> timedelta:
    """A short length of time such as 30s, 5m or 1h, "" for none; raises InvalidInput that begins with its use."""
    found = re.fullmatch(r"(\d{1,6})\s*([smh])", text.strip().lower())
    if found is None and text.strip():
        raise InvalidInput(f"{what} {text}: write a number of seconds, minutes or hours, such as 30s, 5m or 1h.")
    return int(found[1]) * SHORT_UNITS[found[2]] if found else timedelta(0)


def moment_before(now: datetime, age: timedelta, what: str) -> datetime:
    """The moment that was so long ago; raises InvalidInput where the calendar does not reach that far."""
    try:
        return now - age
    except OverflowError:
        raise InvalidInput(f"{what}: {age.days} days ago is before the calendar begins.") from None


def moment_of(text: str, now: datetime, zone: tzinfo | None = None) -> datetime:
    """The moment that a text means to somebody in this time zone (this machine's when None), in UTC.

    Raises InvalidInput for what can't be read, and for what lies in the past.
    """
    words = " ".join(text.split())
    here = now.astimezone(zone).replace(tzinfo=None)
    settings = {"RELATIVE_BASE": here, "PREFER_DATES_FROM": "future"}
    # A heavy library, for this alone: it is loaded when somebody gives a time.
    read = importlib.import_module("dateparser").parse
    found: datetime | None = None if words.isdigit() else read(words, languages=["en"], settings=settings)
    if found is None:
        raise InvalidInput(
            f"{text!r} is no time that can be read. Write it like 9:00, tomorrow at 9:00, in 2 hours, "
            "or 2026-12-01 09:30."
        )
    if found.tzinfo is None:
        found = found.astimezone() if zone is None else found.replace(tzinfo=zone)
    if found <= now:
        raise InvalidInput(f"{text!r} is {found:%Y-%m-%d %H:%M}, which is past. Give a time to come.")
    return found.astimezone(UTC)


def day_or_moment(text: str, now: datetime, zone: tzinfo | None = None) -> datetime:
    """The end of the day that a text means, or the moment where it says a time, in UTC; raises InvalidInput."""
    words = " ".join(text.split())
    if re.search(r"\d\s*:\s*\d|\bin\b|\b(am|pm|noon|midnight)\b|\bat\b", words, re.IGNORECASE):
        return moment_of(words, now, zone)
    found = moment_of(f"{words} at 23:59", now, zone)
    return found + timedelta(minutes=1)
