"""Deleting what is old: runs with all that belongs to them, and what belongs to none."""

from __future__ import annotations

from datetime import datetime
from itertools import accumulate
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
)

from workflows.engine.expiry import HEAVY, RECEIVED_KEPT, SHOWING, Expiry, Place, Prunable, Pruned, Removed, Swept
from workflows.engine.model import OVER, RunState
from workflows.engine.outbox import DeliveryState
from workflows.storage import blobs, deliveries, letters, tally
from workflows.storage.columns import aside
from workflows.storage.database import Database
from workflows.storage.rows import to_row
from workflows.storage.tables import (
    APPROVAL,
    ATTEMPT,
    AUDIT,
    CARD,
    DEAD_LETTER,
    DECISION,
    DELIVERY,
    EVENT,
    LABEL,
    RECEIVED,
    RUN,
    SIGNAL,
    STEP,
)

DEPENDENT = (APPROVAL, SIGNAL, EVENT, ATTEMPT, STEP, LABEL, DEAD_LETTER, CARD, DELIVERY)
"""A card comes before its deliveries: whoever delivers now writes none after that."""
WANTED = (RUN.c.id, RUN.c.workflow, RUN.c.state, RUN.c.ended_at, RUN.c.started_by, RUN.c.parent_id, RUN.c.revision)
PARENT = RUN.alias("parent")
ALONE = or_(RUN.c.parent_id.is_(None), ~exists().where(PARENT.c.id == RUN.c.parent_id).correlate(RUN))
"""Runs whose parent, if they had one, is deleted already."""
UNSHOWN = exists().where(CARD.c.run_id == RUN.c.id, CARD.c.shown < CARD.c.wanted, CARD.c.error == "").correlate(RUN)


def prune(conn: Connection, database: Database, old: Expiry, limit: int, after: Place | None, by: str) -> Pruned:
    """Delete old runs from a place on, the oldest first; rows that somebody holds just now are passed over."""
    now = database.now(conn)
    chosen = select(*WANTED).where(_old(old), ALONE, _told(now)).order_by(RUN.c.ended_at, RUN.c.id).limit(limit)
    if after is not None:
        later = or_(RUN.c.ended_at > after.ended_at, RUN.c.id > after.run_id)
        chosen = chosen.where(RUN.c.ended_at >= after.ended_at, later)
    found = conn.execute(chosen.with_for_update(of=RUN, skip_locked=True)).all()
    weights = accumulate(row.revision for row in found)
    gone = [row for row, weight in zip(found, weights, strict=True) if weight <= HEAVY] or found[:1]
    if not gone:
        return Pruned(0)
    tally.take_out(conn, gone)
    _forget(conn, [row.id for row in gone])
    conn.execute(AUDIT.insert(), [to_row(_removed(row).entry(row.id, now, by)) for row in gone])
    done = len(found) < limit and len(gone) == len(found)
    return Pruned(len(gone), None if done else Place(gone[-1].ended_at, gone[-1].id))


def prunable(conn: Connection, database: Database, old: Expiry) -> Prunable:
    """How much that would delete, all passes taken together."""
    free = and_(_old(old), _told(database.now(conn)))
    going = select(RUN.c.id).where(free, ALONE).cte("going", recursive=True)
    going = going.union_all(select(RUN.c.id).join(going, RUN.c.parent_id == going.c.id).where(free))
    runs = _count(conn, select(func.count()).select_from(going))
    dead = _count(conn, select(func.count()).select_from(RUN).where(_old(old, dead=True), RUN.c.dead_at.is_not(None)))
    every = _count(conn, select(func.count()).select_from(RUN).where(_old(old, dead=True)))
    kept = 0 if old.failed else dead
    audit = 0 if old.audit_before is None else _count(conn, _orphans(old.audit_before, func.count()))
    return Prunable(runs, audit, kept, every - runs - kept)


def sweep(conn: Connection, database: Database, old: Expiry, limit: int) -> Swept:
    """Delete old rows that belong to no run, so many of each kind at most."""
    done = (DELIVERY.c.created_at < old.before, DELIVERY.c.state != DeliveryState.PENDING)
    posts = select(DELIVERY.c.id).where(deliveries.POST, *done)
    heard = select(RECEIVED.c.source, RECEIVED.c.message_id)
    heard = heard.where(RECEIVED.c.at < min(old.before, database.now(conn) - RECEIVED_KEPT))
    entries = [_orphans(old.audit_before, AUDIT.c.id)] if old.audit_before is not None else []
    groups = letters.sweep(conn, old.before, limit)
    for table in (CARD, DELIVERY) if groups else ():
        conn.execute(delete(table).where(table.c.run_id.in_(groups)))
    return Swept(
        len(groups) + _drop(conn, DELIVERY, posts.limit(limit)),
        _drop(conn, RECEIVED, heard.limit(limit)),
        blobs.drop_unused(conn, limit),
        sum(_drop(conn, AUDIT, each.limit(limit)) for each in entries),
    )


# -----------------------------------------------------------------------------------------------------------


def _old(old: Expiry, *, dead: bool = False) -> ColumnElement[bool]:
    """What ended long enough ago; dead letters too where that was asked for, which parked ones never match."""
    over = and_(RUN.c.ended_at < old.before, aside(RUN.c.state).in_(sorted(OVER)))
    if old.queue:
        over = and_(over, RUN.c.queue == old.queue)
    return over if old.failed or dead else and_(over, RUN.c.dead_at.is_(None))


def _told(now: datetime) -> ColumnElement[bool]:
    """Runs whose end is shown, or won't be any more."""
    return or_(RUN.c.ended_at < now - SHOWING, ~UNSHOWN)


def _removed(row: Any) -> Removed:
    return Removed(
        row.workflow, RunState(row.state).value, row.ended_at.isoformat(), row.started_by, row.parent_id or ""
    )


def _forget(conn: Connection, ids: list[str]) -> None:
    blobs.forget(conn, ids)
    approvals = list(conn.execute(select(APPROVAL.c.id).where(APPROVAL.c.run_id.in_(ids))).scalars())
    if approvals:
        conn.execute(delete(DECISION).where(DECISION.c.approval_id.in_(approvals)))
    for table in DEPENDENT:
        conn.execute(delete(table).where(table.c.run_id.in_(ids)))
    conn.execute(delete(RUN).where(RUN.c.id.in_(ids)))


def _orphans(before: datetime, what: Any) -> Select[Any]:
    """Audit entries of runs that are deleted, or of none."""
    kept = exists().where(RUN.c.id == AUDIT.c.run_id).correlate(AUDIT)
    return select(what).select_from(AUDIT).where(AUDIT.c.at < before, ~kept)


def _count(conn: Connection, asked: Select[Any]) -> int:
    return int(conn.execute(asked).scalar_one())


def _drop(conn: Connection, table: Table, which: Select[Any]) -> int:
    """Delete rows by their keys, one by one: each is found by its key, however many there are."""
    keys = [{f"at_{key}": value for key, value in row._mapping.items()} for row in conn.execute(which)]  # noqa: SLF001 - public
    if keys:
        here = (table.c[key.removeprefix("at_")] == bindparam(key) for key in keys[0])
        conn.execute(delete(table).where(*here), keys)
    return len(keys)
