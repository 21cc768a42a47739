"""The fields of a model, from its JSON schema: how a form asks for each."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.slack.ids import FIELD
from bot.slack.mrkdwn import plain

Schema = Mapping[str, Any]
LONG = 300
"""Texts that may be longer than this get several lines."""
OPTIONS = 100
"""Options of one menu, and groups of options."""


class FieldKind(enum.StrEnum):
    """How a form asks for a field."""

    TEXT = "text"
    LONG = "long text"
    INTEGER = "whole number"
    NUMBER = "number"
    DECIMAL = "decimal number"
    EMAIL = "e-mail address"
    URL = "web address"
    DATE = "date"
    TIME = "time"
    DATETIME = "date and time"
    CHOICE = "choice"
    CHOICES = "several of a choice"
    BOOLEAN = "yes or no"
    USER = "person"
    USERS = "people"
    CHANNEL = "channel"
    CHANNELS = "channels"
    FILE = "file"
    FILES = "files"
    LINES = "list, one a line"
    JSON = "JSON"


@dataclass(frozen=True)
class Field:
    """One field of a model, as a form asks for it."""

    name: str
    label: str
    kind: FieldKind
    required: bool = False
    nullable: bool = False
    hint: str = ""
    default: Any = None
    options: tuple[Any, ...] = ()
    minimum: float | int | None = None
    maximum: float | int | None = None
    min_length: int | None = None
    max_length: int | None = None
    items: FieldKind = FieldKind.TEXT
    """For a list of lines: what one line is."""
    prefix: str = FIELD

    @property
    def block_id(self) -> str:
        return self.prefix + self.name


def fields_for(schema: Schema | str, prefix: str = FIELD) -> tuple[Field, ...]:
    """The fields of an object's JSON schema; none when it is no object. Two models in one form need two prefixes."""
    root: Schema = json.loads(schema) if isinstance(schema, str) else schema
    whole = _resolved(root, root)
    required = whole.get("required", ())
    named = whole.get("properties", {})
    found = (_field(name, inner, root, required=name in required) for name, inner in named.items())
    return tuple(replace(field, prefix=prefix) for field in found)


# from a schema to fields -------------------------------------------------------------------------------------


def _field(name: str, schema: Schema, root: Schema, *, required: bool) -> Field:
    inner, nullable = _without_null(_resolved(schema, root), root)
    kind, options, items = _kind(inner, root)
    outer = {**inner, **schema}
    limits = inner["anyOf"][0] if kind is FieldKind.DECIMAL else inner
    return Field(
        name,
        _label(name, outer),
        kind,
        required=required and not nullable,
        nullable=nullable,
        hint=_hint(outer, kind, items),
        default=schema.get("default", inner.get("default")),
        options=options,
        minimum=limits.get("minimum"),
        maximum=limits.get("maximum"),
        min_length=inner.get("minLength"),
        max_length=inner.get("maxLength"),
        items=items,
    )


def _label(name: str, schema: Schema) -> str:
    said = str(schema.get("title") or "")
    plainly = name.replace("_", " ")
    words = said if said and said != plainly.title() else plainly  # pydantic makes every word big
    return plain(words[:1].upper() + words[1:], 150)


def _hint(schema: Schema, kind: FieldKind, items: FieldKind) -> str:
    said = str(schema.get("description") or "")
    how = {FieldKind.JSON: "As JSON.", FieldKind.LINES: f"One {items.value} a line."}.get(kind, "")
    return " ".join(part for part in (said, how) if part)


def _kind(schema: Schema, root: Schema) -> tuple[FieldKind, tuple[Any, ...], FieldKind]:
    if "enum" in schema or "const" in schema:
        options = tuple(schema["enum"]) if "enum" in schema else (schema["const"],)
        chosen = FieldKind.CHOICE if 0 < len(options) <= OPTIONS * OPTIONS else FieldKind.JSON
        return chosen, options, FieldKind.TEXT
    union = schema.get("anyOf") or schema.get("oneOf")
    if union:
        return _union([_resolved(one, root) for one in union], root)
    if schema.get("type") == "array" and "prefixItems" not in schema:
        return _array(_resolved(schema.get("items", {}), root), root)
    return _scalar(schema), (), FieldKind.TEXT


