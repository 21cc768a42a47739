"""The pages of people in SQL: who looked when, and what they were shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, delete, select, update

from workflows.engine.homes import Home
from workflows.engine.outbox import Card, CardLease
from workflows.storage import cards
from workflows.storage.database import Database
from workflows.storage.rows import to_row
from workflows.storage.tables import CARD, HOME


class SqlHomes:
    """One database; shares it with the store that made it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, card_id: str) -> None:
        self._database.write(lambda conn: self._open(conn, card_id))

    def _open(self, conn: Connection, card_id: str) -> None:
        now = self._database.now(conn)
        seen = self._database.insert(HOME).values(id=card_id, opened_at=now, digest="", mark="")
        conn.execute(seen.on_conflict_do_update(index_elements=["id"], set_={"opened_at": now, "digest": ""}))
        card = self._database.insert(CARD).values(to_row(Card(card_id, "", 1, 0, now)))
        grown = {"wanted": CARD.c.wanted + 1, "due_at": now}
        conn.execute(card.on_conflict_do_update(index_elements=["run_id"], set_=grown))

    def touch(self, card_id: str) -> bool:
        grown = update(CARD).where(CARD.c.run_id == card_id).values(wanted=CARD.c.wanted + 1)
        return self._database.write(lambda conn: conn.execute(grown).rowcount == 1)

    def opened(self, within: timedelta) -> Sequence[str]:
        def work(conn: Connection) -> list[str]:
            since = self._database.now(conn) - within
            return list(conn.execute(select(HOME.c.id).where(HOME.c.opened_at > since).order_by(HOME.c.id)).scalars())

        return self._database.read(work)

    def find(self, card_id: str) -> Home | None:
        query = select(HOME.c.id, HOME.c.digest, HOME.c.mark).where(HOME.c.id == card_id)
        row = self._database.read(lambda conn: conn.execute(query).one_or_none())
        return Home(*row) if row else None

    def keep(self, lease: CardLease, home: Home) -> None:
        def work(conn: Connection) -> None:
            cards.renew(conn, lease, self._database.now(conn))
            conn.execute(update(HOME).where(HOME.c.id == home.id).values(digest=home.digest, mark=home.mark))

        self._database.write(work)

    def close(self, card_id: str) -> None:
        def work(conn: Connection) -> None:
            conn.execute(delete(HOME).where(HOME.c.id == card_id))
            conn.execute(delete(CARD).where(CARD.c.run_id == card_id))

        self._database.write(work)
