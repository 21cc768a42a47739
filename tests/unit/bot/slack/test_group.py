"""The message of a group of dead letters: one for all that failed alike, never a storm."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.slack.ids import Context
from bot.slack.views.bulk import bulk_form
from bot.slack.views.group import Failed, GroupSnapshot, group_message, group_messages, runs_message
from bot.slack.views.messages import Places
from tests.payloads import check_view
from tests.unit.bot.slack.snapshots import ANA, BEN, HOSTILE, NOW, a_dead_letter, checked, labels, shown
from workflows.engine.bulks.model import Bulk, EndedAs, Move, Standing
from workflows.engine.letters.model import FRESH, Closed, Counted, Group
from workflows.engine.model import RunState

HERE = Places("C1", "COPS")
DEAD = a_dead_letter(
    {"kind": "StepFailed", "step": "site.publish", "key": "publish#1", "message": "no access", "attempts": 6}
)
GROUP = Group(
    "01kgroup", "f" * 32, "slack:T1:C1", "article", "site.publish", "Unavailable", "Order # was refused", 7, NOW,
    NOW + FRESH,
)  # fmt: skip


def some(runs: int, waiting: int | None = None, **changes: Any) -> GroupSnapshot:
    """A group of so many runs, the newest of which wait."""
    waiting = runs if waiting is None else waiting
    group = replace(GROUP, **{name: value for name, value in changes.items() if name in vars(GROUP)})
    counts = {name: value for name, value in changes.items() if name not in vars(GROUP)}
    counted = Counted(group, runs, waiting, NOW + timedelta(hours=1), 7, **{"first_release": 7, **counts})
    listed = range(min(runs, 20))
    failed = [Failed(replace(DEAD.run, id=f"01krun{n:03}"), NOW, waits=n < waiting) for n in listed]
    return GroupSnapshot(counted, tuple(failed))


def one(**changes: Any) -> GroupSnapshot:
    return replace(some(1, **changes), newest=(Failed(DEAD.run, NOW, waits=True),), only=DEAD)


def keys(snapshot: GroupSnapshot, places: Places = HERE) -> list[str]:
    return [wanted.key for wanted in group_messages(snapshot, places)]


def texts(node: Any) -> list[dict[str, Any]]:
    """Every text in which Slack may look for mentions, and every plain one."""
    if isinstance(node, list):
        return [found for each in node for found in texts(each)]
    if not isinstance(node, dict):
        return []
    own = [node] if isinstance(node.get("text"), str) else []
    return own + [found for each in node.values() for found in texts(each)]


def test_one_failure_is_its_run_s_alert_in_the_channel_and_the_ops_channel() -> None:
    channel, ops = group_messages(one(), HERE)
    assert (channel.key, channel.channel, ops.key, ops.channel) == ("group", "", "group/ops", "COPS")
    assert "<@UANA>, this is your run." in shown(checked(channel.message))
    assert "this is your run" not in shown(checked(ops.message))
    assert labels(channel.message)[0] == "Retry from failed step"
    assert labels(channel.message)[-1] == "Claim"


def test_one_message_where_both_are_one_channel_and_ops_alone_where_there_is_none() -> None:
    assert keys(one(), Places("C1", "C1")) == ["group"]
    assert keys(one(), Places("", "COPS")) == ["group/ops"]
    assert keys(one(), Places()) == []


def test_many_are_one_message_with_a_list_in_its_thread() -> None:
    messages = group_messages(some(1_000), HERE)
    assert [(m.key, m.message.thread) for m in messages] == [
        ("group", ""), ("group/runs", "group"), ("group/ops", ""), ("group/ops/runs", "group/ops"),
    ]  # fmt: skip
    words = shown(checked(messages[0].message))
    for part in ("1,000 runs failed alike", "Order # was refused", "1000 of them wait", "The service was away"):
        assert part.replace(",", "") in words.replace(",", "")
    listed = shown(checked(messages[1].message))
    assert "01krun019" in listed
    assert "980 older runs" in listed
    menu = messages[0].message.blocks[-1]["elements"][0]
    assert [option["value"] for option in menu["options"]] == [f"01krun{n:03}" for n in range(20)]


def test_what_was_put_right_before_anybody_was_told_is_not_told() -> None:
    assert keys(some(3, 0)) == []
    over = group_messages(some(3, 0), replace(HERE, posted={"group": ""}))
    assert [m.key for m in over] == ["group", "group/runs"]
    assert labels(over[0].message) == []
    assert "Nothing waits for a person any more" in shown(over[0].message)


def test_the_owner_is_shown_and_can_release() -> None:
    owned = checked(group_message(some(3, owner=BEN, claimed_at=NOW)))
    assert "Claimed by <@UBEN>" in shown(owned)
    assert labels(owned)[-1] == "Release"
    assert "Claimed by <@UBEN>" in shown(checked(group_message(one(owner=BEN))))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"last_release": 9}, "Same error since release 7."),
        ({"earlier": 2, "first_release": 5}, "Same error since release 5; it was there 2 times before."),
        ({"closed_at": NOW, "closed_as": Closed.PASSED}, "resolved: the last 20 runs passed."),
    ],
)
def test_its_history_is_told(changes: dict[str, Any], words: str) -> None:
    made = some(3, **{name: value for name, value in changes.items() if name != "last_release"})
    if "last_release" in changes:
        made = replace(made, counted=replace(made.counted, last_release=changes["last_release"]))
    assert words in shown(checked(group_message(made)))
    assert "Same error" not in shown(group_message(some(3)))


def test_that_an_error_is_gone_is_said_once_in_the_thread() -> None:
    gone = group_messages(some(3, closed_at=NOW, closed_as=Closed.PASSED), Places("C1"))
    assert [(m.key, m.once) for m in gone] == [("group", False), ("group/runs", False), ("group/passed", True)]
    assert "Resolved: the last 20 runs" in gone[-1].message.text


def test_the_ops_channel_learns_nothing_of_a_private_channel_but_that_something_fails() -> None:
    messages = group_messages(replace(some(3), private=True), HERE)
    assert [m.key for m in messages] == ["group", "group/runs", "group/ops"]
    told = checked(messages[-1].message)
    assert "3 runs" in shown(told)
    for secret in ("refused", "01krun", "publish"):
        assert secret not in shown(told)
    assert labels(told) == []


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_fit_and_forge_nothing(text: str) -> None:
    hostile = some(25, words=text, step=text, error=text, workflow=text)
    named = [replace(each, run=replace(each.run, title=text, state=RunState.FAILED)) for each in hostile.newest]
    made = replace(hostile, newest=tuple(named))
    for message in (group_message(made), runs_message(made)):
        checked(message)
        said = "".join(each["text"] for each in texts(list(message.blocks)) if each["type"] == "mrkdwn")
        assert "<!channel>" not in said
        assert "<@UEVE>" not in said
    assert ANA in {each.run.started_by for each in made.newest}


def test_each_person_is_told_once_however_many_of_their_runs_fail() -> None:
    people = (ANA, "trigger:shop", BEN)
    told = group_messages(replace(some(30), people=people), HERE)
    assert [m.key for m in told] == ["group", "group/runs", "group/told/UBEN", "group/ops", "group/ops/runs"]
    naming = {
        user: [m.key for m in told if user in m.message.text + shown(m.message)] for user in ("<@UANA>", "<@UBEN>")
    }
    assert naming == {"<@UANA>": ["group"], "<@UBEN>": ["group/told/UBEN"]}
    assert [m.key for m in group_messages(replace(one(), people=people[:1]), HERE)] == ["group", "group/ops"]
    assert "group/told/UBEN" not in [m.key for m in group_messages(replace(some(30, 0), people=people), HERE)]


# moves for all of it -----------------------------------------------------------------------------------------


def moving(**changes: Any) -> Standing:
    asked = Bulk("01kbulk", GROUP.id, Move.RESUME, BEN, NOW, total=1_000, confirmed_at=NOW)
    counts = {name: value for name, value in changes.items() if name not in vars(asked)}
    return Standing(replace(asked, **{name: value for name, value in changes.items() if name in vars(asked)}), **counts)


def test_a_move_for_all_is_shown_with_its_progress_and_can_be_stopped() -> None:
    assert labels(group_message(some(3)))[:4] == ["Resume all", "Skip all", "Fork all", "Discard all"]
    going = checked(group_message(replace(some(3), bulk=moving(done=420))))
    assert "Resuming 1,000 runs: 420 done." in shown(going)
    assert "Stop" in labels(going)
    assert "Resume all" not in labels(going)


def test_its_end_is_told_once_in_the_thread_and_to_the_person_who_asked() -> None:
    over = replace(some(1_000, 0), bulk=moving(done=998, elsewhere=2, since=3, ended_at=NOW, ended_as=EndedAs.DONE))
    told = [w for w in group_messages(over, replace(HERE, posted={"group": "", "group/ops": ""})) if "/bulk/" in w.key]
    assert [(w.key, w.once, w.message.thread) for w in told] == [
        ("group/bulk/01kbulk", True, "group"), ("group/ops/bulk/01kbulk", True, "group/ops"),
    ]  # fmt: skip
    words = [w.message.text for w in told]
    assert all("Resumed 998, 2 had been moved already. 3 more failed since" in text for text in words)
    assert ["<@UBEN>" in text for text in words] == [True, False]


@pytest.mark.parametrize("text", HOSTILE)
def test_why_a_run_was_not_moved_forges_nothing(text: str) -> None:
    made = group_message(replace(some(3), bulk=moving(refused=1, why=text)))
    asked = bulk_form(moving(), replace(GROUP, words=text, workflow=text), Context(bulk="01kbulk"))
    check_view(asked)
    said = "".join(
        each["text"] for each in texts([*checked(made).blocks, *asked["blocks"]]) if each["type"] == "mrkdwn"
    )
    assert "<!channel>" not in said
    assert "<@UEVE>" not in said
