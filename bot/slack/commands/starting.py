"""The phrase that starts a run, and what a form for it becomes."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from bot.slack.commands.fields import given_values, missing
from bot.slack.ids import WORKFLOW_START, Context
from bot.slack.incoming import Caller
from bot.slack.mrkdwn import line
from bot.slack.parts import Parts
from bot.slack.phrases import PhraseError, Start
from bot.slack.reacting import Answer, Form
from bot.slack.times import moment, zone
from bot.slack.views import lists, modals
from bot.slack.views.blocks import actions, button, section
from bot.slack.views.messages import Message
from workflows.engine.definition import Workflow
from workflows.engine.errors import InvalidInput


def start(parts: Parts, phrase: Start, caller: Caller, key: str) -> Answer | Form:
    """Start a run, or say what it would do, or ask for what is missing. `key` makes a repeat harmless."""
    workflow = parts.catalogue.get(phrase.workflow)
    parts.service.access.start(caller.actor, workflow)
    at = moment_of(parts, phrase.at, caller) if phrase.at else None
    given = given_values(workflow, phrase.fields, caller.team)
    if phrase.dry:
        return Answer(lists.preview_message(parts.service.preview(workflow.name, given, by=caller.actor)))
    lacking = missing(workflow, given)
    if lacking:
        context = Context(
            workflow=workflow.name, channel=caller.channel, at=at.isoformat() if at else "",
            labels=json.dumps(dict(phrase.labels)) if phrase.labels else "",
        )  # fmt: skip
        if not context.fits():
            raise PhraseError("These labels are too long for a form. Give the fields beside them, or fewer labels.")
        view = modals.start_form(workflow, given, _wrong(parts, workflow, given), context)
        return Form(view, asking(workflow, lacking))
    run = parts.service.start(
        workflow.name, given, by=caller.actor, key=key, channel=caller.place, labels=dict(phrase.labels), at=at
    )
    parts.refresh(run.id)
    return Answer(lists.started_message(run))


def _wrong(parts: Parts, workflow: Workflow[Any, Any], given: Any) -> dict[str, str]:
    """What is wrong with the fields that were given, by their names; what is missing is asked for anyway."""
    try:
        parts.service.checked_input(workflow, given)
    except InvalidInput as error:
        return {name: words for name, words in error.fields.items() if name.partition(".")[0] in (given or {})}
    return {}


def moment_of(parts: Parts, text: str, caller: Caller) -> datetime:
    """The time that a person means, in their own time zone; raises TimeUnclear."""
    person = parts.directory.person(caller.actor)
    return moment(text, parts.now(), zone(person.zone if person is not None else ""))


def asking(workflow: Workflow[Any, Any], lacking: tuple[str, ...]) -> Message:
    """What is missing, for a place where no form opens by itself: a button opens it."""
    words = f"*{line(workflow.title, 100)}* needs {', '.join(f'`{name}`' for name in lacking)}."
    example = " ".join([f"`/baton run {workflow.name}", *(f"{name}=…" for name in lacking)]) + "`"
    words = f"{words} Say {example}, or fill in the form."
    return Message(words, (section(words), *actions([button(WORKFLOW_START, "Fill in the form", workflow.name)])))
