"""What people may ask of schedules. Every method says in words why it refuses; the edges only call it."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from workflows.engine.definition import Workflow
from workflows.engine.errors import InvalidInput, NotAllowed, Refused, UnknownWorkflow
from workflows.engine.ids import new_id
from workflows.engine.model import Audit, Run
from workflows.engine.ports import Ring
from workflows.engine.schedules.calendar import Calendar, zone_of
from workflows.engine.schedules.cron import parse
from workflows.engine.schedules.due import shortest_gap
from workflows.engine.schedules.model import CatchUp, Overlap, Schedule, Tick, TickState
from workflows.engine.schedules.passing import Passing, held_back, wake_at_of
from workflows.engine.schedules.ports import (
    ScheduleBook,
    ScheduleView,
    ScheduleWrites,
    TickWrite,
    UnknownSchedule,
)
from workflows.engine.service import Service
from workflows.engine.starting import refuse_internal

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
SHOWN = 3
"""So many ticks to come are shown."""
COMING = 5
"""So many are shown before a schedule is made."""
LARGEST = 64_000
"""Characters of an input as JSON; what is larger belongs where a step can fetch it."""
LONGEST_JITTER = timedelta(days=1)
AT_ONCE = 100
"""So often somebody may start one run more within a second."""


@dataclass(frozen=True)
class Wanted:
    """A schedule as somebody asks for it. `given` is the input, as plain values or as the workflow's model."""

    name: str
    workflow: str
    cron: str
    given: Any = None
    zone: str = "UTC"
    overlap: Overlap = Overlap.SKIP
    catch_up: CatchUp = CatchUp.LAST
    jitter: timedelta = timedelta(0)
    channel: str = ""


@dataclass(frozen=True)
class Seen:
    """A schedule with what people want to know of it."""

    schedule: Schedule
    next: tuple[datetime, ...]
    """The ticks to come, in its zone, without jitter; empty while it is paused."""
    last: Tick | None
    held: str
    """Why its ticks start nothing just now, in words, or ""."""


