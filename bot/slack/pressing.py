"""What each button does. Who may press it is judged at every press; nothing about it is believed but ids."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from bot.slack import ids, keeping_digests, lettering, scheduling
from bot.slack.asking import Asking
from bot.slack.commands.looking import look
from bot.slack.commands.steering import named
from bot.slack.ids import ApprovalRef, Context
from bot.slack.incoming import Press
from bot.slack.mrkdwn import line
from bot.slack.reacting import Reaction, heard
from bot.slack.replying import Offered, Replies
from bot.slack.views import modals
from bot.slack.views.alert import skippable
from bot.slack.views.details import run_details
from bot.slack.views.messages import Message, View
from bot.slack.views.reading import approval_of
from bot.slack.views.snapshot import ApprovalSnapshot
from bot.slack.words import LATE, words_of
from workflows.engine.errors import Changed, Decided, Refused, UnknownRun
from workflows.engine.model import OPEN, Approval, ApprovalState, Outcome, Run, RunState


@dataclass(frozen=True)
class Presses(Asking):
    """The buttons of cards, approvals, alerts, lists and App Home."""

    @property
    def replies(self) -> Replies:
        """What people write in threads."""
        return Replies(self.parts, self.speaker)

    def react(self, press: Press) -> Reaction:
        """Do what a button says; raises BatonError with words."""
        if press.action == ids.LINK or press.action.startswith(f"{ids.LINK}."):
            return heard()
        handler = HANDLERS.get(press.action)
        if handler is None:
            return self.whisper(press, LATE)
        try:
            return handler(self, press)
        except UnknownRun as gone:
            return self.whisper(press, words_of(gone))

    # approvals -------------------------------------------------------------------------------------------

    def approve(self, press: Press) -> Reaction:
        """Approve what was seen, or ask first for what has to be filled in."""
        found = self._approval(press)
        if found is None:
            return self.whisper(press, LATE)
        ref, approval = found
        if approval.fields and approval.state is ApprovalState.OPEN:
            return self.ask(press, lambda: self._form(modals.approve_form, press, ref))
        alone = approval.quorum == 1 and approval.state is ApprovalState.OPEN  # nobody has approved it yet
        repeated = "" if alone else self._approved_before(press, approval)
        try:
            decided = self.parts.service.decide(
                approval.id, Outcome.APPROVED, by=press.caller.actor, digest=ref.digest, seen=approval
            )
        except (Decided, Changed) as late:
            self.parts.outbox.touch(approval.run_id)
            self.parts.refresh(approval.run_id)
            return self.whisper(press, words_of(late))
        if repeated:  # nothing changes where it was pressed
            self.parts.outbox.touch(approval.run_id)
            self.parts.refresh(approval.run_id)
            return self.whisper(press, repeated)
        return self._decided(press, decided)

    def changes(self, press: Press) -> Reaction:
        """Ask what is to be changed."""
        return self._ask_about(press, modals.changes_form)

    def reply(self, press: Press) -> Reaction:
        """Ask for changes, in the words of a reply."""
        offered = Offered.of(press.value)
        if offered is None:
            return self.whisper(press, LATE)
        made = replace(press, value=offered.ref.text(), ts=offered.ts, reply_url="")
        form = partial(modals.changes_form, given=offered.text)
        return self.ask(press, lambda: self._form(form, made, offered.ref))

    def reject(self, press: Press) -> Reaction:
        """Ask why it is rejected."""
        return self._ask_about(press, modals.reject_form)

    def edit(self, press: Press) -> Reaction:
        """Show what may be edited."""
        return self._ask_about(press, modals.edit_approve_form)

    def reassign(self, press: Press) -> Reaction:
        """Ask who is to decide instead."""
        return self._ask_about(press, modals.reassign_form)

    # runs ------------------------------------------------------------------------------------------------

    def details(self, press: Press) -> Reaction:
        """Show the whole run: in the thread of its card where that was pressed, else to who asks alone."""

        def show() -> Message:
            run = look(self.parts, press.value, replace(press.caller, aloud=False))
            if self.parts.follow_in_thread(run.id, press.caller.channel, press.ts):
                return Message("The details are in the thread of the card, and follow the run.")
            return run_details(self.parts.snapshot(run))

        return heard(lambda: self.answer(press, show))

    def cancel(self, press: Press) -> Reaction:
        """Ask why, and whether."""

        def form() -> View:
            run = self._steered(press, "cancel")
            if run.state not in OPEN and run.state is not RunState.PARKED:
                raise Refused(f"Run {run.id} is {run.state} already.")
            return modals.cancel_form(run, self.context(press, run=run.id))

        return self.ask(press, form)

    def resume(self, press: Press) -> Reaction:
        """Go on from the failed step."""
        self.parts.recovery.resume(press.value, by=press.caller.actor)
        return self._moved(press, press.value, "goes on from where it stopped.")

    def edit_run(self, press: Press) -> Reaction:
        """Ask for another input."""

        def form() -> View:
            run = self._steered(press, "edit")
            workflow = self.parts.catalogue.get(run.workflow)
            return modals.edit_form(run, workflow, context=self.context(press, run=run.id))

        return self.ask(press, form)

    def skip(self, press: Press) -> Reaction:
        """Ask for the result that the failed step should have had."""

        def form() -> View:
            run = self._steered(press, "skip")
            record = skippable(self.parts.snapshot(run))
            if record is None:
                raise Refused(f"No step of run {run.id} can be skipped now.")
            return modals.skip_form(run, record, self.context(press, run=run.id, key=record.key))

        return self.ask(press, form)

    def fork(self, press: Press) -> Reaction:
        """Start a new run from before the failed step."""
        forked = self.parts.recovery.fork(press.value, by=press.caller.actor, dead=True)
        self.parts.refresh(forked.id)
        return self._moved(press, press.value, f"was forked: {named(forked)} goes on from before the failed step.")

    def discard(self, press: Press) -> Reaction:
        """Take a dead letter off the list."""
        self.parts.recovery.discard(press.value, by=press.caller.actor)
        return self._moved(press, press.value, "is off the list; what was done stays done.")

    def start(self, press: Press) -> Reaction:
        """Open a workflow's form."""

        def form() -> View:
            workflow = self.parts.catalogue.get(press.value)
            self.parts.service.access.start(press.caller.actor, workflow)
            context = self.context(press, workflow=workflow.name)
            return modals.start_form(workflow, context=context)

        return self.ask(press, form)

    # -----------------------------------------------------------------------------------------------------

    def _approval(self, press: Press) -> tuple[ApprovalRef, Approval] | None:
        ref = ApprovalRef.of(press.value)
        approval = self.parts.store.approval(ref.approval) if ref is not None else None
        return (ref, approval) if ref is not None and approval is not None else None

    def _ask_about(self, press: Press, make: Callable[[Approval, Context], View]) -> Reaction:
        found = self._approval(press)
        if found is None:
            return self.whisper(press, LATE)
        return self.ask(press, lambda: self._form(make, press, found[0]))

    def _form(self, make: Callable[[Approval, Context], View], press: Press, ref: ApprovalRef) -> View:
        """A form about an approval, for one who may decide it as it stands."""
        parts, actor = self.parts, press.caller.actor
        approval = parts.store.approval(ref.approval)
        if approval is None:
            raise Refused(f"There is no approval {ref.approval} any more.")
        if make is modals.reassign_form:
            parts.service.access.reassign(actor, approval)
        else:
            parts.service.access.decide(actor, approval, parts.starters(approval))
        shown = approval_of(approval, parts.store.decisions(approval.id))
        if approval.state is not ApprovalState.OPEN:
            parts.outbox.touch(approval.run_id)
            parts.refresh(approval.run_id)
            raise Refused(over(shown))
        if not approval.digest.startswith(ref.digest):
            parts.outbox.touch(approval.run_id)
            parts.refresh(approval.run_id)
            raise Refused(f"{approval.title} changed since you looked; look at it again.")
        return make(approval, self.context(press, approval=approval.id, digest=ref.digest, run=approval.run_id))

    def _approved_before(self, press: Press, approval: Approval) -> str:
        """What to tell somebody who has approved this already; "" for anybody else."""
        votes = [vote for vote in self.parts.store.decisions(approval.id) if vote.outcome is Outcome.APPROVED]
        valid = {vote.by for vote in votes if vote.digest in ("", approval.digest)}
        if press.caller.actor not in valid:
            return ""
        title = line(approval.title, 150)
        if approval.state is ApprovalState.OPEN:
            return f"You approved *{title}* already: {len(valid)} of {approval.quorum} approvals."
        return f"*{title}* was already approved by you."

    def _decided(self, press: Press, decided: Approval) -> Reaction:
        """The decision is recorded; that the message changes, or a word to the person, may follow the answer."""

        def show() -> None:
            if not self.parts.answer_at(decided.run_id, press.caller.channel, press.ts, press.reply_url):
                self.tell(press, f"You approved *{line(decided.title, 150)}*.")

        return heard(show)

    def _steered(self, press: Press, verb: str) -> Run:
        run = self.parts.store.run(press.value)
        self.parts.service.access.steer(press.caller.actor, run, verb)
        return run

    def _moved(self, press: Press, run_id: str, words: str) -> Reaction:
        if self.parts.answer_at(run_id, press.caller.channel, press.ts, press.reply_url):
            return heard()
        run = self.parts.known(run_id)
        return self.whisper(press, f"{named(run) if run else f'Run `{run_id}`'} {words}")


