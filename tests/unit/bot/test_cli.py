"""The command line, in this process: every command, what it prints, and its exit code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from bot.cli import COMMANDS, application
from tests.unit.bot.cli_stage import Stage

RUN_FIELDS = [
    "id", "workflow", "version", "state", "input", "output", "error", "waiting_for", "steps", "started_by",
    "created_at", "ended_at",
]  # fmt: skip
STEP_FIELDS = ["key", "name", "state", "attempts", "started_at", "ended_at"]
OURS = [name for name, entry in COMMANDS.items() if entry.module not in ("services", "demo")]


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stage:
    return Stage(tmp_path, monkeypatch, capsys).set_up()


# help ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OURS)
def test_each_command_says_what_it_does_with_an_example(stage: Stage, name: str) -> None:
    answer = stage(name, "--help")
    assert answer.code == 0
    said = " ".join(answer.out.split())
    assert COMMANDS[name].help.split(":")[0].rstrip(".") in said
    assert f"Example: baton {name}" in said


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_list_of_commands_says_what_their_docstrings_say(name: str) -> None:
    entry = COMMANDS[name]
    app = application(name)
    commands = {info.name: info.callback for info in app.registered_commands}
    for group in app.registered_groups:
        assert group.typer_instance is not None
        assert group.typer_instance.registered_callback is not None
        commands[group.name] = group.typer_instance.registered_callback.callback
    assert (commands[name].__doc__ or "").startswith(entry.help.rstrip("."))


def test_help_names_every_command(stage: Stage) -> None:
    answer = stage("--help")
    assert answer.code == 0
    assert [name for name in COMMANDS if not re.search(rf"\b{name}\b", answer.out)] == []


def test_no_command_at_all_shows_the_help(stage: Stage) -> None:
    answer = stage()
    assert (answer.code, "Usage: baton" in answer.out, answer.err) == (0, True, "")


def test_the_version(stage: Stage) -> None:
    answer = stage("--version")
    assert (answer.code, answer.out.split()[0]) == (0, "baton")


# what is installed ---------------------------------------------------------------------------------------


def test_workflows_are_listed_with_what_they_need(stage: Stage) -> None:
    answer = stage("workflows", "--json")
    by_name = {workflow["name"]: workflow for workflow in answer.json}
    assert {"notice", "content_pipeline"} <= by_name.keys()
    assert by_name["notice"]["fields"][0] == {
        "name": "text",
        "type": "text",
        "required": True,
        "default": None,
        "description": "What it says",
    }
    assert "Put up a notice" in stage("workflows").out


def test_the_fields_of_a_workflow(stage: Stage) -> None:
    said = " ".join(stage("workflows", "notice").out.split())
    for part in ("--text text needed What it says", "--copies whole number 1", "--tags list of text []"):
        assert part in said
    assert "--size small | large or nothing null" in said
    assert stage("workflows", "notice", "--json").json["input_schema"]["required"] == ["text"]
    assert "Its input is whole number" in stage("workflows", "waits").out


def test_the_plan_of_a_workflow(stage: Stage) -> None:
    assert "approval editor: Editor" in stage("plan", "notice").out
    assert stage("plan", "notice", "--mermaid").out.startswith("flowchart TD\n")
    read = stage("plan", "notice", "--json").json
    assert read["steps"][0]["kind"] == "approval"
    assert read["problems"] == []


def test_the_plans_of_all_workflows_are_checked(stage: Stage) -> None:
    answer = stage("plan", "--check")
    assert answer.code == 0
    assert answer.out.endswith("0 errors, 0 warnings\n")
    assert stage("plan", "--check", "--json").json["ok"] is True


# starting ------------------------------------------------------------------------------------------------


def test_a_start_prints_the_run_and_that_nothing_runs_here(stage: Stage) -> None:
    answer = stage("run", "notice", "--text", "Closed")
    assert answer.code == 0
    assert re.match(r"Run \w{26} has started\. Look at it with `baton show \w{26} --follow`\.", answer.out)
    assert answer.err == (
        "baton: Nothing is running here: start `baton up` (the run is recorded and starts then).\n"
    )  # fmt: skip


def test_a_run_as_json_has_the_promised_fields(stage: Stage) -> None:
    answer = stage("run", "plain", "--text", "Closed", "--json")
    assert list(answer.json) == RUN_FIELDS
    assert (answer.json["state"], answer.json["started_by"], answer.json["steps"]) == ("queued", "cli:ana", [])
    stage.work()
    shown = stage("show", answer.json["id"], "--json").json
    assert (shown["state"], shown["error"], shown["waiting_for"]) == ("succeeded", None, [])
    assert shown["output"] == {"text": "Closed", "tags": [], "loud": False, "size": None}
    assert [list(step) for step in shown["steps"]] == [STEP_FIELDS]
    assert shown["steps"][0] | {"started_at": 0, "ended_at": 0} == {
        "key": "put_up#1", "name": "put_up", "state": "succeeded", "attempts": 1, "started_at": 0, "ended_at": 0,
    }  # fmt: skip
    assert "note#1" in [step["key"] for step in stage("show", answer.json["id"], "--json", "--all").json["steps"]]


FIELDS: list[tuple[list[str], dict[str, Any]]] = [
    (["--text", "a", "--copies", "3"], {"text": "a", "copies": 3}),
    (["--text=a=b", "--copies=2"], {"text": "a=b", "copies": 2}),
    (["--text", "a", "--loud"], {"loud": True}),
    (["--text", "a", "--no-loud"], {"loud": False}),
    (["--loud", "yes", "--text", "a"], {"loud": True, "text": "a"}),
    (["--text", "-5"], {"text": "-5"}),
    (["--text", "a", "--tags", "x", "--tags", "y"], {"tags": ["x", "y"]}),
    (["--text", "a", "--size", "large"], {"size": "large"}),
    (["--input", '{"text": "a", "address": {"street": "b"}}'], {"text": "a", "address": {"street": "b"}}),
    (["--input", '{"text": "a", "copies": 2}', "--copies", "4"], {"text": "a", "copies": 4}),
]


@pytest.mark.parametrize(("words", "expected"), FIELDS, ids=" ".join)
def test_fields_are_options(stage: Stage, words: list[str], expected: dict[str, Any]) -> None:
    answer = stage("run", "notice", *words, "--json")
    assert answer.code == 0, answer.err
    assert answer.json["input"] | expected == answer.json["input"]


def test_an_input_that_is_no_object_is_given_as_json(stage: Stage) -> None:
    assert stage("run", "reads", "--input", '"a.txt"', "--json").json["input"] == "a.txt"
    (stage.folder / "five.json").write_text("5")
    assert stage("run", "waits", "--input", "@five.json", "--json").json["input"] == 5
    assert stage("run", "bare", "--json").json["input"] is None


def test_the_same_key_gives_the_same_run(stage: Stage) -> None:
    ids = {stage("run", "notice", "--text", "a", "--key", "k1", "--json").json["id"] for _ in range(2)}
    assert len(ids) == 1


WRONG: list[tuple[list[str], str]] = [
    (["run", "notise", "--text", "a"], "Did you mean notice?"),
    (["run", "notice", "--txt", "a"], "has no field --txt. Did you mean --text?"),
    (["run", "notice"], "text: Field required"),
    (["run", "notice", "--text", "a", "--copies", "many"], "copies:"),
    (["run", "notice", "--text"], "--text needs a value"),
    (["run", "notice", "--text", "a", "--text", "b"], "--text was given twice"),
    (["run", "notice", "Closed"], "'Closed' stands alone"),
    (["run", "notice", "--address", "b"], "give it as JSON"),
    (["run", "notice", "--input", "{text: a}"], "--input is no JSON"),
    (["run", "notice", "--input", "[1]", "--text", "a"], "must be a JSON object"),
    (["run", "notice", "--input", "@missing.json"], "missing.json: No such file"),
    (["run", "waits"], "needs an input (whole number)"),
    (["run", "waits", "--amount", "4"], "has no fields"),
    (["run", "lost", "--input", "1"], "name 'Nowhere' is not defined"),
    (["workflows", "lost"], "name 'Nowhere' is not defined"),
    (["run", "waits", "--input", '"four"'], "can't start with this input"),
    (["show", "zzz"], "There is no run zzz"),
    (["show"], "Missing argument 'RUN'. See `baton show --help`."),
    (["run"], "Missing argument 'NAME'"),
    (["runs", "--state", "sleeping"], "There is no state sleeping"),
    (["runs", "--limit", "0"], "--limit"),
    (["approve", "zzz"], "There is no open approval zzz"),
    (["signal", "zzz", "paid"], "There is no run zzz"),
    (["signal", "zzz", "paid", "--payload", "{"], "--payload is no JSON"),
    (["resume", "zzz", "--again", "--skip", "a"], "give one"),
    (["resume", "zzz", "--value", "1"], "name the step with --skip"),
    (["fork", "zzz", "--at", "a", "--input", "{}"], "give one"),
    (["prune", "--older-than", "soon"], "48h, 90d, 12w or 7y"),
    (["prune", "--older-than", "0d"], "48h, 90d, 12w or 7y"),
    (["prune"], "older-than"),
    (["prune", "--older-than", "90 days"], "--older-than 90 days: write"),
    (["prune", "--older-than", "9999y"], "before the calendar begins"),
    (["prune", "--older-than", "90d", "--audit-older-than", "30d"], "keep the audit as long as"),
    (["prune", "--older-than", "90d", "--dry-run", "--vacuum"], "give --vacuum without it"),
    (["plan"], "Name one workflow, or give --check"),
    (["plan", "notise"], "Did you mean notice?"),
    (["workflows", "zzz"], "There is no workflow zzz"),
    (["rnu", "notice"], "There is no command rnu. Did you mean run?"),
    (["runs", "--nope"], "--nope"),
]


@pytest.mark.parametrize(("words", "said"), WRONG, ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_wrong_use_is_told_in_one_line(stage: Stage, words: list[str], said: str) -> None:
    answer = stage(*words)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("baton: ")
    assert answer.err.count("\n") == 1
    assert said in answer.err


# waiting -------------------------------------------------------------------------------------------------


def test_wait_ends_with_3_when_somebody_has_to_decide(stage: Stage) -> None:
    run_id = stage.started("notice", "--text", "a", "--key", "k")
    answer = stage("run", "notice", "--text", "a", "--key", "k", "--wait")
    assert answer.code == 3
    assert answer.out.startswith(f"Run {run_id}\nwaits      Editor\nIt waits for Editor: a decision by cli:ana.\n")
    approval = stage("approvals", "--json").json[0]["id"]
    assert f"\n  baton approve {approval}\n" in answer.out


def test_wait_ends_with_0_and_the_output(stage: Stage) -> None:
    stage.started("plain", "--text", "a", "--key", "k")
    answer = stage("run", "plain", "--text", "a", "--key", "k", "--wait")
    assert answer.code == 0
    assert "succeeded  Put up the notice\n" in answer.out
    assert '"text": "a"' in answer.out
    assert stage("run", "plain", "--text", "a", "--key", "k", "--wait", "--json").json["state"] == "succeeded"


def test_wait_ends_with_1_the_reason_and_the_next_moves(stage: Stage) -> None:
    run_id = stage.started("reads", "--input", '"gone"', "--key", "k")
    answer = stage("run", "reads", "--input", '"gone"', "--key", "k", "--wait")
    assert answer.code == 1
    assert "It failed: shaky failed: the file is not there\n" in answer.out
    assert f"  baton resume {run_id}\n" in answer.out


def test_wait_sees_what_a_child_and_a_signal_wait_for(stage: Stage) -> None:
    stage.started("parent", "--text", "a", "--key", "k")
    answer = stage("run", "parent", "--text", "a", "--key", "k", "--wait")
    assert (answer.code, "baton approve" in answer.out) == (3, True)
    run_id = stage.started("waits", "--input", "1", "--key", "k")
    answer = stage("run", "waits", "--input", "1", "--key", "k", "--wait")
    assert (answer.code, f"baton signal {run_id} paid --payload" in answer.out) == (3, True)


# looking -------------------------------------------------------------------------------------------------


def test_runs_are_listed_and_filtered(stage: Stage) -> None:
    failed = stage.started("reads", "--input", '"gone"')
    waiting = stage.started("notice", "--text", "a")
    assert [run["id"] for run in stage("runs", "--json").json] == [waiting, failed]
    assert [run["id"] for run in stage("runs", "--state", "waiting,queued", "--json").json] == [waiting]
    assert [run["id"] for run in stage("runs", "--workflow", "reads", "--json").json] == [failed]
    assert [run["id"] for run in stage("runs", "--dead", "--json").json] == [failed]
    assert len(stage("runs", "--limit", "1", "--json").json) == 1
    assert "the file is not there" in " ".join(stage("runs").out.split())
    letters = stage("dead-letters", "--json").json
    assert [(letter["id"], letter["error"]) for letter in letters] == [(failed, "shaky failed: the file is not there")]
    assert failed in stage("dead-letters").out


def test_empty_lists_say_so(stage: Stage) -> None:
    assert "No runs yet" in stage("runs").out
    assert stage("runs", "--json").json == []
    assert "no dead letters" in stage("dead-letters").out
    assert "Nothing waits" in stage("approvals").out


def test_a_run_is_shown_as_a_tree_by_a_part_of_its_id(stage: Stage) -> None:
    run_id = stage.started("notice", "--text", "a")
    said = stage("show", run_id[-8:]).out
    for part in ("Put up a notice", "waiting", "Editor", "Put up the notice", "baton approve", run_id):
        assert part in said
    stage.started("notice", "--text", "b")
    answer = stage("show", run_id[:2])
    assert (answer.code, "More than one run" in answer.err) == (2, True)
    assert "editor#1" in stage("show", run_id, "--all").out


def test_follow_ends_with_the_run(stage: Stage) -> None:
    run_id = stage.started("plain", "--text", "a")
    answer = stage("show", run_id, "--follow")
    assert (answer.code, "succeeded  Put up the notice" in answer.out) == (0, True)
    failed = stage.started("reads", "--input", '"gone"')
    assert stage("show", failed, "--follow", "--json").code == 1


def test_what_others_wrote_does_not_control_the_terminal(stage: Stage) -> None:
    run_id = stage.started("plain", "--text", "\x1b[31m[bold]x")
    out = stage("show", run_id).out
    assert "\x1b[31m" not in out
    assert "[bold]" in out


# deciding ------------------------------------------------------------------------------------------------


def test_decisions(stage: Stage) -> None:
    run_id = stage.started("notice", "--text", "a")
    sent_back = stage("changes", run_id, "--comment", "shorter")
    assert (sent_back.code, "sent back with changes" in sent_back.out) == (0, True)
    stage.work()
    approval = stage("approvals", "--json").json[0]
    assert (approval["key"], approval["run"], approval["show"]["text"]) == ("editor#2", run_id, "a")
    made = stage("approve", approval["id"][-8:], "--comment", "Fine", "--json").json
    assert (made["state"], made["outcome"], made["decisions"][0]["comment"]) == ("decided", "approved", "Fine")
    stage.work()
    assert stage.state(run_id) == "succeeded"
    late = stage("reject", approval["id"])
    assert (late.code, "already approved by cli:ana" in late.err) == (2, True)


def test_a_rejection_ends_the_run(stage: Stage) -> None:
    run_id = stage.started("notice", "--text", "a")
    assert "rejected" in stage("reject", run_id, "--comment", "no").out
    stage.work()
    shown = stage("show", run_id, "--json").json
    assert (shown["state"], shown["error"]) == ("failed", "editor was rejected by cli:ana: no")


def test_who_is_not_listed_decides_nothing(stage: Stage) -> None:
    run_id = stage.started("notice", "--text", "a")
    stage.patch.setenv("BATON_ACTOR", "cli:eve")
    answer = stage("approve", run_id)
    assert (answer.code, answer.out) == (2, "")
    assert "cli:eve may not decide “Editor”. Those who may: cli:ana." in answer.err


# steering ------------------------------------------------------------------------------------------------


def test_a_signal_lets_the_run_go_on(stage: Stage) -> None:
    run_id = stage.started("waits", "--input", "5")
    assert "paid" in stage("signal", run_id, "paid", "--payload", '{"amount": 2}').out
    stage.work()
    assert stage("show", run_id, "--json").json["output"] == 7
    assert "takes no signals" in stage("signal", run_id, "paid").err


def test_cancel(stage: Stage) -> None:
    run_id = stage.started("notice", "--text", "a")
    assert stage("cancel", run_id, "--reason", "called off").code == 0
    stage.work()
    shown = stage("show", run_id, "--json").json
    assert (shown["state"], "called off" in shown["error"]) == ("cancelled", True)
    assert (stage("cancel", run_id).code, stage("show", run_id, "--follow").code) == (2, 1)


def test_resume_goes_on_from_the_failed_step(stage: Stage) -> None:
    run_id = stage.started("reads", "--input", '"gone.txt"')
    (stage.folder / "gone.txt").touch()
    assert stage("resume", run_id).code == 0
    stage.work()
    shown = stage("show", run_id, "--json").json
    assert (shown["state"], [step["key"] for step in shown["steps"]]) == ("succeeded", ["put_up#1", "shaky#1"])
    assert "only a failed or parked run" in stage("resume", run_id).err


def test_resume_with_another_input_or_without_a_step(stage: Stage) -> None:
    (stage.folder / "here.txt").touch()
    edited = stage.started("reads", "--input", '"gone"')
    assert stage("resume", edited, "--input", '"here.txt"', "--json").json["state"] == "queued"
    skipped = stage.started("reads", "--input", '"gone"')
    assert stage("resume", skipped, "--skip", "shaky#1", "--value", '"as told"').code == 0
    stage.work()
    assert [stage("show", run_id, "--json").json["output"] for run_id in (edited, skipped)] == ["read", "as told"]


def test_fork_and_discard(stage: Stage) -> None:
    run_id = stage.started("reads", "--input", '"gone"')
    forked = stage("fork", run_id, "--at", "shaky#1", "--json").json
    assert forked["id"] != run_id
    assert [step["key"] for step in forked["steps"]] == ["put_up#1"]
    assert "has no step zzz" in stage("fork", run_id, "--at", "zzz").err
    stage.work()
    assert "off the list" in stage("discard", forked["id"], "--reason", "enough").out
    assert stage("dead-letters", "--json").json == []
    assert "no dead letter" in stage("discard", forked["id"]).err
