"""Groups of dead letters in SQL: counted from the rows that each failure writes for itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, case, distinct, exists, func, or_, select, update

from workflows.engine.letters.joining import letter_of
from workflows.engine.letters.model import FRESH, Closed, Counted, Group, GroupQuery, Member
from workflows.engine.letters.ports import card_of
from workflows.engine.model import Audit, Run, RunState
from workflows.engine.problem import problem_from
from workflows.storage import runs, showing
from workflows.storage.database import Database
from workflows.storage.ledger import Ledger
from workflows.storage.outgoing import Statements
from workflows.storage.rows import GROUP_COLUMNS, MEMBER_COLUMNS, to_row
from workflows.storage.tables import AUDIT, DEAD_LETTER, DEAD_LETTER_GROUP, RUN

GROUP, LETTER = DEAD_LETTER_GROUP, DEAD_LETTER
OPEN = LETTER.c.settled_at.is_(None)
UNTOLD = LETTER.c.untold_at.is_not(None)
UNCLOSED = GROUP.c.closed_at.is_(None)
COUNTS = select(
    LETTER.c.group_id, func.count(distinct(LETTER.c.run_id)), func.count(distinct(case((OPEN, LETTER.c.run_id)))),
    func.max(LETTER.c.at), func.max(LETTER.c.release),
).group_by(LETTER.c.group_id)  # fmt: skip
EARLIER = select(func.count(), func.min(GROUP.c.release)).where(
    GROUP.c.fingerprint == bindparam("kind"), GROUP.c.channel == bindparam("place"), GROUP.c.id < bindparam("this")
)


class SqlLetters:
    """The groups in the store's database."""

    def __init__(self, database: Database, statements: Statements) -> None:
        self._database = database
        self._statements = statements

    # what is to be shown

    def stir(self, *, limit: int) -> Sequence[str]:
        found = self._database.read(
            lambda conn: list(conn.execute(select(LETTER.c.group_id).distinct().where(UNTOLD).limit(limit)).scalars())
        )
        for group_id in found:
            self._database.write(_bound(self._stir, group_id))
        return found

    def _stir(self, conn: Connection, group_id: str) -> None:
        now = self._database.now(conn)
        conn.execute(update(LETTER).where(LETTER.c.group_id == group_id, UNTOLD).values(untold_at=None))
        last = conn.execute(select(func.max(LETTER.c.at)).where(LETTER.c.group_id == group_id)).scalar_one()
        waits = exists().where(LETTER.c.group_id == group_id, OPEN)
        mine = update(GROUP).where(GROUP.c.id == group_id, UNCLOSED)
        conn.execute(mine.where(~waits).values(closed_at=now, closed_as=Closed.DEALT))
        conn.execute(mine.where(GROUP.c.fresh_until < last + FRESH).values(fresh_until=last + FRESH))
        showing.touch_group(conn, self._database, group_id, now)

    def touch(self, group_id: str) -> None:
        self._database.write(lambda conn: self._touch(conn, group_id))

    def _touch(self, conn: Connection, group_id: str) -> None:
        showing.touch_group(conn, self._database, group_id, self._database.now(conn), at_once=True)

    def astray(self, *, limit: int) -> Sequence[str]:
        mine = exists().where(LETTER.c.run_id == RUN.c.id, OPEN).correlate(RUN)
        without = select(RUN.c.id).where(RUN.c.dead_at.is_not(None), ~mine)
        over = select(LETTER.c.run_id).join(RUN, RUN.c.id == LETTER.c.run_id).where(OPEN, RUN.c.dead_at.is_(None))
        return self._database.read(lambda conn: list(conn.execute(without.union(over).limit(limit)).scalars()))

    def mend(self, run_id: str) -> bool:
        return self._database.write(lambda conn: self._mend(conn, run_id))

    def _mend(self, conn: Connection, run_id: str) -> bool:
        ledger = Ledger(conn, self._database, self._statements)
        locked = ledger.lock((run_id,)).rows.get(run_id)
        if locked is None:
            return False
        run: Run = runs.get(conn, run_id)
        joined = conn.execute(select(LETTER.c.number).where(LETTER.c.run_id == run_id, OPEN)).first() is not None
        if joined is (run.dead_at is not None):
            return False
        if run.dead_at is not None:
            ledger.join(run_id, letter_of(run, problem_from(run.error), run.dead_at))
        else:
            locked.dealt_with = True
        ledger.flush()
        return True

    # whether an episode is over

    def unclosed(self, *, limit: int) -> Sequence[Group]:
        asked = select(*GROUP_COLUMNS).where(UNCLOSED).order_by(GROUP.c.id.desc()).limit(limit)
        return [Group(*row) for row in self._database.read(lambda conn: conn.execute(asked).all())]

    def close_if_passed(self, group_id: str, *, runs: int) -> bool:
        return self._database.write(lambda conn: self._close_if_passed(conn, group_id, runs))

    def _close_if_passed(self, conn: Connection, group_id: str, runs: int) -> bool:
        workflow = conn.execute(select(GROUP.c.workflow).where(GROUP.c.id == group_id, UNCLOSED)).scalar_one_or_none()
        last = conn.execute(select(func.max(LETTER.c.at)).where(LETTER.c.group_id == group_id)).scalar_one()
        if workflow is None or last is None:
            return False
        passed = select(RUN.c.ended_at).where(RUN.c.workflow == workflow, RUN.c.state == RunState.SUCCEEDED)
        ends = conn.execute(passed.order_by(RUN.c.id.desc()).limit(runs)).scalars().all()
        if len(ends) < runs or any(end is None or end <= last for end in ends):
            return False
        now = self._database.now(conn)
        newer = exists().where(LETTER.c.group_id == group_id, LETTER.c.at > last)
        closing = update(GROUP).where(GROUP.c.id == group_id, UNCLOSED, ~newer)
        closed = conn.execute(closing.values(closed_at=now, closed_as=Closed.PASSED)).rowcount == 1
        if closed:
            showing.touch_group(conn, self._database, group_id, now)
        return closed

    # owners

    def own(self, group_id: str, owner: str, *, instead_of: str, audit: Audit) -> bool:
        return self._database.write(lambda conn: self._own(conn, group_id, owner, instead_of, audit))

    def _own(self, conn: Connection, group_id: str, owner: str, instead_of: str, audit: Audit) -> bool:
        now = self._database.now(conn)
        mine = update(GROUP).where(GROUP.c.id == group_id, GROUP.c.owner == instead_of)
        if conn.execute(mine.values(owner=owner, claimed_at=now if owner else None)).rowcount != 1:
            return False
        conn.execute(AUDIT.insert(), to_row(audit))
        showing.touch_group(conn, self._database, group_id, now, at_once=True)
        return True

    # reading

    def group(self, group_id: str) -> Counted | None:
        found = self._database.read(lambda conn: _counted(conn, [group_id]))
        return found[0] if found else None

    def groups(self, query: GroupQuery) -> Sequence[Counted]:
        return self._database.read(lambda conn: _groups(conn, query))

    def members(self, group_id: str, *, open_only: bool = False, limit: int = 20) -> Sequence[Member]:
        later = LETTER.alias("later")
        newer = select(later.c.number).where(
            later.c.run_id == LETTER.c.run_id, later.c.group_id == LETTER.c.group_id, later.c.number > LETTER.c.number
        )
        last = newer.limit(1).correlate(LETTER).scalar_subquery().is_(None)  # one row after another
        asked = select(*MEMBER_COLUMNS).where(LETTER.c.group_id == group_id, OPEN if open_only else last)
        asked = asked.order_by(LETTER.c.at.desc(), LETTER.c.run_id.desc()).limit(limit)
        return [Member(*row) for row in self._database.read(lambda conn: conn.execute(asked).all())]

    def people(self, group_id: str, *, limit: int = 50) -> Sequence[str]:
        first = (func.min(LETTER.c.at), func.min(LETTER.c.run_id))
        asked = select(RUN.c.started_by).join(LETTER, LETTER.c.run_id == RUN.c.id).where(LETTER.c.group_id == group_id)
        asked = asked.group_by(RUN.c.started_by).order_by(*first).limit(limit)
        return self._database.read(lambda conn: list(conn.execute(asked).scalars()))

    def of_run(self, run_id: str) -> Member | None:
        asked = select(*MEMBER_COLUMNS).where(LETTER.c.run_id == run_id).order_by(LETTER.c.number.desc()).limit(1)
        row = self._database.read(lambda conn: conn.execute(asked).one_or_none())
        return Member(*row) if row is not None else None


