"""A backup of the database put back beside services that went on."""

from __future__ import annotations

import sqlite3
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from workflows import Run, StepContext, step, workflow
from workflows.engine.model import RunState
from workflows.engine.ports import RunQuery
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.harness import Harness
from workflows.storage.schema import migrate
from workflows.storage.store import SqlStore

effects: Counter[str] = Counter()
keyed: set[str] = set()
there: dict[str, str] = {}


@pytest.fixture(autouse=True)
def _fresh() -> None:
    effects.clear()
    keyed.clear()
    there.clear()


def _found(key: str, name: str) -> str | None:
    return there.get(key)


@step(idempotent=False, reconcile=_found, timeout=timedelta(seconds=10))
def create(ctx: StepContext, name: str) -> str:
    """A service that does not know keys, but can be asked."""
    effects[f"create {name}"] += 1
    there[ctx.key] = name
    return name


@step(idempotent=True)
def charge(ctx: StepContext, name: str) -> str:
    """A service that honours keys."""
    if ctx.key not in keyed:
        effects[f"charge {name}"] += 1
    keyed.add(ctx.key)
    return name


@step(idempotent=False, timeout=timedelta(seconds=10))
def call_by_phone(ctx: StepContext, name: str) -> str:
    """A service that can't be asked."""
    effects[f"call {name}"] += 1
    return name


@workflow("ordering")
def ordering(run: Run, name: str) -> str:
    run.signal("go")
    run.step(charge, name)
    run.step(create, name)
    if name == "phone":
        run.step(call_by_phone, name)
    return name


def backup(source: Path, target: Path) -> None:
    """Copy a database that is in use."""
    with sqlite3.connect(source) as live, sqlite3.connect(target) as copy:
        live.backup(copy)
    live.close()
    copy.close()


def opened(file: Path, clock: ManualClock) -> Harness:
    return Harness(ordering, store=SqlStore(f"sqlite:///{file}", clock=clock), clock=clock)


def test_what_a_restored_database_does_and_does_not_do_again(tmp_path: Path) -> None:
    clock = ManualClock()
    migrate(f"sqlite:///{tmp_path / 'live.db'}")
    harness = opened(tmp_path / "live.db", clock)
    ids = {name: harness.start("ordering", name) for name in ("web", "phone", "later")}
    backup(tmp_path / "live.db", tmp_path / "backup.db")
    lost = harness.start("ordering", "lost")
    for name in ("web", "phone"):
        harness.signal(ids[name], "go")
        assert harness.output(ids[name]) == name
    harness.store.close()
    did = Counter(effects)

    restored = opened(tmp_path / "backup.db", clock)
    assert restored.service.restored(by="cli:ops") == 3
    clock.advance(timedelta(hours=1))
    for run_id in ids.values():
        restored.signal(run_id, "go")

    assert restored.output(ids["web"]) == "web"
    assert restored.output(ids["later"]) == "later"
    assert effects - did == {"charge later": 1, "create later": 1}
    assert restored.state(ids["phone"]) is RunState.PARKED
    assert "may have taken effect" in restored.error(ids["phone"])
    restored.recovery.skip(ids["phone"], "call_by_phone#1", "was called", by="test:ana")
    restored.work()
    assert restored.output(ids["phone"]) == "phone"
    assert effects["call phone"] == 1
    assert [run.id for run in restored.store.runs(RunQuery()) if run.id == lost] == []
    restored.store.close()


def test_without_the_word_a_step_that_cannot_be_seen_in_the_backup_is_done_again(tmp_path: Path) -> None:
    """Why the command is there."""
    clock = ManualClock()
    migrate(f"sqlite:///{tmp_path / 'live.db'}")
    harness = opened(tmp_path / "live.db", clock)
    run_id = harness.start("ordering", "web")
    backup(tmp_path / "live.db", tmp_path / "backup.db")
    harness.signal(run_id, "go")
    harness.store.close()
    restored = opened(tmp_path / "backup.db", clock)
    restored.signal(run_id, "go")
    assert (effects["charge web"], effects["create web"]) == (1, 2)
    restored.store.close()
