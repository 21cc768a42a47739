"""When people are left alone."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from bot.digests.free_days import FreeDays
from workflows.engine.digests.resting import Rest

REST = Rest(holiday=FreeDays({"America/New_York": "US"}))


@pytest.mark.parametrize(
    ("moment", "zone", "awake"),
    [
        ("2026-03-24T12:00", "Europe/Berlin", "2026-03-24T12:00"),
        ("2026-03-24T22:00", "Europe/Berlin", "2026-03-25T06:00"),
        ("2026-03-28T21:00", "Europe/Berlin", "2026-03-29T05:00"),  # the night in which clocks are put forward
        ("2026-03-24T03:00", "Europe/Berlin", "2026-03-24T06:00"),
        ("2026-12-24T20:00", "Europe/Berlin", "2026-12-27T06:00"),  # Christmas, and the day after it
        ("2026-07-03T10:00", "America/New_York", "2026-07-05T11:00"),  # the Fourth is a Saturday, and Friday free too
    ],
)
def test_the_next_moment_at_which_somebody_may_be_written_to(moment: str, zone: str, awake: str) -> None:
    found = REST.next_awake(datetime.fromisoformat(moment).replace(tzinfo=UTC), zone)
    assert found == datetime.fromisoformat(awake).replace(tzinfo=UTC)


def test_a_night_may_lie_within_one_day() -> None:
    rest = Rest(night=time(1), morning=time(5))
    assert [rest.is_night(time(hour)) for hour in (0, 1, 4, 5)] == [False, True, True, False]


def test_holidays_are_those_of_the_zone_or_of_the_settings() -> None:
    epiphany = datetime(2026, 1, 6, tzinfo=UTC).date()
    assert FreeDays({})(epiphany, "Europe/Berlin") == ""
    assert FreeDays({"Europe/Berlin": "DE-BY"})(epiphany, "Europe/Berlin") != ""
    assert FreeDays({})(epiphany, "Europe/Rome") != ""
    assert FreeDays({})(epiphany, "Etc/UTC") == ""
    assert FreeDays({"Europe/Berlin": "XX"})(epiphany, "Europe/Berlin") == ""
