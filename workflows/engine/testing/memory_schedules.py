"""The schedules' in-memory twin, on the rows of the in-memory store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from workflows.engine.model import OPEN, OVER, Audit
from workflows.engine.ports import Ring
from workflows.engine.schedules.model import LOOK_BACK, Schedule, Tick, TickState
from workflows.engine.schedules.ports import (
    DueSchedules,
    ScheduleView,
    ScheduleWrites,
    TickWrite,
    UnknownSchedule,
)
from workflows.engine.testing.memory import MemoryStore
from workflows.engine.testing.memory_rows import Rings


class MemorySchedules:
    """Schedules that share a store's rows, and its transactions."""

    def __init__(self, store: MemoryStore) -> None:
        self._rows, self._lock, self._clock = store.shared

    def add(self, schedule: Schedule, audit: Audit) -> bool:
        with self._lock:
            if any(other.name == schedule.name for other in self._rows.schedules.values()):
                return False
            self._rows.schedules[schedule.id] = schedule
            self._rows.audit.append(audit)
            return True

    def change(self, schedule_id: str, change: Callable[[ScheduleView], ScheduleWrites]) -> Sequence[Ring]:
        with self._lock:
            schedule = self._rows.schedules.get(schedule_id)
            if schedule is None:
                raise UnknownSchedule(
                    "This schedule was removed just now. `baton schedule list` lists those there are."
                )
            now, owed = self._clock.now(), Rings()
            running, waiting = self._running(schedule_id), self._waiting(schedule_id)
            writes = change(ScheduleView(schedule, now, running, waiting))
            self._rows.audit += writes.audit
            if writes.remove:
                del self._rows.schedules[schedule_id]
                self._rows.ticks = {key: tick for key, tick in self._rows.ticks.items() if key[0] != schedule_id}
                return ()
            for write in writes.ticks:
                self._decide(write, now, owed)
            if writes.schedule is not None:
                self._rows.schedules[schedule_id] = writes.schedule
                self._forget(schedule_id, now)
            return self._rows.rings(owed)

    def _decide(self, write: TickWrite, now: datetime, owed: Rings) -> None:
        key = write.tick.schedule_id, write.tick.at
        before = self._rows.ticks.get(key)
        if before is not None and before.state is not TickState.WAITING:
            return
        self._rows.ticks[key] = write.tick
        if write.start is None:
            return
        run = write.start.new.run
        self._rows.insert(write.start.new, now, owed)
        if write.start.writes.events:
            self._rows.set(run.id, revision=run.revision)
        self._rows.apply(run.id, write.start.writes, now, owed)

    def _running(self, schedule_id: str) -> tuple[str, ...]:
        found = []
        for key, tick in sorted(self._rows.ticks.items()):
            run = self._rows.runs.get(tick.run_id)
            if key[0] != schedule_id or not tick.open:
                continue
            if run is None or run.state in OVER:
                self._rows.ticks[key] = replace(tick, open=False)
            elif run.state in OPEN:
                found.append(tick.run_id)
        return tuple(found)

    def _waiting(self, schedule_id: str) -> tuple[Tick, ...]:
        mine = [tick for key, tick in sorted(self._rows.ticks.items()) if key[0] == schedule_id]
        return tuple(tick for tick in mine if tick.state is TickState.WAITING)

    def _forget(self, schedule_id: str, now: datetime) -> None:
        def is_kept(tick: Tick) -> bool:
            old = tick.schedule_id == schedule_id and tick.at < now - LOOK_BACK
            return not old or tick.open or tick.state is TickState.WAITING

        self._rows.ticks = {key: tick for key, tick in self._rows.ticks.items() if is_kept(tick)}

    def due(self, *, limit: int) -> DueSchedules:
        with self._lock:
            now = self._clock.now()
            found = [(s.wake_at, s.id, s) for s in self._rows.schedules.values() if s.wake_at and s.wake_at <= now]
            return DueSchedules(now, tuple(schedule for _, _, schedule in sorted(found, key=lambda f: f[:2])[:limit]))

    def named(self, name: str) -> Schedule | None:
        with self._lock:
            return next((s for s in self._rows.schedules.values() if s.name == name), None)

    def all(self) -> Sequence[Schedule]:
        with self._lock:
            return sorted(self._rows.schedules.values(), key=lambda s: s.name)

    def ticks(self, schedule_id: str, *, limit: int) -> Sequence[Tick]:
        with self._lock:
            mine = [tick for key, tick in sorted(self._rows.ticks.items()) if key[0] == schedule_id]
            return mine[::-1][:limit]