def _groups(conn: Connection, query: GroupQuery) -> list[Counted]:
    asked = select(GROUP.c.id)
    if query.workflow:
        asked = asked.where(GROUP.c.workflow == query.workflow)
    if query.owner:
        asked = asked.where(GROUP.c.owner == query.owner)
    if not query.open:
        ids = conn.execute(asked.order_by(GROUP.c.id.desc()).limit(query.limit)).scalars().all()
    else:
        newest = func.max(LETTER.c.at)
        waiting = select(LETTER.c.group_id).where(OPEN).group_by(LETTER.c.group_id)
        ids = conn.execute(waiting.order_by(newest.desc(), LETTER.c.group_id.desc())).scalars().all()
        if query.workflow or query.owner:
            fit = set(conn.execute(asked.where(GROUP.c.id.in_(ids))).scalars())
            ids = [group_id for group_id in ids if group_id in fit]
    found = _counted(conn, ids[: query.limit])
    return sorted(found, key=lambda one: (one.last_at, one.group.id), reverse=True)


def _counted(conn: Connection, ids: Sequence[str]) -> list[Counted]:
    """These groups with their counts; one whose runs are all deleted is none."""
    counts = {row[0]: row[1:] for row in conn.execute(COUNTS.where(LETTER.c.group_id.in_(ids)))}
    found = []
    for row in conn.execute(select(*GROUP_COLUMNS).where(GROUP.c.id.in_(list(counts)))).all():
        group = Group(*row)
        runs, waiting, last_at, release = counts[group.id]
        kind = {"kind": group.fingerprint, "place": group.channel, "this": group.id}
        earlier, first = conn.execute(EARLIER, kind).one()
        since = group.release if first is None else min(first, group.release)
        found.append(Counted(group, runs, waiting, last_at, release, earlier, since))
    return found


def sweep(conn: Connection, before: datetime, limit: int) -> list[str]:
    """Delete old groups whose runs are all deleted; the ids of their cards."""
    left = select(LETTER.c.run_id).where(LETTER.c.group_id == GROUP.c.id).limit(1)
    empty = left.correlate(GROUP).scalar_subquery().is_(None)  # one group after another
    over = or_(GROUP.c.closed_at.is_not(None), GROUP.c.fresh_until < before)
    gone = list(conn.execute(select(GROUP.c.id).where(GROUP.c.opened_at < before, over, empty).limit(limit)).scalars())
    if gone:
        conn.execute(GROUP.delete().where(GROUP.c.id.in_(gone)))
    return [card_of(group_id) for group_id in gone]


def _bound(work: Callable[[Connection, str], None], group_id: str) -> Callable[[Connection], None]:
    return lambda conn: work(conn, group_id)
