"""The pace at which a service may be asked, shared by everybody who opens the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, case, select

from workflows.engine.outbox import Budget, Turn
from workflows.storage import cards
from workflows.storage.database import Database
from workflows.storage.tables import PACE


def reserve(conn: Connection, database: Database, budget: Budget) -> Turn:
    """Take a turn if there is one. A row's `free_at` runs ahead of the clock by the turns taken early."""
    now, every = database.now(conn).timestamp(), budget.every.total_seconds()
    ahead = budget.burst * every
    stmt = database.insert(PACE).values(name=budget.name, free_at=now + every, held_until=0.0)
    taken = stmt.on_conflict_do_update(
        index_elements=["name"],
        set_={"free_at": case((PACE.c.free_at > now, PACE.c.free_at), else_=now) + every},
        where=(PACE.c.free_at <= now + ahead) & (PACE.c.held_until <= now),
    ).returning(PACE.c.free_at)
    if conn.execute(taken).first() is not None:
        return Turn(True)
    free_at, held_until = conn.execute(
        select(PACE.c.free_at, PACE.c.held_until).where(PACE.c.name == budget.name)
    ).one()
    wait = max(free_at - ahead - now, held_until - now, 0.0)
    return Turn(False, timedelta(seconds=wait), cards.behind(conn, budget.urgency, budget.place))


def hold(conn: Connection, database: Database, name: str, pause: timedelta) -> datetime:
    """Give no turns until the pause is over, or a longer one that was asked for before."""
    now = database.now(conn).timestamp()
    until = now + pause.total_seconds()
    stmt = database.insert(PACE).values(name=name, free_at=now, held_until=until)
    later = case((PACE.c.held_until > until, PACE.c.held_until), else_=until)
    held = stmt.on_conflict_do_update(index_elements=["name"], set_={"held_until": later}).returning(PACE.c.held_until)
    return datetime.fromtimestamp(conn.execute(held).scalar_one(), UTC)
