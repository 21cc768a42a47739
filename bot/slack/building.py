"""The custom step of Slack's Workflow Builder: a workflow of theirs starts one of ours."""

from __future__ import annotations

import re
from typing import Any

from bot.slack.commands.fields import given_values, takes_whole
from bot.slack.delivery import handing_back
from bot.slack.directory import SLACK
from bot.slack.forms import json_value
from bot.slack.incoming import Step
from bot.slack.parts import Parts
from bot.slack.phrases import PhraseError
from bot.slack.words import noted, words_of
from workflows.engine.definition import Workflow
from workflows.engine.errors import InvalidInput, NotAllowed, Refused, StoreUnavailable
from workflows.engine.model import Run
from workflows.engine.outbox import POSTS

BUILDER = "builder"
"""What a workflow that names its starters names besides, to be startable from the Workflow Builder too."""
PERSON = re.compile(r"[UW][A-Z0-9]{2,}")
CHANNEL = re.compile(r"[CGD][A-Z0-9]{2,}")
FIELD = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_-]*)\s*=(.*)", re.DOTALL)


def step_begun(parts: Parts, step: Step) -> None:
    """Start the run and note that its end is to be handed back, once for each execution of the step.

    Called before Slack has its acknowledgement: whoever dies in between is told again, and both writes are harmless
    then. What can't be started is handed back as an error. Raises StoreUnavailable, so that Slack tells again.
    """
    try:
        run = _started(parts, step)
    except StoreUnavailable:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the step must not wait for ever
        words = words_of(noted(error, step.person or BUILDER, step.callback, step.execution))
        parts.outbox.post(handing_back.refused(step.execution, words, parts.now()))
        parts.refresh(POSTS)
        return
    parts.outbox.post(handing_back.awaited(run.id, step.execution, parts.now()))
    parts.refresh(run.id)


def _started(parts: Parts, step: Step) -> Run:
    name = str(step.inputs.get("workflow") or "").strip().lower().replace("-", "_")
    workflow = parts.catalogue.get(name)
    actor = _person(step)
    if workflow.starters and BUILDER not in workflow.starters:
        raise NotAllowed(
            f"{workflow.name} names who may start it, and a step of the Workflow Builder does not prove who somebody "
            f"is. Its author can add {BUILDER!r} to its starters."
        )
    given = _given(workflow, str(step.inputs.get("fields") or ""), step.team)
    return parts.service.start(
        workflow.name, given, by=actor, key=f"{BUILDER}:{step.execution}", channel=_channel(parts, step, actor),
        labels={BUILDER: step.execution},
    )  # fmt: skip


def _person(step: Step) -> str:
    if not PERSON.fullmatch(step.person):
        raise InvalidInput("The step says nobody who starts the run: give it a person, such as who began the workflow.")
    return f"{SLACK}{step.team}:{step.person}"


def _channel(parts: Parts, step: Step, actor: str) -> str:
    """Where the run is shown: a channel that the person can read."""
    given = str(step.inputs.get("channel") or "")
    if not given:
        return ""
    place = f"{SLACK}{step.team}:{given}"
    if not CHANNEL.fullmatch(given) or not parts.directory.sees(actor, place):
        raise Refused("Runs can be shown only in a channel that their starter can read, and that the bot is in.")
    return place


def _given(workflow: Workflow[Any, Any], text: str, team: str) -> Any:
    """The input, as `field=value` lines or as JSON; a line that names no field goes on with the one before."""
    if takes_whole(workflow):
        return given_values(workflow, (("input", text.strip()),) if text.strip() else (), team)
    if text.lstrip().startswith("{"):
        try:
            return json_value(text)
        except ValueError as error:
            raise InvalidInput(f"The step's fields: {error}") from None
    pairs: list[tuple[str, str]] = []
    for row in text.splitlines():
        found = FIELD.fullmatch(row)
        if found is not None:
            pairs.append((found[1].replace("-", "_"), found[2].strip()))
        elif pairs:
            pairs[-1] = (pairs[-1][0], f"{pairs[-1][1]}\n{row}".strip())
        elif row.strip():
            raise PhraseError(f"The step's fields begin with “{row.strip()[:60]}”. Write one `field=value` a line.")
    return given_values(workflow, tuple(pairs), team)
