"""Every finding of the Slack part's audit is found, and its plan is the same for the same seed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.chaos.slack import Blow, slack_plan
from tests.chaos.slack_audit import Shown, slack_audit
from workflows.engine.model import RunState

GOOD = Shown("r1", RunState.SUCCEEDED, 1, {"card": 1, "end": 1}, frozenset({"card", "end"}))


def test_a_run_that_went_well_gives_no_findings() -> None:
    assert not any(slack_audit({"tea": [GOOD]}, {"tea": 1}).values())


@pytest.mark.parametrize(
    ("runs", "printed", "kind"),
    [
        ([], 0, "lost"),
        ([GOOD, GOOD], 1, "started twice"),
        ([replace(GOOD, state=RunState.WAITING)], 1, "stuck or ended wrongly"),
        ([replace(GOOD, state=RunState.PARKED)], 1, "stuck or ended wrongly"),
        ([replace(GOOD, decisions=2)], 1, "not decided once"),
        ([replace(GOOD, decisions=0)], 1, "not decided once"),
        ([GOOD], 2, "not printed once"),
        ([GOOD], 0, "not printed once"),
        ([replace(GOOD, posts={"card": 2, "end": 1})], 1, "posted twice"),
        ([replace(GOOD, posts={"card": 1, "end": 1, "other": 1})], 1, "posted twice"),
        ([replace(GOOD, posts={"card": 1})], 1, "not shown"),
        ([replace(GOOD, buttons=1)], 1, "not shown"),
        ([replace(GOOD, ended=False)], 1, "not shown"),
    ],
)
def test_what_is_wrong_is_found(runs: list[Shown], printed: int, kind: str) -> None:
    assert slack_audit({"tea": runs}, {"tea": printed})[kind]


def test_the_same_seed_gives_the_same_plan_with_every_blow() -> None:
    assert slack_plan(4, 30) == slack_plan(4, 30) != slack_plan(5, 30)
    assert set(slack_plan(4, 30)) == set(Blow)
    assert len(slack_plan(4, 30)) == 30
