"""`baton export`, `baton diff` and `baton show --inputs`: recorded runs in other forms, without secrets."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import pytest

from tests.unit.bot.cli_stage import FLOWS, Stage
from workflows.engine.exporting import read_export

SECRETIVE = dedent(
    '''

    @step(idempotent=True)
    def sign_in(ctx: StepContext, who: str, headers: dict) -> dict:
        """Sign in."""
        return {"token": "abc-123-def", "user": who, "max_tokens": 5}


    @workflow("secretive", title="Handle secrets")
    def secretive(run: Run, who: str) -> str:
        got = run.step(sign_in, who, {"authorization": "Bearer abcdefgh", "accept": "text"})
        run.step(put_up, f"https://x.example/?api_key={got['token']}", 1)
        run.step(put_up, "the password hunter22-is-here", 1)
        return got["user"]
    '''
)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stage:
    made = Stage(tmp_path, monkeypatch, capsys).set_up()
    (tmp_path / "flows" / "stage.py").write_text(FLOWS + SECRETIVE)
    monkeypatch.setenv("TAVILY_API_KEY", "hunter22-is-here")
    return made


# export ----------------------------------------------------------------------------------------------------


def test_an_export_holds_the_run_and_no_secrets(stage: Stage) -> None:
    run_id = stage.started("secretive", "--input", '"ana"')
    answer = stage("export", run_id[-10:])
    assert answer.code == 0, answer.err
    for secret in ("abc-123-def", "abcdefgh", "hunter22"):
        assert secret not in answer.out
    told = answer.json
    assert (told["format"], told["version"], told["run"]["id"], told["run"]["output"]) == (
        "baton-run",
        1,
        run_id,
        "ana",
    )
    assert [record["key"] for record in told["records"]] == ["sign_in#1", "put_up#1", "put_up#2"]
    signed = told["records"][0]
    assert signed["output"] == {"token": "***", "user": "ana", "max_tokens": 5}
    assert signed["input"] == ["ana", {"authorization": "***", "accept": "text"}]
    assert [(one["record"], one["column"], one["place"]) for one in told["redacted"]] == [
        ("sign_in#1", "input", "[1].authorization"), ("sign_in#1", "output", "token"), ("put_up#1", "input", "[0]"),
        ("put_up#1", "output", ""), ("put_up#2", "input", "[0]"), ("put_up#2", "output", ""),
    ]  # fmt: skip
    assert answer.err.startswith("baton: 6 values were masked, as ***: sign_in#1.input.[1].authorization, ")
    assert answer.err.endswith("and 1 more\n")


def test_an_export_to_a_file_can_be_read(stage: Stage) -> None:
    run_id = stage.started("notice", "--text", "Closed")
    file = stage.folder / "notice.json"
    answer = stage("export", run_id, "--to", str(file))
    assert (answer.code, answer.out, answer.err) == (0, "", "")
    seen = read_export(file).seen
    assert (seen.run.id, seen.run.state, [record.key for record in seen.records]) == (run_id, "waiting", ["editor#1"])
    answer = stage("export", run_id, "--to", str(stage.folder / "none" / "x.json"))
    assert (answer.code, "can't be written: No such file" in answer.err) == (2, True)


# diff ------------------------------------------------------------------------------------------------------


def test_a_fork_beside_its_original(stage: Stage) -> None:
    first = stage.started("reads", "--input", '"missing.txt"')
    (stage.folder / "missing.txt").write_text("there")
    second = stage("fork", first, "--json").json["id"]
    stage.work()
    answer = stage("diff", first, second)
    assert (answer.code, answer.err) == (1, "")
    for line in (
        f"- run {first}  reads", f"+ run {second}  reads", '~   state: "failed" → "succeeded"', "~ shaky#1",
        '~   result: null → "read"', "1 step is alike.",
    ):  # fmt: skip
        assert line in answer.out.splitlines()
    told = stage("diff", first, second, "--json").json
    assert (told["run"], told["other"], told["same"], told["changes"]["state"]) == (
        first, second, False, ["failed", "succeeded"],
    )  # fmt: skip
    assert [(step["key"], step["change"]) for step in told["steps"]] == [("put_up#1", "same"), ("shaky#1", "changed")]
    assert told["steps"][1]["changes"]["output"] == [None, "read"]


def test_steps_that_one_of_them_has_and_long_values(stage: Stage) -> None:
    first = stage.started("plain", "--text", "Closed for the whole of the long and rainy summer", "--copies", "2")
    second = stage.started("notice", "--text", "Closed")
    answer = stage("diff", first, second)
    lines = answer.out.splitlines()
    assert "- put_up#1  succeeded" in lines
    assert "+ editor#1  running" in lines
    assert '    -  "copies": 2,' in lines
    assert any(line.startswith('-   arguments: ["Closed for the whole') for line in lines)
    told = {step["key"]: step for step in stage("diff", first, second, "--json").json["steps"]}
    assert (told["put_up#1"]["change"], told["put_up#1"]["run"]["attempts"]) == ("removed", 1)
    assert (told["editor#1"]["change"], told["editor#1"]["other"]["state"]) == ("added", "running")


def test_runs_that_are_alike_and_secrets(stage: Stage) -> None:
    first, second = (stage.started("secretive", "--input", '"ana"') for _ in range(2))
    answer = stage("diff", first, second)
    assert answer.code == 0
    assert answer.out.endswith("The two runs are alike.\n3 steps are alike.\n")
    third = stage.started("secretive", "--input", '"ben"')
    for words in ((), ("--json",)):
        said = stage("diff", first, third, *words).out
        assert "ben" in said
        assert "abcdefgh" not in said
        assert "abc-123-def" not in said


# show ------------------------------------------------------------------------------------------------------


def test_the_arguments_of_each_step(stage: Stage) -> None:
    run_id = stage.started("secretive", "--input", '"ana"')
    answer = stage("show", run_id, "--inputs")
    assert 'sign_in#1  ["ana", {"accept": "text", "authorization": "***"}]' in answer.out
    assert 'put_up#2   ["the password ***", 1]' in answer.out
    told = stage("show", run_id, "--inputs", "--json").json
    assert [step["input"] for step in told["steps"]][2] == ["the password ***", 1]
    everything = stage("show", run_id, "--inputs", "--all", "--json").json
    assert everything["steps"][0]["output"]["token"] == "***"
    assert "input" not in stage("show", run_id, "--json").json["steps"][0]


@pytest.mark.parametrize("words", [["export"], ["diff"], ["show"], ["show", "--inputs"]], ids=" ".join)
def test_who_may_not_see_a_run_learns_nothing(stage: Stage, words: list[str]) -> None:
    run_id = stage.started("notice", "--text", "Closed")
    stage.patch.setenv("BATON_ACTOR", "slack:T1:U1")
    ids = [run_id, run_id] if words == ["diff"] else [run_id]
    answer = stage(words[0], *ids, *words[1:])
    assert (answer.code, answer.out) == (2, "")
    assert "slack:T1:U1 may not see run" in answer.err


def test_json_stays_one_document(stage: Stage) -> None:
    run_id = stage.started("notice", "--text", "Closed")
    assert json.loads(stage.alone("export", run_id).out)["run"]["id"] == run_id
