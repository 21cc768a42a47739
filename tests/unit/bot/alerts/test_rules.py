"""Which alert goes where, by the file that BATON_ALERTS names."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from textwrap import dedent

import pytest

from bot.alerts.rules import read_rules
from bot.alerts.telling import words_of
from workflows.engine.alerts.model import Alert, Severity
from workflows.engine.errors import BatonError
from workflows.engine.testing.clock import START

FILE = dedent(
    """
    [errors]
    failures = 10
    times = 2.5

    [parts]
    seconds = 120
    crashes = 0

    [schedules]
    minutes = 15

    [[route]]
    workflow = "content_*"
    severity = "error"
    channel = "#content"

    [[route]]
    kind = "circuit"
    connector = "notion"
    channel = ""

    [[route]]
    kind = "circuit"
    channel = "#services"
    """
)
ALERT = Alert("a1", "errors", "workflow:content_pipeline", Severity.ERROR, "5 <runs> failed", "Look.", START, START)


def test_the_first_route_that_fits_counts(tmp_path: Path) -> None:
    file = tmp_path / "alerts.toml"
    file.write_text(FILE)
    rules = read_rules(file)
    assert (rules.limits.usual.failures, rules.limits.usual.times) == (10, 2.5)
    assert (rules.missed.silent, rules.missed.crashes) == (timedelta(minutes=2), 0)
    assert rules.forgotten == timedelta(minutes=15)
    assert rules.channel(ALERT, "#ops") == "#content"
    assert rules.channel(replace(ALERT, severity=Severity.WARNING), "#ops") == "#ops"
    assert rules.channel(replace(ALERT, subject="workflow:refund"), "#ops") == "#ops"
    circuit = replace(ALERT, kind="circuit", subject="connector:notion", severity=Severity.WARNING)
    assert rules.channel(circuit, "#ops") == ""
    assert rules.channel(replace(circuit, subject="connector:shop"), "#ops") == "#services"
    assert read_rules(None).channel(ALERT, "#ops") == "#ops"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[errors\n", "is no TOML"),
        ("[errors]\nfailures = 0\n", "errors.failures"),
        ("[parts]\nseconds = 10\n", "at least 45"),
        ("[[route]]\nchanel = '#ops'\n", "route.0.ch"),
        ("[[route]]\nchannel = '#ops'\nseverity = 'awful'\n", "route.0.severity"),
    ],
)
def test_a_file_that_can_not_be_used_is_told_with_the_place(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "alerts.toml"
    file.write_text(text)
    with pytest.raises(BatonError, match=f"BATON_ALERTS.*{why}"):
        read_rules(file)
    with pytest.raises(BatonError, match="can't be read"):
        read_rules(tmp_path / "nothing.toml")


def test_people_read_what_happened_and_what_to_do() -> None:
    told = words_of(ALERT, lambda text: text.replace("<", "&lt;"))
    assert told == ":rotating_light: *content_pipeline*: 5 &lt;runs> failed.\nLook."
    over = words_of(replace(ALERT, over_at=START + timedelta(minutes=40)), over=True)
    assert over == ":white_check_mark: *content_pipeline*: it is over, after 40 min. It was: 5 <runs> failed."
