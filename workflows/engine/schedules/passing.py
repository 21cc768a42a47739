"""One look of a clock at the schedules that are due: what each tick becomes, in one transaction each.

Everything is decided from rows, so any number of clocks may look. What a clock found out before it locked the row
counts only if nobody dealt with a tick meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from workflows.engine.definition import Workflow
from workflows.engine.errors import BatonError, InvalidInput
from workflows.engine.schedules.calendar import Calendar, zone_of
from workflows.engine.schedules.due import MOST_MISSED, ON_TIME, DueTicks, due_ticks, moment_of, next_tick
from workflows.engine.schedules.model import CatchUp, Overlap, Schedule, Tick, TickState
from workflows.engine.schedules.ports import (
    ScheduleBook,
    ScheduleView,
    ScheduleWrites,
    Start,
    TickWrite,
    UnknownSchedule,
)
from workflows.engine.service import Service
from workflows.engine.starters import SCHEDULED

MOST_WAITING = 100
"""So many ticks of one schedule wait for the runs before them at most; those that come then are skipped."""
MOST_STARTS = 200
"""So many runs one pass starts at most, of all schedules together; the next pass goes on."""
MOST_SCHEDULES = 200
LOOK = timedelta(seconds=2)
"""How often a schedule is looked at whose ticks wait for a run to end."""
HOLD = timedelta(seconds=10)
"""How often a schedule is looked at whose ticks can start nothing just now."""
LABEL, MOMENT_LABEL = "schedule", "tick"
"""The labels of a scheduled run: whose tick it is, and which."""


@dataclass(frozen=True)
class Told:
    """Something that people have to know of a schedule, told once."""

    schedule: Schedule
    words: str
    trouble: bool = False
    """Whether it goes on: then it is an alert, too."""


@dataclass
class Found:
    """What a transaction did, for whoever asked for it; it may be computed more than once."""

    started: int = 0
    told: list[Told] = field(default_factory=list)


class Passing:
    """Looks at due schedules. `tell` hears what people have to know; it must not raise."""

    def __init__(self, service: Service, book: ScheduleBook, calendar: Calendar, tell: Callable[[Told], None]) -> None:
        self._service = service
        self._book = book
        self._calendar = calendar
        self._tell = tell

    def look(self) -> int:
        """Deal with what is due, once; how many runs were started."""
        started = 0
        due = self._book.due(limit=MOST_SCHEDULES)
        for schedule in due.schedules:
            if started >= MOST_STARTS:
                break
            started += self._deal(schedule, due.now)
        return started

    def _deal(self, schedule: Schedule, now: datetime) -> int:
        found = Found()
        held, quiet = held_back(self._service, schedule)
        ticks = DueTicks() if held else due_ticks(schedule, self._calendar, now)

        def change(view: ScheduleView) -> ScheduleWrites:
            found.started, found.told = 0, []
            there = view.schedule
            if there.wake_at is None or there.wake_at > view.now or there.ticked_to != schedule.ticked_to:
                return ScheduleWrites()  # another clock was here
            if held:
                return ScheduleWrites(self._held(there, "" if quiet else held, view.now, found))
            return self._decided(view, ticks, found)

        try:
            self._service.ring(self._book.change(schedule.id, change))
        except UnknownSchedule:  # removed just now
            return 0
        for told in found.told:
            self._tell(told)
        return found.started

    def _held(self, schedule: Schedule, trouble: str, now: datetime, found: Found) -> Schedule:
        """Nothing is dealt with; what is missed so is caught up with afterwards. Trouble counts when a tick is late."""
        try:
            first = next_tick(schedule, self._calendar)
            late = first is not None and now - moment_of(schedule, first) > ON_TIME
        except InvalidInput:  # its zone is unknown here, so nobody can say when it is due
            late = True
        said = trouble if late else schedule.trouble if trouble else ""
        if said and said != schedule.trouble:
            found.told.append(Told(schedule, said, trouble=True))
        return replace(schedule, wake_at=now + HOLD, trouble=said)

    def _decided(self, view: ScheduleView, ticks: DueTicks, found: Found) -> ScheduleWrites:
        schedule = view.schedule
        writes = [*self._passed(view, ticks, found), *self._overlapped(view, ticks.run)]
        found.started = sum(write.start is not None for write in writes)
        waits = len(view.waiting) + sum(write.tick.state is TickState.WAITING for write in writes)
        waits -= sum(write.tick.at in {tick.at for tick in view.waiting} for write in writes)
        after = replace(schedule, ticked_to=ticks.last or schedule.ticked_to, trouble="")
        wake_at = view.now if ticks.more else wake_at_of(after, self._calendar)
        if waits:
            wake_at = min(wake_at or view.now + LOOK, view.now + LOOK)
        return ScheduleWrites(replace(after, wake_at=wake_at), tuple(writes))

    def _passed(self, view: ScheduleView, ticks: DueTicks, found: Found) -> Iterator[TickWrite]:
        if ticks.passed is None:
            return
        first, last = ticks.passed
        since = "missed" if first == last else f"missed, with all ticks from {first:%Y-%m-%d %H:%M} UTC on"
        if view.schedule.catch_up is CatchUp.ALL:
            words = f"{since}: it is caught up with the newest {MOST_MISSED} ticks at most"
            found.told.append(Told(view.schedule, f"Ticks up to {last:%Y-%m-%d %H:%M} UTC were {words}."))
        else:
            words = f"{since}; catch-up is {view.schedule.catch_up}"
        yield TickWrite(Tick(view.schedule.id, last, TickState.SKIPPED, view.now, reason=words))

    def _overlapped(self, view: ScheduleView, run: Sequence[datetime]) -> Iterator[TickWrite]:
        """What becomes of the ticks that wait and those that came, by the overlap policy."""
        policy, now, schedule = view.schedule.overlap, view.now, view.schedule
        busy = view.running[0] if view.running else ""
        waiting = [tick.at for tick in view.waiting]
        if waiting and not busy:
            write = self.start(schedule, waiting.pop(0), now)
            busy = write.tick.run_id
            yield write
        for at in run:
            if policy is Overlap.ALLOW or not (busy or waiting):
                write = self.start(schedule, at, now)
                busy = write.tick.run_id
                yield write
            elif policy is Overlap.SKIP:
                yield TickWrite(Tick(schedule.id, at, TickState.SKIPPED, now, reason=f"run {busy} went on"))
            elif len(waiting) < MOST_WAITING:
                waiting.append(at)
                yield TickWrite(Tick(schedule.id, at, TickState.WAITING, now, reason=f"run {busy} goes on"))
            else:
                reason = f"{MOST_WAITING} ticks were waiting already"
                yield TickWrite(Tick(schedule.id, at, TickState.SKIPPED, now, reason=reason))

    def start(self, schedule: Schedule, at: datetime, now: datetime, *, by: str = "") -> TickWrite:
        """A tick that starts its run; with `by`, a run that this person asked for."""
        workflow = self._service.catalogue.get(schedule.workflow)
        labels = {LABEL: schedule.name} | ({} if by else {MOMENT_LABEL: at.isoformat()})
        new, writes = self._service.prepared(
            workflow, schedule.input, by=by or schedule.actor, channel=schedule.channel, labels=labels,
            detail=f"{SCHEDULED}{schedule.created_by}",
        )  # fmt: skip
        reason = f"asked for by {by}" if by else ""
        tick = Tick(schedule.id, at, TickState.STARTED, now, new.run.id, reason, extra=bool(by), open=True)
        return TickWrite(tick, Start(new, writes))


def held_back(service: Service, schedule: Schedule) -> tuple[str, bool]:
    """Why the schedule's ticks can start nothing just now, or ""; and whether somebody wanted it so."""
    for pause in service.pauses():
        if pause.workflow in ("", schedule.workflow):
            return f"{pause.workflow or 'everything'} is paused by {pause.by}", True
    try:
        zone_of(schedule.zone)
        workflow = service.catalogue.get(schedule.workflow)
        service.startable(workflow, json.loads(schedule.input))
        _limits_hold(service, workflow, schedule)
    except BatonError as error:
        return " ".join(str(error).split()), False
    return "", False


def _limits_hold(service: Service, workflow: Workflow[Any, Any], schedule: Schedule) -> None:
    """Raise BatonError for an author's function that can't be called with this input."""
    try:
        service.prepared(workflow, schedule.input, by=schedule.actor, labels={})
    except BatonError:
        raise
    except Exception as error:  # noqa: BLE001 - an author's function, of which anything may come
        said = f"{type(error).__name__}: {error}"
        raise BatonError(f"{workflow.name} can't be started with this input ({said}). Mend its code.") from None


def wake_at_of(schedule: Schedule, calendar: Calendar) -> datetime | None:
    """When its next tick is due; None while it is paused, and when there is no other."""
    if schedule.paused_at is not None:
        return None
    tick = next_tick(schedule, calendar)
    return moment_of(schedule, tick) if tick is not None else None
