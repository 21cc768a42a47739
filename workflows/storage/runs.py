"""Reading runs."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, func, or_, select

from workflows.engine import expiry
from workflows.engine.errors import UnknownRun
from workflows.engine.model import Audit, Run
from workflows.engine.ports import SEARCHED, Lineage, RunQuery
from workflows.storage.blobs import MARK, unpacked
from workflows.storage.prepared import prepared
from workflows.storage.rows import AUDIT_COLUMNS, RUN_COLUMNS
from workflows.storage.tables import AUDIT, RUN

BY_ID = select(*RUN_COLUMNS).where(RUN.c.id == bindparam("run_id"))
CHILDREN = select(*RUN_COLUMNS).where(RUN.c.parent_id == bindparam("run_id")).order_by(RUN.c.id)
LINEAGE = (
    select(RUN.c.started_by, RUN.c.parent_id, *AUDIT_COLUMNS)
    .outerjoin_from(RUN, AUDIT, AUDIT.c.run_id == RUN.c.id)
    .where(RUN.c.id == bindparam("run_id"))
    .order_by(AUDIT.c.id)
)
AUDITED = select(*AUDIT_COLUMNS).where(AUDIT.c.run_id == bindparam("run_id")).order_by(AUDIT.c.id)


def unknown(conn: Connection, run_id: str) -> UnknownRun:
    """There is no such run; one that was deleted is told so."""
    return expiry.unknown(run_id, audit(conn, run_id))


def audit(conn: Connection, run_id: str) -> list[Audit]:
    """Who did what to a run, also to one that was deleted; in the order of writing."""
    return [Audit(*row) for row in conn.execute(AUDITED, {"run_id": run_id})]


def lineage(conn: Connection, run_id: str) -> Lineage:
    """Whose a run is and what was done to it, in one statement where the run is there."""
    rows = prepared(conn, LINEAGE).run(conn, {"run_id": run_id})
    if not rows:
        return Lineage(None, None, tuple(audit(conn, run_id)))
    started_by, parent_id = rows[0][:2]
    return Lineage(started_by, parent_id, tuple(Audit(*entry) for _, _, *entry in rows if entry[0] is not None))


def find(conn: Connection, run_id: str) -> Run | None:
    """The run with this id, if there is one."""
    rows = prepared(conn, BY_ID).run(conn, {"run_id": run_id})
    return unpacked(conn, [Run(*rows[0])])[0] if rows else None


def get(conn: Connection, run_id: str) -> Run:
    """The run with this id; raises UnknownRun."""
    found = find(conn, run_id)
    if found is None:
        raise unknown(conn, run_id)
    return found


def by_dedupe(conn: Connection, workflow: str, dedupe: str) -> Run | None:
    """The run that was started with this idempotency key."""
    query = select(*RUN_COLUMNS).where(RUN.c.workflow == workflow, RUN.c.dedupe == dedupe)
    row = conn.execute(query).one_or_none()
    return unpacked(conn, [Run(*row)])[0] if row else None


def children(conn: Connection, run_id: str) -> list[Run]:
    """By id, which is the order of their start."""
    return unpacked(conn, [Run(*row) for row in conn.execute(CHILDREN, {"run_id": run_id})])


def listed(conn: Connection, asked: RunQuery) -> list[Run]:
    """Newest first."""
    query = _narrowed(select(*RUN_COLUMNS), asked).order_by(RUN.c.id.desc()).limit(asked.limit)
    return unpacked(conn, [Run(*row) for row in conn.execute(query)])


def _narrowed(query: Select[Any], asked: RunQuery) -> Select[Any]:
    if asked.states:
        query = query.where(RUN.c.state.in_(sorted(asked.states)))
    if asked.workflow:
        query = query.where(RUN.c.workflow == asked.workflow)
    if asked.dead:
        query = query.where(RUN.c.dead_at.is_not(None))
    if asked.parent_id:
        query = query.where(RUN.c.parent_id == asked.parent_id)
    if asked.id_part:
        part = asked.id_part
        query = query.where(or_(RUN.c.id.startswith(part, autoescape=True), RUN.c.id.endswith(part, autoescape=True)))
    if asked.started_by:
        query = query.where(RUN.c.started_by == asked.started_by)
    if asked.before:
        query = query.where(RUN.c.id < asked.before)
    return _searched(query, asked)


def _searched(query: Select[Any], asked: RunQuery) -> Select[Any]:
    if asked.channel:
        query = query.where(RUN.c.channel == asked.channel)
    for name, value in asked.labels:
        query = query.where(_carries(name, value))
    for word in asked.text.split():
        query = query.where(_holds(word))
    return query


def _carries(name: str, value: str) -> ColumnElement[bool]:
    """Labels are one flat object, written with its names in order: a pair begins it or follows a comma."""
    pair = json.dumps({name: value})[1:-1]
    begins = RUN.c.labels.startswith("{" + pair, autoescape=True)
    return or_(begins, RUN.c.labels.contains(", " + pair, autoescape=True))


def _holds(word: str) -> ColumnElement[bool]:
    """Whether a word is found as it stands, or in small letters; not every database knows those of all alphabets."""
    escaped = json.dumps(word, ensure_ascii=False)[1:-1]
    short = and_(func.length(RUN.c.input) <= SEARCHED, RUN.c.input.not_like(f"{MARK}%"))
    return or_(_in(RUN.c.title, word), _in(RUN.c.id, word), and_(short, _in(RUN.c.input, escaped)))


def _in(column: ColumnElement[str], part: str) -> ColumnElement[bool]:
    return or_(column.contains(part, autoescape=True), func.lower(column).contains(part.lower(), autoescape=True))
