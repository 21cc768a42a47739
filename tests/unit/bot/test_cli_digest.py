"""`baton digest` as a person at a terminal and a program meet it."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from bot.commands.digest import app
from bot.settings import SettingsError, read_settings
from tests.unit.bot.cli_stage import Stage

OWN = dedent(
    """
    from workflows import Figure, Look, Page, digest

    @digest("refunds", title="Refunds")
    def refunds(look: Look) -> Page:
        return look.page(figures=[Figure("Refunds", str(look.count()))])
    """
)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stage:
    return Stage(tmp_path, monkeypatch, capsys).set_up()


def test_every_command_of_it_has_an_example(stage: Stage) -> None:
    for info in app.registered_commands:
        name = str(info.name or getattr(info.callback, "__name__", ""))
        answer = stage("digest", name, "--help")
        assert f"Example: baton digest {name}" in " ".join(answer.out.split())


def test_one_is_shown_saved_posted_and_removed(stage: Stage) -> None:
    (stage.folder / "flows" / "own.py").write_text(OWN)
    stage.started("plain", "--text", "tea")
    dry = stage("digest", "add", "refunds", "#money", "weekdays", "9:00", "Asia/Tokyo", "--dry-run")
    assert "Refunds 1 (before" not in dry.out
    assert "Refunds 1" in dry.out
    assert dry.out.count("09:00 JST") == 3
    assert stage("digest", "list", "--json").json == []

    added = stage("digest", "add", "refunds", "#money", "weekdays", "9:00", "Asia/Tokyo", "--yes", "--json").json
    assert (added["name"], added["digest"], added["place"]) == ("refunds-money", "refunds", "#money")
    assert (added["cron"], added["zone"], added["state"]) == ("0 9 * * mon-fri", "Asia/Tokyo", "active")
    assert [item["kind"] for item in stage("digest", "show", "daily_ops", "--json").json["items"]] == []

    run = stage("digest", "now", "refunds-money", "--json").json["id"]
    stage.work()
    assert stage.state(run) == "succeeded"
    kept = (stage.folder / "home" / "channels" / "messages.jsonl").read_text()
    assert "Refunds 1" in kept
    assert run not in stage("runs").out
    assert run in stage("runs", "--workflow", "digest").out
    assert "is paused" in stage("digest", "pause", "refunds-money").out
    assert "paused" in stage("digest", "list").out
    assert stage("digest", "remove", "refunds-money").code == 0
    assert stage("digest", "now", "refunds-money").code == 2


def test_wrong_use_is_told_in_words(stage: Stage) -> None:
    assert "Did you mean daily_ops?" in stage("digest", "add", "dayly_ops", "#ops", "9:00", "--yes").err
    assert "says no time of the day" in stage("digest", "add", "daily_ops", "#ops", "weekdays", "--yes").err
    assert "belongs to Baton itself" in stage("run", "digest", "--digest", "daily_ops", "--place", "#ops").err
    assert "digest" not in [one["name"] for one in stage("workflows", "--json").json]


@pytest.mark.parametrize(("name", "value"), [("BATON_NIGHT", "evening"), ("BATON_HOLIDAYS", "Berlin")])
def test_settings_that_can_not_be_read_are_named(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        read_settings()