def over(shown: ApprovalSnapshot) -> str:
    """Why an approval can't be decided any more."""
    approval = shown.approval
    if approval.state is ApprovalState.DECIDED and shown.decisions:
        return f"{approval.title} was already {approval.outcome} by {shown.decisions[-1].by}."
    if approval.state is ApprovalState.VOID:
        return f"{approval.title} is no longer asked for."
    return f"{approval.title} expired before anybody decided."


HANDLERS: dict[str, Callable[[Presses, Press], Reaction]] = {
    ids.RUN_DETAILS: Presses.details,
    ids.RUN_CANCEL: Presses.cancel,
    ids.RUN_RESUME: Presses.resume,
    ids.APPROVAL_APPROVE: Presses.approve,
    ids.APPROVAL_CHANGES: Presses.changes,
    ids.APPROVAL_REJECT: Presses.reject,
    ids.APPROVAL_EDIT: Presses.edit,
    ids.APPROVAL_REPLY: Presses.reply,
    ids.APPROVAL_REASSIGN: Presses.reassign,
    ids.ALERT_RESUME: Presses.resume,
    ids.ALERT_EDIT: Presses.edit_run,
    ids.ALERT_SKIP: Presses.skip,
    ids.ALERT_FORK: Presses.fork,
    ids.ALERT_DISCARD: Presses.discard,
    ids.WORKFLOW_START: Presses.start,
    **lettering.PRESSES,
    **scheduling.PRESSES,
    ids.DIGEST_SAVE: keeping_digests.save,
    ids.DIGEST_DROP: keeping_digests.drop,
}
"""What each button does, by its action id."""
