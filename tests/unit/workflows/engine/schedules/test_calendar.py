"""When rules come: against a walk through every minute, and across changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.walls import next_on_wall
from workflows.engine.errors import InvalidInput
from workflows.engine.schedules.calendar import Calendar, zone_of
from workflows.engine.schedules.cron import Cron, parse

CALENDAR = Calendar(next_on_wall)
MINUTE = timedelta(minutes=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def ticks(cron: str, zone: str, after: str, count: int) -> list[str]:
    return [f"{tick:%m-%d %H:%M %z}" for tick in CALENDAR.next(cron, zone, at(after), count)]


def fits(rule: Cron, wall: datetime) -> bool:
    """Cron's rule, straight from its description."""
    day, weekday = wall.day in rule.days, wall.isoweekday() % 7 in rule.weekdays
    days = day or weekday if rule.either_day else day and weekday
    return wall.minute in rule.minutes and wall.hour in rule.hours and wall.month in rule.months and days


def walked(cron: str, zone: ZoneInfo, start: datetime, end: datetime) -> list[datetime]:
    """Every tick in between, found by walking through real minutes, or through those of the wall clock."""
    rule = parse(cron)
    if rule.every_hour:
        minutes = [start + number * MINUTE for number in range(1, int((end - start) / MINUTE) + 1)]
        return [minute for minute in minutes if fits(rule, minute.astimezone(zone).replace(tzinfo=None))]
    wall = start.astimezone(zone).replace(tzinfo=None) - timedelta(hours=3)
    found = set()
    for number in range(int((end - start) / MINUTE) + 30 * 60):  # one zone left out a whole day
        shown = wall + number * MINUTE
        if fits(rule, shown):
            found.add(first_shown(shown, zone))
    return sorted(moment for moment in found if start < moment <= end)


