"""`baton show` says when the history of a run gets long."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.runtime import NOWHERE, Runtime
from bot.settings import read_settings
from tests.unit.bot.cli_stage import Stage
from workflows.engine.length import LONG_RECORDS
from workflows.engine.model import Kind, NewRun, Record, Run, RunState, StepState, Writes


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stage:
    return Stage(tmp_path, monkeypatch, capsys).set_up()


def with_history(run_id: str, count: int, state: RunState = RunState.WAITING) -> str:
    """A run of that many records, as a long life leaves it."""
    records = tuple(
        Record(run_id, 0, f"put_up#{n}", "", n, Kind.STEP, "put_up", StepState.SUCCEEDED, position=n + 1, output="1")
        for n in range(count)
    )
    run = Run(run_id, "notice", "Put up a notice", state, '{"text": "a"}', datetime.now(UTC), started_by="cli:ana")
    runtime = Runtime(read_settings(), NOWHERE)
    try:
        runtime.store.create(NewRun(run, records), Writes())
    finally:
        runtime.close()
    return run_id


def test_an_open_run_with_a_long_history_is_told_of(stage: Stage) -> None:
    stage.started("notice", "--text", "a")
    told = "The history is long: 5,000 records"
    assert told in stage("show", with_history("long", LONG_RECORDS)).out
    assert told not in stage("show", with_history("short", LONG_RECORDS - 1)).out
    assert told not in stage("show", with_history("over", LONG_RECORDS, RunState.SUCCEEDED)).out
