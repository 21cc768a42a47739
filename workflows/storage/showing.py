"""Having the card of a group of dead letters shown anew."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, select

from workflows.engine.letters.ports import card_of
from workflows.engine.outbox import Card
from workflows.storage.database import Database
from workflows.storage.rows import to_row
from workflows.storage.tables import CARD, DEAD_LETTER_GROUP


def touch_group(conn: Connection, database: Database, group_id: str, now: datetime, *, at_once: bool = False) -> None:
    """Want a group's card shown; `at_once` does not wait for its turn. Nothing happens for a group that is gone."""
    group = DEAD_LETTER_GROUP
    channel = conn.execute(select(group.c.channel).where(group.c.id == group_id)).scalar_one_or_none()
    if channel is None:
        return
    stmt = database.insert(CARD).values(to_row(Card(card_of(group_id), channel, 1, 0, now)))
    grown: dict[str, Any] = {"wanted": CARD.c.wanted + 1}
    if at_once:
        grown["due_at"] = case((CARD.c.due_at > now, now), else_=CARD.c.due_at)
    conn.execute(stmt.on_conflict_do_update(index_elements=["run_id"], set_=grown))
