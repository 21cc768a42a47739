"""The inputs of a form, filled with values.

A field has a block of its own, whose id is `field.NAME`; a text too long for one input is spread over several
(`field.NAME~2.SEPARATOR`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from bot.slack.fields import OPTIONS, Field, FieldKind
from bot.slack.ids import FORM_INPUT
from bot.slack.mrkdwn import ACTOR, escape, line
from bot.slack.views.blocks import context, text_of
from bot.slack.views.messages import Block

INPUT = 3_000
"""Characters that one input may hold."""
PIECE = 2_400
"""Characters of a long text that are put into one input, so that there is room to write."""
PIECES = 30
BYTES = 150_000
"""Of all inputs together; a view may have 250 kB."""
SEPARATORS = {"p": "\n\n", "n": "\n", "s": " ", "e": ""}
"""What stood between two pieces of a long text, by its sign in the block id."""


def input_blocks(
    fields: Iterable[Field], values: Mapping[str, Any] | None = None, errors: Mapping[str, str] | None = None
) -> list[Block]:
    """The inputs of a form, filled with `values` (else the defaults); `errors` by field stand above their inputs."""
    given, wrong = values or {}, errors or {}
    blocks: list[Block] = []
    size = 0
    for field in fields:
        if field.name in wrong:
            blocks.append(context(f"⚠️ {line(wrong[field.name], 1_000)}"))
        own = _inputs(field, given.get(field.name, field.default))
        size += len(json.dumps(own))
        blocks += own if size <= BYTES else [_too_long(field)]
    return blocks


def _inputs(field: Field, value: Any) -> list[Block]:
    if field.kind not in (FieldKind.LONG, FieldKind.TEXT, FieldKind.JSON, FieldKind.LINES):
        return [_input(field, field.block_id, field.label, _element(field, value))]
    text = _text(field, value).encode("utf-8", "replace").decode()  # a lone surrogate can't be sent
    limit = _most(field)
    if len(text) <= limit:
        return [_input(field, field.block_id, field.label, _written(field, text, limit))]
    pieces = _pieces(text)
    if len(pieces) > PIECES:
        return [_too_long(field)]
    return [
        _input(
            field, field.block_id if not number else f"{field.block_id}~{number + 1}.{separator}",
            f"{field.label} ({number + 1} of {len(pieces)})", _written(field, piece, INPUT, several=True),
            optional=number > 0,
        )
        for number, (separator, piece) in enumerate(pieces)
    ]  # fmt: skip


def _too_long(field: Field) -> Block:
    return context(f"*{escape(field.label)}* is too long to be written here. It stays as it is.")


def _input(field: Field, block_id: str, label: str, element: Block, *, optional: bool = False) -> Block:
    free = optional or not field.required or field.kind is FieldKind.BOOLEAN
    made: Block = {
        "type": "input", "block_id": block_id, "label": text_of(label, 1_900), "element": element, "optional": free,
    }  # fmt: skip
    return made | ({"hint": text_of(field.hint, 1_900)} if field.hint.strip() else {})


def _most(field: Field) -> int:
    return min(max(field.max_length or INPUT, 1), INPUT) if field.kind in (FieldKind.TEXT, FieldKind.LONG) else INPUT


def _written(field: Field, text: str, limit: int, *, several: bool = False) -> Block:
    made: Block = {
        "type": "plain_text_input",
        "action_id": FORM_INPUT,
        "multiline": field.kind is not FieldKind.TEXT or "\n" in text,
    }
    if several:
        made["multiline"] = True
    elif field.kind in (FieldKind.TEXT, FieldKind.LONG):
        if field.max_length:
            made["max_length"] = limit
        if field.min_length and field.min_length <= limit and field.required:
            made["min_length"] = field.min_length
    return made | ({"initial_value": text} if text else {})


def _text(field: Field, value: Any) -> str:
    if value is None:
        return ""
    if field.kind is FieldKind.JSON:
        return json.dumps(value, ensure_ascii=False, indent=2)
    if field.kind is FieldKind.LINES and isinstance(value, list | tuple):
        return "\n".join(str(item) for item in value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _pieces(text: str) -> list[tuple[str, str]]:
    """A long text in pieces, each with the sign of what stood before it."""
    found: list[tuple[str, str]] = []
    left, before = text, "e"
    while left:
        if len(left) <= PIECE:
            return [*found, (before, left)]
        at, after = PIECE, "e"
        for sign, mark in SEPARATORS.items():
            place = left.rfind(mark, PIECE // 2, PIECE) if mark else -1
            if place > 0:
                at, after = place, sign
                break
        found.append((before, left[:at]))
        left, before = left[at + len(SEPARATORS[after]) :], after
    return found or [("e", "")]


def _element(field: Field, value: Any) -> Block:
    match field.kind:
        case FieldKind.INTEGER | FieldKind.NUMBER | FieldKind.DECIMAL:
            return _number(field, value)
        case FieldKind.BOOLEAN:
            return _boolean(field, value)
        case FieldKind.CHOICE | FieldKind.CHOICES:
            return _choice(field, value)
    made: Block = {"type": _ELEMENTS[field.kind], "action_id": FORM_INPUT}
    name, initial = _initial(field.kind, value)
    return made | ({name: initial} if initial not in (None, "", []) else {})


_ELEMENTS = {
    FieldKind.EMAIL: "email_text_input", FieldKind.URL: "url_text_input", FieldKind.DATE: "datepicker",
    FieldKind.TIME: "timepicker", FieldKind.DATETIME: "datetimepicker", FieldKind.USER: "users_select",
    FieldKind.USERS: "multi_users_select", FieldKind.CHANNEL: "conversations_select",
    FieldKind.CHANNELS: "multi_conversations_select", FieldKind.FILE: "file_input", FieldKind.FILES: "file_input",
}  # fmt: skip


def _initial(kind: FieldKind, value: Any) -> tuple[str, Any]:
    several = [_id(one) for one in value if _id(one)] if isinstance(value, list | tuple) else []
    match kind:
        case FieldKind.EMAIL | FieldKind.URL:
            return "initial_value", str(value) if value and len(str(value)) <= INPUT else None
        case FieldKind.DATE:
            return "initial_date", value if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value) else None
        case FieldKind.TIME:
            found = re.match(r"([01]\d|2[0-3]):[0-5]\d", value) if isinstance(value, str) else None
            return "initial_time", found[0] if found else None
        case FieldKind.DATETIME:
            return "initial_date_time", _epoch(value)
        case FieldKind.USER:
            return "initial_user", _id(value)
        case FieldKind.USERS:
            return "initial_users", several
        case FieldKind.CHANNEL:
            return "initial_conversation", _id(value)
        case FieldKind.CHANNELS:
            return "initial_conversations", several
    return "max_files", 1 if kind is FieldKind.FILE else 10


def _id(value: Any) -> str:
    found = ACTOR.fullmatch(value) if isinstance(value, str) else None
    return found[2] if found else ""


def _epoch(value: Any) -> int | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if moment is None:
        return None
    seconds = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    return seconds if 1_000_000_000 <= seconds <= 9_999_999_999 else None  # Slack takes ten digits


def _number(field: Field, value: Any) -> Block:
    whole = field.kind is FieldKind.INTEGER
    made: Block = {"type": "number_input", "action_id": FORM_INPUT, "is_decimal_allowed": not whole}
    for name, limit in (("min_value", field.minimum), ("max_value", field.maximum)):
        if isinstance(limit, int | float) and abs(limit) < 1e15:
            made[name] = _digits(limit)
    if value is None or isinstance(value, bool) or not re.fullmatch(r"-?\d{1,15}(\.\d{1,15})?", _digits(value)):
        return made
    if not float(made.get("min_value", "-inf")) <= float(_digits(value)) <= float(made.get("max_value", "inf")):
        return made
    return made | {"initial_value": _digits(value)}


def _digits(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else str(value)


def _boolean(field: Field, value: Any) -> Block:
    yes = {"text": text_of("Yes", 75), "value": "yes"}
    if field.required or isinstance(field.default, bool):
        made: Block = {"type": "checkboxes", "action_id": FORM_INPUT, "options": [yes]}
        return made | ({"initial_options": [yes]} if value is True else {})
    no = {"text": text_of("No", 75), "value": "no"}
    made = {"type": "radio_buttons", "action_id": FORM_INPUT, "options": [yes, no]}
    return made | ({"initial_option": yes if value else no} if isinstance(value, bool) else {})


def _choice(field: Field, value: Any) -> Block:
    options = [_option(number, one) for number, one in enumerate(field.options)]
    many = field.kind is FieldKind.CHOICES
    made: Block = {"type": "multi_static_select" if many else "static_select", "action_id": FORM_INPUT}
    if len(options) <= OPTIONS:
        made["options"] = options
    else:
        made["option_groups"] = [
            {
                "label": text_of(f"{at + 1} to {min(at + OPTIONS, len(options))}", 75),
                "options": options[at : at + OPTIONS],
            }
            for at in range(0, len(options), OPTIONS)
        ]
    if many:
        chosen = [options[field.options.index(one)] for one in value or () if one in field.options]
        return made | ({"initial_options": chosen} if chosen else {})
    return made | ({"initial_option": options[field.options.index(value)]} if value in field.options else {})


def _option(number: int, value: Any) -> Block:
    words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)+", value):
        words = value.replace("_", " ").capitalize()
    return {"text": text_of(words if words.strip() else "(empty)", 75), "value": str(number)}
