"""Rules of schedules as people say them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules import DAYS, rule_of
from workflows.engine.errors import InvalidInput
from workflows.engine.schedules.cron import parse

MEANT = {
    "weekdays 9:00": "0 9 * * mon-fri",
    "Every weekday at 9": "0 9 * * mon-fri",
    "9:30 weekdays": "30 9 * * mon-fri",
    "daily at 8am": "0 8 * * *",
    "every day at 12am": "0 0 * * *",
    "12:05 pm": "5 12 * * *",
    "daily at noon": "0 12 * * *",
    "at midnight": "0 0 * * *",
    "mondays 14:30": "30 14 * * mon",
    "every Monday and Friday at 14:30": "30 14 * * mon,fri",
    "mon, wed, fri 7:15": "15 7 * * mon,wed,fri",
    "tue-thu 7:15": "15 7 * * tue-thu",
    "weekends at 10:00": "0 10 * * sat,sun",
    "weekdays 9:00 and 17:00": "0 9,17 * * mon-fri",
    "the 1st of the month at 8:00": "0 8 1 * *",
    "monthly on the 15th at 8:00": "0 8 15 * *",
    "hourly": "0 * * * *",
    "every hour": "0 * * * *",
    "every minute": "* * * * *",
    "every 15 minutes": "*/15 * * * *",
    "every 6 hours": "0 */6 * * *",
    "every 60 minutes": "0 * * * *",
    "0 9 * * mon-fri": "0 9 * * mon-fri",
    "0 9 1 1 1": "0 9 1 1 1",
    "*/5 *  * * *": "*/5 * * * *",
    "@daily": "@daily",
}


@pytest.mark.parametrize("text", MEANT)
def test_a_rule_is_understood(text: str) -> None:
    assert rule_of(text) == MEANT[text]
    parse(rule_of(text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no time of the day"),
        ("weekdays", "no time of the day"),
        ("sometimes 9:00", "can't be read"),
        ("fri-mon 9:00", "can't be read"),
        ("daily 25:00", "no time of the day"),
        ("daily 13pm", "no time of the day"),
        ("daily 9:00 and 17:30", "a schedule for each time"),
        ("every 7 minutes", "equal parts of 2, 3, 4, 5"),
        ("every 5 hours", "2, 3, 4, 6, 8, 12 hours"),
        ("every 0 minutes", "equal parts"),
    ],
)
def test_what_is_unclear_is_refused_with_words(text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        rule_of(text)


@given(st.lists(st.sampled_from(DAYS), min_size=1, unique=True), st.integers(0, 23), st.integers(0, 59))
def test_days_and_a_time_are_always_those_that_were_said(days: list[str], hour: int, minute: int) -> None:
    rule = parse(rule_of(f"{' and '.join(days)} at {hour}:{minute:02}"))
    assert rule.weekdays == tuple(sorted(DAYS.index(day) for day in days))
    assert (rule.hours, rule.minutes, len(rule.days)) == ((hour,), (minute,), 31)


@given(st.text(max_size=60) | st.text("0123456789:*/,-adeilmnoprstuvwy ", max_size=30))
def test_anything_is_a_rule_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidInput):
        assert rule_of(text).split()
