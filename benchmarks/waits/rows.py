"""Many waiting runs, made by copying the rows of one that really waits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, create_engine, select, text

from workflows.engine.ids import new_id
from workflows.storage.address import parse
from workflows.storage.tables import APPROVAL, AUDIT, EVENT, RUN, STEP

TABLES = (RUN, STEP, EVENT, APPROVAL, AUDIT)
BATCH = 2_000


def copy_waiting(url: str, run_id: str, approval_id: str, count: int) -> list[str]:
    """Let `count` runs wait as this one does; the ids of their approvals."""
    engine = create_engine(parse(url))
    approvals: list[str] = []
    with engine.connect() as conn:
        templates = [(table, _rows_of(conn, table, run_id)) for table in TABLES]
    for start in range(0, count, BATCH):
        ids = [(new_id(), new_id()) for _ in range(min(BATCH, count - start))]
        with engine.begin() as conn:
            for table, rows in templates:
                conn.execute(table.insert(), list(_copies(rows, run_id, approval_id, ids, start)))
        approvals += [approval for _, approval in ids]
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as conn:
        conn.execute(text("ANALYZE" if engine.dialect.name == "sqlite" else "VACUUM ANALYZE"))
    engine.dispose()
    return approvals


def _rows_of(conn: Any, table: Table, run_id: str) -> list[dict[str, Any]]:
    mine = table.c.id if table is RUN else table.c.run_id
    columns = [column for column in table.columns if not (table is AUDIT and column.name == "id")]
    return [dict(row) for row in conn.execute(select(*columns).where(mine == run_id)).mappings()]


def _copies(
    rows: list[dict[str, Any]], run_id: str, approval_id: str, ids: list[tuple[str, str]], first: int
) -> Iterator[dict[str, Any]]:
    """The same rows under new ids, each run ten milliseconds after the one before."""
    for number, (new_run, new_approval) in enumerate(ids, first + 1):
        later = timedelta(milliseconds=10 * number)

        def changed(value: Any, run: str = new_run, approval: str = new_approval, later: timedelta = later) -> Any:
            if type(value) is str:
                return value.replace(run_id, run).replace(approval_id, approval)
            return value + later if isinstance(value, datetime) else value

        yield from ({name: changed(value) for name, value in row.items()} for row in rows)
