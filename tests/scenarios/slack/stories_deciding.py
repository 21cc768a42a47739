"""Stories of approvals."""

from __future__ import annotations

from tests.scenarios.slack.stage import Stage
from tests.scenarios.slack.telling import story
from workflows.engine.model import RunState


@story("press approval.approve")
def an_editor_approves(stage: Stage) -> None:
    ana, ben = stage.user("ana"), stage.user("ben")
    ana.command("/baton run article title=tea", channel="#content")
    stage.settle()
    asked = ben.see("Publish this?", channel="#content")
    card = stage.workspace.channel("#content").messages[0]
    assert asked.ts != card.ts
    ben.click("Approve", message=asked)
    stage.settle()
    shown = stage.current(asked)
    assert "Approved* by @ben" in shown.shown or "Approved" in shown.shown
    assert not shown.buttons
    assert stage.shop.sold == ["tea"]
    ana.see("Published: receipt for tea", channel="#content")

    ben.click("Approve", message=asked)  # a slow client still shows the button
    stage.settle()
    carla = stage.user("carla")
    carla.click("Approve", message=asked)
    stage.quiet()
    assert "already approved by @ben" in carla.ephemerals("#content")[-1].shown
    assert stage.shop.sold == ["tea"]


@story("press approval.approve", "press approval.reassign")
def others_may_not(stage: Stage) -> None:
    ana = stage.user("ana")
    ana.command("/baton run article title=tea", channel="#content")
    stage.settle()
    asked = ana.see("Publish this?", channel="#content")
    for name in ("ana", "dmitri", "eve"):
        one = stage.user(name)
        one.click("Approve", message=asked)
        stage.quiet()
        assert f"@{name} may not decide" in one.ephemerals("#content")[-1].shown
        one.click("Reassign", message=asked)
        assert "may not reassign" in one.see_modal("may not").shown
        one.close_modal()
    stage.settle()
    assert stage.run().state is RunState.WAITING
    assert stage.current(asked).buttons


@story("press approval.changes", "send approval.changes", "press approval.approve")
def changes_are_asked_for(stage: Stage) -> None:
    ana, ben = stage.user("ana"), stage.user("ben")
    ana.command("/baton run article title=tea", channel="#content")
    stage.settle()
    first = ben.see("Publish this?", channel="#content")
    ben.click("Request changes", message=first)
    assert ben.submit(what_should_change="shorter") is None
    stage.settle()
    assert not stage.current(first).buttons
    second = ben.see("tea (shorter)", channel="#content")
    assert second.ts != first.ts
    ben.click("Approve", message=second)
    stage.settle()
    assert stage.shop.sold == ["tea (shorter)"]


@story("press approval.reject", "send approval.reject")
def it_is_rejected(stage: Stage) -> None:
    ana, ben, carla = stage.user("ana"), stage.user("ben"), stage.user("carla")
    ana.command("/baton run article title=tea", channel="#content")
    stage.settle()
    asked = ben.see("Publish this?", channel="#content")
    ben.click("Reject", message=asked)
    ben.see_modal("Why?")
    carla.click("Reject", message=asked)
    assert carla.submit(why="not this year") is None
    stage.settle()
    assert stage.run().state is RunState.FAILED
    assert "not this year" in stage.current(asked).shown
    ben.submit(why="too late")
    assert "already rejected by @carla" in ben.see_modal("Too late").shown


@story(
    "press approval.approve", "send approval.approve", "press approval.edit", "send approval.edit",
)  # fmt: skip
def values_are_filled_in_and_edited(stage: Stage) -> None:
    ana, ben = stage.user("ana"), stage.user("ben")
    ana.command('/baton run offer title="cheap tea"', channel="#content")
    stage.settle()
    asked = ben.see("Send this offer?", channel="#content")
    ben.click("Approve", message=asked)
    errors = ben.submit(budget=5000, expect_errors=True)
    assert errors is not None
    assert "1000" in errors.shown
    ben.close_modal()
    ben.click("Edit and approve", message=asked)
    errors = ben.submit(subject="ab", budget=10, expect_errors=True)
    assert errors is not None
    assert list(errors) == ["edited.subject"]
    assert ben.submit(subject="good tea", budget=10) is None
    stage.settle()
    assert stage.shop.sold == ["good tea for 10"]

    ana.command('/baton run offer title="plain tea"', channel="#content")
    stage.settle()
    ben.click("Approve", message=ben.see("plain tea", channel="#content"))
    ben.see_modal("Budget")
    assert ben.submit(budget=7) is None
    stage.settle()
    assert stage.shop.sold[-1] == "plain tea for 7"


