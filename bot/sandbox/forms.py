"""The fields of a modal or message: what they hold, and what Slack itself refuses before the app hears of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from bot.sandbox import reading

Json = dict[str, Any]
Values = dict[str, dict[str, Json]]
"""State by block id and action id, in Slack's shape."""

FIELDS: Mapping[str, str] = {
    "plain_text_input": "value",
    "number_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "checkboxes": "selected_options",
    "users_select": "selected_user",
    "multi_users_select": "selected_users",
    "conversations_select": "selected_conversation",
    "multi_conversations_select": "selected_conversations",
    "channels_select": "selected_channel",
    "multi_channels_select": "selected_channels",
    "file_input": "files",
    "rich_text_input": "rich_text_value",
}
"""Elements that hold a value, and the field of their state that carries it."""

_INITIAL = {
    "selected_date": "initial_date",
    "selected_time": "initial_time",
    "selected_date_time": "initial_date_time",
    "selected_option": "initial_option",
    "selected_options": "initial_options",
    "selected_user": "initial_user",
    "selected_users": "initial_users",
    "selected_conversation": "initial_conversation",
    "selected_conversations": "initial_conversations",
    "selected_channel": "initial_channel",
    "selected_channels": "initial_channels",
    "value": "initial_value",
    "rich_text_value": "initial_value",
}
MANY = frozenset({"selected_options", "selected_users", "selected_conversations", "selected_channels", "files"})
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
REQUIRED = "Please complete this required field."


def holders(blocks: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Every block and element that holds a value."""
    return ((block, element) for block, element in reading.elements(blocks) if element.get("type") in FIELDS)


def initial(element: Mapping[str, Any]) -> Json:
    """What an element holds before anybody touches it."""
    field = FIELDS[element["type"]]
    value = element.get(_INITIAL.get(field, ""))
    return {"type": element["type"], field: ([] if field in MANY else None) if value is None else value}


def values(blocks: Iterable[Mapping[str, Any]], typed: Mapping[str, Mapping[str, Any]]) -> Values:
    """The whole state: what was typed, and what stands there at first."""
    told: Values = {}
    for block, element in holders(blocks):
        block_id, action_id = str(block["block_id"]), str(element["action_id"])
        held = typed.get(block_id, {}).get(action_id)
        told.setdefault(block_id, {})[action_id] = dict(held) if held is not None else initial(element)
    return told


def problems(blocks: Iterable[Mapping[str, Any]], state: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Words by block id for fields that Slack does not let through."""
    found = {}
    for block, element in holders(blocks):
        if block.get("type") != "input":
            continue
        held = state.get(str(block["block_id"]), {}).get(str(element["action_id"]), {})
        words = _problem(element, held.get(FIELDS[element["type"]]), optional=bool(block.get("optional")))
        if words:
            found[str(block["block_id"])] = words
    return found


def _problem(element: Mapping[str, Any], value: Any, *, optional: bool) -> str:
    if value is None or value in ("", []):
        return "" if optional else REQUIRED
    kind = element["type"]
    if kind == "plain_text_input":
        return _of_length(element, str(value))
    if kind == "number_input":
        return _of_number(element, str(value))
    if kind == "email_text_input" and not _EMAIL.fullmatch(str(value)):
        return "Please enter a valid email address."
    if kind == "url_text_input" and not _is_url(str(value)):
        return "Please enter a valid URL."
    most = element.get("max_selected_items") or (element.get("max_files", 10) if kind == "file_input" else None)
    if most and isinstance(value, list) and len(value) > most:
        return f"Please choose at most {most}."
    return ""


def _is_url(text: str) -> bool:
    parts = urlsplit(text)
    return bool(parts.scheme and parts.netloc) and " " not in text


def _of_length(element: Mapping[str, Any], text: str) -> str:
    least, most = element.get("min_length") or 0, element.get("max_length") or 3_000
    if len(text) < least:
        return f"This entry must be at least {least} characters long."
    if len(text) > most:
        return f"This entry must be at most {most} characters long."
    return ""


def _of_number(element: Mapping[str, Any], text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return "Please enter a valid number."
    if not element.get("is_decimal_allowed") and number != number.to_integral_value():
        return "Please enter a whole number."
    low, high = element.get("min_value"), element.get("max_value")
    if low is not None and number < Decimal(str(low)):
        return f"Please enter a number that is at least {low}."
    if high is not None and number > Decimal(str(high)):
        return f"Please enter a number that is at most {high}."
    return ""
