"""Stories of steering: cancel, dead letters, pauses."""

from __future__ import annotations

import json

from bot.sandbox import LocalUser, Message
from tests.scenarios.slack.stage import Stage
from tests.scenarios.slack.telling import story
from workflows.engine.model import RunState


@story("/baton", "say cancel", "press run.cancel", "send run.cancel")
def runs_are_cancelled(stage: Stage) -> None:
    ana, ben = stage.user("ana"), stage.user("ben")
    ana.command("/baton run article title=one", channel="#content")
    ana.command("/baton run article title=two", channel="#content")
    stage.settle()
    one, two = stage.runs()
    assert "may not cancel" in ben.command(f"/baton cancel {one.id}").shown
    assert "being cancelled" in ana.command(f"/baton cancel {one.id} it is late").shown
    stage.settle()
    assert stage.runs()[0].state is RunState.CANCELLED
    assert "is cancelled already" in ana.command(f"/baton cancel {one.id}").shown

    card = next(m for m in stage.workspace.channel("#content").messages if two.id in m.shown and "Cancel" in m.buttons)
    ben.click("Cancel", message=card)
    assert "may not cancel" in ben.see_modal("may not").shown
    ana.click("Cancel", message=card)
    assert ana.submit(why="never mind") is None
    stage.settle()
    assert stage.runs()[1].state is RunState.CANCELLED
    shown = stage.current(card)
    assert "never mind" in shown.shown
    assert "Cancel" not in shown.buttons


@story("/baton", "say resume", "say why", "press alert.resume", "press run.resume")
def a_failed_run_goes_on(stage: Stage) -> None:
    ana, ben = stage.user("ana"), stage.user("ben")
    stage.shop.open = False
    ana.command("/baton run errand title=milk", channel="#content")
    stage.settle()
    run = stage.run()
    assert run.state is RunState.FAILED
    assert "The shop is closed" in ana.command(f"/baton why {run.id}").shown
    ana.see("Run an errand", channel="#ops")
    ben.click("Retry from failed step", message=_alert(stage))
    stage.quiet()
    assert "may not resume" in ben.ephemerals("#content")[-1].shown

    ana.click("Retry from failed step", message=_alert(stage))
    stage.settle()
    assert stage.run().state is RunState.FAILED
    card = stage.workspace.channel("#content").messages[0]
    assert "Retry from failed step" in card.buttons
    ana.click("Retry from failed step", message=card)
    stage.settle()
    assert stage.run().state is RunState.FAILED

    stage.shop.open = True
    assert "goes on" in ana.command(f"/baton resume {run.id[-8:]}").shown
    stage.settle()
    assert stage.run().state is RunState.SUCCEEDED
    assert "only a failed or parked run" in ana.command(f"/baton resume {run.id}").shown


@story("press alert.edit", "send run.edit")
def the_input_is_edited(stage: Stage) -> None:
    ana = _failed(stage)
    ana.click("Edit input and retry", message=_alert(stage))
    assert "milk" in ana.see_modal("Title").shown or ana.modal is not None
    stage.shop.open = True
    assert ana.submit(title="oat milk") is None
    stage.settle()
    assert stage.shop.sold == ["oat milk"]
    assert json.loads(stage.run().input) == {"title": "oat milk"}


@story("press alert.skip", "send run.skip")
def a_step_is_skipped(stage: Stage) -> None:
    ana = _failed(stage)
    ana.click("Skip with value", message=_alert(stage))
    ana.see_modal("Value")
    errors = ana.submit(value="no json", expect_errors=True)
    assert errors is not None
    assert "JSON" in errors.shown
    assert ana.submit(value='"bought by hand"') is None
    stage.settle()
    run = stage.run()
    assert (run.state, run.output) == (RunState.SUCCEEDED, '"bought by hand"')
    assert not stage.shop.sold


@story("press alert.fork")
def a_run_is_forked(stage: Stage) -> None:
    ana = _failed(stage)
    stage.shop.open = True
    ana.click("Fork on today's code", message=_alert(stage))
    stage.settle()
    old, new = stage.runs()
    assert (old.state, new.state) == (RunState.FAILED, RunState.SUCCEEDED)
    assert stage.shop.sold == ["milk"]


