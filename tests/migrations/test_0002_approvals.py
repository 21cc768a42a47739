"""Approvals and decisions of before forms and digests, on the schema that has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, inspect, text

from tests.migrations.test_schema import postgres, url
from workflows.engine.model import Approval, ApprovalState, Decision, Outcome, Writes
from workflows.engine.testing.clock import START
from workflows.storage.database import Database
from workflows.storage.revision import PATIENCE
from workflows.storage.schema import _config, migrate
from workflows.storage.store import SqlStore

__all__ = ["postgres", "url"]

RUN: dict[str, Any] = {
    "id": "r1", "workflow": "w", "title": "W", "state": "waiting", "input": "1", "created_at": START, "generation": 0,
    "version": "", "release": 0, "queue": "default", "started_by": "cli:ana", "channel": "", "admitted": False,
    "inbox": 0, "seen": 0, "token": 1, "crashes": 0, "revision": 1, "labels": "{}",
}  # fmt: skip
OLD_APPROVAL: dict[str, Any] = {
    "run_id": "r1", "generation": 0, "key": "editor#1", "name": "editor", "title": "Editor", "show": '"x"',
    "digest": "0123456789abcdef", "approvers": '["cli:ana"]', "opened_at": START, "quorum": 2, "allow_self": False,
    "state": "open",
}  # fmt: skip
OLD_DECISION = {"by": "cli:ana", "outcome": "approved", "at": START, "comment": "fine"}


def insert(conn: Connection, table: str, row: dict[str, Any]) -> None:
    names = ", ".join(f'"{name}"' for name in row)
    values = {name: value.isoformat(" ") if value is START else value for name, value in row.items()}
    conn.execute(text(f'INSERT INTO "{table}" ({names}) VALUES ({", ".join(f":{name}" for name in row)})'), values)


def old_rows(conn: Connection, number: int) -> None:
    """What the last release writes: it knows none of the new columns."""
    insert(conn, "approval", OLD_APPROVAL | {"id": f"a{number}"})
    insert(conn, "decision", OLD_DECISION | {"approval_id": f"a{number}"})


def to_0001(conn: Connection) -> None:
    config = _config()
    config.attributes["connection"] = conn
    command.upgrade(config, "0001")


def test_old_rows_read_as_they_were_meant(url: str) -> None:
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    database = Database(url, clock=None, lock_timeout=PATIENCE, pool_size=1)
    database.write(to_0001)
    database.write(lambda conn: insert(conn, "run", RUN))
    database.write(lambda conn: old_rows(conn, 1))
    migrate(url)
    database.write(lambda conn: old_rows(conn, 2))  # an older worker is still there
    database.close()
    store = SqlStore(url)
    for approval_id in ("a1", "a2"):
        assert store.approval(approval_id) == Approval(
            approval_id, "r1", 0, "editor#1", "editor", "Editor", '"x"', "0123456789abcdef", ("cli:ana",), START, 2,
            on_timeout=Outcome.EXPIRED,
        )  # fmt: skip
        assert store.decisions(approval_id) == [Decision(approval_id, "cli:ana", Outcome.APPROVED, START, "fine")]
    closed = store.approval("a1")
    assert closed is not None
    assert closed.state is ApprovalState.OPEN
    store.transact("r1", lambda view: Writes(decisions=tuple(view.decisions("a1"))))
    assert store.pauses() == []
    store.close()


@pytest.mark.parametrize("name", ["fields", "editable", "on_timeout"])
def test_no_new_column_is_needed_by_older_code(url: str, name: str) -> None:
    migrate(url)
    database = Database(url, clock=None, lock_timeout=PATIENCE, pool_size=1)
    default = database.read(lambda conn: {column["name"]: column["default"] for column in _columns(conn)})
    database.close()
    assert default[name] is not None


def _columns(conn: Connection) -> list[Any]:
    return list(inspect(conn).get_columns("approval"))
