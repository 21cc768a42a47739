"""A schedule that does not fire is an alert, until it does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from workflows.engine.alerts.model import AlertKind, Severity
from workflows.engine.alerts.ports import AlertBook
from workflows.engine.alerts.watching import Alerts
from workflows.engine.schedules.model import Schedule
from workflows.engine.schedules.ports import ScheduleBook

LATE = timedelta(minutes=5)


class ScheduleAlarms:
    """Finds schedules whose ticks start nothing although nobody paused anything, and those that nobody looks after."""

    def __init__(self, schedules: ScheduleBook, book: AlertBook, alerts: Alerts, late: timedelta = LATE) -> None:
        """`late` is how long after its time a schedule counts as forgotten; 0 for never, and nothing is told then."""
        self._schedules = schedules
        self._book = book
        self._alerts = alerts
        self._late = late
        self._suspects: Mapping[str, datetime] = {}

    def look(self) -> None:
        """Find out once. It is told by whoever tells alerts next."""
        if not self._late:
            return
        found = {f"schedule:{one.name}": (one, why) for one in self._schedules.all() if (why := self._why(one))}
        known = {alert.subject for alert in self._book.open(AlertKind.SCHEDULE)}
        before, self._suspects = (
            self._suspects,
            {
                subject: one.wake_at
                for subject, (one, _) in found.items()
                if one.wake_at is not None and not one.trouble
            },
        )
        for subject, (one, why) in found.items():
            fresh = not one.trouble and before.get(subject) != one.wake_at
            if subject in known or not fresh:  # a clock that starts after an outage is about to deal with it
                self._alerts.raise_(AlertKind.SCHEDULE, subject, why, _advice(one), Severity.ERROR)
        for subject in known - found.keys():
            self._alerts.over(AlertKind.SCHEDULE, subject)

    def _why(self, schedule: Schedule) -> str:
        if schedule.paused_at is not None:
            return ""
        if schedule.trouble:
            return f"The schedule can't start {schedule.workflow}: {schedule.trouble.rstrip('.')}"
        due = schedule.wake_at
        if due is not None and self._book.now() - due > self._late:
            return f"The schedule did not fire: it was due at {due:%Y-%m-%d %H:%M} UTC, and no clock dealt with it"
        return ""


def _advice(schedule: Schedule) -> str:
    name = schedule.name
    return (
        f"Put it right; then `baton schedule run-now {name}`, or `/baton schedule now {name}`, fires it at once. "
        f"`pause` in place of it ends the alert."
    )
