"""Cron's text: what it means, and what is said of text that means nothing."""

from __future__ import annotations

import pytest

from workflows.engine.errors import InvalidInput
from workflows.engine.schedules.cron import SHORT, Cron, parse

ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS = tuple(range(1, 32)), tuple(range(1, 13)), tuple(range(7))


def test_five_fields() -> None:
    assert parse("5,35 9-17/4 1 */3 *") == Cron((5, 35), (9, 13, 17), (1,), (1, 4, 7, 10), ALL_WEEKDAYS)
    assert parse("  0   9 * *  MON-Fri ") == Cron((0,), (9,), ALL_DAYS, ALL_MONTHS, (1, 2, 3, 4, 5))
    assert parse("0 0 1 jan,Dec *").months == (1, 12)
    assert parse("*/20 * * * *").minutes == (0, 20, 40)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("0", (0,)),
        ("7", (0,)),
        ("sun", (0,)),
        ("1", (1,)),
        ("6", (6,)),
        ("1-5", (1, 2, 3, 4, 5)),
        ("5-7", (0, 5, 6)),
        ("sun-tue", (0, 1, 2)),
        ("fri-sun", (0, 5, 6)),
        ("0-7", ALL_WEEKDAYS),
        ("*/2", (0, 2, 4, 6)),
        ("mon,3", (1, 3)),
    ],
)
def test_days_of_the_week_are_crons(text: str, days: tuple[int, ...]) -> None:
    assert parse(f"0 9 * * {text}").weekdays == days


def test_one_kind_of_days_is_enough_when_both_are_named() -> None:
    assert parse("0 9 13 * fri").either_day
    assert not parse("0 9 * * fri").either_day
    assert not parse("0 9 13 * *").either_day
    assert not parse("0 9 */2 * fri").either_day


def test_every_hour_is_told_from_named_hours() -> None:
    assert parse("0 * * * *").every_hour
    assert parse("0 0-23 * * *").every_hour
    assert not parse("0 */2 * * *").every_hour


@pytest.mark.parametrize("short", SHORT)
def test_short_forms(short: str) -> None:
    assert parse(short.upper()) == parse(SHORT[short])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has 0 fields, and needs five: minute, hour"),
        ("0 9", "has 2 fields"),
        ("0 0 9 * * mon", "has 6 fields"),
        ("60 * * * *", "'60' is no minute. Write 0 to 59,"),
        ("-1 * * * *", "'-1' is no minute"),
        ("* 24 * * *", "'24' is no hour. Write 0 to 23,"),
        ("* * 0 * *", "'0' is no day of the month"),
        ("* * * 13 *", "'13' is no month. Write 1 to 12 or jan to dec,"),
        ("* * * * 8", "'8' is no day of the week. Write 0 to 7 or sun to sat,"),
        ("* * * * monday", "'monday' is no day of the week"),
        ("* * L * *", "'l' is no day of the month"),
        ("* * * * fri#2", "'fri#2' is no day of the week"),
        ("*/0 * * * *", "The step behind / has to be a whole number from 1"),
        ("*/x * * * *", "The step behind /"),
        ("5/10 * * * *", "A step needs a range"),
        ("30-10 * * * *", "A range goes from the lower to the higher one"),
        ("* * * * sat-mon", "A range goes from the lower"),
        ("1,,2 * * * *", "'nothing' is no minute"),
        ("1- * * * *", "'1-' is no minute"),
        ("² * * * *", "'²' is no minute"),
        ("99999999999999999999 * * * *", "is no minute"),
        ("0 0 31 2 *", "never comes"),
        ("0 0 31 4,6,9,11 *", "never comes"),
        ("@reboot", "'@reboot' is no short form of cron. There are @hourly"),
    ],
)
def test_what_can_not_be_read_is_said_in_one_line(text: str, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(text)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not isinstance(refused.value, ValueError)


def test_a_leap_day_and_a_weekday_beside_a_day_that_never_is_come() -> None:
    assert parse("0 0 29 2 *").days == (29,)
    assert parse("0 0 31 2 mon").either_day
