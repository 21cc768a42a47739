"""The statements that the store really sends, and how the database would carry them out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, event

from workflows.storage.store import SqlStore

SMALL = frozenset({"alert", "beat", "mute", "pause", "pace", "trigger", "tally", "schedule", "credential"})
"""Tables that do not grow with the runs."""
OTHER = re.compile(r"\s*(INSERT|UPDATE|DELETE|SELECT|WITH)\b", re.IGNORECASE)


KNOWN = re.compile(r"(?!SCAN anon_\d+$|SCAN wanted VIRTUAL TABLE)(SCAN|SEARCH|USE TEMP)")
"""Lines of SQLite's plans that read or sort; a list of what a subquery found, or of what was given, is no table."""


@dataclass(frozen=True)
class Sent:
    """A statement with the first of its parameters."""

    statement: str
    parameters: Any


@contextmanager
def listening(store: SqlStore) -> Iterator[list[Sent]]:
    """Every statement that the store sends meanwhile, each text once."""
    sent: dict[str, Sent] = {}

    def heard(_conn: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if OTHER.match(statement):
            first = parameters[0] if many else parameters
            sent.setdefault(statement, Sent(statement, tuple(first) if isinstance(first, list) else first))

    found: list[Sent] = []
    event.listen(store._database.engine, "before_cursor_execute", heard)
    try:
        yield found
    finally:
        event.remove(store._database.engine, "before_cursor_execute", heard)
        found += sent.values()


def lite_plan(conn: Connection, sent: Sent) -> list[str]:
    """SQLite's plan, line by line: by which index each table is read, and what is sorted."""
    rows = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {sent.statement}", sent.parameters).all()
    return [_short(row[3]) for row in rows if KNOWN.match(row[3])]


def _short(line: str) -> str:
    """A line without what differs from release to release."""
    line = re.sub(r" \([^)]*\)$| \(\d+ rows?\)", "", line.removesuffix(" LEFT-JOIN"))
    return re.sub(r"USING (COVERING )?(PARTIAL )?INDEX ", "", line).replace("sqlite_autoindex_", "key of ")


def server_nodes(conn: Connection, sent: Sent) -> Iterator[dict[str, Any]]:
    """The nodes of PostgreSQL's plan, with the rows that each one really met; what it writes is undone.

    An INSERT was carried out already, and is planned alone.
    """
    point = conn.begin_nested()
    how = "FORMAT JSON" if sent.statement.startswith("INSERT") else "ANALYZE, TIMING OFF, FORMAT JSON"
    answer = conn.exec_driver_sql(f"EXPLAIN ({how}) {sent.statement}", sent.parameters)
    plan = answer.scalar_one()
    point.rollback()
    left = [(json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]]
    while left:
        node = left.pop()
        yield node
        left += node.get("Plans", [])


def met(node: dict[str, Any]) -> float:
    """How many rows a node that reads a table met, those included that it left out."""
    left_out = sum(node.get(f"Rows Removed by {what}", 0) for what in ("Filter", "Index Recheck"))
    return float((node.get("Actual Rows", 0) + left_out) * node.get("Actual Loops", 1))
