"""From what stands on the command line to the input of a workflow."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError

from workflows.engine.definition import Workflow
from workflows.engine.errors import InvalidInput

_FORMATS = {
    "uri": "web address", "email": "e-mail address", "date-time": "date and time", "multi-line": "text",
    "slack-user": "person in Slack", "slack-channel": "channel in Slack", "slack-file": "file in Slack",
}  # fmt: skip
"""What JSON's names of formats mean to people."""
SIMPLE = frozenset({"string", "integer", "number", "boolean", "null"})


@dataclass(frozen=True)
class Field:
    """One field of a workflow's input, as its form shows it. `kinds` are the names of JSON types."""

    name: str
    type: str
    kinds: frozenset[str]
    required: bool
    default: Any = None
    description: str = ""
    many: bool = False
    """Whether it is a list of simple values: its option may come more than once."""

    @property
    def option(self) -> str:
        return f"--{self.name.replace('_', '-')}"

    @property
    def is_flag(self) -> bool:
        return self.kinds - {"null"} == {"boolean"}

    @property
    def is_simple(self) -> bool:
        return self.many or self.kinds <= SIMPLE


def fields_of(workflow: Workflow[Any, Any]) -> list[Field]:
    """The fields of the input; none when it is no object."""
    schema = schema_of(workflow)
    schema = _resolved(schema, schema)
    required = schema.get("required", ())
    return [
        _field(name, inner, schema, required=name in required) for name, inner in schema.get("properties", {}).items()
    ]


def schema_of(workflow: Workflow[Any, Any]) -> dict[str, Any]:
    """The JSON schema of the input; raises InvalidInput for a type that has none."""
    try:
        return TypeAdapter(_input_type(workflow)).json_schema()
    except (PydanticSchemaGenerationError, PydanticUserError) as error:
        said = str(error).split("\n", 1)[0]
        raise InvalidInput(f"The input of {workflow.name} can't be described: {said}. Give it with --input.") from None


def _input_type(workflow: Workflow[Any, Any]) -> Any:
    try:
        return workflow.input_type
    except (NameError, AttributeError, TypeError) as error:
        raise InvalidInput(
            f"The type of the input of {workflow.name} can't be found: {error}. Mend its code."
        ) from None


def type_of(workflow: Workflow[Any, Any]) -> str:
    """The type of an input that has no fields, in words."""
    schema = schema_of(workflow)
    return _words(schema, schema)


def given_input(workflow: Workflow[Any, Any], text: str, options: Sequence[str]) -> Any:
    """The input that `--input` and the options of its fields give together; options win."""
    _input_type(workflow)
    value = json_value(text, "--input") if text else None
    fields = fields_of(workflow) if options or not text else []
    if not fields and options:
        raise InvalidInput(
            f"{workflow.name} has no fields ({options[0]} was given). "
            f"Its input is {type_of(workflow)}: --input with JSON text, or @file."
        )
    if text and not options:
        return value
    if not fields and type_of(workflow) != "object":
        return None if type_of(workflow) in ("nothing", "anything") else _missing(workflow)
    if value is not None and not isinstance(value, dict):
        raise InvalidInput("--input must be a JSON object when fields are given beside it.")
    return {**(value or {}), **_values(workflow, fields, list(options))}


def json_value(text: str, option: str) -> Any:
    """The value of JSON text, or of the file that `@file` names."""
    place, content = option, text
    if text.startswith("@"):
        path = Path(text[1:]).expanduser()
        place = f"{option} {text}"
        try:
            content = path.read_text(encoding="utf-8")
        except OSError as error:
            raise InvalidInput(f"{place}: {error.strerror or error}.") from None
        except UnicodeDecodeError:
            raise InvalidInput(f"{place}: this file is no text in UTF-8.") from None
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        hint = "" if text.startswith("@") else " Text needs double quotes within the shell's: '\"text\"'."
        raise InvalidInput(f"{place} is no JSON: {error}.{hint}") from None


def pairs(words: Sequence[str], option: str) -> dict[str, str]:
    """What an option that is given as `name=value`, and may come again, adds up to."""
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.strip():
            raise InvalidInput(f"{option} {word}: write name=value.")
        if name in found:
            raise InvalidInput(f"{option} {name} was given twice.")
        found[name.strip()] = value
    return found


