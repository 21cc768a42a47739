"""Working hours, over weekends, holidays and changes of the clocks; and quiet hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from workflows.engine.approving.hours import CalendarError, Hours, Quiet, checked

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
BERLIN = Hours("Europe/Berlin", country="DE", region="BE", name="berlin")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "span", "end"),
    [
        ("2026-11-25T10:00+01:00", 2 * HOUR, "2026-11-25T12:00+01:00"),
        ("2026-11-25T16:00+01:00", 2 * HOUR, "2026-11-26T10:00+01:00"),  # over a night
        ("2026-11-27T16:00+01:00", 2 * HOUR, "2026-11-30T10:00+01:00"),  # over a weekend
        ("2026-11-28T12:00+01:00", 2 * HOUR, "2026-11-30T11:00+01:00"),  # from a Saturday
        ("2026-12-24T16:00+01:00", 2 * HOUR, "2026-12-28T10:00+01:00"),  # Christmas, then a weekend
        ("2027-03-05T15:00+01:00", DAY, "2027-03-09T15:00+01:00"),  # Women's Day is a holiday in Berlin
        ("2027-03-26T09:00+01:00", HOUR, "2027-03-30T10:00+02:00"),  # Easter, and the clocks go forward
        ("2026-11-25T16:59+01:00", 2 * DAY + HOUR, "2026-11-30T09:59+01:00"),  # two working days, then an hour
        ("2026-11-25T09:00+01:00", 8 * HOUR, "2026-11-25T17:00+01:00"),  # to the last minute
        ("2026-11-25T05:00+01:00", timedelta(0), "2026-11-25T09:00+01:00"),
    ],
)
def test_time_passes_in_working_hours(start: str, span: timedelta, end: str) -> None:
    assert BERLIN.after(at(start), span) == at(end)


def test_other_places_keep_other_holidays() -> None:
    bavaria = Hours("Europe/Berlin", country="DE", region="BY")
    assert [place.works(date(2027, 3, 8)) for place in (bavaria, BERLIN)] == [True, False]
    assert BERLIN.holiday(date(2026, 12, 25))


def test_days_that_are_closed_and_own_working_days() -> None:
    dubai = Hours("Asia/Dubai", time(8), time(16), days=(0, 1, 2, 3, 6), closed=(date(2026, 12, 2),))
    assert dubai.after(at("2026-12-01T15:00+04:00"), 2 * HOUR) == at("2026-12-03T09:00+04:00")
    assert dubai.works(date(2026, 12, 6))


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (Hours("Europe/Berlin", time(9), time(9)), "no time in them"),
        (Hours("Europe/Berlim"), "no time zone 'Europe/Berlim'"),
        (Hours("Europe/Berlin", days=()), "one at least"),
        (Hours("Europe/Berlin", country="DE", region="XX"), "No holidays are known for DE, XX"),
    ],
)
def test_a_calendar_in_which_no_time_passes_is_refused(hours: Hours, words: str) -> None:
    with pytest.raises(CalendarError, match=words):
        checked(hours)


@pytest.mark.parametrize(
    ("moment", "loud"),
    [
        ("2026-11-25T19:59+01:00", "2026-11-25T19:59+01:00"),
        ("2026-11-25T20:00+01:00", "2026-11-26T08:00+01:00"),
        ("2026-11-26T07:59+01:00", "2026-11-26T08:00+01:00"),
        ("2026-11-26T08:00+01:00", "2026-11-26T08:00+01:00"),
    ],
)
def test_quiet_hours_over_a_night(moment: str, loud: str) -> None:
    assert Quiet(time(20), time(8), "Europe/Berlin").loud(at(moment)) == at(loud)


def test_quiet_hours_at_noon() -> None:
    assert Quiet(time(12), time(13), "UTC").loud(at("2026-11-25T12:30+00:00")) == at("2026-11-25T13:00+00:00")
