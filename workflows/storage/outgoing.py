"""The rows that a transaction is about to write, table by table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Text, any_, bindparam, case, insert, update
from sqlalchemy.dialects.postgresql import ARRAY

from workflows.engine.model import ApprovalState
from workflows.storage import bulks, joining, recordset
from workflows.storage.blobs import Blobs
from workflows.storage.database import Database
from workflows.storage.prepared import prepared
from workflows.storage.standing import Standing
from workflows.storage.tables import (
    APPROVAL,
    ATTEMPT,
    AUDIT,
    CARD,
    DEAD_LETTER_GROUP,
    DECISION,
    EVENT,
    LABEL,
    RUN,
    SIGNAL,
    STEP,
)

NEVER = datetime.max.replace(tzinfo=UTC)
STEP_AT = (
    STEP.c.run_id == bindparam("at_run"),
    STEP.c.generation == bindparam("at_generation"),
    STEP.c.key == bindparam("at_key"),
)
NAMED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("supersede_all", "supersede", "undone", "taken", "settled", "stale", "letter", "moved"), ()),
    "audit": tuple(column.name for column in AUDIT.columns if not column.primary_key),
}
"""The columns that a statement is given, where these are not all of its table."""


REVISED = (
    update(RUN)
    .where(RUN.c.id == any_(bindparam("ids", type_=ARRAY(Text))))
    .values(revision=RUN.c.revision + bindparam("grown", type_=RUN.c.revision.type))
)
"""Several locked runs of which nothing changes but the revision; on PostgreSQL."""


class Statements:
    """What is written often, built once for a database."""

    def __init__(self, database: Database) -> None:
        """`order` is the order in which tables are written: first what others refer to."""
        self.new_run = database.insert(RUN).on_conflict_do_nothing().returning(RUN.c.id)
        self.run = update(RUN).where(RUN.c.id == bindparam("at_run"))
        self.order: dict[str, Any] = {
            "supersede_all": update(STEP).where(STEP.c.run_id == bindparam("at_run")).values(superseded=True),
            "supersede": update(STEP).where(*STEP_AT).values(superseded=True),
            "step": database.upsert(STEP),
            "undone": update(STEP).where(*STEP_AT).values(undone=True),
            "attempt": database.upsert(ATTEMPT),
            "event": insert(EVENT),
            "signal": insert(SIGNAL),
            "taken": update(SIGNAL).where(SIGNAL.c.id == bindparam("at_id")).values(taken_by=bindparam("at_key")),
            "approval": database.upsert(APPROVAL, only=APPROVAL.c.state == ApprovalState.OPEN),  # closed stays closed
            "decision": database.upsert(DECISION),
            "audit": insert(AUDIT),
            "label": insert(LABEL),
            "card": database.insert(CARD).on_conflict_do_nothing(),
            "settled": joining.SETTLED,
            "stale": joining.STALE,
            "group": database.insert(DEAD_LETTER_GROUP).on_conflict_do_nothing(),
            "letter": joining.LETTER,
            "moved": bulks.MOVED,
        }
        self.steps = None if database.lite else recordset.upsert_all(STEP)
        """Many records at once, where the database takes them so."""
        self.revised = None if database.lite else REVISED
        soon = bindparam("soon", type_=CARD.c.due_at.type)
        self.card = (
            update(CARD)
            .where(CARD.c.run_id == bindparam("at_run"))
            .values(wanted=bindparam("revision"), due_at=case((CARD.c.due_at > soon, soon), else_=CARD.c.due_at))
        )


class Outgoing:
    """Gathers rows of many runs, then writes each table at one go."""

    def __init__(self, conn: Connection, database: Database, statements: Statements) -> None:
        self._conn = conn
        self._database = database
        self._statements = statements
        self._rows: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self.blobs = Blobs()

    def add(self, what: str, row: dict[str, Any]) -> None:
        """`what` is one of the names in `Statements.order`."""
        self._rows[what].append(row)

    def insert_runs(self, rows: Sequence[dict[str, Any]]) -> set[str]:
        """Insert at once; the ids of those that were not taken, nor their idempotency keys."""
        return {row[0] for row in prepared(self._conn, self._statements.new_run).run_each(self._conn, rows)}

    def flush(self, runs: Collection[Standing], now: datetime) -> None:
        """Write everything, in an order that the references allow; `now` is when what is urgent is to be shown."""
        self._settle(runs, now)
        self.blobs.write(self._conn, self._database)
        self.blobs.note_uses(self._conn, self._database)
        rows, self._rows = self._rows, defaultdict(list)
        for what in ("stale", "group"):  # in one order everywhere, so that transactions don't wait in a ring
            rows[what].sort(key=joining.kind_of)
        for what, statement in self._statements.order.items():
            if rows[what]:
                self._write(what, statement, rows[what])
        self._update(runs, now)

    def _write(self, what: str, statement: Any, rows: Sequence[dict[str, Any]]) -> None:
        many = self._statements.steps if what == "step" else None
        if many is not None and len(rows) > 1 and len({_step_key(row) for row in rows}) == len(rows):
            prepared(self._conn, many, ()).run(self._conn, {recordset.ROWS: recordset.as_text(rows)})
        else:
            prepared(self._conn, statement, NAMED.get(what)).run_many(self._conn, rows)

    def _settle(self, runs: Iterable[Standing], now: datetime) -> None:
        """Note of dead letters that something was done about them."""
        for run in runs:
            if run.dealt_with:
                self.add("settled", {"at_run": run.id, "at": now})
                run.dealt_with = False

    def _update(self, runs: Iterable[Standing], now: datetime) -> None:
        alike: defaultdict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
        cards: list[dict[str, Any]] = []
        grown: defaultdict[int, list[str]] = defaultdict(list)
        for run in runs:
            if run.carded and "revision" in run.changed:
                cards.append({"at_run": run.id, "revision": run.revision, "soon": now if run.urgent else NEVER})
            if self._statements.revised is not None and run.changed.keys() == {"revision"}:
                grown[run.revision - run.written].append(run.id)
            elif run.changed:
                alike[tuple(sorted(run.changed))].append({"at_run": run.id, **run.changed})
            run.changed, run.written = {}, run.revision
        for by, ids in grown.items():
            prepared(self._conn, self._statements.revised, ()).run(self._conn, {"ids": ids, "grown": by})
        for columns, rows in alike.items():
            prepared(self._conn, self._statements.run, columns).run_many(self._conn, rows)
        if cards:
            ordered = sorted(cards, key=lambda card: str(card["at_run"]))
            prepared(self._conn, self._statements.card, ()).run_many(self._conn, ordered)


def _step_key(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["run_id"], row["generation"], row["key"]
