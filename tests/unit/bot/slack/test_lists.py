"""Answers to commands, and App Home."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import BaseModel, Field

from bot.slack.views import lists
from bot.slack.views.home import home
from bot.slack.views.snapshot import ApprovalSnapshot
from tests.payloads import check_view
from tests.unit.bot.slack.snapshots import (
    ANA,
    HOSTILE,
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
from tests.unit.bot.slack.test_steps import story
from workflows import Outcome, Run, workflow
from workflows.engine.letters.model import Counted, Group
from workflows.engine.model import ApprovalState, Pause, RunState
from workflows.engine.plan import plan_of
from workflows.engine.preview import AskedOf, Preview
from workflows.engine.schedules.keeping import Seen
from workflows.engine.schedules.model import Schedule


class Order(BaseModel):
    """The input of a workflow."""

    topic: str = Field(description="What it is about <b>")
    words: int = 500


@workflow("article", title="Write an article", command="/content")
def article(run: Run, order: Order) -> None: ...


def test_help_tells_every_command_and_those_of_workflows() -> None:
    made = checked(lists.help_message("/baton", [("/content", "Write an article")]))
    text = shown(made)
    for word in ("run", "runs", "status", "approvals", "resume", "cancel", "why", "workflows", "pause"):
        assert f"`/baton {word}" in text
    assert "`/content`  Write an article" in text


def test_workflows_are_listed_with_what_they_need() -> None:
    made = checked(lists.workflows_message([article, story]))
    assert "*Write an article*\n`article` · `/content` · needs topic" in shown(made)
    checked(lists.workflows_message([]))
    many = checked(lists.workflows_message([replace(article, name=f"a{n}") for n in range(60)]))
    assert "… and 20 more." in shown(many)


def test_one_workflow_shows_its_fields_its_plan_and_how_it_starts() -> None:
    made = checked(lists.workflow_message(article, plan_of(article)))
    assert "• `topic` (text, needed): What it is about &lt;b&gt;" in shown(made)
    assert "• `words` (whole number, else 500)" in shown(made)
    assert "Start it with `/baton run article topic=…`" in shown(made)
    steps = shown(checked(lists.workflow_message(story, plan_of(story))))
    assert "⚪ Search the web\n⚪ Write it\n⚪ Side by side" in steps
    assert "⚪ Again if needed: Write it, Editor" in steps


def test_a_dry_run_says_what_it_would_do_and_what_is_in_the_way() -> None:
    asked = (AskedOf("editor", "Editor", ("slack:T1:UBEN",)), AskedOf("legal", "Legal"))
    good = Preview("story", "A story", plan_of(story), '{"topic": "tea"}', asked)
    text = shown(checked(lists.preview_message(good)))
    for part in (
        "It would start at once",
        "topic: *tea*",
        "• *Editor*: <@UBEN>",
        "• *Legal*: known only",
        "⚪ Write it",
    ):
        assert part in text
    blocked = shown(checked(lists.preview_message(replace(good, problems=("Everything is paused by slack:T1:UANA.",)))))
    assert "*In its way*\n• Everything is paused by <@UANA>." in blocked


def test_runs_are_listed_with_their_state_and_a_button() -> None:
    runs = [a_run(RunState.SUCCEEDED), a_dead_letter({"kind": "Odd", "message": "no <access>"}).run]
    made = checked(lists.runs_message(runs, "Runs with tea", NOW + timedelta(hours=2)))
    text = shown(made)
    assert "✅ *Write an article* · succeeded\nTopic: *tea*\nstarted 2 h ago by <@UANA>" in text
    assert "❌ *Write an article* · failed" in text
    assert "no &lt;access&gt;" in text
    assert "There are no such runs." in shown(checked(lists.runs_message([], "", NOW)))
    long = checked(lists.runs_message([a_run()] * 60, "All", NOW))
    assert "There are more" in shown(long)


def test_approvals_are_decided_in_the_list_only_where_their_content_stands_there() -> None:
    short, long = ApprovalSnapshot(an_approval("short")), ApprovalSnapshot(an_approval("long " * 500, id="ap2"))
    made = checked(lists.approvals_message([(short, a_run()), (long, a_run())], {"ap2": "https://acme.slack.com/p1"}))
    assert labels(made) == ["Approve", "Request changes", "Reject", "Reassign", "Open it"]
    assert "Nothing waits" in shown(checked(lists.approvals_message([])))


def test_why_says_what_helps() -> None:
    dead = checked(lists.why_message(a_dead_letter({"kind": "Odd", "message": "m"})))
    assert labels(dead) == ["Retry from failed step", "Details"]
    waiting = snapshot_with(a_run(RunState.WAITING), approvals=(ApprovalSnapshot(an_approval()),))
    assert "<@UBEN> or <!subteam^SEDIT> can decide it" in shown(checked(lists.why_message(waiting)))
    paused = snapshot_with(a_run(RunState.QUEUED), paused="Everything is paused by slack:T1:UANA.")
    assert "paused by <@UANA>" in shown(checked(lists.why_message(paused)))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (ApprovalSnapshot(an_approval()), "It waits for <@UBEN> or <!subteam^SEDIT> since"),
        (decided(Outcome.REJECTED, comment="no"), "*Rejected* by <@UBEN>"),
        (ApprovalSnapshot(an_approval(state=ApprovalState.EXPIRED)), "Nobody decided in time"),
        (ApprovalSnapshot(an_approval(state=ApprovalState.VOID)), "Nobody has to decide it any more."),
    ],
)
def test_why_of_an_approval(asked: ApprovalSnapshot, words: str) -> None:
    assert words in shown(checked(lists.why_approval_message(asked, a_run())))


def test_pauses_starts_and_unknown_words() -> None:
    pauses = [Pause("", ANA, NOW), Pause("article", ANA, NOW, "moving <b>")]
    text = shown(checked(lists.pauses_message(pauses)))
    assert "⏸️ *Everything* by <@UANA>" in text
    assert "moving &lt;b&gt;" in text
    checked(lists.pauses_message([]))
    assert "Its card is in <#C1>." in shown(checked(lists.started_message(a_run(), "<#C1>")))
    later = a_run(RunState.QUEUED, due_at=NOW)
    assert "It starts <!date^" in shown(checked(lists.started_message(later)))
    near = shown(checked(lists.unknown_message("articel", ["article"], ["article"])))
    assert "There is no `articel`. Did you mean `article`?" in near
    assert "There are: `article`." in shown(checked(lists.unknown_message("x", [], ["article"])))


def test_home_shows_what_waits_what_runs_and_what_can_be_started() -> None:
    waiting = [(ApprovalSnapshot(an_approval(id=f"ap{n}")), a_run()) for n in range(14)]
    links = {f"ap{n}": f"https://acme.slack.com/p{n}" for n in range(7)}
    dead = [a_dead_letter({"kind": "Odd", "message": "m"}).run] * 12
    view = home(waiting, [a_run()] * 15, dead, [article] * 30, links)
    check_view(view)
    rows = "\n".join(str(block) for block in view["blocks"])
    assert rows.count("Approve") >= 10, "what is short stands there whole, and can be decided there"
    long = ApprovalSnapshot(an_approval({"body": "word " * 400}, id="long"))
    view = home([(long, a_run())], [], [], [], {"long": "https://acme.slack.com/p1"})
    check_view(view)
    assert "Approve" not in str(view), "what is long is decided where its whole text is"
    assert "https://acme.slack.com/p1" in str(view)
    seen = Seen(Schedule("s1", "m", "article", "{}", "0 9 * * *", "UTC", ANA, NOW, NOW), (NOW,), None, "")
    group = Group("g1", "f", "", "<*w*>" * 30, "s", "Odd", "x" * 900, 1, NOW, NOW, owner=ANA)
    claimed = [(Counted(group, 9, 4, NOW), "run1")] * 12
    full = home(waiting, [a_run()] * 15, dead, [article] * 30, links, [seen] * 30, claimed, may_schedule=True)
    check_view(full)
    assert "4 of 9 runs to see to" in str(full)
    check_view(home([], [], [], []))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_neither_call_nor_break(text: str) -> None:
    run = a_run(title=text, workflow=text, started_by=text)
    approval = ApprovalSnapshot(an_approval({text: text}, title=text, name=text, approvers=(text,)))
    flow = replace(article, title=text, command=text)
    plan = replace(plan_of(story), title=text)
    checked(lists.help_message("/baton", [(text, text)]))
    checked(lists.workflows_message([flow]))
    checked(lists.workflow_message(flow, plan))
    checked(
        lists.preview_message(
            Preview(
                text,
                text,
                plan,
                f'{{"a": "{text[:3].encode().hex() if text.isascii() else "x"}"}}',
                (AskedOf(text, text, (text,)),),
                (text,),
            )
        )
    )
    checked(lists.runs_message([run], text, NOW))
    checked(lists.approvals_message([(approval, run)], {"ap1": text}))
    checked(lists.pauses_message([Pause(text, text, NOW, text)]))
    checked(lists.started_message(run, "<#C1>"))
    checked(lists.unknown_message(text, [text], [text]))
    check_view(home([(approval, run)], [run], [run], [flow], {"ap1": text}))
