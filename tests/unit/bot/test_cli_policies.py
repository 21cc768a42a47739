"""Policies and delegations on the command line."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from bot.doctor import _policies
from bot.findings import Finding
from bot.runtime import Runtime
from bot.settings import read_settings
from tests.unit.bot.cli_stage import Stage

FLOW = dedent(
    """
    from datetime import timedelta
    from pydantic import BaseModel
    from workflows import Escalation, Policy, Rule, Run, When, workflow

    PAYMENTS = Policy(
        "payments",
        rules=[
            Rule(when=When("amount", min=10_000), quorum={"finance": 1, "finance+lead": 1}),
            Rule(approvers=["cli:cas"]),
        ],
        escalation=[Escalation(timedelta(hours=8), ["cli:boss"])],
        timeout=timedelta(days=2),
    )


    class Payment(BaseModel):
        amount: int


    @workflow("pay")
    def pay(run: Run, payment: Payment) -> str:
        return str(run.approval("pay", policy=PAYMENTS, show=payment).outcome)
    """
)
FILE = dedent(
    """
    [[policies.travel.rules]]
    approvers = ["cli:ana"]
    """
)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stage:
    made = Stage(tmp_path, monkeypatch, capsys, actor="cli:fin")
    made.env |= {
        "BATON_ROLES": "finance=cli:fin,cli:lea,cli:ana; lead=cli:lea,cli:leo",
        "BATON_POLICIES": str(tmp_path / "policies.toml"),
    }
    made.set_up()
    (tmp_path / "flows" / "pay.py").write_text(FLOW)
    (tmp_path / "policies.toml").write_text(FILE)
    return made


def findings() -> list[Finding]:
    return list(_policies(Runtime(read_settings())))


def test_policies_are_listed_and_explained(stage: Stage) -> None:
    listed = stage("policy", "list", "--json").json
    assert [(one["name"], one["from"], one["workflows"]) for one in listed] == [
        ("payments", "code", ["pay"]), ("travel", "settings", []), ("vendor_bills", "code", ["pay_bill"]),
    ]  # fmt: skip
    assert "amount of at least 10,000" in " ".join(stage("policy", "list").out.split())

    answer = stage("policy", "explain", "payments", "--input", '{"amount": 12000}', "--starter", "cli:ana", "--json")
    told = answer.json
    assert told["seats"] == [["role:finance"], ["role:finance", "role:lead"]]
    assert {one["person"]: (one["may"], one["because"]) for one in told["people"]} == {
        "cli:fin": (True, "Counts as finance."),
        "cli:lea": (True, "Counts as finance, or finance and lead."),
        "cli:ana": (False, "Started or changed this run, and four eyes are asked for."),
        "cli:leo": (False, "It takes 1 of finance, 1 of finance and lead, and this person is neither."),
    }
    assert told["impossible"] == ""
    assert [(one["does"], one["to"]) for one in told["agenda"]] == [("escalate", ["cli:boss"])]
    said = stage("policy", "explain", "payments", "--input", '{"amount": 12000}', "--starter", "cli:lea").out
    assert "It can't be decided." in said


def test_what_can_t_be_explained_is_told(stage: Stage) -> None:
    assert "asks for amount" in stage("policy", "explain", "payments").err
    assert "There is no policy nothing" in stage("policy", "explain", "nothing").err
    assert "JSON object" in stage("policy", "explain", "payments", "--input", "5").err


def test_doctor_looks_at_the_file(stage: Stage) -> None:
    assert [(one.ok, one.words) for one in findings()] == [(True, "travel in the settings")]
    (stage.folder / "policies.toml").write_text(FILE.replace("approvers", "aprovers"))
    [found] = findings()
    assert found.ok is False
    assert "line 3: policies.travel.rules.1.aprovers" in found.words


def test_a_deputy_decides_until_the_end(stage: Stage) -> None:
    run_id = stage.started("pay", "--amount", "5")
    assert stage("approve", run_id).code == 2  # cas decides small payments
    stage.patch.setenv("BATON_ACTOR", "cli:cas")
    assert "Say until when" in stage("delegate", "cli:fin").err
    assert "admins may" in stage("delegate", "cli:cas", "--of", "cli:fin", "--until", "tomorrow").err
    [held] = stage("delegate", "cli:eve", "--until", "tomorrow", "--policy", "payments", "--json").json
    assert (held["person"], held["deputy"], held["scope"]) == ("cli:cas", "cli:eve", "policy:payments")
    stage.patch.setenv("BATON_ACTOR", "cli:eve")
    answer = stage("approve", run_id, "--json")
    assert answer.code == 0, answer.err
    assert answer.json["decisions"][0]["behalf"] == "cli:cas"
    stage.patch.setenv("BATON_ACTOR", "cli:cas")
    assert "the policy payments" in stage("delegate").out
    [away] = [row for row in stage("delegate", "cli:eve", "--while-away", "--json").json if row["away"]]
    assert (away["until"], away["scope"]) == (None, "")
    assert "while away" in stage("delegate").out
    assert "Nobody decides for anybody else." in stage("delegate", "off").out
    assert "nothing to take back" in stage("delegate", "off").err
