"""Cards: which runs want to be shown, and who holds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, bindparam, case, func, or_, select, update

from workflows.engine.errors import LeaseLost
from workflows.engine.model import ApprovalState
from workflows.engine.outbox import POSTS, Card, CardLease, Left
from workflows.storage.database import Database
from workflows.storage.ledger import Ledger
from workflows.storage.rows import to_row
from workflows.storage.tables import APPROVAL, CARD, RUN

COLUMNS = tuple(CARD.c[field.name] for field in fields(Card))
SOON = timedelta(seconds=1)
"""How long a card waits at most that changed while it was delivered."""
NOW = bindparam("now", type_=CARD.c.due_at.type)
WANTS = CARD.c.shown < CARD.c.wanted
FREE = or_(CARD.c.lease_owner.is_(None), CARD.c.lease_until <= NOW)
DUE = select(CARD.c.run_id).where(WANTS, CARD.c.due_at <= NOW, FREE).order_by(CARD.c.due_at, CARD.c.run_id)
CLAIM = (
    update(CARD)
    .where(CARD.c.run_id == bindparam("at_run"), WANTS, FREE)
    .values(lease_owner=bindparam("owner"), lease_until=bindparam("until"), token=CARD.c.token + 1)
    .returning(*COLUMNS)
)
HELD = and_(
    CARD.c.run_id == bindparam("at_run"),
    CARD.c.token == bindparam("held"),
    CARD.c.lease_owner == bindparam("owner"),
    CARD.c.lease_until > NOW,
)
RENEW = update(CARD).where(HELD).values(lease_until=bindparam("until")).returning(CARD.c.wanted)
LEAVE = update(CARD).where(CARD.c.run_id == bindparam("at_run")).values(
    shown=case((CARD.c.shown > bindparam("seen"), CARD.c.shown), else_=bindparam("seen")),
    due_at=bindparam("due"),
    place=bindparam("to_place"),
    failures=bindparam("failed"),
    error=bindparam("said"),
    urgency=bindparam("to_urgency"),
    lease_owner=None,
    lease_until=None,
)  # fmt: skip


def watch(ledger: Ledger, conn: Connection, run_id: str) -> bool:
    """Give a run a card, under its lock; False when it has one, or is not there."""
    run = ledger.lock((run_id,)).rows.get(run_id)
    if run is None:
        return False
    channel = conn.execute(select(RUN.c.channel).where(RUN.c.id == run_id)).scalar_one()
    return ledger.watch(run, channel)


def unseen(conn: Connection, limit: int) -> list[str]:
    """Runs without a card that need people."""
    carded = select(RUN.c.carded).where(RUN.c.id == APPROVAL.c.run_id).scalar_subquery()  # one run after another
    asked = select(APPROVAL.c.run_id).where(APPROVAL.c.state == ApprovalState.OPEN, ~carded).distinct()
    return list(conn.execute(asked.limit(limit)).scalars())


def touch_posts(conn: Connection, database: Database) -> None:
    """Say that there is a post without a run to be delivered."""
    stmt = database.insert(CARD).values(to_row(Card(POSTS, "", 1, 0, database.now(conn))))
    conn.execute(stmt.on_conflict_do_update(index_elements=["run_id"], set_={"wanted": CARD.c.wanted + 1}))


def due(conn: Connection, database: Database, limit: int) -> list[str]:
    return list(conn.execute(DUE.limit(limit), {"now": database.now(conn)}).scalars())


def claim(conn: Connection, run_id: str, owner: str, now: datetime, ttl: timedelta) -> Card | None:
    row = conn.execute(CLAIM, {"at_run": run_id, "owner": owner, "now": now, "until": now + ttl}).one_or_none()
    return Card(*row) if row else None


def renew(conn: Connection, lease: CardLease, now: datetime) -> int:
    """Extend the lease and lock its row; what is wanted by now. Raises LeaseLost."""
    held = {"at_run": lease.run_id, "held": lease.token, "owner": lease.owner, "now": now, "until": now + lease.ttl}
    wanted = conn.execute(RENEW, held).scalar_one_or_none()
    if wanted is None:
        raise LeaseLost(f"{lease.owner} no longer delivers for {lease.run_id}")
    return int(wanted)


def leave(conn: Connection, lease: CardLease, left: Left, now: datetime, *, changed: bool) -> None:
    """Give back a card whose row is locked."""
    wait = min(left.wait, SOON) if changed else left.wait
    shown = {"seen": left.shown, "due": now + wait, "to_place": left.place, "to_urgency": left.urgency}
    conn.execute(LEAVE, {"at_run": lease.run_id, "failed": left.failures, "said": left.error, **shown})


def release(conn: Connection, owner: str) -> int:
    """End every lease of an owner, live or not."""
    freed = update(CARD).where(CARD.c.lease_owner == owner).values(lease_owner=None, lease_until=None)
    return conn.execute(freed).rowcount


def find(conn: Connection, run_id: str) -> Card | None:
    row = conn.execute(select(*COLUMNS).where(CARD.c.run_id == run_id)).one_or_none()
    return Card(*row) if row else None


def troubled(conn: Connection, limit: int) -> Sequence[Card]:
    query = select(*COLUMNS).where(CARD.c.error != "").order_by(CARD.c.run_id.desc()).limit(limit)
    return [Card(*row) for row in conn.execute(query)]


def behind(conn: Connection, urgency: int, place: str = "") -> int:
    """How many want to be shown that are at least as urgent, in one place or everywhere."""
    query = select(func.count()).select_from(CARD).where(WANTS, CARD.c.urgency <= urgency)
    if place:
        query = query.where(CARD.c.place == place)
    return int(conn.execute(query).scalar_one())
