"""The buttons of a group of dead letters, and the form that asks from which step to fork."""

from __future__ import annotations

from collections.abc import Callable

from bot.slack import bulking, forms, ids
from bot.slack.asking import Asking, Edge
from bot.slack.commands.steering import forked
from bot.slack.incoming import Press, Submission
from bot.slack.reacting import Reaction, heard, instead
from bot.slack.views import modals
from bot.slack.views.alert import alert_message
from bot.slack.views.blocks import modal, section
from bot.slack.views.forking import step_in
from bot.slack.views.messages import View
from bot.slack.views.snapshot import AlertSnapshot
from workflows.engine.errors import Refused
from workflows.engine.letters.model import Counted
from workflows.engine.letters.ports import card_of


def claim(asking: Asking, press: Press) -> Reaction:
    """Make the person who pressed the owner of the group."""
    return _owned(asking, press, asking.parts.desk.claim(press.value, by=press.caller.actor), "You claimed it.")


def release(asking: Asking, press: Press) -> Reaction:
    """Give the group back."""
    return _owned(asking, press, asking.parts.desk.release(press.value, by=press.caller.actor), "It is released.")


def pick(asking: Asking, press: Press) -> Reaction:
    """Show one of the group's runs with the moves for it, to the person who chose it."""

    def form() -> View:
        parts = asking.parts
        run = parts.store.run(press.value)
        parts.service.access.steer(press.caller.actor, run, "steer")
        shown = parts.snapshot(run)
        if run.dead_at is None:
            raise Refused(f"Run {run.id} is {run.state} and no dead letter any more.")
        alert = shown.alerts[-1] if shown.alerts else AlertSnapshot(1, run.dead_at, run.error or "")
        message = alert_message(shown, alert, ops=True)
        return modal(ids.VIEW_CLOSING, "Deal with one run", message.blocks or [section(message.text)])

    return asking.ask(press, form)


def fork(edge: Edge, sent: Submission) -> Reaction:
    """Fork from the step that was chosen."""
    made = forked(edge.parts, sent.context.run, step_in(sent.state), sent.caller)
    return instead(modals.telling("Forked", made))


def undo(edge: Edge, sent: Submission) -> Reaction:
    """Undo what was shown."""
    run_id = sent.context.run
    reason = forms.written(sent.state, ids.REASON)
    edge.parts.undoing.undo(run_id, by=sent.caller.actor, reason=reason, seen=sent.context.digest)
    edge.parts.refresh(run_id)
    return instead(modals.telling("Undoing", f"Run `{run_id}` is being undone; its card shows how far that is."))


def _owned(asking: Asking, press: Press, found: Counted, words: str) -> Reaction:
    parts, card = asking.parts, card_of(found.group.id)
    if parts.reply_at(card, press.caller.channel, press.ts, press.reply_url):
        parts.changed(found.group.id)
        return heard()
    parts.changed(found.group.id)
    return asking.whisper(press, words)


PRESSES: dict[str, Callable[[Asking, Press], Reaction]] = {
    ids.GROUP_CLAIM: claim,
    ids.GROUP_RELEASE: release,
    ids.GROUP_PICK: pick,
    **bulking.PRESSES,
}
FORMS: dict[str, Callable[[Edge, Submission], Reaction]] = {ids.VIEW_FORK: fork, ids.VIEW_UNDO: undo, **bulking.FORMS}