# options -------------------------------------------------------------------------------------------------


def _values(workflow: Workflow[Any, Any], fields: Sequence[Field], words: list[str]) -> dict[str, Any]:
    by_option = {field.option: field for field in fields} | {f"--{field.name}": field for field in fields}
    values: dict[str, Any] = {}
    while words:
        option, equals, value = words.pop(0).partition("=")
        field = by_option.get(option)
        if field is None and option.startswith("--no-"):
            field = by_option.get(f"--{option[5:]}")
            if field is not None and field.is_flag and not equals:
                values[field.name] = False
                continue
            field = None
        if field is None:
            raise _unknown(workflow, fields, option)
        _check_simple(workflow, field)
        if not equals:
            if field.is_flag and (not words or words[0].startswith("--")):
                value = "true"
            elif not words:
                raise InvalidInput(f"{option} needs a value.")
            else:
                value = words.pop(0)
        _put(values, field, value)
    return values


def _put(values: dict[str, Any], field: Field, value: str) -> None:
    if field.many:
        values.setdefault(field.name, []).append(value)
    elif field.name in values:
        raise InvalidInput(f"{field.option} was given twice.")
    else:
        values[field.name] = value


def _check_simple(workflow: Workflow[Any, Any], field: Field) -> None:
    if not field.is_simple:
        raise InvalidInput(
            f"{field.option} of {workflow.name} is {field.type}, which no option can hold: "
            f"give it as JSON, --input '{{\"{field.name}\": …}}' or --input @file."
        )


def _unknown(workflow: Workflow[Any, Any], fields: Sequence[Field], word: str) -> InvalidInput:
    names = [field.option for field in fields]
    listed = f"Its fields: {', '.join(names)}."
    if not word.startswith("-"):
        return InvalidInput(f"{workflow.name} takes fields by name, and {word!r} stands alone. {listed}")
    near = difflib.get_close_matches(word.replace("_", "-"), names, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return InvalidInput(f"{workflow.name} has no field {word}.{hint} {listed}")


def _missing(workflow: Workflow[Any, Any]) -> Any:
    raise InvalidInput(f"{workflow.name} needs an input ({type_of(workflow)}): --input with JSON text, or @file.")


# schemas -------------------------------------------------------------------------------------------------


def _field(name: str, schema: dict[str, Any], root: dict[str, Any], *, required: bool) -> Field:
    description = schema.get("description") or schema.get("title") or ""
    inner = _resolved(schema, root)
    items = _resolved(inner.get("items", {}), root)
    many = inner.get("type") == "array" and bool(items) and _kinds(items, root) <= SIMPLE
    return Field(
        name, _words(schema, root), _kinds(schema, root), required, schema.get("default"), description, many
    )  # fmt: skip


def _resolved(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        target = str(schema["$ref"]).rsplit("/", 1)[-1]
        schema = {**root.get("$defs", {}).get(target, {}), **{k: v for k, v in schema.items() if k != "$ref"}}
    return schema


def _options(schema: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = schema.get("anyOf") or schema.get("oneOf") or []
    return found


def _kinds(schema: dict[str, Any], root: dict[str, Any]) -> frozenset[str]:
    schema = _resolved(schema, root)
    if options := _options(schema):
        return frozenset().union(*(_kinds(option, root) for option in options))
    if "enum" in schema or "const" in schema:
        return frozenset({"string"})
    return frozenset({str(schema.get("type", "anything"))})


def _words(schema: dict[str, Any], root: dict[str, Any]) -> str:
    schema = _resolved(schema, root)
    if options := _options(schema):
        return " or ".join(dict.fromkeys(_words(option, root) for option in options))
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    kind = str(schema.get("type", "anything"))
    if kind == "array":
        return f"list of {_words(schema.get('items', {}), root)}"
    if kind == "string" and "format" in schema:
        return _FORMATS.get(str(schema["format"]), str(schema["format"]))
    return {"string": "text", "integer": "whole number", "null": "nothing"}.get(kind, kind)