@story("press alert.discard")
def a_dead_letter_is_discarded(stage: Stage) -> None:
    ana = _failed(stage)
    alert = _alert(stage)
    ana.click("Discard", message=alert)
    stage.settle()
    assert stage.run().dead_at is None
    assert "Discard" not in stage.current(alert).buttons
    ana.click("Discard", message=alert)
    stage.quiet()
    assert "nothing to discard" in ana.ephemerals("#content")[-1].shown


@story("/baton", "say deadletters", "say claim", "say release", "press group.claim", "press group.release",
       "press group.pick", "hear app_home_opened")  # fmt: skip
def failures_that_are_alike_are_one_message(stage: Stage) -> None:
    ana, ben = _failed(stage), stage.user("ben")
    ana.command("/baton run errand title=bread", channel="#content")
    stage.settle()
    milk, bread = stage.runs()
    group = next(m for m in stage.workspace.channel("#content").messages if "2 runs failed alike" in m.shown)
    assert "The shop is closed" in group.shown
    [listed] = stage.workspace.replies(group)
    assert milk.id in listed.shown
    assert bread.id in listed.shown
    name = ana.command("/baton deadletters", channel="#content").shown
    assert "2 of 2 runs to see to" in name
    assert "2 runs failed alike" in "".join(m.shown for m in stage.workspace.channel("#ops").messages)

    ana.click("Claim", message=group)
    stage.settle()
    assert "Claimed by" in stage.current(group).shown
    assert "was claimed by" in ben.command(f"/baton claim {milk.id}").shown
    assert "may not release" in ben.command(f"/baton release {milk.id}").shown
    assert milk.workflow in ana.command("/baton deadletters mine").shown
    ana.click("Release", message=stage.current(group))
    stage.settle()
    assert "is yours" in ben.command(f"/baton claim {milk.id}").shown
    seen, other = ben.open_home(), ana.open_home()
    assert seen is not None
    assert other is not None
    assert "You see to" in seen.shown
    assert "2 of 2 runs to see to" in seen.shown
    assert "You see to" not in other.shown
    assert "nobody" in ben.command(f"/baton release {milk.id}").shown

    ben.choose("Deal with one run", bread.id, message=stage.current(group))
    ben.see_modal("may not steer")
    ben.close_modal(all_of_them=True)
    ana.choose("Deal with one run", bread.id, message=stage.current(group))
    ana.see_modal(bread.id)
    ana.click("Discard")
    stage.settle()
    assert [run.dead_at is None for run in stage.runs()] == [False, True]
    assert "1 of them wait" in stage.current(group).shown
    stage.shop.open = True
    ana.command(f"/baton resume {milk.id}")
    stage.settle()
    assert "Nothing waits for a person" in stage.current(group).shown
    assert "No dead letters" in ana.command("/baton deadletters").shown


@story("press group.resume", "press group.skip", "press group.fork", "press group.discard", "press group.stop",
       "send group.all")  # fmt: skip
def a_whole_group_is_moved(stage: Stage) -> None:
    ana, ben = _failed(stage), stage.user("ben")
    ana.command("/baton run errand title=bread", channel="#content")
    stage.settle()
    group = next(m for m in stage.workspace.channel("#content").messages if "2 runs failed alike" in m.shown)
    ben.click("Resume all", message=group)
    ben.see_modal("runs that others started")
    for button in ("Skip all", "Fork all"):
        ana.click(button, message=group)
        ana.see_modal(f"{button.removesuffix(' all')} 2 runs")
        ana.close_modal(all_of_them=True)

    ana.click("Resume all", message=group)
    ana.see_modal("Resume 2 runs of errand that you started?")
    assert ana.submit() is None
    stage.round(advance=False)
    assert "Resuming 2 runs: 0 done" in stage.current(group).shown
    ana.click("Stop", message=stage.current(group))
    stage.settle()
    assert "Stopped: resumed 0, 2 left as they were" in stage.current(group).shown

    ana.click("Discard all", message=stage.current(group))
    ana.see_modal("Discard 2 runs")
    ana.command("/baton run errand title=eggs", channel="#content")
    stage.settle()
    ana.submit(type_2_to_discard_them="yes")
    ana.see_modal("Type 2 to discard 2 runs")
    assert ana.submit(type_2_to_discard_them="2", why="sorted out by hand") is None
    stage.settle()
    assert [run.dead_at is None for run in stage.runs()] == [True, True, False]
    told = "Discarded 2. 1 more failed since"
    assert told in stage.current(group).shown
    assert sum(told in m.shown for m in stage.workspace.replies(group)) == 1
    ana.click("Skip all", message=stage.current(group))
    ana.submit(value="no JSON")
    ana.see_modal("JSON")
    assert ana.submit(value='"eggs of our own"') is None
    stage.settle()
    assert stage.runs()[-1].state is RunState.SUCCEEDED
    assert "Nothing waits for a person" in stage.current(group).shown
    assert "Skipped 1." in stage.current(group).shown


