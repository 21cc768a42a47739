"""Runs of before keep being found by their labels."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from alembic import command
from sqlalchemy import Connection

from tests.migrations.test_0002_approvals import RUN, insert
from tests.migrations.test_schema import postgres, url
from workflows.engine.ports import RunQuery
from workflows.storage.database import Database
from workflows.storage.revision import PATIENCE
from workflows.storage.schema import _config, migrate
from workflows.storage.store import SqlStore

__all__ = ["postgres", "url"]


def to_0004(conn: Connection) -> None:
    config = _config()
    config.attributes["connection"] = conn
    command.upgrade(config, "0004")


def with_run(row: dict[str, Any], conn: Connection) -> None:
    insert(conn, "run", row)


def test_labels_of_before_are_found(url: str) -> None:
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    database = Database(url, clock=None, lock_timeout=PATIENCE, pool_size=1)
    database.write(to_0004)
    for run_id, labels in (("r1", "{}"), ("r2", '{"ort": "Köln", "team": "red"}'), ("r3", '{"team": "red"}')):
        database.write(partial(with_run, RUN | {"id": run_id, "labels": labels}))
    database.close()
    migrate(url)
    store = SqlStore(url)
    assert [run.id for run in store.runs(RunQuery(labels=(("team", "red"),)))] == ["r3", "r2"]
    assert [run.id for run in store.runs(RunQuery(labels=(("ort", "Köln"), ("team", "red"))))] == ["r2"]
    store.close()
