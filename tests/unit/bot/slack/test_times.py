"""Times as people write them, in their zone, across changes of the clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.times import TimeUnclear, moment, zone

NOW = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)  # a Monday; 10:30 in Berlin
BERLIN, TOKYO, NEW_YORK = zone("Europe/Berlin"), zone("Asia/Tokyo"), zone("America/New_York")

IN_BERLIN = {
    "9:00 tomorrow": "2026-01-06 09:00",
    "tomorrow at 9:00": "2026-01-06 09:00",
    "9:00": "2026-01-06 09:00",
    "11:00": "2026-01-05 11:00",
    "11": "2026-01-05 11:00",
    "9am": "2026-01-06 09:00",
    "5 pm": "2026-01-05 17:00",
    "8 in the morning": "2026-01-06 08:00",
    "Friday 14:30": "2026-01-09 14:30",
    "on friday at 5pm": "2026-01-09 17:00",
    "monday at 9": "2026-01-12 09:00",
    "next monday at 10": "2026-01-12 10:00",
    "noon": "2026-01-05 12:00",
    "noon tomorrow": "2026-01-06 12:00",
    "midnight": "2026-01-06 00:00",
    "tonight": "2026-01-05 20:00",
    "in 2 hours": "2026-01-05 12:30",
    "in 1 hour and 30 minutes": "2026-01-05 12:00",
    "in 1h30m": "2026-01-05 12:00",
    "in half an hour": "2026-01-05 11:00",
    "in an hour": "2026-01-05 11:30",
    "in 3 days": "2026-01-08 10:30",
    "in 2 weeks": "2026-01-19 10:30",
    "2027-01-31 08:00": "2027-01-31 08:00",
    "31.1.2027 8:00": "2027-01-31 08:00",
    "12/1/2026 10:00": "2026-01-12 10:00",
    "2026-01-06T08:00:00Z": "2026-01-06 09:00",
    "9:00 UTC tomorrow": "2026-01-06 10:00",
}


@pytest.mark.parametrize(("text", "local"), IN_BERLIN.items())
def test_times_are_read_in_the_persons_zone(text: str, local: str) -> None:
    found = moment(text, NOW, BERLIN)
    assert f"{found.astimezone(BERLIN):%Y-%m-%d %H:%M}" == local
    assert found.utcoffset() == timedelta(0)


def test_the_same_words_are_other_moments_elsewhere() -> None:
    assert moment("9:00 tomorrow", NOW, TOKYO) == datetime(2026, 1, 6, 0, 0, tzinfo=UTC)
    assert moment("9:00 tomorrow", NOW, NEW_YORK) == datetime(2026, 1, 6, 14, 0, tzinfo=UTC)
    assert moment("9:00 tomorrow", NOW, zone("nowhere/at all")) == datetime(2026, 1, 6, 9, 0, tzinfo=UTC)


def test_changes_of_the_clocks() -> None:
    before = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)  # the night in which 2:00 becomes 3:00 comes next
    assert moment("9:00 tomorrow", before, BERLIN) == datetime(2026, 3, 29, 7, 0, tzinfo=UTC)
    assert moment("2026-03-29 02:30", before, BERLIN) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert moment("in 24 hours", before, BERLIN) - before == timedelta(hours=24)
    assert moment("in 1 day", before, BERLIN) - before == timedelta(hours=23)
    autumn = datetime(2026, 10, 24, 12, 0, tzinfo=UTC)  # 2:30 comes twice: the first is meant
    assert moment("2026-10-25 02:30", autumn, BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["banana", "25:00", "quarter past nine", "january", "next week", "", "x" * 5_000])
def test_what_is_no_time_is_said(text: str) -> None:
    with pytest.raises(TimeUnclear, match="as a time"):
        moment(text, NOW, BERLIN)


@pytest.mark.parametrize("text", ["friday", "tomorrow", "Jan 31", "2026-02-01", "today"])
def test_a_day_without_a_time_is_asked_about(text: str) -> None:
    with pytest.raises(TimeUnclear, match="At which time on"):
        moment(text, NOW, BERLIN)


@pytest.mark.parametrize("text", ["2020-01-01 10:00", "yesterday 10:00", "today 9:00", "in 0 minutes"])
def test_a_time_that_passed_is_no_time_to_start(text: str) -> None:
    with pytest.raises(TimeUnclear, match="has passed"):
        moment(text, NOW, BERLIN)


@pytest.mark.parametrize("text", ["in 99999 hours", "1.1.2500 10:00", "in 9999 weeks"])
def test_a_time_beyond_all_plans_is_a_slip(text: str) -> None:
    with pytest.raises(TimeUnclear, match="five years"):
        moment(text, NOW, BERLIN)


@given(st.text(max_size=80))
def test_whatever_is_written_is_read_or_answered(text: str) -> None:
    assert _answer(text)


def _answer(text: str) -> bool:
    try:
        return moment(text, NOW, BERLIN) > NOW
    except TimeUnclear as error:
        return bool(str(error))
