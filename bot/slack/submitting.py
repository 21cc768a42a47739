"""What each modal does when it is sent: checked, carried out, and only then closed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.slack import forms, ids
from bot.slack.commands.fields import fields_of, schema_of, takes_whole
from bot.slack.commands.steering import named
from bot.slack.fields import Field, fields_for
from bot.slack.incoming import Submission
from bot.slack.parts import Parts
from bot.slack.reacting import Reaction, heard, instead, wrong
from bot.slack.speaking import Speaker
from bot.slack.views import lists, modals
from bot.slack.views.messages import Message
from bot.slack.words import LATE, words_of
from workflows.engine.definition import Workflow
from workflows.engine.errors import Changed, Decided, InvalidInput
from workflows.engine.model import Approval, Outcome


class WrongFields(Exception):
    """What was filled in does not fit; by block id."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(str(dict(errors)))
        self.errors = errors


@dataclass(frozen=True)
class Submissions:
    """The modals."""

    parts: Parts
    speaker: Speaker

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
        given = self._input(workflow, sent)
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
            raise WrongFields(_blocks(workflow, error)) from None
        self.parts.refresh(run.id)
        return heard(lambda: self.speaker.tell(caller, lists.started_message(run)))

    def cancel(self, sent: Submission) -> Reaction:
        """Ask the run to end."""
        self.parts.service.cancel(sent.context.run, by=sent.caller.actor, reason=forms.written(sent.state, ids.REASON))
        return self._told(sent, sent.context.run)

    def edit(self, sent: Submission) -> Reaction:
        """Start over with another input."""
        run = self.parts.store.run(sent.context.run)
        workflow = self.parts.catalogue.get(run.workflow)
        given = self._input(workflow, sent, json.loads(run.input))
        try:
            self.parts.recovery.edit(run.id, given, by=sent.caller.actor)
        except InvalidInput as error:
            raise WrongFields(_blocks(workflow, error)) from None
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
        given = _read(fields, sent) if approval.fields else None
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
        edited = _read(editable, sent, shown)
        given = _read(fields, sent) if approval.fields else None
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
            return instead(modals.telling("Done", words))
        return heard(lambda: self.speaker.tell(sent.caller, Message(words)))

    def _input(self, workflow: Workflow[Any, Any], sent: Submission, shown: Mapping[str, Any] | None = None) -> Any:
        """The input that was filled in; raises WrongFields."""
        if not takes_whole(workflow):
            return {**_hidden(workflow, shown), **_read(fields_of(workflow), sent, shown)}
        text = forms.written(sent.state, ids.WHOLE_INPUT)
        if schema_of(workflow).get("type") == "string":
            return text
        try:
            return forms.json_value(text)
        except ValueError as error:
            raise WrongFields({ids.WHOLE_INPUT: str(error)}) from None


def _start_at(sent: Submission) -> datetime | None:
    """When to start: as the form says, else as the command said that opened it."""
    chosen = forms.moment_in(sent.state, ids.START_AT)
    if chosen is not None or not sent.context.at:
        return chosen
    return datetime.fromisoformat(sent.context.at)


def _read(fields: tuple[Field, ...], sent: Submission, shown: Mapping[str, Any] | None = None) -> dict[str, Any]:
    given = forms.read(fields, sent.state, sent.caller.team, shown)
    if given.errors:
        raise WrongFields(forms.block_errors(fields, given.errors))
    return dict(given.values)


def _hidden(workflow: Workflow[Any, Any], shown: Mapping[str, Any] | None) -> dict[str, Any]:
    """Values of an input that its form could not show, such as texts that are too long."""
    known = {field.name for field in fields_of(workflow)}
    return {name: value for name, value in (shown or {}).items() if name not in known}


def _blocks(workflow: Workflow[Any, Any], error: InvalidInput) -> dict[str, str]:
    """Words at the fields; raises the error again where it is about none of them."""
    if takes_whole(workflow):
        return {ids.WHOLE_INPUT: str(error)[:1_900]}
    found = forms.block_errors(fields_of(workflow), error.fields)
    if not found:
        raise error
    return found


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
}
"""What each modal does, by its callback id."""
