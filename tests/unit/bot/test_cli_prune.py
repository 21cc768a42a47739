"""`baton prune` at the command line, over a real SQLite file."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot.runtime import Runtime
from bot.settings import read_settings
from tests.unit.bot.cli_stage import Stage
from workflows.engine.model import Writes


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stage:
    return Stage(tmp_path, monkeypatch, capsys).set_up()


def aged(run_id: str, days: int) -> None:
    """Let a run have ended so many days ago."""
    runtime = Runtime(read_settings())
    ended = runtime.clock.now() - timedelta(days=days)
    runtime.store.transact(run_id, lambda _view: Writes(run={"ended_at": ended}))
    runtime.close()


def test_what_ended_long_ago_goes_and_the_rest_stays(stage: Stage) -> None:
    old, new = stage.started("plain", "--text", "a"), stage.started("plain", "--text", "b")
    open_one = stage.started("waits", "--input", "5")
    aged(old, 100)
    assert stage("prune", "--older-than", "101d", "--json").json["deleted"] == 0
    assert "1 run would be deleted" in stage("prune", "--older-than", "99d", "--dry-run").out
    assert stage.state(old) == "succeeded"
    assert "1 run deleted" in stage("prune", "--older-than", "99d").out
    gone = stage("show", old)
    assert (gone.code, f"Run {old} is not kept any more: it succeeded on" in gone.err) == (2, True)
    assert (stage.state(new), stage.state(open_one)) == ("succeeded", "waiting")


def test_dead_letters_stay_unless_they_are_named(stage: Stage) -> None:
    run_id = stage.started("reads", "--input", '"nothing there"')
    aged(run_id, 100)
    said = stage("prune", "--older-than", "13w", "--dry-run").out
    assert "0 runs would be deleted" in said
    assert "1 dead letter would stay; --include-failed" in said
    assert stage("prune", "--older-than", "13w", "--json").json["deleted"] == 0
    assert len(stage("dead-letters", "--json").json) == 1
    assert stage("prune", "--older-than", "13w", "--include-failed", "--json").json["deleted"] == 1
    assert stage("dead-letters", "--json").json == []


def test_documents_of_a_dry_run_and_of_a_real_one(stage: Stage) -> None:
    run_id = stage.started("plain", "--text", "a")
    aged(run_id, 3000)
    asked = ("--older-than", "1y", "--audit-older-than", "7y", "--json")
    dry = stage("prune", *asked, "--dry-run").json
    assert list(dry) == ["before", "audit_before", "would_delete", "audit_would_delete", "kept"]
    assert (dry["would_delete"], dry["audit_would_delete"], dry["kept"]) == (1, 0, {"dead_letters": 0, "held": 0})
    done = stage("prune", *asked, "--vacuum").json
    assert list(done) == ["before", "audit_before", "deleted", "audit_deleted", "database"]
    assert (done["deleted"], done["audit_deleted"], done["database"]["free_bytes"]) == (1, 0, 0)
    assert done["database"]["bytes"] > 0


def test_a_large_file_is_told_of_and_made_smaller(stage: Stage) -> None:
    for _ in range(8):
        aged(stage.started("plain", "--text", "x" * 400_000), 10)
    said = stage("prune", "--older-than", "9d").out
    assert "8 runs deleted" in said
    assert "are free for what comes. Give --vacuum" in said
    file = stage.folder / "home" / "baton.db"
    before = file.stat().st_size
    assert "The database has" in stage("prune", "--older-than", "9d", "--vacuum").out
    assert file.stat().st_size < before / 2
