"""Alerts and mutes in SQL. That at most one of a kind and subject is open is an index's word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, or_, select, update

from workflows.engine.alerts.model import Alert, Mute, Told
from workflows.engine.model import Audit
from workflows.storage.database import Database
from workflows.storage.rows import to_row
from workflows.storage.tables import ALERT, AUDIT, MUTE

COLUMNS = tuple(ALERT.c[field.name] for field in fields(Alert))
MUTES = tuple(MUTE.c[field.name] for field in fields(Mute))
OPEN = ALERT.c.over_at.is_(None)


class SqlAlerts:
    """The alerts in the store's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def now(self) -> datetime:
        return self._database.read(self._database.now)

    def begin(self, alert: Alert) -> bool:
        return self._database.write(lambda conn: self._begin(conn, alert))

    def _begin(self, conn: Connection, alert: Alert) -> bool:
        insert = self._database.insert(ALERT).on_conflict_do_nothing().returning(ALERT.c.id)
        if conn.execute(insert, to_row(alert)).first() is not None:
            return True
        there = (ALERT.c.kind == alert.kind, ALERT.c.subject == alert.subject, OPEN)
        seen = {"seen_at": alert.seen_at, "words": alert.words, "advice": alert.advice}
        conn.execute(update(ALERT).where(*there).values(seen))
        return False

    def over(self, kind: str, subject: str) -> bool:
        return self._database.write(lambda conn: self._over(conn, kind, subject))

    def _over(self, conn: Connection, kind: str, subject: str) -> bool:
        there = (ALERT.c.kind == kind, ALERT.c.subject == subject, OPEN)
        ended = update(ALERT).where(*there).values(over_at=self._database.now(conn)).returning(ALERT.c.id)
        return conn.execute(ended).first() is not None

    def open(self, kind: str = "") -> Sequence[Alert]:
        asked = select(*COLUMNS).where(OPEN).order_by(ALERT.c.began_at, ALERT.c.id)
        return self._alerts(asked.where(ALERT.c.kind == kind) if kind else asked)

    def recent(self, *, limit: int) -> Sequence[Alert]:
        return self._alerts(select(*COLUMNS).order_by(ALERT.c.began_at.desc(), ALERT.c.id.desc()).limit(limit))

    def untold(self, *, limit: int) -> Sequence[Alert]:
        ended = and_(ALERT.c.told == int(Told.BEGIN), ALERT.c.over_at.is_not(None))
        asked = select(*COLUMNS).where(ALERT.c.told < int(Told.ALL), or_(ALERT.c.told == int(Told.NOTHING), ended))
        return self._alerts(asked.order_by(ALERT.c.began_at, ALERT.c.id).limit(limit))

    def tell(self, alert_id: str, told: Told) -> None:
        once = (ALERT.c.id == alert_id, ALERT.c.told < int(told))
        self._database.write(lambda conn: conn.execute(update(ALERT).where(*once).values(told=int(told))))

    def mute(self, mute: Mute, audit: Audit) -> None:
        def put(conn: Connection) -> None:
            conn.execute(self._database.upsert(MUTE), to_row(mute))
            conn.execute(AUDIT.insert(), to_row(audit))

        self._database.write(put)

    def unmute(self, what: str, audit: Audit) -> bool:
        return self._database.write(lambda conn: self._unmute(conn, what, audit))

    def _unmute(self, conn: Connection, what: str, audit: Audit) -> bool:
        holds = (MUTE.c.what == what, MUTE.c.until > self._database.now(conn))
        gone = conn.execute(delete(MUTE).where(*holds).returning(MUTE.c.what)).first() is not None
        if gone:
            conn.execute(AUDIT.insert(), to_row(audit))
        return gone

    def mutes(self) -> Sequence[Mute]:
        return self._database.read(self._mutes)

    def _mutes(self, conn: Connection) -> list[Mute]:
        asked = select(*MUTES).where(MUTE.c.until > self._database.now(conn)).order_by(MUTE.c.what)
        return [Mute(*row) for row in conn.execute(asked)]

    def forget(self, before: datetime) -> int:
        return self._database.write(lambda conn: self._forget(conn, before))

    def _forget(self, conn: Connection, before: datetime) -> int:
        conn.execute(delete(MUTE).where(MUTE.c.until <= self._database.now(conn)))
        return len(conn.execute(delete(ALERT).where(ALERT.c.over_at < before).returning(ALERT.c.id)).all())

    def _alerts(self, asked: Select[Any]) -> list[Alert]:
        rows = self._database.read(lambda conn: conn.execute(asked).all())
        return [replace(Alert(*row), told=Told(row[-1])) for row in rows]
