"""Page properties: from Notion's shapes to plain values, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import JsonValue

from integrations.errors import InvalidRequest
from integrations.notion.richtext import plain_text, rich_text

Json = dict[str, Any]
NAMED = ("select", "status")


def plain(value: Json | None) -> JsonValue:
    """A property as text, number, truth or list; None when it is empty or of a type with no plain form."""
    kind = (value or {}).get("type", "")
    held = (value or {}).get(kind)
    return READERS[kind](held) if held is not None and kind in READERS else None


def _name(option: Json) -> JsonValue:
    return str(option.get("name") or option.get("id", ""))


def _names(things: list[Json]) -> JsonValue:
    return [_name(thing) for thing in things]


def _span(date: Json) -> JsonValue:
    return "/".join(str(end) for end in (date.get("start"), date.get("end")) if end)


def _addresses(files: list[Json]) -> JsonValue:
    return [str(file.get(file.get("type", ""), {}).get("url", "")) for file in files]


def _numbered(unique: Json) -> JsonValue:
    return "-".join(str(part) for part in (unique.get("prefix"), unique.get("number")) if part is not None)


def _as_it_is(held: Any) -> JsonValue:
    return held  # type: ignore[no-any-return]


READERS: dict[str, Callable[[Any], JsonValue]] = {
    **dict.fromkeys(("title", "rich_text"), plain_text),
    **dict.fromkeys(("select", "status", "created_by", "last_edited_by"), _name),
    **dict.fromkeys(("multi_select", "people", "relation"), _names),
    **dict.fromkeys(("number", "checkbox", "string", "boolean"), _as_it_is),  # the last two: what formulas give
    **dict.fromkeys(("url", "email", "phone_number", "created_time", "last_edited_time"), _as_it_is),
    "date": _span,
    "files": _addresses,
    "unique_id": _numbered,
    "formula": plain,
}


def text(value: Json | None) -> str:
    """A property as text; empty when there is none."""
    told = plain(value)
    return ", ".join(str(part) for part in told) if isinstance(told, list) else str(told or "")


def title_of(page: Json) -> str:
    """A page's title."""
    titles = (value for value in (page.get("properties") or {}).values() if value.get("type") == "title")
    return text(next(titles, None))


def payload(name: str, kind: str, value: JsonValue) -> Json:
    """What sets a property of type `kind` to a plain value; raises InvalidRequest when that can't be."""
    if kind in ("title", "rich_text"):
        return {kind: rich_text("" if value is None else str(value))}
    if kind in NAMED:
        return {kind: None if value is None else {"name": str(value)}}
    if kind == "multi_select" and isinstance(value, list):
        return {kind: [{"name": str(option)} for option in value]}
    if kind == "relation" and isinstance(value, list):
        return {kind: [{"id": str(page)} for page in value]}
    if kind == "checkbox" and isinstance(value, bool):
        return {kind: value}
    if kind == "number" and (value is None or (isinstance(value, int | float) and not isinstance(value, bool))):
        return {kind: value}
    if kind in ("url", "email", "phone_number") and (value is None or isinstance(value, str)):
        return {kind: value or None}
    if kind == "date" and (value is None or isinstance(value, str)):
        start, _, end = (value or "").partition("/")
        return {kind: {"start": start, "end": end or None} if start else None}
    words = f"The Notion property {name!r} of the type {kind} can't be set to {str(value)[:50]!r}"
    raise InvalidRequest(f"{words}. Give a value of its type, then start again.")
