"""Bulks in SQL: the runs of one are frozen by one statement, and each has a row that says what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, exists, func, insert, literal, or_, select, update

from workflows.engine.bulks.model import ASKED_KEPT, ENDED_KEPT, Bulk, CameTo, EndedAs, Standing, Turn
from workflows.engine.model import Audit
from workflows.storage import showing
from workflows.storage.database import Database
from workflows.storage.rows import to_row
from workflows.storage.tables import AUDIT, BULK, BULK_ITEM, DEAD_LETTER, RUN

ITEM = BULK_ITEM
COLUMNS = tuple(BULK.c[field.name] for field in fields(Bulk))
PENDING = ITEM.c.came_to.is_(None)
ASKED = BULK.c.confirmed_at.is_(None)
OPEN = BULK.c.ended_at.is_(None)
MOVED = (
    update(ITEM)
    .where(
        ITEM.c.bulk_id == bindparam("at_bulk"), ITEM.c.run_id == bindparam("at_run"),
        or_(PENDING, ITEM.c.came_to == CameTo.LEFT),
    )
    .values(came_to=CameTo.DONE)
)  # fmt: skip
"""A run was moved; a cancel that came in the very moment is corrected."""


class SqlBulks:
    """The bulks in the store's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # asking

    def ask(self, bulk: Bulk) -> Bulk:
        return self._database.write(lambda conn: self._ask(conn, bulk))

    def _ask(self, conn: Connection, bulk: Bulk) -> Bulk:
        kept = replace(bulk, asked_at=self._database.now(conn))
        frozen = select(literal(bulk.id), RUN.c.id, RUN.c.dead_at, literal("")).where(*_waiting(bulk)).distinct()
        made = insert(ITEM).from_select(["bulk_id", "run_id", "dead_at", "why"], frozen, include_defaults=False)
        conn.execute(made)
        counted = select(func.count()).where(ITEM.c.bulk_id == bulk.id)
        kept = replace(kept, total=conn.execute(counted).scalar_one())
        if kept.total:
            conn.execute(BULK.insert(), to_row(kept))
        return kept

    def confirm(self, bulk_id: str, audit: Audit, *, detail: str = "") -> bool:
        return self._database.write(lambda conn: self._confirm(conn, bulk_id, audit, detail))

    def _confirm(self, conn: Connection, bulk_id: str, audit: Audit, detail: str) -> bool:
        now = self._database.now(conn)
        fresh = update(BULK).where(BULK.c.id == bulk_id, ASKED, BULK.c.asked_at > now - ASKED_KEPT)
        return self._told(conn, fresh.values(confirmed_at=now, detail=detail), audit, now)

    def cancel(self, bulk_id: str, audit: Audit) -> bool:
        return self._database.write(lambda conn: self._cancel(conn, bulk_id, audit))

    def _cancel(self, conn: Connection, bulk_id: str, audit: Audit) -> bool:
        now = self._database.now(conn)
        going = update(BULK).where(BULK.c.id == bulk_id, ~ASKED, OPEN)
        ended = going.values(ended_at=now, ended_as=EndedAs.CANCELLED, ended_by=audit.actor)
        if not self._told(conn, ended, audit, now):
            return False
        conn.execute(update(ITEM).where(ITEM.c.bulk_id == bulk_id, PENDING).values(came_to=CameTo.LEFT))
        return True

    def _told(self, conn: Connection, change: Any, audit: Audit, now: datetime) -> bool:
        """Change a bulk, if it is as the change wants it; then it is audited, and its group shown."""
        group_id = conn.execute(change.returning(BULK.c.group_id)).scalar_one_or_none()
        if group_id is None:
            return False
        conn.execute(AUDIT.insert(), to_row(audit))
        showing.touch_group(conn, self._database, group_id, now, at_once=True)
        return True

    # carrying out

    def claim(self, owner: str, ttl: timedelta, *, bulk_id: str = "") -> Bulk | None:
        found = bulk_id or self._database.read(self._free)  # mostly there is none, and then nothing is locked
        return self._database.write(lambda conn: self._claim(conn, found, owner, ttl)) if found else None

    def _free(self, conn: Connection) -> str | None:
        free = select(BULK.c.id).where(~ASKED, OPEN, _unheld(self._database.now(conn)))
        return conn.execute(free.order_by(BULK.c.id).limit(1)).scalar_one_or_none()

    def _claim(self, conn: Connection, bulk_id: str, owner: str, ttl: timedelta) -> Bulk | None:
        now = self._database.now(conn)
        taken = update(BULK).where(BULK.c.id == bulk_id, ~ASKED, OPEN, _unheld(now))
        row = conn.execute(taken.values(lease_owner=owner, lease_until=now + ttl).returning(*COLUMNS)).one_or_none()
        return Bulk(*row) if row is not None else None

    def turns(self, bulk_id: str, *, limit: int) -> Sequence[Turn]:
        asked = select(ITEM.c.run_id, ITEM.c.dead_at).where(ITEM.c.bulk_id == bulk_id, PENDING)
        asked = asked.order_by(ITEM.c.run_id).limit(limit)
        return [Turn(*row) for row in self._database.read(lambda conn: conn.execute(asked).all())]

    def settle(self, bulk_id: str, run_id: str, came_to: CameTo, why: str = "") -> None:
        mine = update(ITEM).where(ITEM.c.bulk_id == bulk_id, ITEM.c.run_id == run_id, PENDING)
        self._database.write(lambda conn: conn.execute(mine.values(came_to=came_to, why=why)))

    def rest(self, bulk_id: str, owner: str) -> bool:
        return self._database.write(lambda conn: self._rest(conn, bulk_id, owner))

    def _rest(self, conn: Connection, bulk_id: str, owner: str) -> bool:
        now = self._database.now(conn)
        mine = update(BULK).where(BULK.c.id == bulk_id, BULK.c.lease_owner == owner)
        conn.execute(mine.values(lease_owner=None, lease_until=None))
        through = ~exists().where(ITEM.c.bulk_id == bulk_id, PENDING)
        ending = update(BULK).where(BULK.c.id == bulk_id, ~ASKED, OPEN, through)
        conn.execute(ending.values(ended_at=now, ended_as=EndedAs.DONE))
        row = conn.execute(select(BULK.c.group_id, BULK.c.ended_at).where(BULK.c.id == bulk_id)).one_or_none()
        if row is not None:
            showing.touch_group(conn, self._database, row.group_id, now, at_once=row.ended_at is not None)
        return row is None or row.ended_at is not None

    # reading

    def look(self, bulk_id: str) -> Standing | None:
        return self._database.read(lambda conn: _standing(conn, BULK.c.id == bulk_id))

    def of_group(self, group_id: str) -> Standing | None:
        return self._database.read(lambda conn: _standing(conn, BULK.c.group_id == group_id, ~ASKED))

    # keeping it small

    def forget(self, *, limit: int) -> int:
        return self._database.write(lambda conn: self._forget(conn, limit))

    def _forget(self, conn: Connection, limit: int) -> int:
        now = self._database.now(conn)
        stale = select(BULK.c.id).where(ASKED, BULK.c.asked_at <= now - ASKED_KEPT).order_by(BULK.c.asked_at)
        old = select(BULK.c.id).where(BULK.c.ended_at <= now - ENDED_KEPT).order_by(BULK.c.ended_at)
        gone = [one for asked in (stale, old) for one in conn.execute(asked.limit(limit)).scalars()][:limit]
        if gone:
            conn.execute(delete(ITEM).where(ITEM.c.bulk_id.in_(gone)))
            conn.execute(delete(BULK).where(BULK.c.id.in_(gone)))
        return len(gone)


