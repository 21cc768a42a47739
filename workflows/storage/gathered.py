"""What a process writes from outside of runs: on PostgreSQL the threads that wait for each other write together.

While one thread's transaction is under way, the others' writes gather, and the next transaction takes them all. That
saves what every transaction costs, most of it this process's own time. SQLite's writers gather anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any, cast

from sqlalchemy import Connection

from workflows.engine.errors import StoreUnavailable
from workflows.engine.ports import Committed, Created
from workflows.storage import runs
from workflows.storage.database import Database, Held
from workflows.storage.deliveries import ReplyAt, reply_at
from workflows.storage.group import ALONE, Change, Failed, Group, Part, Start
from workflows.storage.ledger import Ledger
from workflows.storage.outgoing import Statements
from workflows.storage.together import Item, Together
from workflows.storage.view import SqlView


class Gathered:
    """Writes parts, each as if it were alone; durable on return. Safe across threads."""

    def __init__(self, database: Database, statements: Statements) -> None:
        self._database = database
        self._statements = statements
        self._held = Held(database.engine)
        self._line = Together(self._carry_out)

    def create(self, start: Start) -> Created:
        """Insert a run, or find the one that is there."""
        return cast(Created, self._write(start))

    def transact(self, change: Change) -> Committed:
        """Lock a run, compute, write."""
        return cast(Committed, self._write(change))

    def reply_at(self, reply: ReplyAt) -> bool:
        """Keep an address on a message; False when there is no such message."""
        return cast(bool, self._write(reply))

    def close(self) -> None:
        """Give back the connection; nothing is written any more."""
        self._held.close()

    def _write(self, part: Part) -> Any:
        told = ALONE if self._database.lite else self._line.write(part)
        return self._database.write(lambda conn: self._alone(conn, part)) if told is ALONE else told

    def _carry_out(self, items: Sequence[Item]) -> None:
        """One transaction for all of them; one that fails for another reason than the database leaves each alone.

        Whether a transaction was kept whose connection died in COMMIT nobody knows: it is not repeated.
        """
        parts, told = [item.work for item in items], list[Any]()

        def work(conn: Connection) -> None:
            told.clear()
            told.extend(Group(conn, self._database, self._statements).written(parts))

        try:
            self._database.write(work, self._held)
        except StoreUnavailable as error:
            for item, one in zip_longest(items, told):
                untouched = one is ALONE or isinstance(one, Failed)  # whatever became of the transaction
                _answer(item, one if untouched else Failed(type(error)(str(error))))
        except Exception:  # noqa: BLE001 - it is one part's, and shows again where that part is alone
            for item in items:
                _answer(item, ALONE)
        else:
            for item, one in zip(items, told, strict=True):
                _answer(item, one)

    def _alone(self, conn: Connection, part: Part) -> Any:
        if isinstance(part, ReplyAt):
            return reply_at(conn, part)
        ledger = Ledger(conn, self._database, self._statements)
        return _created(conn, ledger, part) if isinstance(part, Start) else _changed(conn, ledger, part)


def _answer(item: Item, told: Any) -> None:
    if isinstance(told, Failed):
        item.error = told.error
    else:
        item.value = told


def _created(conn: Connection, ledger: Ledger, part: Start) -> Created:
    new, writes = part.new, part.writes
    ledger.lock((), (writes,))
    made = ledger.create(new, writes)
    if made is None:
        there = runs.find(conn, new.run.id)
        if there is None and new.run.dedupe is not None:
            there = runs.by_dedupe(conn, new.run.workflow, new.run.dedupe)
        if there is None:
            raise StoreUnavailable(f"Run {new.run.id} was deleted just now: start it again.")
        return Created(there, new=False)
    ledger.flush()
    run, rings = made
    return Created(runs.get(conn, run.id) if writes.run else run, new=True, rings=rings)


def _changed(conn: Connection, ledger: Ledger, part: Change) -> Committed:
    locked = ledger.lock((part.run_id,))
    if part.run_id not in locked.rows:
        raise runs.unknown(conn, part.run_id)
    writes = part.change(SqlView(conn, part.run_id, locked.now))
    standings = ledger.lock((), (writes,))
    rings = ledger.apply(part.run_id, writes)
    ledger.flush()
    return Committed(True, standings.rows[part.run_id].inbox, rings)
