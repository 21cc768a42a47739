"""Beats in SQL: one row for each instance of a part, written a few times a minute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from workflows.engine.beats.model import Beat, End
from workflows.storage.database import Database
from workflows.storage.rows import to_row
from workflows.storage.tables import BEAT

COLUMNS = tuple(BEAT.c[field.name] for field in fields(Beat))


class SqlBeats:
    """The beats in the store's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def now(self) -> datetime:
        return self._database.read(self._database.now)

    def beat(self, beats: Sequence[Beat]) -> None:
        if beats:
            self._database.write(lambda conn: self._put(conn, beats, End.UNTOLD))

    def end(self, beat: Beat, end: End) -> None:
        self._database.write(lambda conn: self._end(conn, beat, end))

    def _end(self, conn: Connection, beat: Beat, end: End) -> None:
        self._put(conn, [beat], end)
        children = (BEAT.c.parent == beat.id, BEAT.c.ending == End.UNTOLD)
        conn.execute(update(BEAT).where(*children).values(seen_at=self._database.now(conn), ending=end))

    def _put(self, conn: Connection, beats: Sequence[Beat], end: End) -> None:
        now = self._database.now(conn)
        new = self._database.insert(BEAT)
        seen = {"seen_at": new.excluded.seen_at, "ending": new.excluded.ending}
        put = new.on_conflict_do_update(index_elements=["id"], set_=seen, where=BEAT.c.ending == End.UNTOLD)
        conn.execute(put, [to_row(beat, began_at=now, seen_at=now, ending=end) for beat in sorted(beats, key=_id)])

    def heard(self, *, limit: int) -> Sequence[Beat]:
        asked = select(*COLUMNS).order_by(BEAT.c.seen_at.desc(), BEAT.c.id.desc()).limit(limit)
        return [Beat(*row) for row in self._database.read(lambda conn: conn.execute(asked).all())]

    def forget(self, before: datetime) -> int:
        old = delete(BEAT).where(BEAT.c.seen_at < before).returning(BEAT.c.id)
        return len(self._database.write(lambda conn: conn.execute(old).all()))


def _id(beat: Beat) -> str:
    return beat.id
