"""Slack refuses, is slow or is away, and processes die: the channel ends up showing the truth, once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from tests.unit.bot.slack.delivery.stage import Stage
from workflows.engine.model import Outcome
from workflows.engine.outbox import DeliveryState

LEASE = 31
MESSAGES = ["card", "approval"]


def asked(stage: Stage, run_id: str) -> str:
    return f"approval/{stage.approval(run_id).id}"


# dying -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", ["before_post", "after_post"])
@pytest.mark.parametrize("which", MESSAGES)
def test_a_death_around_a_post_makes_no_second_message(stage: Stage, at: str, which: str) -> None:
    run_id = stage.start("article", {})
    stage.dies(at, which, stage.deliver)
    assert stage.outbox.claim(run_id, "w2", timedelta(seconds=30)) is None
    stage.skip(LEASE)
    stage.until_shown(run_id)
    assert len(stage.channel()) == 2
    stage.harness.decide(by=stage.actor("ben"))
    stage.until_shown(run_id)
    assert len(stage.channel()) == 3
    assert not stage.channel()[1].buttons


def test_a_worker_that_died_is_released_at_once(stage: Stage) -> None:
    run_id = stage.start("article", {})
    stage.dies("after_post", "card", stage.deliver)
    stage.store.release("w1", crashed=True)
    stage.until_shown(run_id, most=1)
    assert len(stage.channel()) == 2


def test_a_death_between_decision_and_update(stage: Stage) -> None:
    run_id = stage.start("article", {})
    stage.until_shown(run_id)
    stage.harness.decide(by=stage.actor("ben"))
    assert stage.outbox.claim(run_id, "dead", timedelta(seconds=30)) is not None
    stage.deliver()
    assert stage.channel()[1].buttons
    stage.skip(LEASE)
    stage.until_shown(run_id)
    assert not stage.channel()[1].buttons


# unknown outcomes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", [1, 2])
def test_a_lost_answer_makes_no_second_message(stage: Stage, which: int) -> None:
    run_id = stage.start("article", {})
    if which == 2:
        stage.workspace.faults.fail("chat.postMessage", "internal_error")
    stage.workspace.faults.lose_answer("chat.postMessage")
    stage.until_shown(run_id)
    assert len(stage.channel()) == 2
    rows = stage.rows(run_id)
    assert {row.unclear for row in rows.values()} == {None}
    assert {row.ts for row in rows.values()} == {message.ts for message in stage.channel()}


def test_lost_answers_of_parts_and_files(stage: Stage) -> None:
    run_id = stage.start("article", {"text": "tea and cake, " * 6000})
    stage.workspace.faults.lose_answer("files.completeUploadExternal")
    stage.until_shown(run_id)
    assert len(stage.replies(stage.channel()[1])) == 1
    assert "Approve" in stage.channel()[1].buttons


def test_what_was_not_posted_after_all_is_posted_later(stage: Stage) -> None:
    run_id = stage.start("article", {})
    stage.workspace.faults.fail("chat.postMessage", status=503)
    assert 14 <= stage.until_shown(run_id) <= 20
    assert len(stage.channel()) == 2


def test_without_the_scope_to_look_it_is_posted_again(stage: Stage) -> None:
    run_id = stage.start("article", {})
    stage.workspace.faults.lose_answer("chat.postMessage")
    stage.workspace.faults.fail("conversations.history", "missing_scope")
    stage.until_shown(run_id)
    assert len(stage.channel()) == 3


def test_a_lost_answer_of_an_update_is_no_trouble(stage: Stage) -> None:
    run_id = stage.start("article", {})
    stage.until_shown(run_id)
    stage.workspace.faults.lose_answer("chat.update")
    stage.harness.decide(by=stage.actor("ben"))
    stage.until_shown(run_id)
    assert not stage.channel()[1].buttons
    assert len(stage.channel()) == 3


# limits ------------------------------------------------------------------------------------------------------


def test_a_pause_that_slack_asks_for_holds_no_lane(stage: Stage) -> None:
    run_id = stage.start("article", {})
    other = stage.start("waits", {})
    stage.until_shown(run_id)
    stage.until_shown(other)
    stage.workspace.faults.rate_limit("chat.update", retry_after=30, times=1)
    stage.harness.decide(by=stage.actor("ben"), comment="good")
    assert stage.deliver() <= 4
    updates = stage.calls("chat.update")
    stage.harness.signal(other, "go", "on")
    stage.skip(20)
    assert stage.deliver() <= 4
    assert stage.calls("chat.update") == updates
    assert stage.channel()[1].buttons
    assert 8 <= stage.until_shown(run_id) <= 15
    message = stage.channel()[1]
    assert not message.buttons
    assert "good" in message.shown
    stage.until_shown(other)


def test_a_pause_for_posts_holds_no_updates_up(stage: Stage) -> None:
    run_id = stage.start("asks_again", {})
    stage.until_shown(run_id)
    stage.skip(10)
    stage.workspace.faults.rate_limit("chat.postMessage", retry_after=30)
    stage.harness.decide(Outcome.CHANGES, by=stage.actor("ben"))
    stage.deliver()
    assert len(stage.channel()) == 2
    assert not stage.channel()[1].buttons
    assert 25 <= stage.until_shown(run_id) <= 40
    assert len(stage.channel()) == 3


def test_a_press_makes_way_although_the_limit_is_reached(stage: Stage) -> None:
    run_id = stage.start("article", {})
    stage.until_shown(run_id)
    message = stage.channel()[1]
    url = stage.press(message, "ben")
    stage.workspace.faults.rate_limit("chat.update", retry_after=30, times=None)
    stage.harness.decide(by=stage.actor("ben"))
    assert stage.outbox.reply_via(run_id, asked(stage, run_id), url, until=stage.clock.now() + timedelta(minutes=29))
    stage.deliver()
    assert not stage.channel()[1].buttons


# away --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["refuse", "503"])
def test_slack_is_away_for_a_minute(stage: Stage, how: str) -> None:
    run_id = stage.start("article", {})
    stage.until_shown(run_id)
    stage.harness.decide(by=stage.actor("ben"))
    stage.workspace.faults.down(how)
    with capture_logs() as logs:
        turns = 0
        for _ in range(60):
            stage.skip(1)
            turns += stage.deliver()
    assert turns < 12
    assert [entry["event"] for entry in logs if entry["log_level"] == "warning"].count("slack is failing") >= 1
    stage.workspace.faults.up()
    assert stage.until_shown(run_id) <= 60
    assert not stage.channel()[1].buttons
    assert len(stage.channel()) == 3
    assert stage.card(run_id).failures == 0


def test_a_bot_that_is_not_let_in_says_so(stage: Stage) -> None:
    run_id = stage.start("article", {})
    stage.workspace.faults.fail("*", "token_revoked", times=None)
    stage.deliver()
    assert "token was revoked" in stage.card(run_id).error
    stage.workspace.faults.clear()
    stage.until_shown(run_id)
    assert stage.card(run_id).error == ""
    assert len(stage.channel()) == 2


# two at once -------------------------------------------------------------------------------------------------


def test_two_deliverers_at_once(stage: Stage) -> None:
    runs = [stage.start("article", {"text": f"Tea {number}"}) for number in range(4)]
    start = threading.Barrier(2)

    def work(owner: str) -> None:
        deliverer = stage.deliverer(owner)
        start.wait(10)
        for run_id in runs * 3:
            deliverer.deliver(run_id)

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(work, "w1"), pool.submit(work, "w2")]:
            future.result()
    for run_id in runs:
        stage.until_shown(run_id)
    assert len(stage.channel()) == 8
    assert len({row.ts for run_id in runs for row in stage.rows(run_id).values()}) == 8


# messages that are gone --------------------------------------------------------------------------------------


def test_a_deleted_message_is_posted_anew(stage: Stage) -> None:
    run_id = stage.start("asks_again", {})
    stage.until_shown(run_id)
    stage.workspace.delete(stage.channel()[0])
    stage.harness.decide(Outcome.CHANGES, by=stage.actor("ben"))
    stage.until_shown(run_id)
    shown = [message.shown for message in stage.channel()]
    assert len(shown) == 3
    assert sum("Ask until it is good" in text and "Please decide" not in text for text in shown) >= 1
    assert stage.rows(run_id)["card"].state is DeliveryState.POSTED


def test_a_deleted_request_is_asked_anew(stage: Stage) -> None:
    run_id = stage.start("article", {})
    stage.until_shown(run_id)
    stage.workspace.delete(stage.channel()[1])
    stage.skip(3601)
    stage.harness.tick()
    stage.until_shown(run_id)
    assert "Approve" in stage.channel()[-1].buttons


def test_blocks_that_slack_does_not_take_are_not_tried_for_ever(stage: Stage) -> None:
    run_id = stage.start("article", {})
    stage.workspace.faults.fail("chat.postMessage", "invalid_blocks")
    stage.until_shown(run_id)
    assert "Slack did not take the full view" in stage.channel()[0].shown
    assert stage.rows(run_id)["card"].error
    stage.harness.decide(by=stage.actor("ben"))
    stage.until_shown(run_id)
    assert "Slack did not take" not in stage.channel()[0].shown
