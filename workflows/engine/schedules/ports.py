"""Where schedules are kept. The twin is `workflows.engine.testing.memory_schedules`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from workflows.engine.errors import BatonError
from workflows.engine.model import Audit, NewRun, Writes
from workflows.engine.ports import Ring
from workflows.engine.schedules.model import Schedule, Tick


class UnknownSchedule(BatonError):
    """There is no schedule of this name."""


@dataclass(frozen=True)
class DueSchedules:
    """Schedules that a clock has to look at, the longest due first, and the database's time."""

    now: datetime
    schedules: tuple[Schedule, ...]


@dataclass(frozen=True)
class ScheduleView:
    """A schedule as it stands in the transaction that holds its row."""

    schedule: Schedule
    now: datetime
    """The database's clock."""
    running: tuple[str, ...]
    """The ids of its runs that go on by themselves; a parked one does not."""
    waiting: tuple[Tick, ...]
    """Ticks that wait for the run before them, oldest first."""


@dataclass(frozen=True)
class Start:
    """A run that a tick starts, with what is written beside it."""

    new: NewRun
    writes: Writes


@dataclass(frozen=True)
class TickWrite:
    """A tick that was decided on. It is written, and its run started, only if nobody decided on it before.

    One that waits may be decided on once more.
    """

    tick: Tick
    start: Start | None = None


@dataclass(frozen=True)
class ScheduleWrites:
    """What one transaction changes of a schedule."""

    schedule: Schedule | None = None
    """How it stands from now on; None leaves it."""
    ticks: tuple[TickWrite, ...] = ()
    audit: tuple[Audit, ...] = ()
    remove: bool = False
    """Delete it with its ticks; its runs stay."""


class ScheduleBook(Protocol):
    """The schedules and their ticks. Methods raise StoreUnavailable."""

    def add(self, schedule: Schedule, audit: Audit) -> bool:
        """False when one of this name is there; nothing is written then."""

    def change(self, schedule_id: str, change: Callable[[ScheduleView], ScheduleWrites]) -> Sequence[Ring]:
        """Lock a schedule's row, compute, write, all in one transaction; the rings of the runs that were started.

        `change` may raise to write nothing, and may be called again. Raises UnknownSchedule.
        """

    def due(self, *, limit: int) -> DueSchedules: ...
    def named(self, name: str) -> Schedule | None: ...
    def all(self) -> Sequence[Schedule]:
        """By name."""

    def ticks(self, schedule_id: str, *, limit: int) -> Sequence[Tick]:
        """The newest first."""
