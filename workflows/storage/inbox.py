"""Reading what is there for a run from outside."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select

from workflows.engine.model import Message
from workflows.engine.ports import Inbox
from workflows.storage.blobs import unpacked
from workflows.storage.rows import SIGNAL_COLUMNS
from workflows.storage.runs import unknown
from workflows.storage.tables import RUN, SIGNAL

COUNTER = select(RUN.c.inbox, RUN.c.cancel).where(RUN.c.id == bindparam("run_id"))
UNTAKEN = (
    select(*SIGNAL_COLUMNS)
    .where(SIGNAL.c.run_id == bindparam("run_id"), SIGNAL.c.taken_by.is_(None))
    .order_by(SIGNAL.c.number)
)

UNTAKEN_OF = (
    select(*SIGNAL_COLUMNS)
    .where(SIGNAL.c.run_id.in_(bindparam("run_ids", expanding=True)), SIGNAL.c.taken_by.is_(None))
    .order_by(SIGNAL.c.number)
)


def untaken(conn: Connection, run_id: str) -> tuple[Message, ...]:
    """Messages that no record has taken, in the order of their arrival."""
    return tuple(unpacked(conn, [Message(*row) for row in conn.execute(UNTAKEN, {"run_id": run_id})]))


def untaken_of(conn: Connection, run_ids: Sequence[str]) -> dict[str, list[Message]]:
    """The same of several runs."""
    found: dict[str, list[Message]] = {}
    for message in unpacked(conn, [Message(*row) for row in conn.execute(UNTAKEN_OF, {"run_ids": run_ids})]):
        found.setdefault(message.run_id, []).append(message)
    return found


def read(conn: Connection, run_id: str) -> Inbox:
    """The counter is read before the messages: with a message between the two it is too small, never too large."""
    row = conn.execute(COUNTER, {"run_id": run_id}).one_or_none()
    if row is None:
        raise unknown(conn, run_id)
    return Inbox(row.inbox, untaken(conn, run_id), row.cancel)
