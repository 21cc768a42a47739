"""Stories of digests: shown before they are saved, posted by the clock, kept from who may not read."""

from __future__ import annotations

from bot.beating import this_part
from bot.sandbox import LocalUser, Message
from tests.scenarios.slack.stage import Stage
from tests.scenarios.slack.telling import story
from workflows.engine.beats.model import PartKind


@story("/baton", "say digest", "press digest.save", "press digest.drop")
def a_digest_comes_by_the_clock(stage: Stage) -> None:
    ana, ben, carla = stage.user("ana"), stage.user("ben"), stage.user("carla")
    stage.shop.open = False
    ana.command("/baton run errand title=milk", channel="#content")
    ana.command("/baton run article title=spring", channel="#content")
    ana.command("/baton run article title=wages", channel="#finance")
    stage.settle()

    # it is Monday, 10:00 in Berlin: a preview, which nobody else sees, and nothing is saved
    assert "There are: content_week" in ana.command("/baton digest add daily #ops 9:00").shown
    assert "says no time of the day" in ana.command("/baton digest add daily_ops #ops weekdays").shown
    assert "invite it with /invite" in ana.command("/baton digest add daily_ops #random 9:00").shown
    assert "may not have something posted" in ben.command("/baton digest add daily_ops #finance 9:00").shown
    ana.command("/baton digest add daily_ops #ops weekdays 9:00", channel="#content")
    preview = shown_to(stage, ana, "This is how `daily_ops` looks now")
    assert "Run an errand: order: The shop is closed" in preview.shown
    ana.click("Drop", message=preview)
    stage.quiet()
    assert "Nothing is posted by the clock yet" in ana.command("/baton digest").shown

    ana.command("/baton digest add daily_ops #ops weekdays 9:00", channel="#content")
    ana.click("Save", message=shown_to(stage, ana, "This is how `daily_ops` looks now"))
    stage.quiet()
    assert "`daily_ops-ops` is saved" in shown_to(stage, ana, "is saved").shown
    assert "There is a digest daily_ops-ops already" in ana.command("/baton digest add daily_ops #ops 10:00").shown

    # Tuesday, 9:00: once, and of the private channel it tells nothing
    stage.skip(hours=23)
    [told] = digests(stage, "Operations")
    assert "Run an errand" in told.shown
    assert "Publish this?: Publish an article" in told.shown
    assert "Waiting for people* 1" in told.shown
    stage.skip(minutes=5)
    assert len(digests(stage, "Operations")) == 1

    # paused over a day, asked for in between, and removed by nobody but who made it
    assert "may not" in ben.command("/baton digest pause daily_ops-ops").shown
    assert "is paused" in ana.command("/baton digest pause daily_ops-ops").shown
    stage.skip(days=1)
    assert len(digests(stage, "Operations")) == 1
    ana.command("/baton digest now daily_ops-ops")
    stage.settle()
    assert len(digests(stage, "Operations")) == 2
    assert "goes on" in ana.command("/baton digest resume daily_ops-ops").shown
    assert "is removed" in carla.command("/baton digest remove daily_ops-ops").shown
    assert "wages" not in " ".join(message.shown for message in digests(stage, "Operations"))


@story("/baton", "say digest", "say runs", "press digest.save", "hear app_home_opened")
def people_are_told_where_they_are(stage: Stage) -> None:
    ana, ben, carla = stage.user("ana"), stage.user("ben"), stage.user("carla")
    assert (
        "may not have my_approvals sent to others" in ana.command("/baton digest add my_approvals everyone 9:00").shown
    )
    assert "is at night" in carla.command("/baton digest add my_approvals everyone 22:00").shown
    assert "is for people" in ana.command("/baton digest add my_approvals #ops 9:00").shown
    carla.command("/baton digest add my_approvals everyone weekdays 9:00")
    carla.click("Save", message=shown_to(stage, carla, "This is how"))
    ana.command("/baton digest add since_you_last_looked me daily 8:30")
    ana.click("Save", message=shown_to(stage, ana, "This is how"))
    ana.command("/baton run article title=spring", channel="#content")
    ana.command("/baton run note topic=cheese", channel="#content")
    stage.settle()
    assert "Publish this?" in ben.command("/baton digest show my_approvals").shown

    # Tuesday, the sixth of January: 9:00 in Rome, where it is a holiday, and 8:00 in London; then 9:00 in London
    stage.skip(hours=22, minutes=30)
    [mine] = direct(stage, ana, "Since you last looked")
    assert "Write a note" in mine.shown
    stage.skip(minutes=30)
    assert direct(stage, ben, "Waiting for you") == direct(stage, carla, "Waiting for you") == []
    stage.skip(hours=1)
    [told] = direct(stage, ben, "Waiting for you")
    assert "Publish this?: Publish an article" in told.shown

    # ana looks, and nothing is new to her any more; on Wednesday carla is told too
    ana.open_home()
    stage.quiet()
    stage.skip(hours=22, minutes=30)
    assert len(direct(stage, ana, "Since you last looked")) == 1
    stage.skip(minutes=30)
    assert len(direct(stage, carla, "Waiting for you")) == 1
    ben.command("/baton runs")


def shown_to(stage: Stage, user: LocalUser, text: str) -> Message:
    """What one person alone was shown last."""
    stage.quiet()
    found = [one for name in ("#general", "#content") for one in user.ephemerals(name) if text in one.shown]
    assert found, f"{user.person.name} was shown nothing of {text!r}"
    return found[-1]


def digests(stage: Stage, title: str) -> list[Message]:
    """What was posted in the channel of operations."""
    return [message for message in stage.workspace.channel("#ops").messages if message.shown.startswith(title)]


def direct(stage: Stage, user: LocalUser, title: str) -> list[Message]:
    """The messages to a person, without what they asked to see."""
    return [one for one in user.messages() if one.shown.startswith(title) and not one.ephemeral_for]


@story("/baton", "say alerts", "say mute", "say unmute", "say mutes")
def what_is_wrong_is_told_once(stage: Stage) -> None:
    ana, carla = stage.user("ana"), stage.user("carla")
    stage.runtime.store.beats.beat([this_part(PartKind.CLOCK)])
    well = ana.command("/baton alerts").shown
    assert "Nothing is wrong" in well
    assert "clock on " in well
    assert "may not mute" in ana.command("/baton mute errand until 18:00").shown
    assert "Until when?" in carla.command("/baton mute errand").shown
    stage.shop.open = False
    for number in range(5):
        ana.command(f"/baton run errand title=thing{number}", channel="#content")
    stage.settle()
    assert "are muted until" in carla.command("/baton mute errand until in 30 minutes").shown
    assert "errand until" in carla.command("/baton mutes").shown
    look(stage)
    assert alarms(stage) == []
    assert "5 runs of errand failed" in ana.command("/baton alerts").shown
    assert "are told again" in carla.command("/baton unmute errand").shown
    look(stage)
    look(stage)
    assert ["baton dead-letters" in told for told in alarms(stage)] == [True]
    stage.skip(hours=2)
    look(stage)
    assert ["it is over" in told for told in alarms(stage)] == [False, True]


def look(stage: Stage) -> None:
    """What a clock does about alerts."""
    stage.runtime.alerts.look()
    stage.settle()


def alarms(stage: Stage) -> list[str]:
    """What was told in the channel of operations of unusual failures."""
    shown = [message.shown for message in stage.workspace.channel("#ops").messages]
    return [text for text in shown if "runs of errand failed within an hour" in text]
