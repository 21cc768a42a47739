"""Which messages a run has: in which order, where, and when an approval gets its buttons."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.slack.views.messages import MessageType, Places, Priority, Wanted
from bot.slack.views.snapshot import AlertSnapshot, ApprovalSnapshot, Edit, Handover, RunSnapshot
from bot.slack.views.wanted import messages_for
from tests.unit.bot.slack.snapshots import (
    ANA,
    BEN,
    EVE,
    NOW,
    a_dead_letter,
    a_run,
    an_approval,
    checked,
    decided,
    labels,
    shown,
    snapshot_with,
)
from workflows.engine.model import ApprovalState, Outcome, RunState

HERE = Places("C1", "COPS")
LONG = {"body": "A sentence. " * 1_000}


def keys(snapshot: RunSnapshot, places: Places = HERE) -> list[str]:
    return [wanted.key for wanted in messages_for(snapshot, places)]


def wanted(snapshot: RunSnapshot, key: str, places: Places = HERE) -> Wanted:
    [found] = [one for one in messages_for(snapshot, places) if one.key == key]
    checked(found.message)
    return found


def posted(places: Places, *more: Wanted) -> Places:
    return replace(places, posted={**places.posted, **{one.key: one.message.digest for one in more}})


def asked(show: Any = "short", **changes: Any) -> RunSnapshot:
    return snapshot_with(a_run(RunState.WAITING), approvals=(ApprovalSnapshot(an_approval(show, **changes)),))


# the card and the end --------------------------------------------------------------------------------------


def test_a_run_has_one_card_which_is_updated() -> None:
    card = wanted(snapshot_with(a_run()), "card")
    assert (card.kind, card.priority, card.once, card.channel) == (MessageType.CARD, Priority.PROGRESS, False, "")


def test_what_is_over_or_parked_or_being_cancelled_comes_before_progress() -> None:
    for run in (a_run(RunState.SUCCEEDED), a_run(RunState.PARKED), a_run(cancel="cancelled by slack:T1:UANA")):
        assert wanted(snapshot_with(run), "card").priority is Priority.DECISION


def test_the_starter_is_told_of_the_end_in_the_thread_once() -> None:
    end = wanted(snapshot_with(a_run(RunState.SUCCEEDED, output='{"url": "https://x.example/"}')), "end/0")
    assert end.once
    assert end.message.thread == "card"
    assert "✅ <@UANA>: *Write an article*: *Succeeded*" in shown(end.message)
    assert "<https://x.example/>" in shown(end.message)


def test_a_run_of_a_generation_ends_once() -> None:
    assert "end/1" in keys(snapshot_with(a_run(RunState.CANCELLED, generation=1)))
    assert not [key for key in keys(snapshot_with(a_run(RunState.WAITING))) if key.startswith("end")]


def test_a_starter_who_is_no_person_of_slack_needs_no_notice() -> None:
    assert keys(snapshot_with(a_run(RunState.SUCCEEDED, started_by="cli:ana"))) == ["card"]


def test_the_summary_is_posted_once_as_its_author_wrote_it() -> None:
    words = "Published *Tea* <https://x.example|here> for <@UANA>"
    done = snapshot_with(a_run(RunState.SUCCEEDED), summary=words)
    [summary] = [one for one in messages_for(done, HERE) if one.key == "summary"]
    assert summary.once
    assert summary.message.thread == ""
    assert shown(summary.message) == words
    assert "summary" not in keys(replace(done, run=a_run(RunState.FAILED)))


def test_what_texts_quote_calls_nobody() -> None:
    quoted = "<!channel> <!here|here> & <@UEVE> <!subteam^SX> slack:T9:UEVE slack:T1:SX"
    run = a_run(
        RunState.SUCCEEDED, output=f'{{"said": "{quoted}"}}', input='{"who": "slack:T1:UBEN", "group": "slack:T1:SX"}'
    )
    done = messages_for(snapshot_with(run, summary=quoted), HERE)
    texts = "".join(shown(one.message) + one.message.text for one in done)
    assert "<@UANA>" in texts
    assert "<@UBEN>" in texts
    for token in ("<!channel", "<!here", "<!subteam", "<@UEVE>"):
        assert token not in texts
    [summary] = [one for one in done if one.key == "summary"]
    assert shown(summary.message) == "&lt;!channel&gt; &lt;!here|here&gt; &amp; UEVE SX slack:T9:UEVE slack:T1:SX"
    stopped = a_run(RunState.CANCELLED, cancel="cancelled by slack:T1:UBEN: ask slack:T9:UEVE")
    [card, *_] = messages_for(snapshot_with(stopped), HERE)
    assert "<@UBEN>: ask UEVE" in shown(card.message)


def test_a_child_has_no_card_and_no_end_but_its_questions() -> None:
    child = snapshot_with(
        a_run(RunState.SUCCEEDED, parent_id="p"), approvals=(ApprovalSnapshot(an_approval()),), summary="x"
    )
    assert keys(child) == ["approval/ap1"]


def test_a_run_without_a_channel_asks_people_directly_and_has_no_card() -> None:
    nowhere = Places()
    snapshot = asked(approvers=(BEN, EVE, "role:finance", "cli:ana"))
    assert keys(snapshot, nowhere) == ["approval/ap1/dm/UBEN", "approval/ap1/dm/UEVE"]
    one = wanted(snapshot, "approval/ap1/dm/UBEN", nowhere)
    assert one.channel == "UBEN"
    assert labels(one.message) == ["Approve", "Request changes", "Reject", "Reassign"]


# approvals -------------------------------------------------------------------------------------------------


def test_approvers_who_do_not_see_the_channel_get_the_same_message() -> None:
    places = replace(HERE, direct={"ap1": ("UEVE",)})
    assert keys(asked(), places) == ["card", "approval/ap1", "approval/ap1/dm/UEVE"]


def test_buttons_come_when_slack_has_every_part_of_this_very_content() -> None:
    snapshot = asked(LONG)
    first = wanted(snapshot, "approval/ap1")
    assert labels(first.message) == []
    parts = [one for one in messages_for(snapshot, HERE) if one.kind is MessageType.PART]
    assert len(parts) > 1
    assert [one.message.thread for one in parts] == ["approval/ap1"] * len(parts)
    some = posted(HERE, first, *parts[:-1])
    assert labels(wanted(snapshot, "approval/ap1", some).message) == []
    everything = posted(some, parts[-1])
    assert "Approve" in labels(wanted(snapshot, "approval/ap1", everything).message)


def test_changed_content_takes_the_buttons_until_it_was_delivered() -> None:
    before = asked(LONG)
    places = posted(HERE, *messages_for(before, HERE))
    after = asked({"body": "Another sentence. " * 300}, digest="e" * 64)
    assert labels(wanted(after, "approval/ap1", places).message) == []
    again = posted(places, *messages_for(after, places))
    assert "Approve" in labels(wanted(after, "approval/ap1", again).message)
    last = max(key for key in again.posted if "/part/" in key)
    assert "belonged to an earlier version" in shown(wanted(after, last, again).message)


def test_each_direct_message_waits_for_its_own_parts() -> None:
    snapshot = asked(LONG)
    places = replace(HERE, direct={"ap1": ("UEVE",)})
    found = messages_for(snapshot, places)
    delivered = posted(places, *[one for one in found if "/dm/" not in one.key])
    assert "Approve" in labels(wanted(snapshot, "approval/ap1", delivered).message)
    assert labels(wanted(snapshot, "approval/ap1/dm/UEVE", delivered).message) == []
    assert {one.channel for one in found if one.key.startswith("approval/ap1/dm/UEVE")} == {"UEVE"}


def test_a_decision_finishes_every_message_that_there_is_and_makes_none() -> None:
    snapshot = snapshot_with(a_run(), approvals=(decided(Outcome.APPROVED),))
    assert keys(snapshot) == ["card"]
    places = replace(HERE, posted={"approval/ap1": "", "approval/ap1/dm/UEVE": "", "approval/ap1/part/1": ""})
    assert keys(snapshot, places) == ["card", "approval/ap1", "approval/ap1/dm/UEVE"]
    for key in ("approval/ap1", "approval/ap1/dm/UEVE"):
        done = wanted(snapshot, key, places)
        assert done.priority is Priority.DECISION
        assert labels(done.message) == []
        assert "✅ *Approved* by <@UBEN>" in shown(done.message)


def test_a_handover_tells_the_new_ones_and_takes_the_buttons_of_the_former() -> None:
    given = ApprovalSnapshot(an_approval(approvers=(EVE,)), handovers=(Handover(BEN, NOW, (EVE,), "ill"),))
    snapshot = snapshot_with(a_run(RunState.WAITING), approvals=(given,))
    places = replace(HERE, direct={"ap1": ("UEVE",)}, posted={"approval/ap1/dm/UBEN": "", "approval/ap1": ""})
    assert keys(snapshot, places) == [
        "card", "approval/ap1", "approval/ap1/handover/1", "approval/ap1/dm/UBEN", "approval/ap1/dm/UEVE",
        "approval/ap1/dm/UEVE/handover/1",
    ]  # fmt: skip
    assert labels(wanted(snapshot, "approval/ap1/dm/UBEN", places).message) == []
    told = wanted(snapshot, "approval/ap1/handover/1", places)
    assert told.once
    assert "<@UBEN> handed it to <@UEVE>: ill" in shown(told.message)


def test_a_reminder_is_a_reply_that_mentions_the_approvers_and_only_the_latest_counts() -> None:
    reminded = ApprovalSnapshot(an_approval(), reminders=3)
    snapshot = snapshot_with(a_run(RunState.WAITING), approvals=(reminded,))
    assert keys(snapshot) == ["card", "approval/ap1", "approval/ap1/reminder/3"]
    told = wanted(snapshot, "approval/ap1/reminder/3")
    assert (told.once, told.message.thread) == (True, "approval/ap1")
    assert "🔔 <@UBEN> or <!subteam^SEDIT>: *Editor* still waits for your decision" in shown(told.message)
    closed = replace(reminded, approval=an_approval(state=ApprovalState.VOID))
    assert "approval/ap1/reminder/3" not in keys(
        replace(snapshot, approvals=(closed,)), replace(HERE, posted={"approval/ap1": ""})
    )


def test_an_edit_is_posted_into_the_thread_also_after_the_decision() -> None:
    edit = Edit(BEN, NOW, '{"a": "1"}', '{"a": "2"}')
    done = replace(decided(Outcome.APPROVED), edits=(edit,))
    places = replace(HERE, posted={"approval/ap1": ""})
    told = wanted(snapshot_with(a_run(), approvals=(done,)), "approval/ap1/edit/1", places)
    assert (told.once, told.message.thread) == (True, "approval/ap1")


# alerts ----------------------------------------------------------------------------------------------------

DEAD = a_dead_letter(
    {"kind": "StepFailed", "step": "site.publish", "key": "publish#1", "message": "no access", "attempts": 6}
)


def test_a_dead_letter_is_told_of_by_its_group_and_not_by_its_run() -> None:
    assert keys(DEAD) == ["card"]
    assert keys(DEAD, Places("", "COPS")) == []


def test_alerts_that_an_earlier_release_posted_are_finished() -> None:
    twice = replace(
        DEAD, alerts=(AlertSnapshot(1, NOW, "", "down", "resume", ANA, NOW), replace(DEAD.alerts[0], number=2))
    )
    places = replace(HERE, posted={"alert/1": "", "alert/2/ops": ""})
    assert keys(twice, places) == ["card", "alert/1", "alert/2/ops"]
    assert labels(wanted(twice, "alert/1", places).message) == []
    assert wanted(twice, "alert/2/ops", places).channel == "COPS"
    assert "Retry from failed step" in labels(wanted(twice, "alert/2/ops", places).message)


def test_a_discarded_run_is_not_told_of_again() -> None:
    gone = replace(DEAD, run=replace(DEAD.run, dead_at=None), alerts=(replace(DEAD.alerts[0], verb="discard", by=ANA),))
    assert keys(gone, replace(HERE, posted={"alert/1": ""})) == ["card", "alert/1"]
    fine = replace(gone, run=a_run(RunState.SUCCEEDED), alerts=(replace(DEAD.alerts[0], verb="resume", by=ANA),))
    assert keys(fine) == ["card", "end/0"]


def test_a_rejection_is_an_end_and_no_alert() -> None:
    assert keys(snapshot_with(a_run(RunState.FAILED, error='{"kind": "Rejected", "step": "editor"}'))) == [
        "card",
        "end/0",
    ]


def test_the_same_snapshot_gives_the_same_messages() -> None:
    first, second = messages_for(DEAD, HERE), messages_for(DEAD, HERE)
    assert [one.message.digest for one in first] == [one.message.digest for one in second]


def test_details_stand_in_the_cards_thread_once_somebody_asked_for_them() -> None:
    asked = {one.key: one for one in messages_for(DEAD, replace(HERE, details=True))}
    assert asked["details"].message.thread == "card"
    assert "Steps" in str(asked["details"].message.blocks)
    assert "details" not in keys(DEAD, HERE)
    assert "details" not in keys(DEAD, Places("", "COPS", details=True))
