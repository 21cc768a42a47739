"""Copies what ended in a database many times over, inside the database: a million runs in a minute."""

from __future__ import annotations

from sqlalchemy import Connection, Table, text

from workflows.engine.model import OVER
from workflows.storage.tables import (
    APPROVAL,
    AUDIT,
    CARD,
    DECISION,
    DELIVERY,
    EVENT,
    LABEL,
    RECEIVED,
    RUN,
    STEP,
)

ENDED = "state IN ({}) AND dead_at IS NULL AND substr(id, 24, 1) <> 'u'".format(
    ", ".join(f"'{s}'" for s in sorted(OVER))
)
"""What is copied: never a copy, which has a letter in its id that no id has."""
OF_RUN = f"run_id IN (SELECT id FROM run WHERE {ENDED})"
COPIED: dict[Table, tuple[dict[str, str], str]] = {
    RUN: ({"id": "{id}", "dedupe": "dedupe || '{mark}'"}, ENDED),
    LABEL: ({"run_id": "{run_id}"}, OF_RUN),
    STEP: ({"run_id": "{run_id}"}, OF_RUN),
    EVENT: ({"run_id": "{run_id}"}, OF_RUN),
    APPROVAL: ({"id": "{id}", "run_id": "{run_id}"}, OF_RUN),
    DECISION: ({"approval_id": "{approval_id}"}, f"approval_id IN (SELECT id FROM approval WHERE {OF_RUN})"),
    AUDIT: ({"run_id": "{run_id}"}, OF_RUN),
    CARD: ({"run_id": "{run_id}"}, f"shown = wanted AND error = '' AND {OF_RUN}"),
    DELIVERY: ({"id": "{id}", "run_id": "{run_id}", "ts": "ts || '{mark}'"}, OF_RUN),
    RECEIVED: ({"message_id": "message_id || '{mark}'"}, "instr(message_id, 'u') = 0"),
}
"""Each table with what differs in a copy, and which rows are copied."""


def multiply(conn: Connection, number: int) -> None:
    """Copy what ended once; each number gives other ids."""
    mark = f"u{number:02}"
    postgres = conn.dialect.name == "postgresql"
    for table, (changed, which) in COPIED.items():
        columns = [column.name for column in table.columns if column.name != "id" or table is not AUDIT]
        found = ", ".join(changed.get(name, f'"{name}"').format(mark=mark, **_ids(mark)) for name in columns)
        where = which.replace("instr(message_id, 'u')", "strpos(message_id, 'u')") if postgres else which
        names = ", ".join(f'"{name}"' for name in columns)
        conn.execute(text(f'INSERT INTO "{table.name}" ({names}) SELECT {found} FROM "{table.name}" WHERE {where}'))


def _ids(mark: str) -> dict[str, str]:
    return {name: f"substr({name}, 1, 23) || '{mark}'" for name in ("id", "run_id", "approval_id")}
