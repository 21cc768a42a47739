"""What workflows post themselves: written down first, delivered once."""

from __future__ import annotations

import pytest

from bot.slack.channel import SlackChannel
from bot.slack.delivery.posts import MOST, parts_of
from integrations.errors import InvalidRequest
from tests.unit.bot.slack.delivery.stage import Stage
from workflows.engine.outbox import POSTS, DeliveryState
from workflows.engine.policy import CallInProgress, call_in_progress


class Bell:
    def __init__(self) -> None:
        self.rung: list[str] = []

    def ring_delivery(self, *run_ids: str, again: bool = False) -> None:
        self.rung += run_ids


@pytest.fixture
def bell() -> Bell:
    return Bell()


@pytest.fixture
def channel(stage: Stage, bell: Bell) -> SlackChannel:
    return SlackChannel(lambda: stage.outbox, lambda: bell, stage.clock.now)


def in_run(run_id: str, key: str = "k1", attempt: int = 1) -> CallInProgress:
    return CallInProgress(run_id, "post#1", key, attempt, lambda: None)


def test_a_post_of_a_run_is_made_once(stage: Stage, channel: SlackChannel, bell: Bell) -> None:
    run_id = stage.start("waits", {}, channel="")
    said = "*Tea* is out <https://example.com|here>"
    with call_in_progress(in_run(run_id)):
        posted = channel.post("#general", said)
    with call_in_progress(in_run(run_id, attempt=2)):
        assert channel.post("#general", said) == posted
    assert bell.rung == [run_id, run_id]
    stage.workspace.faults.lose_answer("chat.postMessage")
    stage.until_shown(run_id)
    (message,) = stage.channel("#general")
    assert message.text == said
    assert stage.rows(run_id)["post/k1"].id == posted.id
    assert stage.rows(run_id)["post/k1"].state is DeliveryState.POSTED


def test_a_long_post_comes_in_parts(stage: Stage, channel: SlackChannel) -> None:
    text = "\n".join(f"Line {number}" for number in range(1500))
    run_id = stage.start("waits", {}, channel="")
    with call_in_progress(in_run(run_id)):
        channel.post("#general", text)
    stage.until_shown(run_id)
    (message,) = stage.channel("#general")
    shown = [message.text, *(reply.text for reply in stage.replies(message))]
    assert "\n".join(shown) == text
    assert all(len(part) <= MOST for part in shown)


def test_a_post_outside_a_run(stage: Stage, channel: SlackChannel) -> None:
    channel.post("#general", "one")
    channel.post(stage.place("#ops"), "two")
    stage.deliver()
    assert [message.text for message in stage.channel("#general")] == ["one"]
    assert [message.text for message in stage.channel("#ops")] == ["two"]
    assert stage.card(POSTS).shown == stage.card(POSTS).wanted


def test_a_post_that_can_not_be_made_is_told(stage: Stage, channel: SlackChannel) -> None:
    run_id = stage.start("waits", {})
    with call_in_progress(in_run(run_id)):
        channel.post("#nowhere", "lost")
    stage.until_shown(run_id)
    assert "A post could not be made: it does not exist" in stage.card(run_id).error
    assert len(stage.channel()) == 1


@pytest.mark.parametrize(("to", "text"), [("#general", " "), ("", "hello"), ("#general", "x" * 40_001)])
def test_what_is_no_post_is_refused(channel: SlackChannel, to: str, text: str) -> None:
    with pytest.raises(InvalidRequest):
        channel.post(to, text)


@pytest.mark.parametrize("text", ["", "short", "word " * 2000, "x" * 9000, "line\n" * 3000])
def test_parts_hold_the_whole_text(text: str) -> None:
    parts = parts_of(text)
    assert all(len(part) <= MOST for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())
