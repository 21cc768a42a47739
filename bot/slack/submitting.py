"""What each modal does when it is sent: checked, carried out, and only then closed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.slack import forms, ids, lettering, scheduling, sealing, shortcuts
from bot.slack.asking import Edge
from bot.slack.commands.steering import named
from bot.slack.fields import Field, fields_for
from bot.slack.filled import WrongFields, at_fields, input_of, read
from bot.slack.incoming import Submission
from bot.slack.reacting import Reaction, heard, instead, wrong
from bot.slack.views import lists, modals
from bot.slack.views.messages import Message
from bot.slack.words import LATE, words_of
from workflows.engine.errors import Changed, Decided, InvalidInput
from workflows.engine.model import Approval, Outcome, Run


@dataclass(frozen=True)
class Submissions(Edge):
    """The modals."""

    def react(self, sent: Submission) -> Reaction:
        """Do what a modal says; raises BatonError with words."""
        handler = HANDLERS.get(sent.callback)
        if handler is None:
            return instead(modals.telling("Too late", LATE))
        try:
            return handler(self, sent)
        except WrongFields as error:
            return wrong(error.errors)
        except (Decided, Changed) as late:
            self.parts.outbox.touch(late.approval.run_id)
            self.parts.refresh(late.approval.run_id)
            return instead(modals.telling("Too late", words_of(late)))

    # runs ------------------------------------------------------------------------------------------------

    def start(self, sent: Submission) -> Reaction:
        """Start a run with what was filled in."""
        context, caller = sent.context, sent.caller
        workflow = self.parts.catalogue.get(context.workflow)
        at = _start_at(sent)
        given = shortcuts.with_files(workflow, input_of(workflow, sent), context, caller.team)
        labels = _labels(context.labels)
        try:
            run = self.parts.service.start(
                workflow.name,
                given,
                by=caller.actor,
                key=f"view:{sent.view}",
                channel=caller.place,
                labels=labels,
                at=at,
            )
        except InvalidInput as error:
            raise WrongFields(at_fields(workflow, error)) from None
        if not run.channel:  # begun in App Home, which is to follow it all the same
            self.parts.outbox.watch(run.id)
        self.parts.refresh(run.id)
        return heard(lambda: self._told_of_start(sent, run))

    def _told_of_start(self, sent: Submission, run: Run) -> None:
        self.speaker.tell(sent.caller, lists.started_message(run))
        if not sent.caller.channel:
            self.show_home(sent.caller)

    def cancel(self, sent: Submission) -> Reaction:
        """Ask the run to end."""
        self.parts.service.cancel(sent.context.run, by=sent.caller.actor, reason=forms.written(sent.state, ids.REASON))
        return self._told(sent, sent.context.run)

    def edit(self, sent: Submission) -> Reaction:
        """Start over with another input."""
        run = self.parts.store.run(sent.context.run)
        workflow = self.parts.catalogue.get(run.workflow)
        given = input_of(workflow, sent, json.loads(run.input))
        try:
            self.parts.recovery.edit(run.id, given, by=sent.caller.actor)
        except InvalidInput as error:
            raise WrongFields(at_fields(workflow, error)) from None
        return self._told(sent, run.id)

    def skip(self, sent: Submission) -> Reaction:
        """Go on with a value in place of the failed step's."""
        text = forms.written(sent.state, ids.SKIP_VALUE)
        try:
            value = forms.json_value(text) if text.strip() else None
        except ValueError as error:
            raise WrongFields({ids.SKIP_VALUE: str(error)}) from None
        self.parts.recovery.skip(sent.context.run, sent.context.key, value, by=sent.caller.actor)
        return self._told(sent, sent.context.run)

    # approvals -------------------------------------------------------------------------------------------

    def approve(self, sent: Submission) -> Reaction:
        """Approve, with what was filled in."""
        approval = self._approval(sent)
        fields = fields_for(approval.fields) if approval.fields else ()
        given = read(fields, sent) if approval.fields else None
        return self._decide(sent, Outcome.APPROVED, fields, given=given)

    def changes(self, sent: Submission) -> Reaction:
        """Ask for changes."""
        if not forms.written(sent.state, ids.COMMENT).strip():
            raise WrongFields({ids.COMMENT: "Say what is to be changed."})
        return self._decide(sent, Outcome.CHANGES)

    def reject(self, sent: Submission) -> Reaction:
        """Reject."""
        return self._decide(sent, Outcome.REJECTED)

    def edit_approve(self, sent: Submission) -> Reaction:
        """Approve what was edited."""
        approval = self._approval(sent)
        if not approval.editable:
            raise InvalidInput(f"{approval.title} can be approved as it is, not edited: ask for changes instead.")
        editable, shown = modals.editable_of(approval)
        fields = fields_for(approval.fields) if approval.fields else ()
        edited = read(editable, sent, shown)
        given = read(fields, sent) if approval.fields else None
        return self._decide(sent, Outcome.APPROVED, (*editable, *fields), given=given, edited={**shown, **edited})

    def reassign(self, sent: Submission) -> Reaction:
        """Hand an approval to others."""
        people = forms.people_in(sent.state, ids.PEOPLE, sent.caller.team)
        if not people:
            raise WrongFields({ids.PEOPLE: "Choose who is to decide."})
        approval = self.parts.service.reassign(
            sent.context.approval, people, by=sent.caller.actor, reason=forms.written(sent.state, ids.REASON)
        )
        return self._told(sent, approval.run_id)

    # -----------------------------------------------------------------------------------------------------

    def _decide(
        self,
        sent: Submission,
        outcome: Outcome,
        fields: tuple[Field, ...] = (),
        *,
        given: Mapping[str, Any] | None = None,
        edited: Mapping[str, Any] | None = None,
    ) -> Reaction:
        context = sent.context
        try:
            decided = self.parts.service.decide(
                context.approval, outcome, by=sent.caller.actor, comment=forms.written(sent.state, ids.COMMENT),
                digest=context.digest, fields=given, edited=edited,
            )  # fmt: skip
        except InvalidInput as error:
            errors = forms.block_errors(fields, error.fields)
            if not errors:
                raise
            raise WrongFields(errors) from None
        return self._told(sent, decided.run_id)

    def _approval(self, sent: Submission) -> Approval:
        approval = self.parts.store.approval(sent.context.approval)
        if approval is None:
            raise InvalidInput("This approval is not there any more.")
        if not approval.digest.startswith(sent.context.digest):
            raise Changed(f"{approval.title} changed since you looked; look at it again.", approval)
        return approval

    def _told(self, sent: Submission, run_id: str) -> Reaction:
        """Close the modal; the message that it came from changes by itself, anything else is told."""
        context = sent.context
        if self.parts.answer_at(run_id, context.channel, context.message, context.reply_url):
            return heard()
        run = self.parts.known(run_id)
        words = f"Done: {named(run)} is {run.state.value}." if run else f"Done, for run `{run_id}`."
        if not context.channel:
            refreshed = instead(modals.telling("Done", words))
            return replace(refreshed, then=(lambda: self.show_home(sent.caller),))
        return heard(lambda: self.speaker.tell(sent.caller, Message(words)))


def _start_at(sent: Submission) -> datetime | None:
    """When to start: as the form says, else as the command said that opened it."""
    chosen = forms.moment_in(sent.state, ids.START_AT)
    if chosen is not None or not sent.context.at:
        return chosen
    return datetime.fromisoformat(sent.context.at)


def _labels(text: str) -> dict[str, str]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


HANDLERS: dict[str, Callable[[Submissions, Submission], Reaction]] = {
    ids.VIEW_START: Submissions.start,
    ids.VIEW_CANCEL: Submissions.cancel,
    ids.VIEW_EDIT: Submissions.edit,
    ids.VIEW_SKIP: Submissions.skip,
    ids.VIEW_APPROVE: Submissions.approve,
    ids.VIEW_CHANGES: Submissions.changes,
    ids.VIEW_REJECT: Submissions.reject,
    ids.VIEW_EDIT_APPROVE: Submissions.edit_approve,
    ids.VIEW_REASSIGN: Submissions.reassign,
    ids.VIEW_CHOOSE: shortcuts.chosen,
    **lettering.FORMS,
    ids.VIEW_CREDENTIAL: sealing.sent,
    **scheduling.FORMS,
}
"""What each modal does, by its callback id."""
