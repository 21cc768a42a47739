"""Writes of several threads in one transaction: one reading for all, then what follows from it, then one writing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Text, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY

from workflows.engine.errors import Interruption
from workflows.engine.model import Approval, Decision, NewRun, Writes
from workflows.engine.ports import Committed, Created, View
from workflows.storage.blobs import unpacked
from workflows.storage.database import Database
from workflows.storage.deliveries import ReplyAt, replies_at
from workflows.storage.faults import fault
from workflows.storage.ledger import Ledger
from workflows.storage.outgoing import Statements
from workflows.storage.prepared import Row, prepared
from workflows.storage.rows import APPROVAL_COLUMNS, DECISION_COLUMNS, to_approval
from workflows.storage.tables import APPROVAL, DECISION
from workflows.storage.view import SqlView

IDS = bindparam("ids", type_=ARRAY(Text))
APPROVALS = select(*APPROVAL_COLUMNS).where(APPROVAL.c.id == any_(IDS))
DECISIONS = select(*DECISION_COLUMNS).where(DECISION.c.approval_id == any_(IDS)).order_by(DECISION.c.at, DECISION.c.by)


@dataclass(frozen=True)
class Start:
    """A run that is to be inserted."""

    new: NewRun
    writes: Writes


@dataclass(frozen=True)
class Change:
    """A change of a run; `about` is the approval that it will ask for."""

    run_id: str
    change: Callable[[View], Writes]
    about: str = ""


Part = Start | Change | ReplyAt


@dataclass(frozen=True)
class Failed:
    """What a part raised; nothing of it was written."""

    error: BaseException


class Alone:
    """What a part comes to that has to have a transaction of its own."""


ALONE = Alone()


class Group:
    """One transaction of parts of which none may hold up or spoil the others. On PostgreSQL.

    A part is left to be done alone whose run another transaction holds just now (or is not there), that reaches
    other runs, or that meets a part of the same run or key.
    """

    def __init__(self, conn: Connection, database: Database, statements: Statements) -> None:
        self._conn = conn
        self._ledger = Ledger(conn, database, statements)
        self._told: list[Any] = []

    def written(self, parts: Sequence[Part]) -> list[Any]:
        """What each part comes to: what the store answers, Failed, or ALONE. The transaction's owner commits."""
        self._told = [ALONE] * len(parts)
        starts, changes, replies = _sorted(parts)
        if starts or changes:
            self._write(starts, changes)
        if replies:
            for (number, _), there in zip(replies, replies_at(self._conn, [one for _, one in replies]), strict=True):
                self._told[number] = there
        return self._told

    def _write(self, starts: Sequence[tuple[int, Start]], changes: Sequence[tuple[int, Change]]) -> None:
        worked_out = self._worked_out(changes)
        locked = self._ledger.lock((), [writes for _, _, writes in worked_out])
        made = self._ledger.create_many([(start.new, start.writes) for _, start in starts])
        for (number, _), created in zip(starts, made, strict=True):
            if created is not None:
                self._told[number] = Created(created[0], new=True, rings=created[1])
        for number, run_id, writes in worked_out:
            rings = self._ledger.apply(run_id, writes)
            self._told[number] = Committed(True, locked.rows[run_id].inbox, rings)
        self._ledger.flush()

    def _worked_out(self, changes: Sequence[tuple[int, Change]]) -> list[tuple[int, str, Writes]]:
        """What the changes come to that can be written together, from one reading of what they are about."""
        about = {"ids": sorted({part.about for _, part in changes if part.about})}
        asked = [(prepared(self._conn, statement), about) for statement in (APPROVALS, DECISIONS)]
        standings, read = self._ledger.lock_free((part.run_id for _, part in changes), asked if about["ids"] else ())
        known, votes = self._read(about["ids"], read)
        found = []
        for number, part in changes:
            if part.run_id not in standings.rows:
                continue
            mine = [part.about] if part.about else []
            view = SqlView(
                self._conn, part.run_id, standings.now,
                known={one: known[one] for one in mine}, votes={one: votes[one] for one in mine},
            )  # fmt: skip
            try:
                writes = part.change(view)
            except (Exception, Interruption) as error:
                if isinstance(error, Exception) and fault(error) is not None:
                    raise
                self._told[number] = Failed(error)
                continue
            if not _reaches_others(part.run_id, writes):
                found.append((number, part.run_id, writes))
        return found

    def _read(
        self, about: Sequence[str], read: Sequence[list[Row]]
    ) -> tuple[dict[str, Approval | None], dict[str, list[Decision]]]:
        known: dict[str, Approval | None] = dict.fromkeys(about)
        votes: dict[str, list[Decision]] = {one: [] for one in about}
        if read:
            approvals, decisions = read
            known |= {one.id: one for one in unpacked(self._conn, [to_approval(row) for row in approvals])}
            for made in (Decision(*row) for row in decisions):
                votes[made.approval_id].append(made)
        return known, votes


def _sorted(
    parts: Sequence[Part],
) -> tuple[list[tuple[int, Start]], list[tuple[int, Change]], list[tuple[int, ReplyAt]]]:
    """The parts by kind, each with its number; one of each run or key, and keys in one order for every process."""
    starts: dict[tuple[str, str], tuple[int, Start]] = {}
    changes: dict[str, tuple[int, Change]] = {}
    replies: dict[tuple[str, str], tuple[int, ReplyAt]] = {}
    ids = set[str]()
    for number, part in enumerate(parts):
        if isinstance(part, Change):
            changes.setdefault(part.run_id, (number, part))
        elif isinstance(part, ReplyAt):
            replies.setdefault((part.channel, part.ts), (number, part))
        elif part.new.run.id not in ids and not (part.writes.run or _reaches_others(part.new.run.id, part.writes)):
            ids.add(part.new.run.id)
            starts.setdefault((part.new.run.workflow, part.new.run.dedupe or part.new.run.id), (number, part))
    return [starts[key] for key in sorted(starts)], list(changes.values()), list(replies.values())


def _reaches_others(run_id: str, writes: Writes) -> bool:
    """Whether other runs than this have to be locked."""
    return bool(writes.cancels) or any(message.run_id != run_id for message in writes.messages)
