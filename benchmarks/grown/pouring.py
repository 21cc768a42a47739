"""Inserting rows in bulk, as each driver does it fastest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table

Row = dict[str, Any]


def pour(conn: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows that all have the same columns."""
    if not rows:
        return
    columns = [table.c[name] for name in rows[0]]
    made = [column.type.dialect_impl(conn.dialect).bind_processor(conn.dialect) for column in columns]
    turned = [(place, process) for place, process in enumerate(made) if process is not None]
    values = [list(row.values()) for row in rows]
    for place, process in turned:
        for value in values:
            value[place] = process(value[place])
    names = ", ".join(f'"{column.name}"' for column in columns)
    if conn.dialect.name == "postgresql":
        driver: Any = conn.connection.dbapi_connection
        with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
            for value in values:
                copy.write_row(value)
        return
    marks = ", ".join("?" * len(columns))
    statement = f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})'
    conn.exec_driver_sql(statement, [tuple(value) for value in values])
