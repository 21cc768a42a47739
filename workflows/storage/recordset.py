"""Many rows to PostgreSQL at once: one JSON text, which the server takes apart.

A statement with one parameter costs the driver and the server a fraction of what one execution for each row does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, ColumnElement, Table, Text, bindparam, cast, column, func, literal_column, select
from sqlalchemy.dialects import postgresql

ROWS = "rows"
"""The parameter that takes the text."""


def upsert_all(table: Table) -> Any:
    """An INSERT of all rows of a text that replaces those with the same primary key; no key may be there twice."""
    names = [each.name for each in table.columns]
    kind: ColumnElement[Any] = literal_column(f"CAST(NULL AS {table.name})")
    given = cast(bindparam(ROWS, type_=Text), JSON)
    rows = func.json_populate_recordset(kind, given).table_valued(
        *(column(each.name, each.type) for each in table.columns), name="given"
    )
    keys = [each.name for each in table.primary_key]
    put = postgresql.insert(table).from_select(names, select(*rows.c), include_defaults=False)
    return put.on_conflict_do_update(
        index_elements=keys, set_={name: put.excluded[name] for name in names if name not in keys}
    )


def as_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows for the parameter; times have a zone."""
    return json.dumps(rows, ensure_ascii=False, check_circular=False, default=_time)


def _time(value: Any) -> str:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).isoformat()
    raise ValueError(f"{value!r} is no value of a column: times are kept in UTC")
