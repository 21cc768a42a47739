"""`baton replay`: one run, or every open run before a deploy; nothing is written and nothing is called."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, text

from tests.servers import databases
from tests.unit.bot.cli_stage import FLOWS, Stage

templates = databases.templates
sqlite_url = databases.sqlite_url
postgres_url = databases.postgres_url
url = databases.url

LEAVES_A_MARK = dedent(
    '''

    @step(idempotent=True)
    def mark(ctx: StepContext, file: str, what: str) -> str:
        """Write a line that shows that it ran."""
        with Path(file).open("a") as lines:
            lines.write(what + "\\n")
        return what


    @workflow("marked", title="Leave marks")
    def marked(run: Run, file: str) -> str:
        run.step(mark, file, "first")
        run.parallel(run.call(mark, file, "left"), run.call(mark, file, "right"))
        run.signal("go")
        return run.step(mark, file, "last")
    '''
)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stage:
    made = Stage(tmp_path, monkeypatch, capsys).set_up()
    (tmp_path / "flows" / "stage.py").write_text(FLOWS + LEAVES_A_MARK)
    return made


def deploy(stage: Stage, *changes: tuple[str, str]) -> None:
    """Put another release of the workflows in place; commands in processes of their own see it."""
    file = stage.folder / "flows" / "stage.py"
    code = file.read_text()
    for old, new in changes:
        assert old in code
        code = code.replace(old, new)
    file.write_text(code)


REORDERED = (
    '    decision = run.approval("editor", show=order, allow_self=True)\n    while',
    '    run.step(put_up, "soon", 1)\n    decision = run.approval("editor", show=order, allow_self=True)\n    while',
)


def rows(url: str) -> dict[str, list[str]]:
    """Every row of every table."""
    engine = create_engine(url)
    with engine.connect() as conn:
        found = {
            name: sorted(repr(row) for row in conn.execute(text(f'SELECT * FROM "{name}"')))
            for name in inspect(conn).get_table_names()
        }
    engine.dispose()
    return found


# one run ---------------------------------------------------------------------------------------------------


def test_a_run_that_fits(stage: Stage) -> None:
    run_id = stage.started("notice", "--text", "Closed")
    answer = stage("replay", run_id)
    assert answer.code == 0, answer.err
    assert "The same as far as history goes. Then it waits for editor#1." in answer.out
    told = stage("replay", run_id[-8:], "--json").json
    assert told | {"records": 1} == {
        "run": run_id, "workflow": "notice", "state": "waiting", "version": told["today"], "today": told["today"],
        "verdict": "goes_on", "fits": True, "cause": None, "words": "", "records": 1, "history_has": None,
        "code_asks": None, "at": None, "moves": [],
        "then": [{"kind": "approval", "key": "editor#1", "words": "waits for editor#1"}],
    }  # fmt: skip


def test_a_run_that_is_over_is_the_same_to_the_end(stage: Stage) -> None:
    run_id = stage.started("plain", "--text", "Closed")
    answer = stage("replay", run_id)
    assert (answer.code, "The same to the end." in answer.out) == (0, True)


def test_a_run_that_would_be_parked_is_told_with_what_to_do(stage: Stage) -> None:
    run_id = stage.started("notice", "--text", "Closed")
    deploy(stage, REORDERED)
    answer = stage.alone("replay", run_id)
    assert (answer.code, answer.err) == (1, "")
    said = " ".join(answer.out.split())
    for part in (
        "It would be parked. At place 1 history has approval editor#1, but the code asked for step put_up#1",
        "history has approval editor#1 code asks for step put_up#1",
        "patch Guard the change with run.patched()",
        f"`baton fork {run_id} --at editor#1`",
        "drain Let it end on the release that runs it now",
        "Plan changed since it began",
    ):
        assert part in said
    assert stage.state(run_id) == "waiting"


def test_other_arguments_are_told_without_secrets(stage: Stage) -> None:
    deploy(stage, ('run.step(put_up, "a", 1)', 'run.step(put_up, "https://x.example/?token=abcdef", 1)'))
    run_id = str(stage.alone("run", "reads", "--input", '"missing.txt"', "--json").json["id"])
    stage.work()
    deploy(stage, ("token=abcdef", "token=ghijkl"))
    answer = stage.alone("replay", run_id)
    assert 'recorded arguments  ["https://x.example/?token=***", 1]' in answer.out


def test_what_a_body_prints_does_not_spoil_the_document(stage: Stage) -> None:
    run_id = stage.started("notice", "--text", "Closed")
    begins = "def notice(run: Run, order: Notice) -> str:\n"
    deploy(stage, (begins, begins + '    print("hello from the body")\n'))
    for words in (["replay", run_id], ["replay", "--all"]):
        answer = stage.alone(*words, "--json")
        assert answer.code == 0
        assert json.loads(answer.out)["runs" if "--all" in words else "run"] in ([], run_id)
        assert "hello from the body" in answer.err


# every open run --------------------------------------------------------------------------------------------


def test_all_open_runs_before_a_deploy(stage: Stage) -> None:
    first, second = stage.started("notice", "--text", "Closed"), stage.started("notice", "--text", "Open")
    third = stage.started("waits", "--input", "4")
    stage.started("plain", "--text", "over and no matter")
    assert stage("replay", "--all").out == "3 open runs looked at: all fit.\n"
    deploy(stage, REORDERED)
    answer = stage.alone("replay", "--all")
    assert answer.code == 1
    said = " ".join(answer.out.split())
    assert said.startswith("3 open runs looked at: 1 fit, 2 do not. notice, 2 runs. It would be parked. At place 1")
    assert f"runs: {second}, {first}" in said
    assert "`baton fork RUN --at editor#1`" in said
    assert third not in said
    told = stage.alone("replay", "--all", "--json").json
    assert (told["looked_at"], told["fit"], [run["run"] for run in told["runs"]]) == (3, 1, [second, first])
    assert told["runs"][0]["moves"][1]["command"] == f"baton fork {second} --at editor#1"
    assert stage.alone("replay", "--all", "--workflow", "waits").code == 0
    assert stage.alone("replay", "--all", "--workflow", "notice").out.startswith("2 open runs looked at: 0 fit, 2 do")


def test_each_kind_of_difference_is_told_apart(stage: Stage) -> None:
    stage.started("notice", "--text", "Closed")
    stage.started("waits", "--input", "4")
    stage.started("marked", "--input", json.dumps(str(stage.folder / "marks")))
    deploy(
        stage,
        ('@workflow("notice"', '@workflow("noticed"'),
        ("def waits(run: Run, amount: int) -> int:\n", "def waits(run: Run, amount: int) -> int:\n    1 / 0\n"),
        ("def mark(ctx: StepContext, file: str, what: str) -> str:",
         "def mark(ctx: StepContext, file: str, what: str) -> int:"),
    )  # fmt: skip
    told = stage.alone("replay", "--all", "--json").json
    found = {run["workflow"]: run for run in told["runs"]}
    assert {name: (run["verdict"], run["cause"]) for name, run in found.items()} == {
        "notice": ("not_installed", None), "waits": ("parks", "body"), "marked": ("parks", "type"),
    }  # fmt: skip
    assert "Did you mean noticed?" in found["notice"]["words"]
    assert "ZeroDivisionError: division by zero at stage.py:" in found["waits"]["words"]
    assert found["marked"]["at"] == "mark#1"
    assert [move["move"] for move in found["marked"]["moves"]] == ["mend", "fork", "drain"]


def test_many_runs_are_counted_and_named_in_part(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [stage("run", "notice", "--text", str(number), "--json").json["id"] for number in range(13)]
    stage.work()
    deploy(stage, REORDERED)
    answer = stage.alone("replay", "--all")
    said = " ".join(answer.out.split())
    assert "notice, 13 runs." in said
    assert f"{ids[3]} and 3 more" in said
    assert len(stage.alone("replay", "--all", "--json").json["runs"]) == 13


def test_batches_join(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(7):
        stage("run", "notice", "--text", str(number))
    monkeypatch.setattr("workflows.engine.checking.BATCH", 3)
    assert stage("replay", "--all").out == "7 open runs looked at: all fit.\n"


# nothing happens -------------------------------------------------------------------------------------------


def test_a_real_process_leaves_every_row_and_calls_nothing(stage: Stage, url: str) -> None:
    marks = stage.folder / "marks"
    stage.env["DATABASE_URL"] = url
    stage.patch.setenv("DATABASE_URL", url)
    run_id = stage.started("marked", "--input", json.dumps(str(marks)))
    stage.started("notice", "--text", "Closed")
    assert stage("signal", run_id, "go").code == 0  # what comes next is a step, and its signal is there
    before, done = rows(url), marks.read_text()
    assert sum(map(len, before.values())) > 10
    answer = stage.alone("replay", run_id, "--json")
    assert answer.code == 0, answer.err
    assert [then["words"] for then in answer.json["then"]] == ["goes on after go#1"]
    assert stage.alone("replay", "--all").code == 0
    assert rows(url) == before
    assert marks.read_text() == done
    stage.work()
    assert marks.read_text() == done + "last\n"


def test_an_older_database_is_not_brought_up(stage: Stage) -> None:
    answer = stage("replay", "--all")
    assert (answer.code, answer.out) == (2, "")
    assert "There is no database in" in answer.err
    assert not (stage.folder / "home").exists()
    stage("migrate")
    engine = create_engine(f"sqlite:///{stage.folder}/home/baton.db")
    with engine.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    answer = stage("replay", "--all")
    assert answer.code == 2
    assert "run `baton migrate` first" in answer.err
    with engine.connect() as conn:
        assert conn.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "0001"
    engine.dispose()


# who and how -----------------------------------------------------------------------------------------------


WRONG: list[tuple[list[str], str]] = [
    (["replay"], "Name one run, or give --all"),
    (["replay", "zzz", "--all"], "Name one run, or give --all"),
    (["replay", "zzz", "--workflow", "notice"], "--workflow goes with --all"),
    (["replay", "zzz"], "There is no run zzz"),
    (["replay", "--all", "--workflow", "notise"], "Did you mean notice?"),
]


@pytest.mark.parametrize(("words", "said"), WRONG, ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_wrong_use_is_told_in_one_line(stage: Stage, words: list[str], said: str) -> None:
    stage("migrate")
    answer = stage(*words)
    assert (answer.code, answer.out, answer.err.count("\n")) == (2, "", 1)
    assert said in answer.err


def test_who_may_not_see_a_run_may_not_replay_it(stage: Stage) -> None:
    run_id = stage.started("notice", "--text", "Closed")
    stage.patch.setenv("BATON_ACTOR", "slack:T1:U1")
    assert "slack:T1:U1 may not see run" in stage("replay", run_id).err
    answer: Any = stage("replay", "--all")
    assert (answer.code, "may not check every open run" in answer.err) == (2, True)
