"""Reading runs whole, many at a time: what an advance of each would begin with."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select

from workflows.engine.model import DONE, Run
from workflows.engine.ports import Inbox, Recorded
from workflows.storage import history, inbox
from workflows.storage.blobs import unpacked
from workflows.storage.database import Database
from workflows.storage.rows import RUN_COLUMNS
from workflows.storage.tables import RUN

RUNS = select(*RUN_COLUMNS).where(RUN.c.id.in_(bindparam("run_ids", expanding=True)))


def read(conn: Connection, database: Database, run_ids: Sequence[str]) -> list[Recorded]:
    """Four statements, however many runs; `conn` gives them one view of the data."""
    now = database.now(conn)
    asked = list(dict.fromkeys(run_ids))
    runs = {run.id: run for run in unpacked(conn, [Run(*row) for row in conn.execute(RUNS, {"run_ids": asked})])}
    records = history.records_of(conn, asked)
    open_ends = [name for name, found in records.items() if any(record.state not in DONE for record in found)]
    attempts = history.attempts_of(conn, open_ends) if open_ends else {}
    told = [run.id for run in runs.values() if run.inbox]
    messages = inbox.untaken_of(conn, told) if told else {}
    found = []
    for run in (runs[run_id] for run_id in asked if run_id in runs):
        mine = tuple(records.get(run.id, ()))
        unfinished = {(record.generation, record.key) for record in mine if record.state not in DONE}
        tried = tuple(a for a in attempts.get(run.id, ()) if (a.generation, a.key) in unfinished)
        waiting = Inbox(run.inbox, tuple(messages.get(run.id, ())), run.cancel)
        found.append(Recorded(run, mine, tried, waiting, now))
    return found
