"""What people, models and bad luck do to messages: nothing is decided unseen, told to the wrong people, or stuck."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.slack.channel import SlackChannel
from bot.slack.delivery.snapshots import Snapshots
from bot.slack.views.snapshot import RunSnapshot
from tests.unit.bot.slack.delivery.stage import Stage
from tests.unit.bot.slack.delivery.test_posts import Bell, in_run
from workflows.engine.model import Outcome
from workflows.engine.outbox import Budget, DeliveryState, Turn
from workflows.engine.policy import call_in_progress

PARTS, FILE = "tea and cake, " * 600, "tea and cake, " * 6000


@pytest.mark.parametrize("text", [PARTS, FILE])
@pytest.mark.parametrize("how", ["deleted", "moved"])
def test_a_request_that_stands_anew_has_its_text_below_before_its_buttons(stage: Stage, text: str, how: str) -> None:
    stage.home = "#general"
    run_id = stage.start("article", {"text": text})
    stage.until_shown(run_id)
    old = stage.channel()[1]
    parts = len(stage.replies(old))
    if how == "deleted":
        stage.workspace.delete(old)
        stage.harness.service.reassign(stage.approval(run_id).id, [stage.actor("carla")], by=stage.actor("ben"))
    else:
        stage.workspace.archive("#content")
        stage.skip(3601)
        stage.harness.tick()
    stage.until_shown(run_id)
    (new,) = [m for m in stage.channel("#content" if how == "deleted" else "#general") if "Please decide" in m.shown]
    assert "Approve" in new.buttons
    assert len([reply for reply in stage.replies(new) if reply.files or ", part " in reply.text]) == parts


def test_an_update_that_slack_never_takes_holds_nothing_up(stage: Stage) -> None:
    run_id = stage.start("asks_again", {})
    stage.until_shown(run_id)
    stage.workspace.faults.fail("chat.update", "invalid_blocks", times=None)
    stage.harness.decide(Outcome.CHANGES, by=stage.actor("ben"))
    stage.until_shown(run_id)
    assert len(stage.channel()) == 3
    assert "does not let the bot in" not in stage.card(run_id).error


def test_the_rest_of_a_post_whose_first_part_was_deleted(stage: Stage) -> None:
    run_id = stage.start("waits", {}, channel="")
    channel = SlackChannel(lambda: stage.outbox, Bell, stage.clock.now)
    with call_in_progress(in_run(run_id)):
        channel.post("#general", "Line of words\n" * 500)
    stage.dies("before_post", "post/k1/2", stage.deliver)
    stage.workspace.delete(stage.channel("#general")[0])
    stage.skip(31)
    stage.until_shown(run_id)
    assert "Line of words" in stage.channel("#general")[-1].text
    assert {row.state for row in stage.rows(run_id).values()} <= {DeliveryState.POSTED, DeliveryState.GONE}


class PostsMeanwhile(Snapshots):
    """Reads a run just after a workflow posted something."""

    def load(self, run_id: str) -> RunSnapshot:
        before_loading.pop()() if before_loading else None
        return super().load(run_id)


before_loading: list[Callable[[], None]] = []


def test_a_post_made_while_the_card_is_being_delivered(stage: Stage) -> None:
    run_id = stage.start("waits", {})
    channel = SlackChannel(lambda: stage.outbox, Bell, stage.clock.now)

    def post() -> None:
        with call_in_progress(in_run(run_id)):
            channel.post("#general", "hello")

    before_loading.append(post)
    deliverer = stage.deliverer()
    slow = PostsMeanwhile(stage.store, stage.harness.catalogue, stage.clock.now, stage.people.members)
    replace(deliverer, snapshots=slow).deliver(run_id)
    stage.until_shown(run_id)
    assert [message.text for message in stage.channel("#general")] == ["hello"]


@pytest.mark.parametrize("how", ["removed", "archived"])
def test_a_private_channel_s_run_is_not_shown_to_everybody(stage: Stage, how: str) -> None:
    stage.home = "#general"
    stage.workspace.add_channel("secret", private=True)
    run_id = stage.start("article", {"text": "we all know"}, channel="#secret")
    if how == "removed":
        stage.workspace.kick_bot("#secret")
    else:
        stage.until_shown(run_id)
        stage.workspace.archive("#secret")
        stage.harness.decide(by=stage.actor("ben"))
    stage.until_shown(run_id)
    assert stage.channel("#general") == []
    assert any("Write an article" in message.shown for message in stage.direct("ana"))


def test_words_of_people_call_nobody(stage: Stage) -> None:
    run_id = stage.start("waits", {})
    stage.until_shown(run_id)
    carla = stage.workspace.user("carla").id
    forged = f"see slack:{stage.workspace.team_id}:{carla} and slack:{stage.workspace.team_id}:S0123456"
    stage.harness.service.cancel(run_id, by=stage.actor("ana"), reason=forged)
    stage.harness.work()
    stage.until_shown(run_id)
    sent = [str(call.arguments) for call in stage.workspace.calls if call.method.startswith("chat.")]
    assert not [one for one in sent if f"<@{carla}>" in one or "subteam" in one]


class Counting:
    """Counts how often a turn is asked for."""

    def __init__(self, stage: Stage) -> None:
        self.asked = 0
        self._outbox = stage.outbox

    def __getattr__(self, name: str) -> object:
        return getattr(self._outbox, name)

    def reserve(self, budget: Budget) -> Turn:
        self.asked += 1
        return self._outbox.reserve(budget)


def test_many_messages_ask_for_few_turns(stage: Stage) -> None:
    run_id = stage.start("many", {})
    deliverer = stage.deliverer()
    counting = Counting(stage)
    deliverer = replace(deliverer, tools=replace(deliverer.tools, outbox=counting))  # type: ignore[arg-type]
    deliverer.deliver(run_id)
    posted = stage.calls("chat.postMessage")
    assert counting.asked <= posted + 2
    stage.skip(1)
    deliverer.deliver(run_id)
    assert counting.asked <= stage.calls("chat.postMessage") + 4


def test_a_lease_is_longer_than_a_message_takes(stage: Stage) -> None:
    """Whoever lost a card must not change its messages any more, since nobody would know what they show."""
    run_id = stage.start("article", {})
    stage.until_shown(run_id)
    message = stage.channel()[1]
    url = stage.press(message, "ben")
    stage.harness.decide(by=stage.actor("ben"))
    key = f"approval/{stage.approval(run_id).id}"
    assert stage.outbox.reply_via(run_id, key, url, until=stage.clock.now() + timedelta(minutes=29))
    deliverer = stage.deliverer()
    poster = deliverer.tools.poster

    class Hangs:
        def __getattr__(self, name: str) -> object:
            return getattr(poster, name)

        def reply(self, url: str, message: object) -> bool:
            stage.skip(16)
            other = stage.outbox.claim(run_id, "w2", timedelta(seconds=30))
            assert other is not None
            return False

    replace(deliverer, tools=replace(deliverer.tools, poster=Hangs())).deliver(run_id)  # type: ignore[arg-type]
    updated = [call.arguments["ts"] for call in stage.workspace.calls if call.method == "chat.update"]
    assert message.ts not in updated


class TakesLong(Snapshots):
    """Reads for a long time, as over a slow database."""

    def load(self, run_id: str) -> RunSnapshot:
        found = super().load(run_id)
        slow_stage[-1].skip(10)
        return found


slow_stage: list[Stage] = []


def test_a_run_that_takes_long_to_read_is_shown_all_the_same(stage: Stage) -> None:
    run_id = stage.start("article", {})
    slow_stage.append(stage)
    slow = TakesLong(stage.store, stage.harness.catalogue, stage.clock.now, stage.people.members)
    replace(stage.deliverer(), snapshots=slow).deliver(run_id)
    assert len(stage.channel()) == 2


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
def test_no_buttons_beside_a_part_that_slack_did_not_take(stage: Stage, method: str) -> None:
    run_id = stage.start("drafts", {"text": PARTS})
    key = f"approval/{stage.approval(run_id).id}"
    if method == "chat.postMessage":
        stage.dies("before_post", f"{key}/part/1", stage.deliver)
        stage.skip(16)
        stage.workspace.faults.fail(method, "invalid_blocks")
    else:
        stage.until_shown(run_id)
        assert "Approve" in stage.channel()[1].buttons
        text = {"text": "something else, " * 600}
        stage.workspace.faults.fail(method, "invalid_blocks", times=None)
        approval, ben = stage.approval(run_id), stage.actor("ben")
        stage.harness.service.decide(approval.id, Outcome.APPROVED, by=ben, edited=text)
        stage.until_shown(run_id)
        stage.workspace.faults.clear()
        stage.harness.service.reassign(approval.id, [ben, stage.actor("carla")], by=ben)
    stage.until_shown(run_id)
    assert "Approve" not in stage.channel()[1].buttons