def first_shown(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first minute at which a clock on the wall shows this, or a later time."""
    moment = wall.replace(tzinfo=UTC) - timedelta(hours=15)
    while moment.astimezone(zone).replace(tzinfo=None) < wall:
        moment += MINUTE * (1 if wall - moment.astimezone(zone).replace(tzinfo=None) <= 3 * 60 * MINUTE else 60)
    return moment


CHANGES = [
    ("Europe/Berlin", "2026-03-29T00:00"),
    ("Europe/Berlin", "2026-10-25T00:00"),
    ("America/New_York", "2026-03-08T06:00"),
    ("America/New_York", "2026-11-01T05:00"),
    ("Australia/Lord_Howe", "2026-10-03T15:00"),
    ("Australia/Lord_Howe", "2026-04-04T14:30"),
    ("America/Havana", "2026-03-08T04:30"),
    ("America/Santiago", "2026-09-06T03:30"),
    ("Pacific/Apia", "2011-12-30T09:00"),
    ("Asia/Kolkata", "2026-06-01T00:00"),
    ("UTC", "2026-02-28T12:00"),
]
RULES = [
    "*/15 * * * *", "7 * * * *", "0 2 * * *", "30 2 * * *", "*/20 2 * * *", "0 */2 * * *", "59 1,2 * * *",
    "0 0 * * *", "15 0-3 * * *", "0 3 * * sun", "30 1 29 * mon", "*/45 1-2 * * sat,sun",
]  # fmt: skip


@pytest.mark.parametrize(("zone", "around"), CHANGES)
@pytest.mark.parametrize("cron", RULES)
def test_ticks_are_those_of_a_walk_through_every_minute(cron: str, zone: str, around: str) -> None:
    start, end = at(around) - timedelta(hours=30), at(around) + timedelta(hours=30)
    found = list(takewhile(lambda tick: tick <= end, CALENDAR.from_(cron, zone, start)))
    assert found == walked(cron, zone_of(zone), start, end)


@pytest.mark.parametrize(("zone", "around"), CHANGES)
@pytest.mark.parametrize("cron", RULES)
def test_the_next_tick_is_the_same_from_every_moment_before_it(cron: str, zone: str, around: str) -> None:
    start, end = at(around) - timedelta(hours=5), at(around) + timedelta(hours=5)
    known = list(takewhile(lambda tick: tick <= end + timedelta(days=8), CALENDAR.from_(cron, zone, start)))
    for number in range(0, 600, 7):
        moment = start + number * MINUTE
        expected = next((tick for tick in known if tick > moment), None)
        if expected is not None:
            assert CALENDAR.after(cron, zone, moment) == expected, moment


minutes = st.sampled_from(["*", "0", "*/7", "13,44", "50-59"])
hours = st.sampled_from(["*", "9", "0-2", "*/5", "22,23"])
days = st.sampled_from(["*", "1", "28-31", "*/9", "15,16"])
months = st.sampled_from(["*", "feb", "1-3", "*/6"])
weekdays = st.sampled_from(["*", "0", "7", "mon-fri", "5-7", "*/3", "sun,wed"])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.tuples(minutes, hours, days, months, weekdays), st.integers(0, 365 * 24 * 60))
def test_any_rule_comes_when_cron_says(fields: tuple[str, ...], after: int) -> None:
    rule = parse(" ".join(fields))
    start = at("2026-01-01T00:00").replace(tzinfo=None) + after * MINUTE
    expected, wall = [], start
    for _ in range(3 * 24 * 60):
        wall += MINUTE
        if fits(rule, wall):
            expected.append(wall)
    found = [next_on_wall(rule, start)]
    while found[-1] is not None and found[-1] <= wall:
        found.append(next_on_wall(rule, found[-1]))
    assert found[:-1] == expected


def test_a_time_in_the_skipped_hour_comes_once_right_after_it() -> None:
    assert ticks("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00", 2) == ["03-29 03:00 +0200", "03-30 02:30 +0200"]
    assert ticks("*/20 2 * * *", "Europe/Berlin", "2026-03-28T12:00", 2) == ["03-29 03:00 +0200", "03-30 02:00 +0200"]


def test_a_time_in_the_doubled_hour_comes_once_the_first_time() -> None:
    assert ticks("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00", 2) == ["10-25 02:30 +0200", "10-26 02:30 +0100"]


def test_a_rule_of_every_hour_follows_the_passing_of_time() -> None:
    assert ticks("30 * * * *", "Europe/Berlin", "2026-03-29T00:00", 2) == ["03-29 01:30 +0100", "03-29 03:30 +0200"]
    assert ticks("30 * * * *", "Europe/Berlin", "2026-10-25T00:00", 3) == [
        "10-25 02:30 +0200", "10-25 02:30 +0100", "10-25 03:30 +0100",
    ]  # fmt: skip


def test_a_day_that_a_zone_left_out_comes_at_the_next_one() -> None:
    assert ticks("0 9 30 12 *", "Pacific/Apia", "2011-12-01T00:00", 2) == ["12-31 00:00 +1400", "12-30 09:00 +1400"]


def test_a_leap_day_is_found() -> None:
    assert ticks("0 0 29 2 *", "UTC", "2096-03-01T00:00", 1) == ["02-29 00:00 +0000"]
    assert CALENDAR.next("0 0 29 2 *", "UTC", at("2096-03-01T00:00"), 1)[0].year == 2104


def test_seconds_of_the_moment_do_not_matter() -> None:
    moment = at("2026-01-05T08:59:59.999999")
    assert CALENDAR.after("0 9 * * *", "UTC", moment) == at("2026-01-05T09:00")
    assert CALENDAR.after("0 9 * * *", "UTC", at("2026-01-05T09:00")) == at("2026-01-06T09:00")


def test_the_end_of_the_calendar_is_no_error() -> None:
    assert CALENDAR.after("0 0 31 12 *", "UTC", at("9999-12-31T12:00")) is None
    assert list(islice(CALENDAR.from_("0 9 * * *", "Pacific/Auckland", at("9999-12-31T12:00")), 3)) == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Europe/Berln", "Did you mean Europe/Berlin?"),
        ("", "Write it as in Europe/Berlin"),
        ("../../etc/passwd", "There is no time zone"),
        ("Europe", "There is no time zone 'Europe'"),
        ("/etc/localtime", "There is no time zone"),
        ("CET\0", "There is no time zone"),
    ],
)
def test_a_zone_that_is_none(name: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said.replace("?", r"\?")):
        zone_of(name)
