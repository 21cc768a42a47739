"""What everybody sees in a workspace at the end of a story, held against the rows that it has to show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bot.sandbox import LocalUser, Message
from bot.slack import ids
from bot.slack.delivery.deliverer import SHUT_OUT
from tests.payloads import check_message
from tests.scenarios.slack.stage import Stage
from workflows.engine.model import Approval, ApprovalState
from workflows.engine.outbox import DeliveryState

EVERYBODY = ("ana", "ben", "carla", "dmitri", "eve")


def asked(stage: Stage, line: str = "article title=tea", channel: str = "#content", by: str = "ana") -> Message:
    """The request for an approval that a run started with this line comes to, as it stands in the channel."""
    stage.user(by).command(f"/baton run {line}", channel=channel)
    stage.settle()
    (found,) = requests(stage, channel)
    return found


def requests(stage: Stage, channel: str = "#content") -> list[Message]:
    """The messages of a channel in which something can be approved."""
    return [one for one in stage.workspace.channel(channel).messages if "Approve" in one.buttons]


def cards(stage: Stage, channel: str = "#content") -> list[Message]:
    """The cards that stand in a channel."""
    footer = " · run "
    standing = stage.workspace.channel(channel).messages
    return [one for one in standing if not one.is_reply and "Started by" in one.shown and footer in one.shown]


def approval(stage: Stage) -> Approval:
    """The one approval."""
    (found,) = stage.runtime.store.approvals(state=None)
    return found


def answers(user: LocalUser) -> list[str]:
    """What this person alone was told so far: beside messages, and in the modal that is open."""
    told = [one.shown for one in user.ephemerals()]
    return [*told, user.modal.shown] if user.modal is not None else told


def standing(stage: Stage) -> Iterator[Message]:
    """All messages of the bot that several can read, in every channel and direct message."""
    world = stage.workspace.world
    with world.changed:
        found = [one for channel in world.channels for one in world.timeline.of(channel)]
    return iter([one for one in found if one.user == stage.workspace.bot_user_id])


def shows_the_truth(stage: Stage, *, closed: tuple[str, ...] = ()) -> None:
    """Every message is there once and says what the rows say. Channels in `closed` can't be reached any more."""
    shut = {stage.workspace.channel(name).id for name in closed}
    seen = [one for one in standing(stage) if one.channel not in shut]
    _is_there_once(stage, seen)
    _asks_for_what_is_open(stage, seen)
    for name in EVERYBODY:
        for one in (*seen, *stage.user(name).ephemerals()):
            check_message({"text": one.text or one.shown, "blocks": list(one.blocks)}, escaped=False)
    for run in stage.runs():
        card = stage.runtime.outbox.card(run.id)
        assert card is None or not card.error.startswith(SHUT_OUT)
        for row in stage.runtime.outbox.deliveries(run.id):
            if row.key == ids.CARD and row.state is DeliveryState.POSTED and row.channel not in shut:
                (message,) = [one for one in seen if (one.channel, one.ts) == (row.channel, row.ts)]
                assert f": {run.state.value}" in message.text, f"The card says {message.text!r}"


def _is_there_once(stage: Stage, seen: list[Message]) -> None:
    marks = Counter(mark for one in seen if (mark := _mark(one)))
    assert not [mark for mark, times in marks.items() if times > 1], "A message is there twice"
    rows = {row.id: row for run in stage.runs() for row in stage.runtime.outbox.deliveries(run.id)}
    others = [one for one in seen if (mark := _mark(one)) and mark not in rows]  # a group's, which no single run has
    for one in others:
        row = stage.runtime.outbox.at(one.channel, one.ts)
        assert row is not None, "A message is there of which nobody knows"
        assert row.id == _mark(one), "A message is there of which nobody knows"
    places = {(one.channel, one.ts) for one in seen}
    for row in rows.values():
        assert row.unclear is None, f"{row.key} may or may not be there"
        if row.state is DeliveryState.POSTED and row.id in marks:
            assert (row.channel, row.ts) in places, f"{row.key} is not where it should be"


def _asks_for_what_is_open(stage: Stage, seen: list[Message]) -> None:
    everything = {one.id: one for one in stage.runtime.store.approvals(state=None, limit=1000)}
    asking = Counter(
        approval
        for one in seen
        for button in one.all_buttons
        if button.action_id == ids.APPROVAL_APPROVE and (approval := button.value.partition("|")[0])
    )
    for approval_id in asking:
        assert everything[approval_id].state is ApprovalState.OPEN, "A decided approval still has its buttons"
    for found in everything.values():
        assert found.state is not ApprovalState.OPEN or asking[found.id], "An open approval is asked for nowhere"


def _mark(message: Message) -> str:
    payload = (message.metadata or {}).get("event_payload") or {}
    return str(payload.get("id") or "")
