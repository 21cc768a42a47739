"""Groups of dead letters in Slack: a storm is one message, a crash doubles none, what is done shows."""

from __future__ import annotations

import json

from tests.unit.bot.slack.delivery.stage import Stage
from workflows.engine.letters.joining import letter_of
from workflows.engine.letters.ports import card_of
from workflows.engine.model import NewRun, Run, RunState, Writes
from workflows.engine.problem import Problem

STORM = 1_000


def fail(stage: Stage, number: int, by: str = "") -> None:
    """A run that was started by a trigger, or by a person, is a dead letter."""
    now = stage.clock.now()
    problem = Problem("StepFailed", f"Order {number} was refused", "buy", cause="Unavailable")
    run = Run(
        f"r{number:05}", "breaks", "Print it", RunState.FAILED, "{}", now, release=1, error=problem.text(), dead_at=now,
        ended_at=now, started_by=stage.actor(by) if by else "trigger:shop",
    )  # fmt: skip
    stage.store.create(NewRun(run), Writes(letter=letter_of(run, problem, now)))


def test_a_storm_of_failures_is_two_messages(stage: Stage) -> None:
    stage.home = stage.ops = "#ops"
    for number in range(STORM):
        fail(stage, number)
        if number % 200 == 0:
            stage.deliver()
            stage.skip(5)
    stage.skip(5)
    stage.deliver()
    assert stage.calls("chat.postMessage") == 2, "the group, and the newest of its runs in the thread"
    [message] = stage.channel("#ops")
    assert "1000 runs failed alike" in message.shown.replace(",", "")
    [thread] = stage.replies(message)
    assert f"r{STORM - 1:05}" in thread.shown
    assert stage.calls("chat.update") < 20


def test_a_death_between_post_and_record_doubles_nothing(stage: Stage) -> None:
    stage.home = "#general"
    fail(stage, 1)
    fail(stage, 2)
    stage.dies("after_post", "group", stage.deliver)
    stage.skip(40)
    stage.deliver("w2")
    stage.skip(5)
    stage.deliver("w2")
    [message] = stage.channel("#general")
    assert "2 runs failed alike" in message.shown
    assert len(stage.replies(message)) == 1


def test_each_person_is_told_once_of_their_runs(stage: Stage) -> None:
    stage.home, stage.ops = "#general", "#ops"
    for number, by in enumerate(("ana", "", "ben", "ana", "ben", "carla"), 1):
        fail(stage, number, by)
        stage.skip(5)
        stage.deliver()
    fail(stage, 7, "ben")
    stage.skip(5)
    stage.deliver("w2")
    posts = [call for call in stage.workspace.calls if call.method == "chat.postMessage"]
    said = [json.dumps(dict(call.arguments), default=str) for call in posts]
    for name in ("ana", "ben", "carla"):
        assert sum(f"<@{stage.workspace.user(name).id}>" in words for words in said) == 1, name


def test_a_private_channel_s_failure_is_not_told_elsewhere(stage: Stage) -> None:
    stage.ops = "#ops"
    run_id = stage.start("breaks", {"text": "secret ink"}, channel="#finance")
    stage.until_shown(run_id)
    [told] = stage.channel("#ops")
    assert "1 run of Print it failed in a private channel" in told.shown.replace("*", "")
    assert "secret ink" not in told.shown
    member = stage.store.letters.of_run(run_id)
    assert member is not None
    assert stage.outbox.card(card_of(member.group_id)) is not None
