"""An approval's message in each of its states, its content in the thread, what was edited."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest

from bot.slack import ids
from bot.slack.views.approval import approval_message, content_of, part_messages
from bot.slack.views.edits import edit_message
from bot.slack.views.snapshot import ApprovalSnapshot, Edit, Handover
from tests.unit.bot.slack.snapshots import (
    ANA,
    BEN,
    EVE,
    HOSTILE,
    NOW,
    a_run,
    an_approval,
    checked,
    decided,
    labels,
    shown,
    snapshot_with,
)
from workflows.engine.model import Approval, ApprovalState, Decision, Outcome

ALL = ["Approve", "Request changes", "Reject", "Reassign"]
RUN = snapshot_with(a_run())


def message(snapshot: ApprovalSnapshot, *, ready: bool = True, asked: bool = True) -> str:
    return shown(checked(approval_message(RUN, snapshot, ready=ready, asked=asked)))


def test_it_says_what_is_wanted_of_whom_until_when() -> None:
    made = checked(approval_message(RUN, ApprovalSnapshot(an_approval()), ready=True))
    text = shown(made)
    assert "Please decide: Editor" in text
    assert "⏳ <@UBEN> or <!subteam^SEDIT>: please approve, ask for changes or reject, until <!date^" in text
    assert "For *Write an article* · started by <@UANA>" in text
    assert "whoever started it can't decide" in text
    assert "A short text" in text
    assert labels(made) == ALL
    assert made.text.startswith("Please decide: Editor (Write an article), <@UBEN>")


def test_its_buttons_hold_the_id_and_what_was_seen_and_no_content() -> None:
    made = approval_message(RUN, ApprovalSnapshot(an_approval()), ready=True)
    values = {element["value"] for element in made.blocks[-1]["elements"]}
    assert values == {"ap1|" + "d" * 16}
    assert ids.ApprovalRef.of("ap1|" + "d" * 16) == ids.ApprovalRef("ap1", "d" * 16)
    assert ids.ApprovalRef.of("anything") is None


def test_what_can_be_edited_has_a_button_for_it() -> None:
    editable = json.dumps(
        {"schema": {"type": "object", "properties": {"title": {"type": "string"}}}, "values": {"title": "x"}}
    )
    made = approval_message(RUN, ApprovalSnapshot(an_approval({"title": "x"}, editable=editable)), ready=True)
    assert labels(checked(made)) == ["Approve", "Edit and approve", "Request changes", "Reject", "Reassign"]


def test_long_content_has_no_buttons_until_it_is_there() -> None:
    long = ApprovalSnapshot(an_approval({"title": "Tea", "body": "A sentence about tea. " * 600}))
    before = checked(approval_message(RUN, long, ready=False))
    assert labels(before) == []
    assert "the buttons appear when it is complete" in shown(before)
    after = checked(approval_message(RUN, long, ready=True))
    assert labels(after) == ALL
    parts = part_messages(long, "approval/ap1")
    assert f"is in the thread, in {len(parts)} parts." in shown(after)
    assert [key for key, _ in parts] == [f"approval/ap1/part/{n}" for n in range(1, len(parts) + 1)]
    whole = " ".join(shown(checked(part)) for _, part in parts)
    assert whole.count("A sentence about tea.") == 600
    assert all(part.thread == "approval/ap1" for _, part in parts)


def test_four_megabytes_are_a_file_and_fast() -> None:
    huge = ApprovalSnapshot(an_approval({"body": "<line> of text\n" * 280_000}))
    began = time.monotonic()
    [(key, part)] = part_messages(huge, "approval/ap1")
    assert part.file is not None
    assert str(part.file.content).count("<line> of text") == 280_000
    assert key == "approval/ap1/file/dddddddd"
    made = checked(approval_message(RUN, huge, ready=True))
    assert "is in the thread, as a file." in shown(made)
    assert time.monotonic() - began < 20


def test_a_quorum_says_who_agreed_so_far() -> None:
    vote = Decision("ap1", ANA, Outcome.APPROVED, NOW, "good", "d" * 64)
    void = Decision("ap1", BEN, Outcome.APPROVED, NOW, "", "other")
    text = message(ApprovalSnapshot(an_approval(quorum=2), (vote, void)))
    assert "*2 approvals* are needed." in text
    assert "*1 of 2 approvals*: <@UANA>" in text
    assert "> good" in text
    assert "The earlier approval of <@UBEN> counts no more" in text


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome.APPROVED, "✅ *Approved* by <@UBEN>"),
        (Outcome.CHANGES, "✏️ *Changes asked for* by <@UBEN>"),
        (Outcome.REJECTED, "❌ *Rejected* by <@UBEN>"),
    ],
)
def test_a_decision_takes_the_buttons_and_says_who(outcome: Outcome, words: str) -> None:
    made = checked(approval_message(RUN, decided(outcome, comment="Shorter,\nplease <!channel>"), ready=False))
    text = shown(made)
    assert words in text
    assert "> Shorter,\n> please &lt;!channel&gt;" in text
    assert labels(made) == []
    assert "on its way" not in text


def test_an_expired_a_void_and_a_late_one_say_so() -> None:
    expired = ApprovalSnapshot(an_approval(state=ApprovalState.EXPIRED, outcome=Outcome.EXPIRED, closed_at=NOW))
    assert "⌛ Nobody decided in time" in message(expired)
    counted = replace(expired, approval=replace(expired.approval, outcome=Outcome.APPROVED))
    assert "It counts as approved." in message(counted)
    void = ApprovalSnapshot(an_approval(state=ApprovalState.VOID, closed_at=NOW))
    assert "Nobody has to decide this any more" in message(void)
    assert labels(approval_message(RUN, void, ready=True)) == []


def test_what_counts_without_an_answer_is_told() -> None:
    assert "Without an answer until then it counts as approved." in message(
        ApprovalSnapshot(an_approval(on_timeout=Outcome.APPROVED))
    )


def test_a_handover_says_to_whom_and_the_former_are_told() -> None:
    given = ApprovalSnapshot(an_approval(approvers=(EVE,)), handovers=(Handover(BEN, NOW, (EVE,), "on holiday"),))
    assert "↪️ <@UBEN> handed it to <@UEVE>: on holiday" in message(given)
    former = checked(approval_message(RUN, given, ready=True, asked=False))
    assert labels(former) == []
    assert "It was handed to <@UEVE>. You need not decide any more." in shown(former)


def test_what_is_filled_in_is_asked_for_and_told() -> None:
    fields = json.dumps({"type": "object", "properties": {"cost_centre": {"title": "Cost centre", "type": "string"}}})
    asked: Approval = an_approval(fields=fields)
    assert "Whoever approves fills in: Cost centre." in message(ApprovalSnapshot(asked))
    vote = Decision("ap1", BEN, Outcome.APPROVED, NOW, "", "d" * 64, fields='{"cost_centre": "4711", "urgent": false}')
    closed = replace(asked, state=ApprovalState.DECIDED, outcome=Outcome.APPROVED, closed_at=NOW)
    assert "Cost centre: *4711* · Urgent: *no*" in message(ApprovalSnapshot(closed, (vote,)))


def test_an_edit_is_told_and_its_difference_shown() -> None:
    before = {"title": "Tea", "body": "one\ntwo\nthree " + "x" * 200, "tags": ["a"]}
    after = {"title": "Green <tea>", "body": "one\n2\nthree " + "x" * 200, "tags": ["a"]}
    edit = Edit(BEN, NOW, json.dumps(before), json.dumps(after))
    closed = replace(decided(Outcome.APPROVED), edits=(edit,))
    assert "✏️ Edited by <@UBEN>: Title, Body" in message(closed)
    assert "how it was approved is in the thread" in message(closed)
    assert "in the thread" not in message(replace(closed, approval=replace(closed.approval, show=json.dumps(after))))
    text = shown(checked(edit_message(edit, "approval/ap1")))
    assert "*Title*: Tea → *Green &lt;tea&gt;*" in text
    assert "-two\n+2" in text
    assert "Tags" not in text


def test_an_edit_whose_former_values_nobody_kept_shows_the_new_ones() -> None:
    text = shown(checked(edit_message(Edit(BEN, NOW, "{}", '{"title": "New"}'), "x")))
    assert "*Title* is now\nNew" in text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_neither_call_nor_break(text: str) -> None:
    edit = Edit(text, NOW, json.dumps({"a": text, text: 1}), json.dumps({"a": text + "!", text: 2}))
    approval = an_approval({text: text, "list": [text, text]}, name=text, title=text, approvers=(text, BEN))
    for one in (
        ApprovalSnapshot(approval, handovers=(Handover(text, NOW, (text,), text),), edits=(edit,)),
        ApprovalSnapshot(
            replace(approval, state=ApprovalState.DECIDED, outcome=Outcome.APPROVED),
            (Decision("ap1", text, Outcome.APPROVED, NOW, text, fields=json.dumps({text: text})),),
        ),
    ):
        for ready in (True, False):
            checked(approval_message(RUN, one, ready=ready))
        for _, part in part_messages(one, "k"):
            checked(part)
    checked(edit_message(edit, "k"))


def test_the_content_shown_is_complete() -> None:
    show = {
        "title": "A & B",
        "rows": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}],
        "notes": ["n1", "n2"],
        "deep": {"er": {"est": [1]}},
    }
    text = content_of(json.dumps(show)).text
    for part in ("A &amp; B", "1  x", "• n1", "• n2", "*Est*"):
        assert part in text
