"""Claims on runs: taken in one conditional update, renewed, given back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Interval,
    Text,
    and_,
    any_,
    bindparam,
    case,
    false,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    true,
    tuple_,
    type_coerce,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from workflows.engine.model import OPEN, SUSPECT, Record, Run, RunState
from workflows.engine.ports import LINE_GRACE, RING_GRACE, Claim, Claimant, Inbox, Lease, Ring
from workflows.storage import cards, history, inbox, line, pauses
from workflows.storage.blobs import unpacked
from workflows.storage.columns import Utc, aside
from workflows.storage.database import Database
from workflows.storage.prepared import prepared, read_all
from workflows.storage.rows import RUN_COLUMNS
from workflows.storage.tables import CARD, EVENT, RUN

GOING = sorted(OPEN)
NOW = bindparam("now", type_=RUN.c.wake_at.type)


def _can_go_on(now: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Whether a run is free and something is to be done for it."""
    return and_(
        or_(*(RUN.c.state == state for state in GOING)),
        RUN.c.release <= bindparam("newest"),
        or_(RUN.c.lease_owner.is_(None), RUN.c.lease_until <= now),
        or_(RUN.c.state != RunState.WAITING, RUN.c.inbox > RUN.c.seen, RUN.c.due_at <= now),
        or_(RUN.c.state != RunState.QUEUED, RUN.c.due_at.is_(None), RUN.c.due_at <= now, RUN.c.cancel.is_not(None)),
        pauses.FREE_TO_GO,
    )


CLAIMABLE = and_(RUN.c.id == bindparam("run_id"), _can_go_on(NOW))
FIRST = RUN.c.started_at.is_(None)
"""A run that begins now no longer waits for its start."""
UNLIMITED = or_(RUN.c.limit_runs.is_(None), RUN.c.admitted, RUN.c.cancel.is_not(None))
"""Runs that need no place in line; a cancelled one only comes to end."""


def _of(workflows: frozenset[str]) -> ColumnElement[bool]:
    """As `in_`, but with a parameter for each, so that the statement can be prepared."""
    if not workflows:
        return false()
    return RUN.c.workflow.bool_op("IN")(tuple_(*(literal(name, RUN.c.workflow.type) for name in sorted(workflows))))


@lru_cache(maxsize=64)
def _lend(workflows: frozenset[str], *, admits: bool) -> Any:
    """Take a run of these workflows; `admits` gives it a place in line, else it must need none."""
    extra, admitted = (true(), true()) if admits else (UNLIMITED, RUN.c.admitted)
    taken = {**_taken(bindparam("until")), "admitted": admitted}
    return update(RUN).where(CLAIMABLE, _of(workflows), extra).values(taken).returning(*RUN_COLUMNS)


def _taken(until: ColumnElement[datetime]) -> dict[str, Any]:
    """What a claim makes of a run's columns."""
    return {
        "lease_owner": bindparam("owner"),
        "lease_until": until,
        "wake_at": until,
        "token": RUN.c.token + 1,
        "state": case((RUN.c.state == RunState.COMPENSATING, RUN.c.state), else_=RunState.RUNNING),
        "release": bindparam("newest"),
        "crashes": case(
            (and_(RUN.c.lease_owner.is_not(None), RUN.c.crashes < SUSPECT), RUN.c.crashes + 1), else_=RUN.c.crashes
        ),
        "waiting": case((FIRST, null()), else_=RUN.c.waiting),
        "due_at": case((FIRST, null()), else_=RUN.c.due_at),
        "revision": RUN.c.revision + 1,
    }


@lru_cache(maxsize=64)
def _lend_free(workflows: frozenset[str], *, clocked: bool) -> Any:
    """Take many runs of these workflows, with the beginning's event and the cards' wish; on PostgreSQL.

    Its rows hold the run's columns, whether it begins, and the time.
    """
    clock = select((func.clock_timestamp(type_=Utc()) if clocked else NOW).label("now")).cte("clock")
    now = clock.c.now
    wanted = RUN.c.id == any_(bindparam("ids", type_=ARRAY(Text)))
    there = select(RUN.c.id, FIRST.label("begins")).where(wanted).with_for_update(key_share=True, skip_locked=True)
    free = there.cte("free")
    lent = (
        update(RUN)
        .where(RUN.c.id == free.c.id, _can_go_on(now), _of(workflows), UNLIMITED)
        .values(
            {
                **_taken(type_coerce(now + bindparam("ttl", type_=Interval()), Utc())),
                "started_at": func.coalesce(RUN.c.started_at, now),
            }
        )
        .returning(*RUN_COLUMNS, free.c.begins, now)
        .cte("lent")
    )
    begun = select(lent.c.id, lent.c.revision, literal("run.started"), lent.c.now, literal("{}"), literal(""))
    news = insert(EVENT).from_select(
        ["run_id", "number", "kind", "at", "data", "actor"], begun.where(lent.c.begins), include_defaults=False
    )
    show = update(CARD).where(CARD.c.run_id == lent.c.id, lent.c.carded).values(wanted=lent.c.revision)
    return select(lent).add_cte(news.returning(EVENT.c.number).cte("news"), show.returning(CARD.c.run_id).cte("shown"))