@story("/baton", "say fork", "send run.fork")
def a_run_is_forked_from_a_step(stage: Stage) -> None:
    ana, ben = stage.user("ana"), stage.user("ben")
    ana.command("/baton run errand title=milk", channel="#content")
    stage.settle()
    assert "may not fork" in ben.command(f"/baton fork {stage.run().id}").shown
    ana.command(f"/baton fork {stage.run().id}")
    ana.see_modal("From which step")
    assert ana.submit(from_which_step="order#1") is None
    ana.see_modal("was forked")
    stage.settle()
    assert stage.shop.sold == ["milk", "milk"]
    assert "was forked" in ana.command(f"/baton fork {stage.runs()[0].id} at order#1").shown
    stage.settle()
    assert stage.shop.sold == ["milk"] * 3
    assert "has no step nowhere#1" in ana.command(f"/baton fork {stage.runs()[0].id} at nowhere#1").shown


@story("/baton", "say undo", "send run.undo")
def a_run_that_ended_well_is_undone(stage: Stage) -> None:
    ana, ben = stage.user("ana"), stage.user("ben")
    ana.command("/baton run picnic title=bread", channel="#content")
    stage.settle()
    run = stage.run()
    assert stage.shop.sold == ["bread", "lemonade"]
    assert "may not undo" in ben.command(f"/baton undo {run.id}").shown
    stage.shop.open = False
    ana.command(f"/baton undo {run.id}")
    asked = ana.see_modal("Bring it back to the shop: lemonade").shown
    assert asked.index("lemonade") < asked.index("bread")
    assert ana.submit(why="it rains") is None
    ana.see_modal("is being undone")
    ana.close_modal(all_of_them=True)
    stage.settle()
    assert stage.run().state is RunState.PARKED
    assert "The shop is closed" in ana.command(f"/baton why {run.id}").shown
    stage.shop.open = True
    ana.command(f"/baton resume {run.id}")
    stage.settle()
    assert (stage.run().state, stage.shop.sold) == (RunState.CANCELLED, [])
    card = stage.workspace.channel("#content").messages[0]
    assert "it rains" in card.shown
    assert "Cancelled" in card.shown
    assert "undone by" in ana.command(f"/baton why {run.id}").shown
    assert "was undone already" in ana.command(f"/baton undo {run.id}").shown


@story("/baton", "say pause", "say unpause", "say resume", "say workflows")
def work_is_paused(stage: Stage) -> None:
    ana, carla = stage.user("ana"), stage.user("carla")
    assert "may not pause" in ana.command("/baton pause everything").shown
    assert "paused" in carla.command("/baton pause note too many notes").shown
    ana.command("/baton run note topic=waiting", channel="#content")
    stage.settle()
    assert stage.run().state is RunState.QUEUED
    assert "too many notes" in ana.command("/baton workflows").shown
    assert "In its way" in ana.command("/baton run note topic=other --dry-run").shown
    assert "goes on" in carla.command("/baton unpause note").shown
    stage.skip(seconds=6)
    assert stage.run().state is RunState.SUCCEEDED
    assert "is not paused" in carla.command("/baton unpause note").shown

    carla.command("/baton pause everything")
    ana.command("/baton run note topic=again", channel="#content")
    stage.settle()
    assert stage.runs()[1].state is RunState.QUEUED
    assert "goes on" in carla.command("/baton resume everything").shown
    stage.skip(seconds=6)
    assert stage.runs()[1].state is RunState.SUCCEEDED


def _failed(stage: Stage) -> LocalUser:
    """Ana's run, which failed, and Ana."""
    ana = stage.user("ana")
    stage.shop.open = False
    ana.command("/baton run errand title=milk", channel="#content")
    stage.settle()
    return ana


def _alert(stage: Stage) -> Message:
    """The alert in the run's channel."""
    return next(m for m in reversed(stage.workspace.channel("#content").messages) if "Discard" in m.buttons)