def _scalar(schema: Schema) -> FieldKind:
    match schema.get("type"), schema.get("format"):
        case "string", str() as form if form in _FORMATS:
            return _FORMATS[form]
        case "string", _:
            long = schema.get("long") or (schema.get("maxLength") or 0) > LONG
            return FieldKind.LONG if long else FieldKind.TEXT
        case "integer", _:
            return FieldKind.INTEGER
        case "number", _:
            return FieldKind.NUMBER
        case "boolean", _:
            return FieldKind.BOOLEAN
    return FieldKind.JSON


_FORMATS = {
    "email": FieldKind.EMAIL, "uri": FieldKind.URL, "date": FieldKind.DATE, "date-time": FieldKind.DATETIME,
    "time": FieldKind.TIME, "slack-user": FieldKind.USER, "slack-channel": FieldKind.CHANNEL,
    "slack-file": FieldKind.FILE, "multi-line": FieldKind.LONG,
}  # fmt: skip
_MANY = {
    FieldKind.CHOICE: FieldKind.CHOICES, FieldKind.USER: FieldKind.USERS, FieldKind.CHANNEL: FieldKind.CHANNELS,
    FieldKind.FILE: FieldKind.FILES,
}  # fmt: skip
_LINES = frozenset({
    FieldKind.TEXT, FieldKind.INTEGER, FieldKind.NUMBER, FieldKind.EMAIL, FieldKind.URL, FieldKind.DATE,
})  # fmt: skip


def _array(items: Schema, root: Schema) -> tuple[FieldKind, tuple[Any, ...], FieldKind]:
    kind, options, _ = _kind(items, root)
    if kind is FieldKind.CHOICE and len(options) > OPTIONS:
        return FieldKind.LINES, (), FieldKind.TEXT
    if kind in _MANY:
        return _MANY[kind], options, kind
    return (FieldKind.LINES, (), kind) if kind in _LINES else (FieldKind.JSON, (), FieldKind.TEXT)


def _union(options: Sequence[Schema], root: Schema) -> tuple[FieldKind, tuple[Any, ...], FieldKind]:
    kinds = {option.get("type") for option in options}
    if kinds == {"number", "string"} and len(options) == 2:  # how a Decimal is described
        return FieldKind.DECIMAL, (), FieldKind.TEXT
    values = [value for option in options for value in _kind(option, root)[1]]
    if values and all("enum" in option or "const" in option for option in options):
        return FieldKind.CHOICE, tuple(dict.fromkeys(values)), FieldKind.TEXT
    return FieldKind.JSON, (), FieldKind.TEXT


def _without_null(schema: Schema, root: Schema) -> tuple[Schema, bool]:
    union = schema.get("anyOf") or schema.get("oneOf") or ()
    kept = [option for option in union if _resolved(option, root).get("type") != "null"]
    if len(kept) == len(union):
        return schema, False
    beside = {name: value for name, value in schema.items() if name not in ("anyOf", "oneOf")}
    if len(kept) == 1:
        return {**_resolved(kept[0], root), **beside}, True
    return {**beside, "anyOf": kept}, True


def _resolved(schema: Schema, root: Schema) -> Schema:
    for _ in range(20):
        if "$ref" in schema:
            target = str(schema["$ref"]).rsplit("/", 1)[-1]
            beside = {name: value for name, value in schema.items() if name != "$ref"}
            schema = {**root.get("$defs", {}).get(target, {}), **beside}
        elif len(schema.get("allOf", ())) == 1:
            beside = {name: value for name, value in schema.items() if name != "allOf"}
            schema = {**schema["allOf"][0], **beside}
        else:
            break
    return schema
