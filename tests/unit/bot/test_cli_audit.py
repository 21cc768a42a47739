"""`baton audit` at the command line, over a real SQLite file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.bot.cli_stage import Stage


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stage:
    return Stage(tmp_path, monkeypatch, capsys).set_up()


def test_who_did_what_to_a_run_and_lately(stage: Stage) -> None:
    assert "Nobody did anything yet" in stage("audit").out
    first, second = stage.started("waits", "--input", "5"), stage.started("plain", "--text", "a")
    assert stage("cancel", first, "--reason", "not needed").code == 0
    mine = stage("audit", first, "--json").json
    assert [(entry["actor"], entry["verb"], entry["run"]) for entry in mine] == [
        ("cli:ana", "start", first), ("cli:ana", "cancel", first),
    ]  # fmt: skip
    lately = stage("audit", "--json").json
    assert [(entry["verb"], entry["run"]) for entry in lately] == [
        ("cancel", first),
        ("start", second),
        ("start", first),
    ]
    assert len(stage("audit", "--limit", "1", "--json").json) == 1
    shown = stage("audit", first).out
    assert ("cancel" in shown, "not needed" in shown) == (True, True)


def test_a_run_that_is_not_there_is_told_and_a_deleted_ones_audit_is_shown(stage: Stage) -> None:
    missing = stage("audit", "nothing")
    assert missing.code == 2
    run_id = stage.started("plain", "--text", "a")
    stage("prune", "--older-than", "1d", "--json")
    assert [entry["verb"] for entry in stage("audit", run_id, "--json").json] == ["start"]


def test_the_whole_audit_is_for_those_who_administer(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = stage.started("plain", "--text", "a")
    monkeypatch.setenv("BATON_ACTOR", "slack:T1:U1")
    refused = stage("audit")
    assert (refused.code, "may not look at the whole audit" in refused.err) == (2, True)
    assert stage("audit", run_id).code in (0, 2)
