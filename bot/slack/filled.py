"""What was filled into a form, as a workflow's input; what does not fit goes back to its field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.slack import forms, ids
from bot.slack.commands.fields import fields_of, schema_of, takes_whole
from bot.slack.fields import Field
from bot.slack.incoming import Submission
from workflows.engine.definition import Workflow
from workflows.engine.errors import InvalidInput


class WrongFields(Exception):
    """What was filled in does not fit; by block id."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(str(dict(errors)))
        self.errors = errors


def input_of(workflow: Workflow[Any, Any], sent: Submission, shown: Mapping[str, Any] | None = None) -> Any:
    """The input that was filled in; raises WrongFields."""
    if not takes_whole(workflow):
        return {**_hidden(workflow, shown), **read(fields_of(workflow), sent, shown)}
    text = forms.written(sent.state, ids.WHOLE_INPUT)
    if schema_of(workflow).get("type") == "string":
        return text
    try:
        return forms.json_value(text)
    except ValueError as error:
        raise WrongFields({ids.WHOLE_INPUT: str(error)}) from None


def read(fields: tuple[Field, ...], sent: Submission, shown: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What stands in some fields; raises WrongFields."""
    given = forms.read(fields, sent.state, sent.caller.team, shown)
    if given.errors:
        raise WrongFields(forms.block_errors(fields, given.errors))
    return dict(given.values)


def at_fields(workflow: Workflow[Any, Any], error: InvalidInput) -> dict[str, str]:
    """Words at the fields of an input; raises the error again where it is about none of them."""
    if takes_whole(workflow):
        return {ids.WHOLE_INPUT: str(error)[:1_900]}
    found = forms.block_errors(fields_of(workflow), error.fields)
    if not found:
        raise error
    return found


def _hidden(workflow: Workflow[Any, Any], shown: Mapping[str, Any] | None) -> dict[str, Any]:
    """Values of an input that its form could not show, such as texts that are too long."""
    known = {field.name for field in fields_of(workflow)}
    return {name: value for name, value in (shown or {}).items() if name not in known}
