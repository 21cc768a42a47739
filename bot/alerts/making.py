"""Alerts in one process, made from its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.alerts.rules import read_rules
from bot.alerts.telling import AlertPosting
from workflows.engine.alerts.watching import Alerts
from workflows.engine.beats.watching import PartWatch
from workflows.engine.schedules.alarming import ScheduleAlarms

if TYPE_CHECKING:
    from bot.runtime import Runtime


def alerts(runtime: Runtime) -> Alerts:
    """What is wrong, told where the rules say. Raises BatonError for a file that can't be used."""
    settings = runtime.settings
    rules = read_rules(settings.baton_alerts)
    channel = (settings.baton_ops_channel or settings.baton_channel) if settings.has_slack else ""
    posting = AlertPosting(rules, lambda: runtime.outbox, lambda: runtime.queue, runtime.clock.now, channel)
    return Alerts(runtime.store.alerts, runtime.store.happenings, posting, rules.limits)


def part_watch(runtime: Runtime) -> PartWatch:
    """Who of Baton's own parts is missing. Raises BatonError for a file that can't be used."""
    missed, store = read_rules(runtime.settings.baton_alerts).missed, runtime.store
    return PartWatch(store.beats, store.alerts, runtime.alerts, store.happenings, missed)


def schedule_alarms(runtime: Runtime) -> ScheduleAlarms:
    """Which schedules do not fire. Raises BatonError for a file that can't be used."""
    store = runtime.store
    forgotten = read_rules(runtime.settings.baton_alerts).forgotten
    return ScheduleAlarms(store.schedules, store.alerts, runtime.alerts, forgotten)
