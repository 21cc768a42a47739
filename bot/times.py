"""Moments as people write them: `9:00`, `tomorrow at 9:00`, `in 2 hours`, `2026-12-01 09:30`."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime, tzinfo

from workflows.engine.errors import InvalidInput


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
