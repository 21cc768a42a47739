"""`baton alerts` as a person at a terminal and a program meet it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.commands.alerts import app
from bot.parts import clock_ticks
from bot.runtime import NOWHERE, Runtime
from bot.settings import read_settings
from tests.unit.bot.cli_stage import Stage


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stage:
    return Stage(tmp_path, monkeypatch, capsys).set_up()


def test_every_command_of_it_has_an_example(stage: Stage) -> None:
    for info in app.registered_commands:
        name = str(info.name or getattr(info.callback, "__name__", ""))
        answer = stage("alerts", name, "--help")
        assert f"Example: baton alerts {name}" in " ".join(answer.out.split())


def test_failures_are_found_by_the_clock_listed_and_muted(stage: Stage) -> None:
    assert "Nothing is wrong" in stage("alerts", "list").out
    for _ in range(5):
        stage("run", "reads", "--input", '"gone"', "--json")
    stage.work()
    runtime = Runtime(read_settings(), NOWHERE)
    [tick] = [tick for tick in clock_ticks(runtime) if tick.name == "alerts"]
    tick.do()
    tick.do()
    runtime.close()
    [found] = stage("alerts", "list", "--json").json
    assert (found["kind"], found["subject"], found["severity"]) == ("errors", "workflow:reads", "error")
    assert found["over_at"] is None
    assert "baton dead-letters" in " ".join(stage("alerts", "list", "--all").out.split())

    assert "is muted until" in stage("alerts", "mute", "reads", "until", "in 2 hours").out
    [mute] = stage("alerts", "mutes", "--json").json
    assert (mute["what"], mute["by"]) == ("reads", "cli:ana")
    assert "reads" in stage("alerts", "mutes").out
    assert stage("alerts", "unmute", "reads").code == 0
    assert "is not muted" in stage("alerts", "unmute", "reads").err
    assert "as a time" in stage("alerts", "mute", "reads", "until", "whenever").err


def test_doctor_reads_the_file(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    file = stage.folder / "alerts.toml"
    file.write_text('[[route]]\nchannel = "#x"\n')
    monkeypatch.setenv("BATON_ALERTS", str(file))
    assert "1 route in" in " ".join(stage("doctor").out.split())
    file.write_text("[route]\n")
    assert "can't be used" in " ".join(stage("doctor").out.split())
