"""BATON_KEEP: the clock deletes old runs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.keeping import ACTOR, Keeping
from bot.parts import clock_ticks
from bot.runtime import Runtime
from bot.settings import SettingsError, read_settings
from workflows import Run, workflow
from workflows.engine.expiry import PRUNE
from workflows.engine.ports import RunQuery
from workflows.engine.retention import Retention
from workflows.engine.testing.harness import Harness


@workflow("leaf")
def leaf(run: Run, name: str) -> str:
    return name


def test_the_clock_deletes_what_is_older(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness(leaf)
    old = harness.start("leaf", "a")
    harness.clock.advance(timedelta(days=60))
    young = harness.start("leaf", "b")
    harness.clock.advance(timedelta(days=40))
    retention = Retention(harness.service, harness.clock.monotonic, harness.clock.sleep)
    Keeping(retention, harness.clock.now, timedelta(days=90)).tick()
    assert [run.id for run in harness.store.runs(RunQuery())] == [young]
    assert [(entry.actor, entry.verb) for entry in harness.store.audit(old)][-1] == (ACTOR, PRUNE)


def test_it_is_off_unless_it_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("BATON_HOME", str(tmp_path))
    for keep, names in (("", ["rescue", "remind", "recount"]), ("90d", ["rescue", "remind", "recount", "prune"])):
        runtime = Runtime(read_settings(baton_keep=keep), "unix:///dev/null")
        shown = [tick.name for tick in clock_ticks(runtime) if tick.name in {"rescue", "remind", "recount", "prune"}]
        assert shown == names
        runtime.close()


@pytest.mark.parametrize("keep", ["soon", "0d", "9999y"])
def test_what_is_no_age_is_refused_by_name(keep: str) -> None:
    with pytest.raises(SettingsError, match="BATON_KEEP"):
        read_settings(baton_keep=keep)
