"""A workflow's input, as people give it on one line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from bot import inputs
from bot.slack.fields import Field, FieldKind, Schema, fields_for
from bot.slack.forms import json_value
from bot.slack.phrases import Pairs, PhraseError
from workflows.engine.definition import Workflow

INPUT = "input"
"""The name under which an input that has no fields is given."""
_MANY = frozenset(
    {FieldKind.LINES, FieldKind.CHOICES, FieldKind.USERS, FieldKind.CHANNELS, FieldKind.FILES}
)  # fmt: skip
_IDS = {
    FieldKind.USER: ("UW", "@somebody"), FieldKind.USERS: ("UW", "@somebody"), FieldKind.CHANNEL: ("CGD", "#channel"),
    FieldKind.CHANNELS: ("CGD", "#channel"), FieldKind.FILE: ("F", ""), FieldKind.FILES: ("F", ""),
}  # fmt: skip


@lru_cache(maxsize=500)
def schema_of(workflow: Workflow[Any, Any]) -> Schema:
    """The JSON schema of a workflow's input; raises InvalidInput for a type that has none."""
    return inputs.schema_of(workflow)


@lru_cache(maxsize=500)
def fields_of(workflow: Workflow[Any, Any]) -> tuple[Field, ...]:
    """The fields of a workflow's input; none where it is no object."""
    return fields_for(schema_of(workflow))


def takes_whole(workflow: Workflow[Any, Any]) -> bool:
    """Whether the input is one value without fields, which has to be given."""
    schema = schema_of(workflow)
    return not fields_of(workflow) and schema.get("type", "") not in ("object", "null", "") and "default" not in schema


def missing(workflow: Workflow[Any, Any], given: Any) -> tuple[str, ...]:
    """The names of the fields that have to be given and were not."""
    if takes_whole(workflow):
        return () if given is not None else (INPUT,)
    values = given if isinstance(given, Mapping) else {}
    return tuple(field.name for field in fields_of(workflow) if field.required and field.name not in values)


def given_values(workflow: Workflow[Any, Any], pairs: Pairs, team: str) -> Any:
    """The input that a line gives, for the model to judge; raises PhraseError for what names no field."""
    known = {field.name: field for field in fields_of(workflow)}
    if not known:
        return _whole(workflow, pairs)
    values: dict[str, Any] = {}
    for name, text in pairs:
        field = known.get(name) or known.get(name.lower())
        if field is None:
            raise PhraseError(_unknown(workflow, name, list(known)))
        value = _value(field, text, team)
        if field.kind in _MANY:
            values.setdefault(field.name, []).extend(value)
        elif field.name in values:
            raise PhraseError(f"`{field.name}` was given twice. Give it once.")
        else:
            values[field.name] = value
    return values


# -----------------------------------------------------------------------------------------------------------


def _whole(workflow: Workflow[Any, Any], pairs: Pairs) -> Any:
    if not pairs:
        return {} if schema_of(workflow).get("type") == "object" else None
    if not takes_whole(workflow) or [name for name, _ in pairs] != [INPUT]:
        name = next((name for name, _ in pairs if name != INPUT), INPUT)
        hint = (
            f"Give its input as `{INPUT}=…`." if takes_whole(workflow) else f"`/baton run {workflow.name}` starts it."
        )
        raise PhraseError(f"{workflow.name} has no field {name}. {hint}")
    text = pairs[0][1]
    if schema_of(workflow).get("type") == "string":
        return text
    try:
        return json_value(text)
    except ValueError as error:
        raise PhraseError(f"`{INPUT}`: {error}") from None


def _unknown(workflow: Workflow[Any, Any], name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean `{near[0]}`?" if near else f"Its fields: {', '.join(f'`{one}`' for one in known)}."
    return f"{workflow.name} has no field {name}. {hint}"


def _value(field: Field, text: str, team: str) -> Any:
    if field.kind in _IDS:
        ids = [_actor(field, one, team) for one in re.split(r"[\s,]+", text) if one]
        return ids if field.kind in _MANY else (ids[0] if ids else "")
    if field.kind in (FieldKind.CHOICE, FieldKind.CHOICES):
        chosen = [_option(field, one.strip()) for one in (text.split(",") if field.kind in _MANY else [text])]
        return chosen if field.kind in _MANY else chosen[0]
    if field.kind is FieldKind.LINES:
        return [one.strip() for one in re.split(r"[,\n]", text) if one.strip()]
    if field.kind is FieldKind.JSON:
        try:
            return json_value(text)
        except ValueError as error:
            raise PhraseError(f"`{field.name}`: {error}") from None
    return text


def _actor(field: Field, text: str, team: str) -> str:
    kinds, how = _IDS[field.kind]
    one = re.sub(r"^<[@#]|>$", "", text)
    if one.startswith("slack:") or (one and one[0] in kinds and one.isalnum() and one.isupper()):
        return one if one.startswith("slack:") else f"slack:{team}:{one}"
    asked = f"Write {how}" if how else "Leave it out, and the form asks for it"
    raise PhraseError(f"`{field.name}`: {text} is no {field.kind.value}. {asked}.")


def _option(field: Field, text: str) -> Any:
    """The option that was meant, in capitals or not; as it was written where there is none, for the model to refuse."""
    return next((one for one in field.options if str(one).lower() == text.lower()), text)
