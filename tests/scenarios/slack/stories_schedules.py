"""Stories of schedules: made by a line or by forms, kept by those who may."""

from __future__ import annotations

import json

from bot.slack.commands.saying import carry_out
from bot.slack.incoming import Caller
from bot.slack.phrases import KeepSchedule
from bot.slack.reacting import Answer
from tests.scenarios.slack.stage import Stage
from tests.scenarios.slack.telling import story
from workflows.engine.schedules.model import Overlap, Schedule


@story("/baton", "say schedule", "press schedule.pause", "press schedule.resume", "press schedule.remove")
def a_schedule_is_made_by_a_line_and_kept(stage: Stage) -> None:
    ana, ben = stage.user("ana"), stage.user("ben")
    assert "There is no schedule" in ana.command("/baton schedule").shown
    assert "no time of the day" in ana.command("/baton schedule add morning note weekdays topic=tea").shown
    made = ana.command("/baton schedule add morning note weekdays 9:00 topic=tea", channel="#content")
    assert "It is made" in made.shown
    assert "`0 9 * * mon-fri` in Europe/Berlin" in made.shown
    assert "There is a schedule morning already" in ana.command("/baton schedule add morning echo daily 9:00").shown

    assert "morning" in ben.command("/baton schedule list", channel="#content").shown
    assert "may not pause" in ben.command("/baton schedule pause morning").shown
    ana.click("Pause", where="#content")
    ana.see("It starts nothing", channel="#content")
    assert _schedule(stage).paused_by == stage.actor("ana")
    ana.click("Resume", where="#content")
    stage.quiet()
    assert _schedule(stage).paused_at is None

    _days_pass(stage, hours=23)  # Tuesday, nine o'clock in Berlin
    (run,) = stage.runs("note")
    assert (run.started_by, run.channel) == ("schedule:morning", _schedule(stage).channel)
    assert "started" in ana.command("/baton schedule show morning", channel="#content").shown
    here = Caller(stage.workspace.team_id, ana.id)
    for words in ("It is on its way", "started by this already"):  # one command that comes twice
        answer = carry_out(stage.runtime.slack_parts, KeepSchedule("run-now", "morning"), here, "the same trigger")
        assert isinstance(answer, Answer)
        assert words in answer.message.text
    ana.command("/baton schedule run-now morning", channel="#content")
    stage.settle()
    assert len(stage.runs("note")) == 3

    ben.command("/baton schedule show morning", channel="#content")
    ben.click("Remove", where="#content")
    stage.quiet()
    assert "may not remove" in ben.ephemerals("#content")[-1].shown
    ana.command("/baton schedule show morning", channel="#content")
    ana.click("Remove", where="#content")
    ana.see("is removed", channel="#content")
    assert not stage.runtime.store.schedules.all()

    ana.command("/baton schedule add morning note weekdays 9:00 topic=tea", channel="#content")
    ben.click("Run now", where="#content")  # of the former one
    stage.quiet()
    assert "another one is called so" in ben.ephemerals("#content")[-1].shown
    assert len(stage.runs("note")) == 3


@story("/baton", "hear app_mention", "say schedule")
def a_schedule_is_known_where_its_runs_are_shown(stage: Stage) -> None:
    ana, ben = stage.user("ana"), stage.user("ben")
    secret = "/baton schedule add books note daily 9:00 topic=tea --show-in #finance"
    assert "only in a channel that you can read" in ben.command(secret).shown
    assert "It is made" in ana.command(secret).shown
    assert "books" in ana.command("/baton schedule").shown
    assert "books" not in ben.command("/baton schedule").shown
    assert "may not see" in ben.command("/baton schedule show books").shown
    for words in ("schedule show books", "schedule"):
        said = ana.mention(words, channel="#content")
        stage.quiet()
        (answer,) = stage.workspace.replies(said)
        assert "topic" not in answer.shown
        assert "0 9 * * *" not in answer.shown


@story(
    "/baton", "say schedule", "press schedule.add", "press schedule.show", "press schedule.run", "send schedule.rule",
    "send schedule.input",
)  # fmt: skip
def a_schedule_is_made_by_two_forms(stage: Stage) -> None:
    ana = stage.user("ana")
    ana.command("/baton schedule", channel="#content")
    ana.click("New schedule", where="#content")
    assert "Europe/Berlin" in ana.see_modal("Time zone").shown
    errors = ana.submit(workflow="Write a note", name="no name", when="sometimes", expect_errors=True)
    assert errors is not None
    assert set(errors) == {"schedule.when"}
    errors = ana.submit(name="no name", when="mondays 9:00", time_zone="Europe/Berlinn", expect_errors=True)
    assert errors is not None
    assert set(errors) == {"schedule.name"}
    ana.choose("When a run of it still goes on at a tick", "queue")
    assert ana.submit(name="weekly", time_zone="Europe/Berlin") is None
    assert "Next, in your time" in ana.see_modal("*weekly* starts *Write a note*").shown
    assert ana.submit(topic="ab", expect_errors=True) is not None
    assert ana.submit(topic="tea") is None
    ana.see("It is made", channel="#content")
    assert ana.modal is None
    made = _schedule(stage)
    assert (made.cron, made.zone, made.overlap) == ("0 9 * * mon", "Europe/Berlin", Overlap.QUEUE)
    assert json.loads(made.input)["topic"] == "tea"

    ana.command("/baton schedule list", channel="#content")
    ana.click("Details", where="#content")
    ana.see("Made by", channel="#content")
    ana.click("Run now", where="#content")
    stage.settle()
    assert stage.run("note").started_by == stage.actor("ana")
    ana.command("/baton schedule add other note daily 8:00", channel="#content")
    assert ana.submit(topic="asked for alone") is None
    stage.quiet()
    assert len(stage.runtime.store.schedules.all()) == 2


def _schedule(stage: Stage) -> Schedule:
    (found,) = stage.runtime.store.schedules.all()
    return found


def _days_pass(stage: Stage, **time: float) -> None:
    """Time goes by, and a clock looks at the schedules."""
    stage.skip(**time)
    stage.runtime.schedule_pass.look()
    stage.settle()
