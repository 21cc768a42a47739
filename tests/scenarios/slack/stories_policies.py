"""Stories of approvals by policy, of deputies, and of replies in threads."""

from __future__ import annotations

from datetime import timedelta

from tests.scenarios.slack.stage import Stage
from tests.scenarios.slack.telling import story
from workflows.engine.model import RunState


@story("press approval.reply", "send approval.changes", "hear message.channels", "hear message.groups")
def a_reply_becomes_a_change_request(stage: Stage) -> None:
    ana, ben, carla = stage.user("ana"), stage.user("ben"), stage.user("carla")
    ana.command("/baton run article title=tea", channel="#content")
    stage.settle()
    asked = ben.see("Publish this?", channel="#content")
    told = len(ana.ephemerals("#content"))
    ana.say("I like it", channel="#content", thread=asked)  # she started it, and decides nothing
    ben.say("no reply at all", channel="#content")
    ben.say("<looks> good, but green & strong", channel="#content", thread=asked)
    stage.settle()
    assert len(ana.ephemerals("#content")) == told
    [offer] = ben.ephemerals("#content")
    assert list(offer.buttons) == ["Send as change request"]
    assert "Your reply decides nothing by itself" in offer.shown

    ben.click("Send as change request", message=offer)
    ben.see_modal("What should change?")
    assert ben.submit() is None  # with the words of the reply, as they stand in the form
    stage.settle()
    assert not stage.current(asked).buttons
    again = ben.see("(<looks> good, but green & strong)", channel="#content")
    ben.click("Send as change request", message=offer)  # once more, when it is over
    assert "already changes by @ben" in ben.see_modal("already").shown
    ben.close_modal()
    ben.say("fine now", channel="#content", thread=asked)  # of the former round: nothing waits there
    stage.quiet()
    assert len(ben.ephemerals("#content")) == 1
    ben.click("Approve", message=again)
    stage.settle()

    ana.command("/baton run article title=coffee", channel="#finance")
    stage.settle()
    private = carla.see("Publish this?", channel="#finance")
    carla.say("stronger", channel="#finance", thread=private)
    stage.quiet()
    carla.click("Send as change request", message=carla.ephemerals("#finance")[-1])
    carla.submit()
    stage.settle()
    assert carla.see("coffee (stronger)", channel="#finance").buttons


@story("say delegate", "say why", "press approval.approve")
def a_policy_asks_and_a_deputy_decides(stage: Stage) -> None:
    ana, ben, carla = stage.user("ana"), stage.user("ben"), stage.user("carla")
    ana.command("/baton run pay amount=5000", channel="#content")
    stage.settle()
    asked = ben.see("Pay this?", channel="#content")
    assert "Needed: 1 of editors, 1 of editors and admins" in asked.shown.replace("*", "")
    approval = stage.runtime.store.approvals()[0]
    why = ana.command(f"/baton why {approval.id}", channel="#content").shown
    assert "@carla: Counts as editors, or editors and admins" in why
    assert "Policy payments, rule for amount of at least 1,000 (amount 5000)" in why
    ben.click("Approve", message=asked)
    stage.settle()
    assert stage.run().state is RunState.WAITING
    carla.click("Approve", message=stage.current(asked))
    stage.settle()
    assert stage.shop.sold == ["5000"]

    assert "can't be a deputy" in carla.command("/baton delegate @dmitri until friday").shown
    assert "Until when?" in carla.command("/baton delegate @ben").shown
    made = carla.command("/baton delegate @ben until tomorrow for payments").shown
    assert "@ben decides for @carla in the policy payments" in made
    ana.command("/baton run pay amount=5", channel="#content")
    stage.settle()
    small = ben.see("Please decide: Pay this?", channel="#content")
    assert "@ben decides for @carla" in small.shown
    ben.click("Approve", message=small)
    stage.settle()
    assert "Approved by @ben for @carla" in stage.current(small).shown.replace("*", "")
    assert stage.shop.sold == ["5000", "5"]

    stage.skip(days=2)  # it has ended by itself
    ana.command("/baton run pay amount=7", channel="#content")
    stage.settle()
    last = ben.see("Please decide: Pay this?", channel="#content")
    ben.click("Approve", message=last)
    stage.quiet()
    assert "may not decide" in ben.ephemerals("#content")[-1].shown
    assert "Nobody decides for you" in carla.command("/baton delegate").shown


@story("press approval.approve")
def nobody_decides_over_a_weekend(stage: Stage) -> None:
    ana, ben = stage.user("ana"), stage.user("ben")
    stage.skip(days=3, hours=23, minutes=-5)  # to Friday, 8 in the morning
    ana.command("/baton run pay amount=5", channel="#content")
    stage.settle()
    asked = ben.see("Pay this?", channel="#content")
    ben.click("Approve", message=asked)
    stage.quiet()
    assert "may not decide" in ben.ephemerals("#content")[-1].shown
    stage.skip(hours=9.2)  # 17:07: eight working hours have passed
    assert "nobody has decided" in ben.see("nobody has decided", channel="#content").shown
    assert "may decide too" in stage.current(asked).shown
    stage.skip(days=2)
    assert stage.run().state is RunState.WAITING  # no working time passes on a weekend
    stage.skip(days=2)
    assert "Nobody decided in time" in stage.current(asked).shown
    ben.click("Approve", message=asked)
    stage.quiet()
    assert "expired before anybody decided" in ben.ephemerals("#content")[-1].shown
    assert not stage.shop.sold


@story("say delegate", "say why", "press approval.approve")
def who_is_away_by_their_status_is_helped_out(stage: Stage) -> None:
    ana, ben, carla = stage.user("ana"), stage.user("ben"), stage.user("carla")
    tomorrow = stage.clock.now() + timedelta(days=1)
    stage.workspace.set_status("carla", ":palm_tree:", "By the <sea>", tomorrow.timestamp())
    ana.command("/baton run pay amount=5", channel="#content")
    stage.settle()
    asked = carla.see("Pay this?", channel="#content")
    approval = stage.runtime.store.approvals()[0]
    why = ana.command(f"/baton why {approval.id}", channel="#content").shown
    assert "@carla is away (By the <sea>) until" in why
    assert "nobody decides for them" in why
    assert stage.runtime.hastening.look() == 1
    stage.skip(minutes=1)
    assert "may decide too" in stage.current(asked).shown  # hours before its time
    carla.click("Approve", message=asked)  # nobody took her say
    stage.settle()
    assert stage.shop.sold == ["5"]

    made = carla.command("/baton delegate @ben while away").shown
    assert "@ben decides for @carla in everything, while the status of @carla in Slack says away" in made
    ana.command("/baton run pay amount=7", channel="#content")
    stage.settle()
    assert stage.runtime.hastening.look() == 0  # ben is there for her
    small = ben.see("Please decide: Pay this?", channel="#content")
    approval = stage.runtime.store.approvals()[0]
    assert "@ben decides for them" in ana.command(f"/baton why {approval.id}", channel="#content").shown
    ben.click("Approve", message=small)
    stage.settle()
    assert stage.shop.sold == ["5", "7"]

    stage.skip(days=1)  # she is back
    ana.command("/baton run pay amount=8", channel="#content")
    stage.settle()
    last = carla.see("Please decide: Pay this?", channel="#content")
    assert "decides for" not in last.shown
    ben.click("Approve", message=last)
    stage.quiet()
    assert "may not decide" in ben.ephemerals("#content")[-1].shown
