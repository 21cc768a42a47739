"""`baton deadletters resume | skip | fork | discard | progress | stop`: one move for all of a group."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from bot import bulks
from tests.unit.bot.cli_stage import Stage
from workflows.engine.bulks.model import Bulk, EndedAs, Move, Standing
from workflows.engine.testing.clock import START


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stage:
    return Stage(tmp_path, monkeypatch, capsys).set_up()


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_a_group_is_resumed_after_a_question_with_the_number(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [stage.started("reads", "--input", '"gone.txt"') for _ in range(2)]
    [group] = stage("deadletters", "--json").json
    typed(monkeypatch, "n\n")
    refused = stage("deadletters", "resume", "--group", group["id"])
    assert refused.code != 0
    assert "Resume 2 runs of reads?" in refused.err
    assert [stage.state(run_id) for run_id in runs] == ["failed", "failed"]
    (stage.folder / "gone.txt").write_text("there")
    answer = stage("deadletters", "resume", "--group", runs[0], "--yes")
    assert (answer.code, answer.out.strip()) == (0, "Resumed 2.")
    stage.work()
    assert [stage.state(run_id) for run_id in runs] == ["succeeded", "succeeded"]


def test_a_discard_is_confirmed_by_typing_the_number(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    run = stage.started("reads", "--input", '"gone.txt"')
    typed(monkeypatch, "yes\n")
    answer = stage("deadletters", "discard", "--group", run)
    assert (answer.code, "nothing was discarded" in answer.err) == (2, True)
    assert len(stage("dead-letters", "--json").json) == 1
    typed(monkeypatch, "1\n")
    told = stage("deadletters", "discard", "--group", run, "--reason", "by hand", "--json").json
    assert (told["state"], told["done"], told["moved_before"], told["failed_since"]) == ("done", 1, 0, 0)
    assert stage("dead-letters", "--json").json == []
    assert stage("deadletters", "progress", told["id"]).out.strip() == "Discarded 1."
    assert "over already" in stage("deadletters", "stop", told["id"]).err


def test_a_skip_takes_one_value_and_a_fork_starts_new_runs(stage: Stage) -> None:
    run = stage.started("reads", "--input", '"gone.txt"')
    assert stage("deadletters", "fork", "--group", run, "--yes").out.strip() == "Forked 1."
    stage.work()
    [forked] = stage("dead-letters", "--json").json
    assert forked["id"] != run
    stage("deadletters", "skip", "--group", forked["id"], "--value", '"in its place"', "--yes")
    stage.work()
    assert stage("show", forked["id"], "--json").json["output"] == "in its place"


def test_how_a_move_stands_in_words() -> None:
    bulk = Bulk("b", "g", Move.RESUME, "cli:ana", START, total=1_000, confirmed_at=START)
    over = Bulk("b", "g", Move.RESUME, "cli:ana", START, total=1_000, confirmed_at=START, ended_at=START,
                ended_as=EndedAs.DONE)  # fmt: skip
    stopped = Bulk("b", "g", Move.SKIP, "cli:ana", START, total=9, confirmed_at=START, ended_at=START,
                   ended_as=EndedAs.CANCELLED)  # fmt: skip
    assert bulks.standing(Standing(bulk, done=420)) == "Resuming 1,000 runs: 420 done."
    assert bulks.standing(Standing(over, done=998, elsewhere=2, since=3)) == (
        "Resumed 998, 2 had been moved already. 3 more failed since; they were not touched."
    )
    assert bulks.standing(Standing(stopped, done=1, refused=1, left=7, why="No.")) == (
        "Stopped: skipped 1, 1 could not be moved, 7 left as they were. Of one of those that could not be moved: No."
    )
    assert bulks.question(bulk, "reads") == "Resume 1,000 runs of reads?"