def _unheld(now: datetime) -> ColumnElement[bool]:
    return or_(BULK.c.lease_until.is_(None), BULK.c.lease_until <= now)


def _waiting(bulk: Bulk) -> list[ColumnElement[bool]]:
    """The dead letters of its group that wait now."""
    mine = [RUN.c.started_by == bulk.only] if bulk.only else []
    letters = (DEAD_LETTER.c.group_id == bulk.group_id, DEAD_LETTER.c.settled_at.is_(None))
    return [*letters, RUN.c.id == DEAD_LETTER.c.run_id, RUN.c.dead_at.is_not(None), *mine]


def _standing(conn: Connection, *which: ColumnElement[bool]) -> Standing | None:
    row = conn.execute(select(*COLUMNS).where(*which).order_by(BULK.c.id.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    bulk = Bulk(*row)
    counted = select(ITEM.c.came_to, func.count(), func.max(ITEM.c.why)).where(ITEM.c.bulk_id == bulk.id)
    found = {came_to: (number, why) for came_to, number, why in conn.execute(counted.group_by(ITEM.c.came_to))}
    in_it = exists().where(ITEM.c.bulk_id == bulk.id, ITEM.c.run_id == RUN.c.id, ITEM.c.dead_at == RUN.c.dead_at)
    since = conn.execute(select(func.count()).where(*_waiting(bulk), ~in_it.correlate(RUN))).scalar_one()
    done, elsewhere, refused, left = (found.get(one, (0, ""))[0] for one in CameTo)
    return Standing(bulk, done, elsewhere, refused, left, since, found.get(CameTo.REFUSED, (0, ""))[1])
