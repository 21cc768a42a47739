"""A pydantic model as the inputs of a form, and a filled-in form as the model's values; both through its JSON schema.

What a form can't ask for in its own way is asked for as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.slack.fields import Field, FieldKind, Schema, fields_for
from bot.slack.ids import FORM_INPUT
from bot.slack.mrkdwn import plain
from bot.slack.views.inputs import SEPARATORS, input_blocks

__all__ = [
    "Field", "FieldKind", "Given", "Schema", "block_errors", "fields_for", "input_blocks", "json_value", "moment_in",
    "people_in", "read", "written",
]  # fmt: skip


@dataclass(frozen=True)
class Given:
    """What a person filled in. `errors` are by field."""

    values: Mapping[str, Any]
    errors: Mapping[str, str]


def read(
    fields: Iterable[Field], state: Mapping[str, Any], team: str = "", shown: Mapping[str, Any] | None = None
) -> Given:
    """The values of `view.state.values`, for the model to judge; what was left empty is left out.

    `shown` are the values that the form was filled with, if not the defaults: what was there and was emptied is
    empty, where it may be.
    """
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for field in fields:
        if field.block_id not in state:
            continue
        try:
            value = _value(field, _entries(field, state), team)
        except ValueError as error:
            errors[field.name] = str(error)
            continue
        if value is not None:
            values[field.name] = value
        elif not field.required and (shown or {}).get(field.name, field.default) not in (None, "", [], False):
            values[field.name] = _emptied(field)
    return Given(values, errors)


def written(state: Mapping[str, Any], block_id: str) -> str:
    """What stands in one of the inputs that are no field of a model, such as a comment."""
    entry = state.get(block_id, {}).get(FORM_INPUT) or {}
    return str(entry.get("value") or "").strip()


def people_in(state: Mapping[str, Any], block_id: str, team: str) -> tuple[str, ...]:
    """The people who were chosen, as actors."""
    entry = state.get(block_id, {}).get(FORM_INPUT) or {}
    return tuple(_actor(team, one) for one in entry.get("selected_users") or ())


def moment_in(state: Mapping[str, Any], block_id: str) -> datetime | None:
    """The moment that was chosen."""
    entry = state.get(block_id, {}).get(FORM_INPUT) or {}
    chosen = entry.get("selected_date_time")
    return datetime.fromtimestamp(int(chosen), UTC) if chosen else None


def block_errors(fields: Iterable[Field], errors: Mapping[str, str]) -> dict[str, str]:
    """Words by field as Slack wants them: by block id. What belongs to no field stands at the first."""
    known = list(fields)
    by_name = {field.name: field.block_id for field in known}
    found: dict[str, str] = {}
    for name, words in errors.items():
        block = by_name.get(name) or by_name.get(name.split(".", 1)[0])
        shown = words if block or not name else f"{name}: {words}"
        block = block or (known[0].block_id if known else "")
        if block:
            found[block] = plain(f"{found[block]} {shown}" if block in found else shown, 1_900)
    return found


def _entries(field: Field, state: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """What stands in the inputs of a field, in order, each with what stood before it."""
    numbered = [(1, "e", field.block_id)]
    for block_id in state:
        name, tilde, rest = block_id.rpartition("~")
        number, _, separator = rest.partition(".")
        if tilde and name == field.block_id and number.isdigit() and separator in SEPARATORS:
            numbered.append((int(number), separator, block_id))
    entries = []
    for _, separator, block_id in sorted(numbered):
        entry = state[block_id].get(FORM_INPUT)
        entries.append((SEPARATORS[separator], entry if isinstance(entry, Mapping) else {}))
    return entries


def _value(field: Field, entries: Sequence[tuple[str, Mapping[str, Any]]], team: str) -> Any:
    entry = entries[0][1]
    match field.kind:
        case FieldKind.BOOLEAN:
            return _yes_or_no(entry)
        case FieldKind.CHOICE:
            option = entry.get("selected_option")
            return field.options[_place(option, field)] if option else None
        case FieldKind.CHOICES:
            return [field.options[_place(option, field)] for option in entry.get("selected_options") or ()] or None
        case FieldKind.DATE:
            return entry.get("selected_date")
        case FieldKind.TIME:
            return entry.get("selected_time")
        case FieldKind.DATETIME:
            moment = entry.get("selected_date_time")
            return datetime.fromtimestamp(int(moment), UTC).isoformat() if moment else None
        case FieldKind.USER | FieldKind.CHANNEL:
            chosen = entry.get("selected_user") or entry.get("selected_conversation")
            return _actor(team, chosen) if chosen else None
        case FieldKind.USERS | FieldKind.CHANNELS:
            many = entry.get("selected_users") or entry.get("selected_conversations") or ()
            return [_actor(team, one) for one in many] or None
        case FieldKind.FILE | FieldKind.FILES:
            files = [_actor(team, str(file.get("id"))) for file in entry.get("files") or ()]
            return (files[0] if field.kind is FieldKind.FILE else files) if files else None
    written = [(separator, str(one.get("value") or "")) for separator, one in entries]
    text = written[0][1] + "".join(separator + piece for separator, piece in written[1:] if piece)
    return _typed(field.kind, text, field.items) if text.strip() else None


def _yes_or_no(entry: Mapping[str, Any]) -> bool | None:
    if entry.get("type") == "checkboxes" or "selected_options" in entry:
        return bool(entry.get("selected_options"))
    option = entry.get("selected_option")
    return option["value"] == "yes" if option else None


def _place(option: Mapping[str, Any], field: Field) -> int:
    number = str(option.get("value", ""))
    if not number.isdigit() or int(number) >= len(field.options):
        raise ValueError("This choice is not there any more. Choose another.")
    return int(number)


def _actor(team: str, one: str) -> str:
    return f"slack:{team}:{one}" if team else one


def _typed(kind: FieldKind, text: str, items: FieldKind) -> Any:
    match kind:
        case FieldKind.INTEGER:
            return _parsed(int, text, "a whole number")
        case FieldKind.NUMBER:
            return _parsed(float, text, "a number")
        case FieldKind.DECIMAL:
            return text.strip()
        case FieldKind.LINES:
            return [_typed(items, row.strip(), items) for row in text.split("\n") if row.strip()]
        case FieldKind.JSON:
            return json_value(text)
    return text if kind in (FieldKind.TEXT, FieldKind.LONG) else text.strip()


def _parsed(number: type[int | float], text: str, what: str) -> int | float:
    try:
        return number(text.strip())
    except ValueError:
        raise ValueError(f"{plain(text, 50)} is not {what}.") from None


def json_value(text: str) -> Any:
    """The value of JSON text that a person wrote; raises ValueError with words."""
    straight = text.translate(str.maketrans("“”„«»", '"""""'))
    for written in dict.fromkeys((text, straight)):
        try:
            return json.loads(written)
        except (ValueError, RecursionError):
            continue
    raise ValueError('This is not JSON. Text stands in double quotes: "text"; lists in [ ], objects in { }.')


def _emptied(field: Field) -> Any:
    if field.nullable:
        return None
    match field.kind:
        case FieldKind.LINES | FieldKind.CHOICES | FieldKind.USERS | FieldKind.CHANNELS | FieldKind.FILES:
            return []
        case FieldKind.TEXT | FieldKind.LONG:
            return ""
    return None
