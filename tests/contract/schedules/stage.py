"""Schedules over a store in a test's hands: people who make them, and clocks that look."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel

from bot.walls import next_on_wall
from workflows import Run as Handle
from workflows import workflow
from workflows.engine.model import Run, RunState
from workflows.engine.ports import RunQuery, Store
from workflows.engine.schedules.calendar import Calendar
from workflows.engine.schedules.keeping import Schedules, Seen, Wanted
from workflows.engine.schedules.model import CatchUp, Overlap, Schedule, Tick
from workflows.engine.schedules.passing import Passing, Told
from workflows.engine.schedules.ports import ScheduleBook
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.harness import Harness

CALENDAR = Calendar(next_on_wall)
ANA = "cli:ana"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Order(BaseModel):
    topic: str
    copies: int = 1


@workflow("report")
def report(run: Handle, order: Order) -> str:
    """Waits until somebody says that it is done."""
    run.signal("done", str)
    return order.topic


@workflow("quick")
def quick(run: Handle, order: Order) -> str:
    return order.topic


class House:
    """One installation with a clock process, whose time passes when a test says so."""

    def __init__(self, store: Store, book: ScheduleBook, clock: ManualClock) -> None:
        self.harness = Harness(report, quick, store=store, clock=clock, admins=("test:boss",))
        self.book = book
        self.told: list[Told] = []
        self.passing = self.clock_process()
        self.schedules = Schedules(self.harness.service, book, CALENDAR, self.passing)

    @property
    def now(self) -> datetime:
        return self.harness.clock.now()

    def clock_process(self) -> Passing:
        """One more clock."""
        return Passing(self.harness.service, self.book, CALENDAR, self.told.append)

    def add(self, cron: str = "0 * * * *", name: str = "hourly", **columns: Any) -> Seen:
        wanted = Wanted(name, columns.pop("workflow", "report"), cron, columns.pop("given", {"topic": "tea"}))
        return self.schedules.add(replace(wanted, **columns), by=columns.pop("by", ANA))

    def row(self, name: str = "hourly") -> Schedule:
        found = self.book.named(name)
        assert found is not None
        return found

    def runs(self) -> list[Run]:
        """Oldest first."""
        return list(self.harness.store.runs(RunQuery(limit=1000)))[::-1]

    def started(self, name: str = "hourly") -> list[str]:
        """The ticks whose runs were started, as day, hour and minute in UTC."""
        labels = [json.loads(run.labels) for run in self.runs()]
        ticks = sorted(label["tick"] for label in labels if label["schedule"] == name and "tick" in label)
        return [f"{datetime.fromisoformat(tick):%d %H:%M}" for tick in ticks]

    def ticks(self, name: str = "hourly") -> list[Tick]:
        """Oldest first."""
        found: Sequence[Tick] = self.schedules.ticks(name, by=ANA, limit=1000)
        return list(found)[::-1]

    def story(self, name: str = "hourly") -> list[tuple[str, str]]:
        """When, and what became of it."""
        return [(f"{tick.at:%d %H:%M}", tick.state.value) for tick in self.ticks(name)]

    def pass_(self, delay: timedelta, *, step: timedelta = MINUTE) -> None:
        """Let time pass with a clock that looks at every step."""
        end = self.now + delay
        while self.now < end:
            self.harness.clock.advance(min(step, end - self.now))
            self.passing.look()

    def away(self, delay: timedelta) -> int:
        """Let time pass while no clock runs, then let one look until nothing more is to do; how many runs began."""
        self.harness.clock.advance(delay)
        return self.look()

    def look(self) -> int:
        """Let the clock look until it starts nothing more; how many runs were started."""
        started = 0
        while count := self.passing.look():
            started += count
        return started

    def end(self, *runs: Run) -> None:
        """Let these runs, or all that are open, come to their end."""
        for run in runs or [run for run in self.runs() if run.state is not RunState.SUCCEEDED]:
            self.harness.service.signal(run.id, "done", "yes", by=ANA)
            self.harness.work()


__all__ = ["ANA", "CALENDAR", "DAY", "HOUR", "MINUTE", "CatchUp", "House", "Order", "Overlap"]
