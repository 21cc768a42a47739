"""Lists of runs: each is read from an index that has the order of the list, so that its length is what it costs.

What several values may fulfil, such as states, is asked value by value and put together here: a database that is
asked for all at once reads everything and sorts it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, literal_column, or_, select, union_all
from sqlalchemy.sql.selectable import FromClause

from workflows.engine.model import Run, RunState
from workflows.engine.ports import LOOKED_THROUGH, SEARCHED, RunQuery
from workflows.storage.blobs import MARK, unpacked
from workflows.storage.rows import RUN_COLUMNS
from workflows.storage.tables import LABEL, RUN, TAIL, TAIL_LENGTH

FOLLOWS = "\U0010ffff"
"""Sorts behind all that an id is made of."""
END: ColumnElement[str] = literal_column(TAIL)


@dataclass(frozen=True)
class Way:
    """One index to walk along: what is asked of it, and the column in whose order its rows come."""

    where: tuple[ColumnElement[bool], ...] = ()
    rows: FromClause = RUN
    order: ColumnElement[str] | None = RUN.c.id
    """None where the rows are few and come as they come."""

    def query(self, columns: Any, limit: int | None, rest: list[ColumnElement[bool]]) -> Select[Any]:
        found = select(*columns).select_from(self.rows).where(*self.where, *rest).limit(limit)
        return found if self.order is None else found.order_by(self.order.desc())


def listed(conn: Connection, asked: RunQuery) -> list[Run]:
    """Newest first."""
    ways, rest = _ways(asked), _rest(asked)
    if len(ways) == 1 and not asked.text:
        query = ways[0].query(RUN_COLUMNS, asked.limit, rest)
    else:
        every = [select(_ids(way, asked, rest).subquery().c.id) for way in ways]
        ids = sorted(set(conn.execute(union_all(*every)).scalars()), reverse=True)[: asked.limit]
        query = select(*RUN_COLUMNS).where(RUN.c.id.in_(ids))
        if not ids:
            return []
    found = [Run(*row) for row in conn.execute(query)]
    return unpacked(conn, sorted(found, key=lambda run: run.id, reverse=True))


def _ids(way: Way, asked: RunQuery, rest: list[ColumnElement[bool]]) -> Select[Any]:
    """The ids that a way leads to; words are looked for in the newest of its runs alone."""
    words = asked.text.split()
    if not words:
        return way.query([RUN.c.id], asked.limit, rest)
    depth = None if asked.deep else LOOKED_THROUGH
    looked = way.query([RUN.c.id, RUN.c.title, RUN.c.input], depth, rest).subquery()
    return select(looked.c.id).where(*(_holds(looked, word) for word in words)).limit(asked.limit)


# ways ----------------------------------------------------------------------------------------------------


def _ways(asked: RunQuery) -> list[Way]:
    if asked.labels:
        (name, value), *others = asked.labels
        carries = (LABEL.c.name == name, LABEL.c.value == value, *(_carries(*other) for other in others))
        return [Way((*carries, *_states(asked)), LABEL.join(RUN, RUN.c.id == LABEL.c.run_id), LABEL.c.run_id)]
    if asked.parent_id:
        return [Way((RUN.c.parent_id == asked.parent_id, *_states(asked)))]
    if asked.dead:
        return [Way((RUN.c.dead_at.is_not(None), *_states(asked)))]
    if asked.id_part:
        begins, ends = _parts(asked.id_part)
        return [Way((*begins, *_states(asked))), Way((*ends, *_states(asked)), order=None)]
    if asked.states or asked.workflow or asked.started_by:
        return [Way((RUN.c.state == state,)) for state in sorted(asked.states or RunState)]
    return [Way()]


def _rest(asked: RunQuery) -> list[ColumnElement[bool]]:
    """What is asked besides, the same on every way."""
    found = []
    if asked.workflow:
        found.append(RUN.c.workflow == asked.workflow)
    if asked.started_by:
        found.append(RUN.c.started_by == asked.started_by)
    if asked.channel:
        found.append(RUN.c.channel == asked.channel)
    if asked.before:
        found.append((LABEL.c.run_id if asked.labels else RUN.c.id) < asked.before)
    if asked.labels and asked.parent_id:
        found.append(RUN.c.parent_id == asked.parent_id)
    if asked.dead and (asked.labels or asked.parent_id):
        found.append(RUN.c.dead_at.is_not(None))
    if asked.id_part and (asked.labels or asked.parent_id or asked.dead):
        found.append(or_(*(and_(*each) for each in _parts(asked.id_part))))
    return found


def _states(asked: RunQuery) -> tuple[ColumnElement[bool], ...]:
    return (RUN.c.state.in_(sorted(asked.states)),) if asked.states else ()


def _parts(part: str) -> tuple[list[ColumnElement[bool]], list[ColumnElement[bool]]]:
    """That an id begins so, and that it ends so: both as a range of an index."""
    end = part[: -TAIL_LENGTH - 1 : -1]
    ends = [end <= END, end + FOLLOWS > END]
    if len(part) > TAIL_LENGTH:
        ends.append(RUN.c.id.endswith(part, autoescape=True))
    return [RUN.c.id >= part, RUN.c.id < part + FOLLOWS], ends


# labels and words ----------------------------------------------------------------------------------------


def _carries(name: str, value: str) -> ColumnElement[bool]:
    other = LABEL.alias()
    return exists().where(other.c.run_id == RUN.c.id, other.c.name == name, other.c.value == value).correlate(RUN)


def _holds(run: FromClause, word: str) -> ColumnElement[bool]:
    """Whether a word is found as it stands, or in small letters; not every database knows those of all alphabets."""
    escaped = json.dumps(word, ensure_ascii=False)[1:-1]
    short = and_(func.length(run.c.input) <= SEARCHED, run.c.input.not_like(f"{MARK}%"))
    return or_(_in(run.c.title, word), _in(run.c.id, word), and_(short, _in(run.c.input, escaped)))


def _in(column: ColumnElement[str], part: str) -> ColumnElement[bool]:
    return or_(column.contains(part, autoescape=True), func.lower(column).contains(part.lower(), autoescape=True))
