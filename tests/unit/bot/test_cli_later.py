"""Starting later, dry runs, labels, pauses, forms and reassigning on the command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent
from zoneinfo import ZoneInfo

import pytest

from bot.times import moment_of
from tests.unit.bot.cli_stage import Stage
from workflows.engine.errors import InvalidInput

FORMS = dedent(
    """
    from pydantic import BaseModel
    from workflows import Run, workflow


    class Draft(BaseModel):
        title: str
        body: str = ""


    class Terms(BaseModel):
        amount: int
        note: str = ""


    class Title(BaseModel):
        title: str


    @workflow("offer", title="Make an offer")
    def offer(run: Run, draft: Draft) -> str:
        decision = run.approval("finance", show=draft, fields=Terms, editable=Title, allow_self=True)
        decision.require_approved()
        title = decision.edited.title if decision.edited else draft.title
        return f"{title} for {decision.fields.amount} {decision.fields.note}"
    """
)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stage:
    made = Stage(tmp_path, monkeypatch, capsys).set_up()
    (tmp_path / "flows" / "forms.py").write_text(FORMS)
    return made


# later --------------------------------------------------------------------------------------------------


def test_a_run_is_started_later_and_called_off(stage: Stage) -> None:
    answer = stage("run", "plain", "--text", "a", "--at", "in 2 hours")
    assert answer.code == 0
    assert " starts at 20" in answer.out
    assert "calls it off" in answer.out
    stage.work()
    (run,) = stage("runs", "--json").json
    assert (run["state"], run["waiting_for"][0]["kind"]) == ("queued", "start")
    assert "starts in" in stage("runs").out
    assert "Starts" in stage("show", run["id"]).out
    assert stage("cancel", run["id"]).code == 0
    stage.work()
    assert stage.state(run["id"]) == "cancelled"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--at", "whenever"), "'whenever' is no time that can be read. Write it like 9:00"),
        (("--at", "2020-01-01"), "which is past"),
        (("--at", "9:00", "--wait"), "--wait goes with a run that starts now"),
        (("--dry-run", "--wait"), "--wait goes with a run that starts now"),
        (("--label", "red"), "--label red: write name=value."),
        (("--label", "a=1", "--label", "a=2"), "--label a was given twice."),
    ],
)
def test_what_can_not_be_meant(stage: Stage, words: tuple[str, ...], said: str) -> None:
    answer = stage("run", "plain", "--text", "a", *words)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert stage("runs", "--json").json == []


NOW = datetime(2026, 11, 25, 14, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("18:00", datetime(2026, 11, 25, 17, 0, tzinfo=UTC)),
        ("9:00", datetime(2026, 11, 26, 8, 0, tzinfo=UTC)),
        ("tomorrow at 9:00", datetime(2026, 11, 26, 8, 0, tzinfo=UTC)),
        ("9:00  tomorrow", datetime(2026, 11, 26, 8, 0, tzinfo=UTC)),
        ("in 2 hours", NOW + timedelta(hours=2)),
        ("monday 9am", datetime(2026, 11, 30, 8, 0, tzinfo=UTC)),
        ("2027-07-01 09:30", datetime(2027, 7, 1, 7, 30, tzinfo=UTC)),
        ("2026-12-01T09:30:00+05:00", datetime(2026, 12, 1, 4, 30, tzinfo=UTC)),
    ],
)
def test_times_as_people_write_them(text: str, meant: datetime) -> None:
    assert moment_of(text, NOW, BERLIN) == meant


@pytest.mark.parametrize("text", ["", "12", "soonish", "yesterday", "13:00 yesterday", "25:00"])
def test_times_that_nobody_can_mean(text: str) -> None:
    with pytest.raises(InvalidInput):
        moment_of(text, NOW, BERLIN)


# dry runs and labels ------------------------------------------------------------------------------------


def test_a_dry_run_starts_nothing(stage: Stage) -> None:
    answer = stage("run", "notice", "--text", "a", "--dry-run")
    assert answer.code == 0
    for said in ("notice: Put up a notice", "Editor: a decision by cli:ana.", "Nothing was started."):
        assert said in answer.out
    stage("pause", "notice", "--reason", "holidays")
    blocked = stage("run", "notice", "--text", "a", "--dry-run", "--json")
    assert (blocked.code, blocked.json["problems"]) == (
        1, ["notice is paused by cli:ana: holidays. The run would wait until that ends."]
    )  # fmt: skip
    assert blocked.json["approvals"] == [{"name": "editor", "title": "Editor", "approvers": ["cli:ana"]}] * 2
    assert blocked.json["input"]["copies"] == 1
    assert stage("runs", "--json").json == []
    assert stage("run", "notice", "--dry-run").code == 2


def test_runs_are_found_by_labels_and_words(stage: Stage) -> None:
    red = stage("run", "plain", "--text", "green tea", "--label", "team=red", "--label", "size=l", "--json").json["id"]
    blue = stage("run", "plain", "--text", "coffee", "--label", "team=blue", "--json").json["id"]
    found = {
        words: [run["id"] for run in stage("runs", "--json", *words).json]
        for words in [
            ("--label", "team=red"), ("--label", "team=red", "--label", "size=s"), ("--text", "TEA green"),
            ("--text", "coffee"), ("--text", red[-6:]),
        ]
    }  # fmt: skip
    assert list(found.values()) == [[red], [], [red], [blue], [red]]
    assert "size=l, team=red" in stage("show", red).out
    assert stage("runs", "--label", "team").code == 2


# pauses -------------------------------------------------------------------------------------------------


def test_a_pause_holds_runs_until_it_is_lifted(stage: Stage) -> None:
    paused = stage("pause", "plain", "--reason", "holidays", "--json").json
    assert [(p["workflow"], p["by"], p["reason"]) for p in paused] == [("plain", "cli:ana", "holidays")]
    started = stage("run", "plain", "--text", "a", "--json")
    assert "plain is paused by cli:ana: the run waits until `baton unpause plain`." in started.err
    stage.work()
    assert stage.state(started.json["id"]) == "queued"
    assert "holidays" in stage("pause", "--list").out
    assert "Nothing is paused." in stage("unpause", "plain").out
    stage.work()
    assert stage.state(started.json["id"]) == "succeeded"


@pytest.mark.parametrize("words", [(), ("everything",)])
def test_everything_can_be_paused(stage: Stage, words: tuple[str, ...]) -> None:
    assert "everything" in stage("pause", *words).out
    assert "Everything is paused by cli:ana: the run waits until `baton unpause`." in stage(
        "run", "plain", "--text", "a"
    ).err  # fmt: skip
    assert stage("unpause", *words).code == 0


def test_pauses_that_make_no_sense(stage: Stage) -> None:
    for words, said in (
        (("pause", "plan"), "There is no workflow plan"),
        (("pause", "plain", "--list"), "--list shows every pause"),
        (("unpause", "plain"), "plain is not paused."),
    ):
        answer = stage(*words)
        assert (answer.code, said in answer.err) == (2, True), answer.err


# forms and reassigning ----------------------------------------------------------------------------------


def test_a_form_is_filled_in_and_what_is_shown_edited(stage: Stage) -> None:
    run_id = stage.started("offer", "--title", "Tea")
    wrong = stage("approve", run_id, "--field", "amount=much")
    assert (wrong.code, "Finance can't be decided like this. amount: " in wrong.err) == (2, True)
    assert "amount: Field required" in stage("approve", run_id).err
    made = stage("approve", run_id, "--field", "amount=3", "--field", "note=a=b", "--edit", "title=Green tea", "--json")
    decision = made.json["decisions"][0]
    assert (decision["fields"], decision["edited"]) == ({"amount": 3, "note": "a=b"}, {"title": "Green tea"})
    assert (list(made.json["fields"]["properties"]), made.json["editable"]["values"]) == (
        ["amount", "note"], {"title": "Tea"}
    )  # fmt: skip
    stage.work()
    assert stage("show", run_id, "--json").json["output"] == "Green tea for 3 a=b"


def test_an_approval_is_handed_to_others(stage: Stage) -> None:
    run_id = stage.started("notice", "--text", "a")
    answer = stage("reassign", run_id, "--to", "cli:ben", "--to", "cli:eva", "--reason", "Away")
    assert (answer.code, "Editor is with cli:ben, cli:eva now" in answer.out) == (0, True)
    refused = stage("approve", run_id)
    assert (refused.code, "Those who may: cli:ben, cli:eva." in refused.err) == (2, True)
    stage.patch.setenv("BATON_ACTOR", "cli:ben")
    assert stage("approve", run_id, "--json").json["decisions"][0]["by"] == "cli:ben"
    assert stage("reassign", run_id).code == 2
