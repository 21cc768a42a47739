"""Stories of starting and looking."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

from tests.scenarios.slack.stage import Stage
from tests.scenarios.slack.telling import story
from workflows.engine.model import RunState


@story("/baton", "say run", "say status", "press run.details")
def a_note_is_written(stage: Stage) -> None:
    ana = stage.user("ana")
    reply = ana.command('/baton run note topic="green tea"', channel="#content")
    assert "Write a note" in reply.shown
    stage.settle()
    card = stage.workspace.channel("#content").messages[0]
    assert "Succeeded" in card.shown
    assert "Details" in card.buttons
    run = stage.run("note")
    assert (run.started_by, run.channel) == (stage.actor("ana"), f"slack:{stage.workspace.team_id}:{_content(stage)}")

    assert "A note about green tea" in ana.command(f"/baton status {run.id[-6:]}").shown
    ana.click("Details", message=card)
    stage.settle()
    assert "in the thread" in ana.ephemerals("#content")[-1].shown
    details = stage.workspace.replies(card)[-1]
    assert "Steps" in details.shown
    ana.command("/baton runs", channel="#content")
    ana.see("Newest runs", channel="#content")
    ana.click("Details")
    stage.settle()
    assert "Steps" in ana.ephemerals("#content")[-1].shown


@story("/baton", "say run", "press run.details", "press approval.approve")
def details_in_the_thread_follow_the_run(stage: Stage) -> None:
    ana, ben = stage.user("ana"), stage.user("ben")
    ana.command("/baton run article title=tea", channel="#content")
    stage.settle()
    card = next(m for m in stage.workspace.channel("#content").messages if "Details" in m.buttons)
    ana.click("Details", message=card)
    ben.click("Details", message=card)
    stage.settle()
    [details] = [m for m in stage.workspace.replies(card) if "Decisions" in m.shown]
    assert "asked for" in details.shown
    ben.click("Approve")
    stage.settle()
    now = stage.workspace.current(details)
    assert now is not None
    assert "approved by @ben" in now.shown


@story("/baton", "say run", "send run.start")
def what_is_missing_is_asked_for(stage: Stage) -> None:
    ana = stage.user("ana")
    ana.command("/baton run note tone=warm label:team=blog", channel="#content")
    assert "Write a note" in ana.see_modal("Topic").shown
    errors = ana.submit(topic="ab", expect_errors=True)
    assert errors is not None
    assert "at least 3" in errors.shown
    assert not stage.runs()

    assert ana.submit(topic="white tea") is None
    stage.settle()
    run = stage.run("note")
    assert json.loads(run.input) == {"topic": "white tea", "tone": "warm", "copies": 1}
    assert json.loads(run.labels) == {"team": "blog"}
    ana.see("Succeeded", channel="#content")
    ana.see("It is on its way", channel="#content")


@story("/note", "press workflow.start", "send run.start")
def a_workflow_has_its_own_command(stage: Stage) -> None:
    ana = stage.user("ana")
    ana.command("/note topic=coffee", channel="#content")
    stage.settle()
    assert json.loads(stage.run("note").input)["topic"] == "coffee"

    assert "What it is about" in ana.command("/note help", channel="#content").shown
    ana.click("Start", where="#content")
    assert ana.submit(topic="more coffee") is None
    stage.settle()
    assert len(stage.runs("note")) == 2


@story("/baton", "say run", "say runs")
def a_run_starts_later(stage: Stage) -> None:
    ana = stage.user("ana")
    reply = ana.command("/baton run note topic=later at 14:00", channel="#content")
    assert "It starts" in reply.shown
    stage.settle()
    run = stage.run("note")
    assert (run.state, run.due_at) == (
        RunState.QUEUED,
        datetime(2026, 1, 5, 13, 0, tzinfo=UTC),
    )  # Berlin is an hour ahead
    stage.skip(hours=3, minutes=59)
    assert stage.run("note").state is RunState.QUEUED
    stage.skip(minutes=2)
    assert stage.run("note").state is RunState.SUCCEEDED
    assert "later" in ana.command("/baton runs state:succeeded by:me later").shown


@story("/baton", "say run", "send run.start")
def a_form_says_when(stage: Stage) -> None:
    ana = stage.user("ana")
    ana.command("/baton run note", channel="#content")
    ana.see_modal("Start later")
    at = datetime(2026, 1, 6, 8, 0, tzinfo=UTC)
    assert ana.submit(topic="by form", start_later=at) is None
    stage.settle()
    assert stage.run("note").due_at == at
    ana.command("/baton run note at 16:00", channel="#content")
    assert ana.submit(topic="by line") is None
    stage.settle()
    assert stage.runs("note")[-1].due_at == datetime(2026, 1, 5, 15, 0, tzinfo=UTC)


@story("/baton", "say run")
def a_dry_run_changes_nothing(stage: Stage) -> None:
    ana = stage.user("ana")
    reply = ana.command("/baton run article title=x --dry-run", channel="#content")
    assert "nothing was started" in reply.shown
    assert "Publish this?" in reply.shown
    stage.settle()
    assert not stage.runs()
    assert not stage.workspace.channel("#content").messages


@story("/baton", "say run", "send run.start")
def a_form_has_every_kind_of_field(stage: Stage) -> None:
    ana, ben = stage.user("ana"), stage.user("ben")
    ana.command("/baton run everything colour=pink", channel="#content")
    ana.see_modal("Name")
    ana.see_modal("choose 'red'")
    errors = ana.submit(name="n", email="no address", site="https://x.example/", expect_errors=True)
    assert errors is not None
    assert list(errors) == ["field.email"]
    assert ana.submit(
        name="n", text="a\nb", amount=2.5, email="a@b.example", site="https://x.example/", day=date(2026, 2, 3),
        moment=datetime(2026, 2, 3, 4, 5, tzinfo=UTC), colour="blue", colours=["red", "blue"], urgent=["Yes"],
        who="ben", where="#content",
    ) is None  # fmt: skip
    stage.settle()
    given = json.loads(stage.run("everything").input)
    assert (given["text"], given["amount"], given["day"], given["colour"]) == ("a\nb", 2.5, "2026-02-03", "blue")
    assert (given["colours"], given["urgent"], given["who"]) == (["red", "blue"], True, stage.actor("ben"))
    assert given["where"] == f"slack:{stage.workspace.team_id}:{_content(stage)}"
    assert given["moment"].startswith("2026-02-03T04:05")
    assert ben.id in given["who"]


@story("/baton", "say run", "send run.start")
def an_input_without_fields(stage: Stage) -> None:
    ana = stage.user("ana")
    ana.command("/baton run echo", channel="#content")
    errors = ana.submit(input="one", expect_errors=True)
    assert errors is not None
    assert "JSON" in errors.shown
    assert ana.submit(input="[1, 2]") is None
    ana.command("/baton run echo input=[3,4]", channel="#content")
    stage.settle()
    assert [run.output for run in stage.runs("echo")] == ["3", "7"]


@story("/baton", "say runs", "say workflows", "say help", "say why", "say approvals")
def looking_around(stage: Stage) -> None:
    ana = stage.user("ana")
    assert "What Baton understands" in ana.command("/baton").shown
    assert "/note" in ana.command("/baton help").shown
    assert "No runs yet" in ana.command("/baton runs").shown
    assert "Publish an article" in ana.command("/baton workflows").shown
    assert "title" in ana.command("/baton workflows article").shown
    assert "Nothing waits" in ana.command("/baton approvals").shown
    ana.command("/baton run article title=tea label:team=blog", channel="#content")
    ana.command("/baton run note topic=milk", channel="#content")
    stage.settle()
    assert "Write a note" in ana.command("/baton runs workflow:note").shown
    only = ana.command("/baton runs label:team=blog").shown
    assert "Publish an article" in only
    assert "Write a note" not in only
    assert "Write a note" in ana.command("/baton runs milk state:succeeded,failed").shown
    assert "There are no such runs" in ana.command("/baton runs cocoa").shown
    assert "Write a note" in ana.command(f"/baton runs by:<@{ana.id}>").shown
    why = ana.command(f"/baton why {stage.run('article').id}").shown
    assert "@ben or @carla" in why
    approval = stage.runtime.store.approvals()[0]
    assert "It waits for" in ana.command(f"/baton why {approval.id}").shown
    assert "Others are asked" in ana.command("/baton approvals").shown


@story("hear app_mention", "say run", "say runs", "press workflow.start", "send run.start")
def a_mention_is_answered_in_a_thread(stage: Stage) -> None:
    ana = stage.user("ana")
    said = ana.mention("run note topic=“green tea”", channel="#content")
    stage.settle()
    (answer,) = stage.workspace.replies(said)
    assert "Write a note" in answer.shown
    assert json.loads(stage.run("note").input)["topic"] == "green tea"
    asked = ana.mention("run note", channel="#content")
    stage.quiet()
    (answer,) = stage.workspace.replies(asked)
    assert "needs" in answer.shown
    ana.click("Fill in the form", message=answer)
    assert ana.submit(topic="black tea") is None
    stage.settle()
    assert len(stage.runs("note")) == 2
    inside = ana.mention("runs", channel="#content", thread=asked)
    stage.quiet()
    assert "Write a note" in stage.workspace.replies(inside)[-1].shown


@story("hear message.im", "say run", "say help")
def a_direct_message_is_answered_plainly(stage: Stage) -> None:
    ana = stage.user("ana")
    ana.dm("run note topic=private")
    stage.settle()
    ana.see("It is on its way", channel="dm")
    ana.see("Succeeded", channel="dm")
    ana.dm("stauts")
    assert "Did you mean" in ana.see("I don't know", channel="dm").shown
    ana.dm("help")
    assert not ana.see("What Baton understands", channel="dm").thread_ts
    stage.quiet()
    assert len(stage.runs()) == 1


@story(
    "hear app_home_opened", "press workflow.start", "press run.details", "send run.start", "press approval.approve",
    "press approval.changes", "send approval.changes",
)  # fmt: skip
def home_shows_what_is_to_be_done(stage: Stage) -> None:
    ana, ben, carla = stage.user("ana"), stage.user("ben"), stage.user("carla")
    for person in (ana, ben, carla):
        person.open_home()
    ana.command("/baton run article title=tea", channel="#content")
    ana.command("/baton schedule add morning note daily 9:00 topic=tea", channel="#content")
    stage.settle()
    for person in (ben, carla):
        assert person.home is not None
        assert "Publish this?" in person.home.shown, "it came by itself"
    opened = ben.open_home()
    assert opened is not None
    assert "morning" in opened.shown
    for name in ("dmitri", "eve"):
        outsider = stage.user(name).open_home()
        assert outsider is not None
        assert "no workflow that you may start" in outsider.shown
        assert not [words for words in ("Publish this?", "morning", "tea") if words in outsider.shown]
    ben.click("Request changes", where="home")
    assert ben.submit(what_should_change="with milk") is None
    ben.close_modal()
    stage.settle()
    carla.click("Approve", where="home")
    carla.see_modal("You approved")
    carla.close_modal()
    stage.settle()
    assert stage.shop.sold == ["tea (with milk)"]
    for person in (ben, carla):
        assert person.home is not None
        assert "Nothing waits" in person.home.shown, "what one decides leaves the others' pages"
    assert ana.home is not None
    assert "succeeded" in ana.home.shown
    ana.open_home()
    stage.quiet()
    assert ana.home is not None
    assert "Nothing waits" in ana.home.shown
    ana.click("Details", where="home")
    ana.see_modal("Steps")
    ana.close_modal()
    ana.click("Start", where="home")
    ana.see_modal("Start a run")
    if ana.submit(title="from home"):
        raise AssertionError("the first workflow asks for more than a title")
    stage.settle()
    assert len(stage.runs("article")) == 2


@story("/baton", "hear app_mention", "hear message.im", "say run")
def a_repeat_starts_nothing_twice(stage: Stage) -> None:
    ana = stage.user("ana")
    stage.workspace.faults.duplicate_deliveries(3)
    ana.command("/baton run note topic=once", channel="#content")
    ana.mention("run note topic=twice", channel="#content")
    ana.dm("run note topic=thrice")
    stage.settle()
    assert sorted(json.loads(run.input)["topic"] for run in stage.runs()) == ["once", "thrice", "twice"]
    answers = [m for m in stage.workspace.channel("#content").messages if "It is on its way" in m.shown]
    assert len(answers) == 1


def _content(stage: Stage) -> str:
    return stage.workspace.channel("#content").id
