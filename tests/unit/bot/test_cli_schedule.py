"""`baton schedule` as a person at a terminal and a program meet it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.commands.schedule import app
from bot.parts import clock_ticks
from bot.runtime import NOWHERE, Runtime
from bot.settings import read_settings
from tests.unit.bot.cli_stage import Stage
from workflows.engine.schedules.ports import ScheduleWrites

ADD = ("schedule", "add", "morning", "plain", "weekdays 9:00")
TEXT = ("--text", "Ö tea")


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stage:
    return Stage(tmp_path, monkeypatch, capsys).set_up()


@pytest.fixture
def runtime(stage: Stage) -> Iterator[Runtime]:
    """What a clock process has, on the stage's home."""
    assert stage("schedule", "list").code == 0
    opened = Runtime(read_settings(), NOWHERE)
    yield opened
    opened.close()


def look(runtime: Runtime) -> None:
    """What the clock process does about schedules."""
    [tick] = [tick for tick in clock_ticks(runtime) if tick.name == "schedules"]
    tick.do()


def overdue(runtime: Runtime, name: str, by: timedelta) -> None:
    """Let the schedule's ticks be so late, as if no clock had run."""
    row = runtime.store.schedules.named(name)
    assert row is not None
    past = datetime.now(UTC) - by
    late = ScheduleWrites(replace(row, ticked_to=past, wake_at=past))
    runtime.store.schedules.change(row.id, lambda _view: late)


def test_every_command_of_it_has_an_example(stage: Stage) -> None:
    names = [info.name or getattr(info.callback, "__name__", "") for info in app.registered_commands]
    assert names == ["add", "list", "show", "pause", "resume", "run-now", "remove"]
    for name in names:
        answer = stage("schedule", name, "--help")
        assert answer.code == 0
        assert f"Example: baton schedule {name}" in " ".join(answer.out.split())


def test_add_shows_the_next_three_ticks_in_the_zone(stage: Stage) -> None:
    answer = stage(*ADD, *TEXT, "--zone", "Asia/Tokyo", "--jitter", "5m")
    assert answer.code == 0, answer.err
    assert answer.out.count(" 09:00 JST") == 3
    assert "0 9 * * mon-fri in Asia/Tokyo" in answer.out
    assert "Nothing is running here" in answer.err


def test_the_document_of_a_schedule(stage: Stage) -> None:
    answer = stage(*ADD, *TEXT, "--zone", "Asia/Tokyo", "--overlap", "queue", "--catch-up", "none", "--json",
                   "--jitter", "90s", "--show-in", "#news", "--loud")  # fmt: skip
    found = answer.json
    ticks = [datetime.fromisoformat(text) for text in found.pop("next")]
    made = datetime.fromisoformat(found.pop("created_at"))
    assert [(tick.hour, tick.minute, tick.utcoffset()) for tick in ticks] == [(9, 0, timedelta(hours=9))] * 3
    assert all(tick.isoweekday() <= 5 and tick > made for tick in ticks)
    assert found == {
        "name": "morning", "workflow": "plain", "cron": "0 9 * * mon-fri", "zone": "Asia/Tokyo", "overlap": "queue",
        "input": {"text": "Ö tea", "copies": 1, "loud": True, "tags": [], "size": None, "address": None},
        "catch_up": "none", "jitter": 90.0, "channel": "#news", "state": "active", "held": "", "last": None,
        "created_by": "cli:ana",
    }  # fmt: skip
    assert stage("schedule", "list", "--json").json == [answer.json]
    assert stage("schedule", "show", "morning", "--json").json == answer.json | {"ticks": []}


