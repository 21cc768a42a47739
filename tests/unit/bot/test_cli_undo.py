"""`baton undo`: what would be undone is listed and confirmed, and then undone."""

from __future__ import annotations

import io
from pathlib import Path
from textwrap import dedent

import pytest

from tests.unit.bot.cli_stage import FLOWS, Stage

TIDY = dedent(
    '''

    @step(idempotent=True)
    def take_down(ctx: StepContext, text: str, copies: int) -> None:
        """Take the notice down."""
        Path("down.txt").write_text(f"{text} {copies}")


    @workflow("tidy", title="Put up a notice that can be taken down")
    def tidy(run: Run, text: str) -> str:
        with run.saga() as saga:
            run.step(put_up, text, 2)
            saga.on_failure(take_down, text, copies=2)
        return text
    '''
)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stage:
    made = Stage(tmp_path, monkeypatch, capsys).set_up()
    (tmp_path / "flows" / "stage.py").write_text(FLOWS + TIDY)
    return made


def test_undo_lists_asks_and_undoes(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    run = stage.started("tidy", "--input", '"hello"')
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    asked = stage("undo", run)
    assert asked.code != 0
    assert "1 step will be undone" in asked.err
    assert "Take the notice down: hello, 2 (undo.take_down#1)" in asked.err
    assert stage.state(run) == "succeeded"
    answer = stage("undo", run, "--yes", "--reason", "too early")
    assert (answer.code, answer.out.strip()) == (0, f"Run {run} is being undone.")
    stage.work()
    assert (stage.folder / "down.txt").read_text() == "hello 2"
    shown = stage("show", run, "--json").json
    assert (shown["state"], "undone by cli:ana: too early" in shown["error"]) == ("cancelled", True)
    again = stage("undo", run, "--yes")
    assert (again.code, "undone already" in again.err) == (2, True)


def test_a_run_with_nothing_to_undo_is_refused(stage: Stage) -> None:
    run = stage.started("bare")
    refused = stage("undo", run, "--yes")
    assert (refused.code, "has nothing to undo" in refused.err) == (2, True)
