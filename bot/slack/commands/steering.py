"""Phrases that steer: cancel, resume, pause, unpause."""

from __future__ import annotations

from bot.slack.incoming import Caller
from bot.slack.mrkdwn import line
from bot.slack.parts import Parts
from bot.slack.phrases import EVERYTHING, Cancel, Fork, Pause, Resume, Undo, Unpause
from bot.slack.reacting import Answer, Form
from bot.slack.views.card import title_of
from bot.slack.views.forking import fork_form
from bot.slack.views.messages import Message
from bot.slack.views.undoing import undo_form
from workflows.engine.model import Run


def cancel(parts: Parts, phrase: Cancel, caller: Caller) -> Answer:
    """Ask a run to end."""
    run = parts.service.find(phrase.run.strip("`"))
    parts.service.cancel(run.id, by=caller.actor, reason=phrase.reason)
    parts.refresh(run.id)
    return Answer(Message(f"{named(run)} is being cancelled; what it has to undo, it undoes first."))


def resume(parts: Parts, phrase: Resume, caller: Caller) -> Answer:
    """Let a dead letter go on; the name of a workflow, or `everything`, lifts a pause."""
    what = phrase.what.strip("`")
    if what.lower() in (EVERYTHING, "all"):
        return unpause(parts, Unpause(), caller)
    if what.lower().replace("-", "_") in parts.catalogue.names():
        return unpause(parts, Unpause(what.lower().replace("-", "_")), caller)
    run = parts.service.find(what)
    parts.recovery.resume(run.id, by=caller.actor)
    parts.refresh(run.id)
    return Answer(Message(f"{named(run)} goes on from where it stopped."))


def fork(parts: Parts, phrase: Fork, caller: Caller) -> Answer | Form:
    """Fork a run from a step, or ask from which."""
    run = parts.service.find(phrase.run.strip("`"))
    parts.service.access.steer(caller.actor, run, "fork")
    if not phrase.at and not caller.aloud:
        told = Message(f"Say `{caller.said} fork {run.id} at STEP`; `{caller.said} status {run.id}` lists its steps.")
        return Form(fork_form(run, parts.store.records(run.id)), told)
    return Answer(Message(forked(parts, run.id, phrase.at, caller)))


def forked(parts: Parts, run_id: str, at: str, caller: Caller) -> str:
    """Fork a run from a step ("" for where it failed); what came of it, in words."""
    made = parts.recovery.fork(run_id, by=caller.actor, at=at)
    parts.refresh(run_id)
    parts.refresh(made.id)
    return f"{named(made)} was forked from run `{run_id}`{f' at `{line(at, 80)}`' if at else ''}."


def undo(parts: Parts, phrase: Undo, caller: Caller) -> Answer | Form:
    """Show what would be undone of a run that ended well, and ask."""
    run = parts.service.find(phrase.run.strip("`"))
    shown = parts.undoing.look(run.id, by=caller.actor)
    told = f"Say `/baton undo {run.id}` to me alone: what would be undone is shown to you first, and you confirm it."
    return Form(undo_form(run, shown), Message(told))


def pause(parts: Parts, phrase: Pause, caller: Caller) -> Answer:
    """Let no worker take a workflow's runs."""
    made = parts.service.pause(phrase.workflow, by=caller.actor, reason=phrase.reason)
    what = made.workflow or "Everything"
    back = f"/baton unpause {made.workflow or EVERYTHING}"
    return Answer(Message(f"{what} is paused: runs are recorded and wait. `{back}` lets them go on."))


def unpause(parts: Parts, phrase: Unpause, caller: Caller) -> Answer:
    """Let them go on."""
    if phrase.workflow:
        parts.catalogue.get(phrase.workflow)
    parts.service.unpause(phrase.workflow, by=caller.actor)
    return Answer(Message(f"{phrase.workflow or 'Everything'} goes on."))


def named(run: Run) -> str:
    """A run in a sentence."""
    return f"*{line(title_of(run), 100)}* `{run.id}`"
