"""A history that gets long is told of, once; one that starts afresh never is."""

from __future__ import annotations

import logging

import pytest

from workflows import Run, StepContext, step, workflow
from workflows.engine.history import History
from workflows.engine.length import LONG_BYTES, LONG_RECORDS, length_of
from workflows.engine.model import Kind, Record, StepState
from workflows.engine.testing.harness import Harness


@step(idempotent=True)
def look(_ctx: StepContext, number: int) -> str:
    """Look"""
    return str(number)


@workflow("marks", title="Many records")
def marks(run: Run, count: int) -> None:
    """Records that cost no commit, a step, and a wait; then a few steps more."""
    for _ in range(count):
        run.uuid()
    run.step(look, 1)
    run.signal("go")
    run.step(look, 2)


@workflow("rounds", title="Afresh each time")
def rounds(run: Run, left: int) -> None:
    """A third of a long history in each generation."""
    for _ in range(LONG_RECORDS // 3):
        run.uuid()
    run.step(look, left)
    if left:
        run.continue_as_new(left - 1)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.name == "baton.engine" and r.levelno == logging.WARNING]


def test_the_log_says_once_that_a_history_gets_long(caplog: pytest.LogCaptureFixture) -> None:
    harness = Harness(marks)
    run_id = harness.start("marks", LONG_RECORDS - 1)
    (told,) = warnings(caplog)
    assert told.startswith(f"run {run_id} (marks): The history is long: 5,000 records, ")
    assert "run.continue_as_new()" in told
    harness.signal(run_id, "go")
    assert harness.output(run_id) is None
    assert len(warnings(caplog)) == 1
    assert length_of(harness.history(run_id)).long


def test_one_record_less_is_not_long(caplog: pytest.LogCaptureFixture) -> None:
    harness = Harness(marks)
    harness.start("marks", LONG_RECORDS - 3)
    assert warnings(caplog) == []


def test_a_history_that_starts_afresh_is_never_long(caplog: pytest.LogCaptureFixture) -> None:
    harness = Harness(rounds)
    run_id = harness.start("rounds", 4)
    assert harness.run(run_id).generation == 4
    assert len(harness.history(run_id, superseded=True)) > LONG_RECORDS
    assert warnings(caplog) == []
    assert not length_of(harness.history(run_id, superseded=True)).long


def made(ordinal: int, output: str) -> Record:
    return Record("r", 0, f"look#{ordinal}", "", ordinal, Kind.STEP, "look", StepState.SUCCEEDED, output=output)


def test_large_values_make_a_history_long_too() -> None:
    quarter = "x" * (LONG_BYTES // 4)
    history = History([made(number, quarter) for number in range(3)])
    assert not history.length.long
    history.put(made(2, quarter))  # the same place again
    assert not history.length.long
    history.put(made(3, quarter))
    assert history.length.long
    assert history.length == length_of(made(number, quarter) for number in range(4))
    assert "4 records, 16.0 MB" in history.length.warning()