DEFER = update(RUN).where(CLAIMABLE).values(wake_at=bindparam("later"))
LIMIT = select(RUN.c.id, RUN.c.workflow, RUN.c.limit_key, RUN.c.limit_runs, RUN.c.created_at).where(
    RUN.c.id == bindparam("run_id"),
    RUN.c.state.in_(GOING),
    RUN.c.limit_runs.is_not(None),
    RUN.c.admitted == false(),
    RUN.c.cancel.is_(None),
)
SHOW = update(CARD).where(CARD.c.run_id == bindparam("at_run")).values(wanted=bindparam("revision"))
STARTED = update(RUN).where(RUN.c.id == bindparam("at_run")).values(started_at=bindparam("now"))
NEWS = EVENT.insert()
HELD = (RUN.c.lease_owner == bindparam("owner"), RUN.c.lease_until > NOW)
RENEW = update(RUN).where(*HELD).values(lease_until=bindparam("until"), wake_at=bindparam("until"))


def claim(conn: Connection, database: Database, run_id: str, claimant: Claimant) -> Claim | None:
    """Take the run if it is free and can go on, with all that an advance needs."""
    now = database.now(conn)
    asked = {"run_id": run_id, "newest": claimant.release, "now": now}
    lent = {**asked, "owner": claimant.owner, "until": now + claimant.ttl}
    workflows = claimant.workflows
    rows = prepared(conn, _lend(workflows, admits=False)).run(conn, lent)
    if not rows:
        limited = conn.execute(LIMIT, {"run_id": run_id}).one_or_none()
        if limited is None:
            return None
        if not line.has_room(conn, limited, now):
            conn.execute(DEFER.where(_of(workflows)), {**asked, "later": now + LINE_GRACE})
            return None
        rows = prepared(conn, _lend(workflows, admits=True)).run(conn, lent)
    return _begun(conn, Run(*rows[0]), now) if rows else None


def claim_free(conn: Connection, database: Database, run_ids: Sequence[str], claimant: Claimant) -> list[Claim]:
    """Take those of many runs that are free, can go on, need no place in line, and whose rows nobody holds locked.

    It waits for no lock. What is not among them may be there to be taken all the same: `claim` knows. On PostgreSQL.
    """
    given: dict[str, Any] = {
        "ids": run_ids, "owner": claimant.owner, "newest": claimant.release, "ttl": claimant.ttl,
    }  # fmt: skip
    if not database.server_clock:
        given["now"] = database.now(conn)
    lend = prepared(conn, _lend_free(claimant.workflows, clocked=database.server_clock))
    rows, recorded = read_all(conn, [(lend, given), (prepared(conn, history.REPLAYED_OF_MANY), {"ids": run_ids})])
    found = unpacked(conn, [Run(*row[:-2]) for row in rows])
    records = history.by_run(conn, recorded) if recorded else {}
    now = {row[0]: row[-1] for row in rows}
    return [_claimed(conn, run, records.get(run.id, []), now[run.id]) for run in found]


def _begun(conn: Connection, run: Run, now: datetime) -> Claim:
    columns = {**run.__dict__}
    if run.started_at is None:
        columns["started_at"] = now
        prepared(conn, STARTED, ()).run(conn, {"at_run": run.id, "now": now})
        row = {"run_id": run.id, "number": run.revision, "kind": "run.started", "at": now, "data": "{}", "actor": ""}
        prepared(conn, NEWS).run(conn, row)
    if run.carded:
        prepared(conn, SHOW, ()).run(conn, {"at_run": run.id, "revision": run.revision})
    run = unpacked(conn, [Run(**columns)])[0]
    return _claimed(conn, run, history.records(conn, run.id), now)


def _claimed(conn: Connection, run: Run, records: Sequence[Record], now: datetime) -> Claim:
    attempts = history.attempts_of_unfinished(conn, run.id, records)
    waiting = Inbox(run.inbox, inbox.untaken(conn, run.id) if run.inbox else (), run.cancel)
    lease = Lease(run.id, run.token, run.lease_owner or "")
    return Claim(lease, run, tuple(records), tuple(attempts), waiting, now)


def renew(conn: Connection, database: Database, owner: str, ttl: timedelta) -> None:
    """Extend the leases of an owner that have not run out."""
    now = database.now(conn)
    conn.execute(RENEW, {"owner": owner, "now": now, "until": now + ttl})


def release(conn: Connection, database: Database, owner: str, *, crashed: bool) -> list[Ring]:
    """End every lease of an owner, live or not, also those on cards."""
    stmt = (
        update(RUN)
        .where(RUN.c.lease_owner == owner)
        .values(
            lease_owner=None,
            lease_until=None,
            wake_at=database.now(conn) + RING_GRACE,
            crashes=case((RUN.c.crashes < SUSPECT, RUN.c.crashes + int(crashed)), else_=RUN.c.crashes),
        )
        .returning(RUN.c.id, RUN.c.inbox, RUN.c.queue)
    )
    rings = [Ring(row.id, row.inbox, row.queue, again=True) for row in conn.execute(stmt)]
    cards.release(conn, owner)
    return rings


def rescue(conn: Connection, database: Database, *, limit: int, grace: timedelta) -> list[Ring]:
    """Rings for runs whose time has come and that nobody holds; several clocks share them out."""
    now = database.now(conn)
    due = (
        select(RUN.c.id, RUN.c.inbox, RUN.c.queue)
        .where(
            RUN.c.wake_at <= now,
            aside(RUN.c.state).in_(GOING),
            or_(RUN.c.lease_owner.is_(None), RUN.c.lease_until <= now),
        )
        .where(pauses.FREE_TO_GO)
        .order_by(RUN.c.wake_at, RUN.c.id)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True)
    )
    found = conn.execute(due).all()
    if found:
        ids = [row.id for row in found]
        conn.execute(update(RUN).where(RUN.c.id.in_(ids)).values(wake_at=now + grace))
    return [Ring(row.id, row.inbox, row.queue, again=True) for row in found]