class Schedules:
    """The schedules of an installation."""

    def __init__(self, service: Service, book: ScheduleBook, calendar: Calendar, passing: Passing) -> None:
        self._service = service
        self._book = book
        self._calendar = calendar
        self._passing = passing

    def add(self, wanted: Wanted, *, by: str, internal: bool = False) -> Seen:
        """Make a schedule; its first tick is the first one from now on. `internal` is for Baton's own workflows."""
        if not internal:
            refuse_internal(self._service.catalogue.get(wanted.workflow))
        workflow = self.check(wanted, by=by)
        text = self._service.startable(workflow, wanted.given)
        if len(text) > LARGEST:
            raise InvalidInput(
                f"The input is {len(text):,} characters long, and a schedule keeps {LARGEST:,}: "
                "let a step fetch what is large."
            )
        now = self._service.now()
        cron = " ".join(wanted.cron.split())
        made = Schedule(
            new_id(), wanted.name, workflow.name, text, cron, wanted.zone, by, now, now, wanted.overlap,
            wanted.catch_up, wanted.jitter, wanted.channel,
        )  # fmt: skip
        made = replace(made, wake_at=wake_at_of(made, self._calendar))
        if not self._book.add(made, self._audit(made, by, "add")):
            raise _taken(made.name)
        return self._seen(made)

    def check(self, wanted: Wanted, *, by: str) -> Workflow[Any, Any]:
        """The workflow, if this can be a schedule as far as all but its input goes; nothing is kept.

        Raises InvalidInput with words for the field of `Wanted` that is wrong.
        """
        workflow = self._service.catalogue.get(wanted.workflow)
        self._service.access.schedule(by, workflow)
        with _about("name"):
            _check_name(wanted.name)
        with _about("cron"):
            parse(wanted.cron)
        with _about("zone"):
            zone_of(wanted.zone)
        with _about("jitter"):
            self._check_jitter(wanted, self._service.now())
        return workflow

    def check_free(self, name: str) -> None:
        """Raise Refused for a name that another schedule has."""
        if self._book.named(name) is not None:
            raise _taken(name)

    def coming(self, cron: str, zone: str, *, count: int = COMING) -> tuple[datetime, ...]:
        """When a rule ticks next, in its zone; raises InvalidInput for what is no rule or zone."""
        return tuple(self._calendar.next(cron, zone, self._service.now(), count))

    def listed(self, *, by: str) -> list[Seen]:
        """The schedules that this person may see, by name."""
        return [self._seen(schedule) for schedule in self._book.all() if self._may_see(by, schedule)]

    def look(self, name: str, *, by: str) -> Seen:
        """One schedule."""
        return self._seen(self._named(name, by))

    def ticks(self, name: str, *, by: str, limit: int = 20) -> Sequence[Tick]:
        """What became of its ticks, the newest first."""
        return self._book.ticks(self._named(name, by).id, limit=limit)

    def pause(self, name: str, *, by: str) -> Seen:
        """Let its ticks pass until it is resumed; they are not caught up with. Ticks that wait are skipped."""
        schedule = self._kept(name, by, "pause")

        def change(view: ScheduleView) -> ScheduleWrites:
            there = view.schedule
            if there.paused_at is not None:
                raise Refused(f"The schedule {name} is paused already, by {there.paused_by}.")
            skipped = [replace(tick, state=TickState.SKIPPED, reason=f"paused by {by}") for tick in view.waiting]
            return ScheduleWrites(
                replace(there, paused_at=view.now, paused_by=by, wake_at=None, trouble=""),
                tuple(TickWrite(replace(tick, decided_at=view.now)) for tick in skipped),
                (self._audit(there, by, "pause", view.now),),
            )

        self._book.change(schedule.id, change)
        return self.look(name, by=by)

    def resume(self, name: str, *, by: str) -> Seen:
        """Let it tick again, from now on."""
        schedule = self._kept(name, by, "resume")
        self._check_right(schedule, by)

        def change(view: ScheduleView) -> ScheduleWrites:
            if view.schedule.paused_at is None:
                raise Refused(f"The schedule {name} is not paused.")
            from_now = replace(
                view.schedule, paused_at=None, paused_by="", ticked_to=max(view.now, view.schedule.ticked_to)
            )
            from_now = replace(from_now, wake_at=wake_at_of(from_now, self._calendar))
            return ScheduleWrites(from_now, audit=(self._audit(from_now, by, "resume", view.now),))

        self._book.change(schedule.id, change)
        return self.look(name, by=by)

    def remove(self, name: str, *, by: str) -> Schedule:
        """Delete it and the record of its ticks. Its runs stay, and go on."""
        schedule = self._kept(name, by, "remove")

        def change(view: ScheduleView) -> ScheduleWrites:
            return ScheduleWrites(remove=True, audit=(self._audit(view.schedule, by, "remove", view.now),))

        self._book.change(schedule.id, change)
        return schedule

    def run_now(self, name: str, *, by: str) -> Run:
        """Start one run more, at once, whatever the overlap policy says; no tick is used up by it.

        While it goes on it counts as a run of the schedule, as those of its ticks do.
        """
        schedule = self._named(name, by)
        self._service.access.start(by, self._service.catalogue.get(schedule.workflow))
        text = self._service.startable(self._service.catalogue.get(schedule.workflow), json.loads(schedule.input))
        made: list[Run] = []
        rings: Sequence[Ring] = ()
        for number in range(1, AT_ONCE):  # two at the same moment get moments of their own

            def change(view: ScheduleView, number: int = number) -> ScheduleWrites:
                at = view.now.replace(microsecond=0) + number * timedelta(microseconds=1)  # ticks are whole seconds
                write = self._passing.start(replace(view.schedule, input=text), at, view.now, by=by)
                assert write.start is not None
                made[:] = [write.start.new.run]
                return ScheduleWrites(ticks=(write,))

            rings = self._book.change(schedule.id, change)
            if rings:
                break
        else:
            raise Refused(f"{name} was started {AT_ONCE} times within this second: try again in a moment.")
        self._service.ring(rings)
        return self._service.store.run(made[0].id)

    def troubled(self) -> list[Schedule]:
        """Those whose ticks start nothing although nobody paused anything."""
        return [schedule for schedule in self._book.all() if schedule.trouble]

    # -----------------------------------------------------------------------------------------------------

    def _named(self, name: str, by: str) -> Schedule:
        found = self._book.named(name)
        if found is None:
            raise UnknownSchedule(f"There is no schedule {name}. `baton schedule list` lists them.")
        if not self._may_see(by, found):
            raise NotAllowed(f"{by} may not see the schedule {name}. {found.created_by}, who made it, and admins may.")
        return found

    def _may_see(self, by: str, schedule: Schedule) -> bool:
        return self._service.access.may_see_schedule(by, schedule.created_by, schedule.channel)

    def _kept(self, name: str, by: str, verb: str) -> Schedule:
        found = self._named(name, by)
        self._service.access.keep(by, found.created_by, name, verb)
        return found

    def _check_right(self, schedule: Schedule, by: str) -> None:
        """Whoever lets it tick again must be one who may schedule its workflow, if that is installed."""
        try:
            workflow = self._service.catalogue.get(schedule.workflow)
        except UnknownWorkflow:
            return
        self._service.access.schedule(by, workflow)

    def _check_jitter(self, wanted: Wanted, now: datetime) -> None:
        if not timedelta(0) <= wanted.jitter <= LONGEST_JITTER:
            raise InvalidInput(f"A jitter of {wanted.jitter} can't be meant: from nothing to a day.")
        gap = shortest_gap(wanted.cron, wanted.zone, self._calendar, now) if wanted.jitter else None
        if gap is not None and wanted.jitter > gap:
            raise InvalidInput(
                f"A jitter of {wanted.jitter} is longer than the shortest time between two ticks, {gap}: "
                "make it shorter."
            )

    def _seen(self, schedule: Schedule) -> Seen:
        paused = schedule.paused_at is not None
        since = max(schedule.ticked_to, self._service.now())
        try:
            ahead = [] if paused else self._calendar.next(schedule.cron, schedule.zone, since, SHOWN)
        except InvalidInput:  # a zone that this machine does not know; `held` says so
            ahead = []
        last = next(iter(self._book.ticks(schedule.id, limit=1)), None)
        held = f"paused by {schedule.paused_by}" if paused else held_back(self._service, schedule)[0]
        return Seen(schedule, tuple(ahead), last, held)

    def _audit(self, schedule: Schedule, by: str, verb: str, now: datetime | None = None) -> Audit:
        detail = f"{schedule.name}: {schedule.workflow}, {schedule.cron}, {schedule.zone}"
        return Audit(now or self._service.now(), by, f"schedule {verb}", "", detail)


@contextlib.contextmanager
def _about(field: str) -> Iterator[None]:
    """Say of which field it is that something does not fit."""
    try:
        yield
    except InvalidInput as error:
        raise InvalidInput(str(error), {field: str(error)}) from None


def _taken(name: str) -> Refused:
    return Refused(f"There is a schedule {name} already. `baton schedule remove {name}` removes it.")


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise InvalidInput(
            f"{name!r} is no name for a schedule: 1 to 64 letters, digits, dots, dashes and underscores, "
            "with a letter or digit at first."
        )
