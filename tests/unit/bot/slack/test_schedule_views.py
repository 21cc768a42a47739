"""Schedules as they are shown, and the forms that make them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.slack import forms
from bot.slack.ids import Context, ScheduleRef
from bot.slack.views import schedules
from bot.slack.views.choosing import chosen_in, workflow_choice
from bot.slack.views.schedules import RULE_FIELDS
from tests.payloads import check_view
from tests.unit.bot.slack.snapshots import ANA, HOSTILE, NOW, checked, labels, shown
from tests.unit.bot.slack.test_modals import WANTED, article
from workflows.engine.schedules.keeping import Seen
from workflows.engine.schedules.model import Schedule, Tick, TickState

MADE = Schedule("s1", "morning", "article", '{"topic": "tea"}', "0 9 * * *", "Europe/Berlin", ANA, NOW, NOW)
TICKS = [
    Tick("s1", NOW, TickState.STARTED, NOW, run_id="01k9run"),
    Tick("s1", NOW, TickState.SKIPPED, NOW, reason=f"run {HOSTILE[0]} went on"),
    Tick("s1", NOW, TickState.STARTED, NOW, run_id="01k9extra", reason=f"asked for by {ANA}", extra=True),
]


def _seen(name: str = "morning", held: str = "") -> Seen:
    return Seen(replace(MADE, name=name), (NOW, NOW + timedelta(days=1)), None, held)


def test_a_schedule_is_shown_with_what_comes_and_what_came() -> None:
    message = checked(schedules.schedule_message(_seen(), (NOW, NOW + timedelta(days=1)), TICKS))
    text = shown(message)
    assert f"<!date^{int(NOW.timestamp())}^" in text
    assert "topic: *tea*" in text
    assert "`0 9 * * *` in Europe/Berlin" in text
    assert "run `01k9run`" in text
    assert "run now" in text
    assert labels(message) == ["Pause", "Run now", "Remove"]
    paused = Seen(replace(MADE, paused_at=NOW, paused_by=ANA), (), None, f"paused by {ANA}")
    message = checked(schedules.schedule_message(paused, (), ()))
    assert "It starts nothing: paused by <@" in shown(message)
    assert labels(message) == ["Resume", "Run now", "Remove"]


def test_many_schedules_fit_in_a_list() -> None:
    found = [_seen(f"s{number}", HOSTILE[0] if number == 1 else "") for number in range(60)]
    message = checked(schedules.schedules_message(found, may_add=True))
    assert "… and 40 more." in shown(message)
    assert labels(message)[-1] == "New schedule"
    assert labels(checked(schedules.schedules_message([], may_add=False))) == []


def test_the_forms_fit_and_ask_again_for_what_was_said() -> None:
    view = schedules.rule_form([article], {"workflow": "article", "when": "daily 9:00", "zone": "UTC"}, Context())
    check_view(view)
    assert view["blocks"][0]["element"]["initial_option"]["value"] == "article"
    assert any(block.get("element", {}).get("initial_value") == "daily 9:00" for block in view["blocks"])
    check_view(schedules.input_form(article, WANTED, (), {"topic": HOSTILE[0]}, Context()))


def test_a_workflow_is_chosen_by_its_name_whatever_the_order_is() -> None:
    many = [replace(article, name=f"w{number}", title=f"Title {number}") for number in range(250)]
    block = workflow_choice(many, "w140")
    assert [len(group["options"]) for group in block["element"]["option_groups"]] == [100, 100, 50]
    assert chosen_in({"workflow": {"value": {"selected_option": block["element"]["initial_option"]}}}) == "w140"
    assert chosen_in({}) == ""


def test_a_reference_is_read_back() -> None:
    assert ScheduleRef.of(ScheduleRef("morning", "s1").text()) == ScheduleRef("morning", "s1")
    assert forms.block_errors(RULE_FIELDS, {"zone": "no"}) == {"schedule.zone": "no"}
