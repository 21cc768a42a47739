"""Schedules and their ticks in SQL. The row of a schedule is the lock under which its ticks are decided on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from workflows.engine.model import OPEN, OVER, Audit, RunState
from workflows.engine.ports import Ring
from workflows.engine.schedules.model import LOOK_BACK, Schedule, Tick, TickState
from workflows.engine.schedules.ports import (
    DueSchedules,
    ScheduleView,
    ScheduleWrites,
    TickWrite,
    UnknownSchedule,
)
from workflows.storage.database import Database
from workflows.storage.ledger import Ledger
from workflows.storage.outgoing import Statements
from workflows.storage.rows import SCHEDULE_COLUMNS, TICK_COLUMNS, to_row
from workflows.storage.tables import AUDIT, RUN, SCHEDULE, TICK

WAITS = TICK.c.state == TickState.WAITING


class SqlSchedules:
    """The schedules in the store's database."""

    def __init__(self, database: Database, statements: Statements) -> None:
        self._database = database
        self._statements = statements

    def add(self, schedule: Schedule, audit: Audit) -> bool:
        return self._database.write(lambda conn: self._add(conn, schedule, audit))

    def _add(self, conn: Connection, schedule: Schedule, audit: Audit) -> bool:
        insert = self._database.insert(SCHEDULE).on_conflict_do_nothing().returning(SCHEDULE.c.id)
        if conn.execute(insert, to_row(schedule)).first() is None:
            return False
        conn.execute(AUDIT.insert(), to_row(audit))
        return True

    def change(self, schedule_id: str, change: Callable[[ScheduleView], ScheduleWrites]) -> Sequence[Ring]:
        return self._database.write(lambda conn: self._change(conn, schedule_id, change))

    def _change(
        self, conn: Connection, schedule_id: str, change: Callable[[ScheduleView], ScheduleWrites]
    ) -> Sequence[Ring]:
        locked = select(*SCHEDULE_COLUMNS).where(SCHEDULE.c.id == schedule_id).with_for_update()
        row = conn.execute(locked).one_or_none()
        if row is None:
            raise UnknownSchedule("This schedule was removed just now. `baton schedule list` lists those there are.")
        now = self._database.now(conn)
        writes = change(ScheduleView(Schedule(*row), now, _running(conn, schedule_id), _waiting(conn, schedule_id)))
        for entry in writes.audit:
            conn.execute(AUDIT.insert(), to_row(entry))
        if writes.remove:
            conn.execute(delete(TICK).where(TICK.c.schedule_id == schedule_id))
            conn.execute(delete(SCHEDULE).where(SCHEDULE.c.id == schedule_id))
            return ()
        rings = self._start(conn, [write for write in writes.ticks if self._decide(conn, write)])
        if writes.schedule is not None:
            conn.execute(update(SCHEDULE).where(SCHEDULE.c.id == schedule_id).values(to_row(writes.schedule)))
            _forget(conn, schedule_id, now)
        return rings

    def _decide(self, conn: Connection, write: TickWrite) -> bool:
        """Write a tick; False when it was decided on before."""
        upsert = self._database.upsert(TICK, WAITS).returning(TICK.c.at)
        return conn.execute(upsert, to_row(write.tick)).first() is not None

    def _start(self, conn: Connection, writes: Sequence[TickWrite]) -> tuple[Ring, ...]:
        starts = [write.start for write in writes if write.start is not None]
        ledger = Ledger(conn, self._database, self._statements)
        ledger.lock((), [start.writes for start in starts])
        made = ledger.create_many([(start.new, start.writes) for start in starts])
        ledger.flush()
        return tuple(ring for created in made if created is not None for ring in created[1])

    def due(self, *, limit: int) -> DueSchedules:
        return self._database.read(lambda conn: self._due(conn, limit))

    def _due(self, conn: Connection, limit: int) -> DueSchedules:
        now = self._database.now(conn)
        asked = select(*SCHEDULE_COLUMNS).where(SCHEDULE.c.wake_at <= now)
        rows = conn.execute(asked.order_by(SCHEDULE.c.wake_at, SCHEDULE.c.id).limit(limit))
        return DueSchedules(now, tuple(Schedule(*row) for row in rows))

    def named(self, name: str) -> Schedule | None:
        asked = select(*SCHEDULE_COLUMNS).where(SCHEDULE.c.name == name)
        row = self._database.read(lambda conn: conn.execute(asked).one_or_none())
        return Schedule(*row) if row is not None else None

    def all(self) -> Sequence[Schedule]:
        asked = select(*SCHEDULE_COLUMNS).order_by(SCHEDULE.c.name)
        return [Schedule(*row) for row in self._database.read(lambda conn: conn.execute(asked).all())]

    def ticks(self, schedule_id: str, *, limit: int) -> Sequence[Tick]:
        asked = select(*TICK_COLUMNS).where(TICK.c.schedule_id == schedule_id).order_by(TICK.c.at.desc()).limit(limit)
        return [Tick(*row) for row in self._database.read(lambda conn: conn.execute(asked).all())]


def _running(conn: Connection, schedule_id: str) -> tuple[str, ...]:
    """The schedule's runs that go on by themselves. Those that are over are marked, and asked for no more."""
    mine = (TICK.c.schedule_id == schedule_id, TICK.c.open)
    asked = select(TICK.c.at, TICK.c.run_id, RUN.c.state).outerjoin(RUN, RUN.c.id == TICK.c.run_id)
    rows = conn.execute(asked.where(*mine).order_by(TICK.c.at)).all()
    over = [row.at for row in rows if row.state is None or RunState(row.state) in OVER]
    if over:
        conn.execute(update(TICK).where(*mine, TICK.c.at.in_(over)).values(open=False))
    return tuple(row.run_id for row in rows if row.state is not None and RunState(row.state) in OPEN)


def _waiting(conn: Connection, schedule_id: str) -> tuple[Tick, ...]:
    asked = select(*TICK_COLUMNS).where(TICK.c.schedule_id == schedule_id, WAITS).order_by(TICK.c.at)
    return tuple(Tick(*row) for row in conn.execute(asked))


def _forget(conn: Connection, schedule_id: str, now: datetime) -> None:
    """Delete the record of ticks of long ago; those that wait or whose run goes on stay."""
    old = (TICK.c.schedule_id == schedule_id, TICK.c.at < now - LOOK_BACK)
    conn.execute(delete(TICK).where(*old, ~WAITS, ~TICK.c.open))
