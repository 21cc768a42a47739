"""When a cron rule comes on a plain wall clock: APScheduler's arithmetic, behind the engine's own reading of cron."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from apscheduler.triggers.cron import CronTrigger

from workflows.engine.schedules.cron import MONTHS, WEEKDAYS, Cron

EVERY_DAY, EVERY_WEEKDAY = tuple(range(1, 32)), tuple(range(7))
MOMENT = timedelta(microseconds=1)


def next_on_wall(rule: Cron, wall: datetime) -> datetime | None:
    """The first time after this one at which the rule comes, on a clock that never jumps.

    APScheduler asks both kinds of days to fit, and counts weekdays from Monday. Days are handed to it by name, and a
    rule that one kind is enough for is two of its triggers.
    """
    after = (wall + MOMENT).replace(tzinfo=UTC)
    times = [trigger.get_next_fire_time(None, after) for trigger in _triggers(rule)]
    return min((time.replace(tzinfo=None) for time in times if time is not None), default=None)


@lru_cache(maxsize=1024)
def _triggers(rule: Cron) -> tuple[CronTrigger, ...]:
    if rule.either_day:
        return _trigger(rule, rule.days, EVERY_WEEKDAY), _trigger(rule, EVERY_DAY, rule.weekdays)
    return (_trigger(rule, rule.days, rule.weekdays),)


def _trigger(rule: Cron, days: Sequence[int], weekdays: Sequence[int]) -> CronTrigger:
    return CronTrigger(
        month=_listed([MONTHS[month - 1] for month in rule.months]),
        day=_listed(days),
        day_of_week="*" if len(weekdays) == 7 else _listed([WEEKDAYS[day] for day in weekdays]),
        hour=_listed(rule.hours),
        minute=_listed(rule.minutes),
        second="0",
        timezone=UTC,
    )


def _listed(values: Sequence[object]) -> str:
    return ",".join(str(value) for value in values)