def test_input_comes_as_json_or_a_file_too(stage: Stage) -> None:
    (stage.folder / "notice.json").write_text('{"text": "a", "address": {"street": "Main"}}')
    found = stage(*ADD, "--input", "@notice.json", "--copies", "3", "--json").json
    assert (found["input"]["address"], found["input"]["copies"]) == ({"street": "Main"}, 3)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("schedule",), "Missing command"),
        (("schedule", "ad"), "No such command 'ad'"),
        (("schedule", "add", "a", "plain"), "Missing argument 'RULE'"),
        (("schedule", "add", "a", "plain", "0 9 * *", *TEXT), "has 4 fields, and needs five"),
        (("schedule", "add", "a", "plain", "0 9 * * 8", *TEXT), "'8' is no day of the week"),
        (("schedule", "add", "a", "plan", "@daily", *TEXT), "Did you mean plain?"),
        (("schedule", "add", "a", "plain", "@daily"), "text: Field required"),
        (("schedule", "add", "a", "plain", "@daily", "--txt", "b"), "Did you mean --text?"),
        ((*ADD, *TEXT, "--zone", "Europe/Berln"), "Did you mean Europe/Berlin?"),
        ((*ADD, *TEXT, "--overlap", "never"), "'never' is not one of 'skip', 'queue', 'allow'"),
        ((*ADD, *TEXT, "--jitter", "soon"), "--jitter soon: write a number of seconds, minutes or hours"),
        (("schedule", "add", "a/b", "plain", "@daily", *TEXT), "'a/b' is no name for a schedule"),
        (("schedule", "show", "nope"), "There is no schedule nope"),
        (("schedule", "run-now", "nope"), "There is no schedule nope"),
    ],
)
def test_wrong_use_is_one_line(stage: Stage, words: tuple[str, ...], said: str) -> None:
    answer = stage(*words)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert answer.err.count("\n") == 1


def test_a_tick_of_the_clock_starts_the_run(stage: Stage, runtime: Runtime) -> None:
    stage("schedule", "add", "often", "plain", "* * * * *", *TEXT)
    overdue(runtime, "often", timedelta(minutes=1))
    look(runtime)
    look(runtime)
    [run] = stage("runs", "--label", "schedule=often", "--json").json
    assert run["started_by"] == "schedule:often"
    stage.work()
    assert stage.state(run["id"]) == "succeeded"
    [tick] = stage("schedule", "show", "often", "--json").json["ticks"]
    assert (tick["state"], tick["run"], tick["extra"]) == ("started", run["id"], False)
    assert "started" in stage("schedule", "list").out


def test_a_skipped_tick_says_why(stage: Stage, runtime: Runtime) -> None:
    stage("schedule", "add", "often", "waits", "* * * * *", "--input", "1")
    run = stage("schedule", "run-now", "often", "--json").json["id"]
    overdue(runtime, "often", timedelta(minutes=1))
    look(runtime)
    [tick] = [tick for tick in stage("schedule", "show", "often", "--json").json["ticks"] if not tick["extra"]]
    assert (tick["state"], tick["run"], tick["reason"]) == ("skipped", None, f"run {run} went on")
    assert "skipped" in stage("schedule", "show", "often").out


def test_pause_resume_run_now_and_remove(stage: Stage) -> None:
    stage(*ADD, *TEXT)
    assert stage("schedule", "pause", "morning", "--json").json["state"] == "paused"
    listed = stage("schedule", "list").out
    assert "morning: paused by cli:ana." in listed
    assert stage("schedule", "pause", "morning").code == 2
    assert stage("schedule", "resume", "morning", "--json").json["state"] == "active"
    stage("pause", "plain")
    answer = stage("schedule", "run-now", "morning", "--json")
    assert (answer.json["state"], answer.json["started_by"]) == ("queued", "cli:ana")
    assert "plain is paused by cli:ana" in answer.err
    assert stage("schedule", "remove", "morning").out.startswith("The schedule morning is removed.")
    assert stage("schedule", "list").out.startswith("There is no schedule.")
    assert stage("show", answer.json["id"]).code == 0


def test_a_workflow_that_is_gone_is_said_in_list_and_by_the_doctor(stage: Stage, runtime: Runtime) -> None:
    stage("schedule", "add", "often", "plain", "* * * * *", *TEXT)
    overdue(runtime, "often", timedelta(minutes=5))
    (stage.folder / "empty").mkdir()
    stage.patch.setenv("BATON_WORKFLOWS", str(stage.folder / "empty"))
    later = Runtime(read_settings(), NOWHERE)
    look(later)
    later.close()
    answer = stage("schedule", "list")
    assert answer.code == 0
    assert "often: There is no workflow plain." in answer.out
    found = {finding["part"]: finding for finding in stage("doctor", "--json").json["findings"]}
    assert "There is no workflow plain." in found["Schedule often"]["words"]
    assert found["Schedule often"]["ok"] is False