@story("press approval.reassign", "send approval.reassign", "press approval.approve")
def it_is_handed_to_another(stage: Stage) -> None:
    ana, ben, carla = stage.user("ana"), stage.user("ben"), stage.user("carla")
    carla.command("/baton run article title=tea", channel="#content")
    stage.settle()
    asked = ben.see("Publish this?", channel="#content")
    ben.click("Reassign", message=asked)
    assert ben.submit(who_decides_instead=["ana"], why="on holiday") is None
    stage.settle()
    ben.click("Approve", message=asked)
    stage.quiet()
    assert "may not decide" in ben.ephemerals("#content")[-1].shown
    ana.click("Approve", message=stage.current(asked))
    stage.settle()
    assert stage.shop.sold == ["tea"]


@story("/baton", "say approvals", "press approval.approve")
def it_is_decided_in_the_list(stage: Stage) -> None:
    ana, ben = stage.user("ana"), stage.user("ben")
    ana.command("/baton run article title=tea", channel="#content")
    stage.settle()
    reply = ben.command("/baton approvals", channel="#general")
    assert reply.message is not None
    assert "Publish this?" in reply.shown
    ben.click("Approve", message=reply.message)
    stage.settle()
    assert "You approved" in ben.ephemerals("#general")[-1].shown
    assert stage.shop.sold == ["tea"]


@story("press approval.approve")
def two_have_to_agree(stage: Stage) -> None:
    ana, ben, carla = stage.user("ana"), stage.user("ben"), stage.user("carla")
    ana.command("/baton run pair title=tea", channel="#content")
    stage.settle()
    asked = ben.see("Sign this?", channel="#content")
    ben.click("Approve", message=asked)
    stage.settle()
    assert not stage.shop.sold
    assert "@ben" in stage.current(asked).shown
    carla.click("Approve", message=stage.current(asked))
    stage.settle()
    assert stage.shop.sold == ["tea"]


@story("press approval.approve")
def it_is_decided_elsewhere(stage: Stage) -> None:
    ana, ben = stage.user("ana"), stage.user("ben")
    ana.command("/baton run article title=tea", channel="#content")
    stage.settle()
    asked = ben.see("Publish this?", channel="#content")
    approval = stage.runtime.store.approvals()[0]
    stage.runtime.service.decide(approval.id, "approved", by=stage.actor("carla"))  # type: ignore[arg-type]  # as text
    stage.settle()
    assert not stage.current(asked).buttons
    ben.click("Approve", message=asked)
    stage.quiet()
    assert "already approved by @carla" in ben.ephemerals("#content")[-1].shown


@story("press approval.approve")
def a_group_decides(stage: Stage) -> None:
    """BATON_APPROVERS and roles may hold user groups; who is in them is asked of Slack."""
    ana, ben = stage.user("ana"), stage.user("ben")
    group = stage.workspace.usergroup("buyers", ["ben"])
    ana.command("/baton run article title=tea", channel="#content")
    stage.settle()
    approval = stage.runtime.store.approvals()[0]
    to = f"slack:{stage.workspace.team_id}:{getattr(group, 'id', group)}"
    stage.runtime.service.reassign(approval.id, [to], by=stage.actor("carla"))
    stage.settle()
    carla = stage.user("carla")
    asked = next(m for m in stage.workspace.channel("#content").messages if "Publish this?" in m.shown and m.buttons
                 and "Approve" in m.buttons)  # fmt: skip
    carla.click("Approve", message=asked)
    stage.quiet()
    assert "may not decide" in carla.ephemerals("#content")[-1].shown
    ben.click("Approve", message=asked)
    stage.settle()
    assert stage.shop.sold == ["tea"]
