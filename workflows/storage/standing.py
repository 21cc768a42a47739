"""The rows of `run` that a transaction holds locked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Text, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from workflows.engine.model import Run, RunState
from workflows.storage.columns import Utc
from workflows.storage.database import Database
from workflows.storage.prepared import Prepared, Row, Values, prepared, read_all
from workflows.storage.tables import RUN

NEEDED = (
    "id",
    "workflow",
    "state",
    "queue",
    "inbox",
    "cancel",
    "token",
    "lease_until",
    "wake_at",
    "due_at",
    "crashes",
    "revision",
    "limit_key",
    "limit_runs",
    "carded",
    "dead_at",
)


def _lock(which: ColumnElement[bool]) -> Select[Any]:
    columns = (RUN.c[name] for name in NEEDED)
    return select(*columns).where(which).order_by(RUN.c.id).with_for_update(key_share=True)


TIME = func.clock_timestamp(type_=Utc()).label("now")
ONE = _lock(RUN.c.id == bindparam("run_id"))
MANY = _lock(RUN.c.id == any_(bindparam("ids", type_=ARRAY(Text))))
WANTED = func.json_each(bindparam("ids", type_=Text)).table_valued("value", name="wanted")
MANY_LITE = _lock(RUN.c.id.in_(select(WANTED.c.value)))
CLOCKED_ONE, CLOCKED_MANY = ONE.add_columns(TIME), MANY.add_columns(TIME)
FREE = (
    select(*(RUN.c[name] for name in NEEDED))
    .where(RUN.c.id == any_(bindparam("ids", type_=ARRAY(Text))))
    .order_by(RUN.c.id)
    .with_for_update(key_share=True, skip_locked=True)
)
CLOCKED_FREE = FREE.add_columns(TIME)
"""Those of many runs that no other transaction holds; on PostgreSQL."""
EARLY = datetime.min.replace(tzinfo=UTC)


@dataclass
class Standing:
    """A locked run, as this transaction leaves it; `changed` is what is to be written."""

    id: str
    workflow: str
    state: RunState
    queue: str
    inbox: int
    cancel: str | None
    token: int
    lease_until: datetime | None
    wake_at: datetime | None
    due_at: datetime | None
    crashes: int
    revision: int
    limit_key: str | None
    limit_runs: int | None
    carded: bool
    dead_at: datetime | None
    urgent: bool = False
    """Its card is to be shown at once, not when its turn comes."""
    dealt_with: bool = False
    """Something was done about the dead letter that it was."""
    changed: dict[str, Any] = field(default_factory=dict)
    written: int = field(init=False)
    """The revision that the row has in the database."""

    def __post_init__(self) -> None:
        self.written = self.revision

    def set(self, **columns: Any) -> None:
        self.dealt_with = self.dealt_with or ("dead_at" in columns and self.dead_at is not None)
        for name, value in columns.items():
            self.changed[name] = value
            if name in NEEDED:
                setattr(self, name, value)

    def leased(self, now: datetime) -> bool:
        return self.lease_until is not None and self.lease_until > now


def is_later(run: Run | Standing, now: datetime) -> bool:
    """Whether a run is to start at a time to come; one that is cancelled may come to its end."""
    return run.state is RunState.QUEUED and run.due_at is not None and run.due_at > now and run.cancel is None


class Standings:
    """Locks rows in the order of their ids, so that transactions don't wait for each other in a ring."""

    def __init__(self, conn: Connection, database: Database) -> None:
        self._conn = conn
        self._database = database
        self.rows: dict[str, Standing] = {}
        self.now: datetime = EARLY

    def lock(self, run_ids: Iterable[str]) -> None:
        """Lock those that exist. `now` becomes the database's clock at that moment.

        A wait for a row makes `now` a little old; who took the row meanwhile changed the token, so nothing
        but the token decides between two holders.
        """
        wanted = sorted(set(run_ids) - self.rows.keys())
        if not wanted:
            if self.now == EARLY:
                self.now = self._database.now(self._conn)
            return
        if self._database.server_clock:
            found = self._ask(CLOCKED_ONE, CLOCKED_MANY, wanted)
            self.now = max((row[-1] for row in found), default=None) or self._database.now(self._conn)
            for *columns, _ in found:
                self.rows[columns[0]] = Standing(*columns)
        else:
            self.now = self._database.now(self._conn)
            for row in self._ask(ONE, MANY, wanted):
                self.rows[row[0]] = Standing(*row)

    def lock_free(self, run_ids: Iterable[str], beside: Sequence[tuple[Prepared, Values]] = ()) -> list[list[Row]]:
        """Lock those that exist and that nobody else holds, without waiting, and read what is asked `beside` it.

        The first to be locked here: nothing is held before. What is read beside is as of the lock or newer.
        """
        wanted, clocked = sorted(set(run_ids)), self._database.server_clock
        lock = (prepared(self._conn, CLOCKED_FREE if clocked else FREE), {"ids": wanted})
        found, *rest = read_all(self._conn, [lock, *beside]) if wanted else [[], *read_all(self._conn, beside)]
        for row in found:
            self.rows[row[0]] = Standing(*row[: len(NEEDED)])
        self.now = max(row[-1] for row in found) if found and clocked else self._database.now(self._conn)
        return rest

    def _ask(self, one: Select[Any], many: Select[Any], wanted: list[str]) -> Sequence[Any]:
        if len(wanted) == 1:
            return prepared(self._conn, one).run(self._conn, {"run_id": wanted[0]})
        if self._database.lite:
            return prepared(self._conn, MANY_LITE).run(self._conn, {"ids": json.dumps(wanted)})
        return prepared(self._conn, many).run(self._conn, {"ids": wanted})

    def add(self, standing: Standing) -> None:
        """A row that this transaction inserts."""
        self.rows[standing.id] = standing
