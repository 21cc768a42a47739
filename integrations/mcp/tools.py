"""The tools of an MCP server, as they were when it was added."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, best_match

from integrations.added.complaints import complaint, short, unknown_argument
from integrations.errors import InvalidRequest, NotConnected
from integrations.services import action_name


class BadTools(NotConnected):
    """What is kept of a server's tools can't be used as it is."""


@dataclass(frozen=True)
class Tool:
    """One tool."""

    name: str
    """As histories and the rules call it."""
    id: str
    """As the server calls it."""
    title: str
    words: str
    schema: Mapping[str, Any]
    hints: Mapping[str, Any]

    @property
    def arguments(self) -> tuple[str, ...]:
        """The names of its arguments."""
        return tuple(self.schema.get("properties") or ())

    @property
    def required(self) -> frozenset[str]:
        """The arguments that it can't do without."""
        return frozenset(self.schema.get("required") or ())

    def check(self, owner: str, arguments: Mapping[str, Any]) -> None:
        """Raise InvalidRequest for arguments that are not what the tool's schema says."""
        advice = f"`baton connectors show {owner} {self.name}` tells what it takes."
        unknown = [name for name in arguments if name not in self.arguments]
        if unknown and self.schema.get("additionalProperties") is not True:
            words = unknown_argument(unknown[0], self.arguments)
            raise InvalidRequest(f"{self.id} of {owner} was not called: {words} {advice}")
        try:
            error = best_match(self._validator.iter_errors(arguments))
        except (LookupError, SchemaError, ValueError, RecursionError) as trouble:
            raise BadTools(f"The schema of {self.id} of {owner} can't be read: {short(str(trouble))}") from None
        if error is not None:
            raise InvalidRequest(f"{self.id} of {owner} was not called: {complaint(error)}. {advice}")

    @cached_property
    def _validator(self) -> Draft202012Validator:
        return Draft202012Validator(self.schema)


class Tools:
    """The tools of one server, called `name` in what is told of it."""

    def __init__(self, name: str, listed: Iterable[Mapping[str, Any]]) -> None:
        self.name = name
        self.by_name = {one.name: one for one in map(_tool, listed)}

    @classmethod
    def read(cls, name: str, text: str | bytes) -> Tools:
        """The tools that a file holds; raises BadTools."""
        try:
            return cls(name, json.loads(text)["tools"])
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise BadTools(f"The tools of {name} can't be read: {type(error).__name__}: {error}") from None

    def tool(self, wanted: str) -> Tool:
        """The tool of this name; raises BadTools that says what is near."""
        found = self.by_name.get(action_name(wanted))
        if found is None:
            near = difflib.get_close_matches(action_name(wanted), self.by_name, n=3)
            hint = f"Near it: {', '.join(near)}." if near else "None has a name like it."
            raise BadTools(f"{self.name} has no tool {wanted!r}. {hint} `baton connectors show {self.name}` lists all")
        return found

    def changes(self, now: Tools) -> list[str]:
        """What differs, a line for each tool."""
        lines = [f"- {name}" for name in self.by_name if name not in now.by_name]
        lines += [f"+ {name}" for name in now.by_name if name not in self.by_name]
        return lines + [f"~ {name}" for name, one in self.by_name.items() if now.by_name.get(name, one) != one]


def _tool(one: Mapping[str, Any]) -> Tool:
    name, hints = str(one["name"]), one.get("annotations") or {}
    words = " ".join(str(one.get("description") or "").split())
    title = str(one.get("title") or hints.get("title") or words.split(". ")[0] or name).rstrip(". ")[:120]
    return Tool(action_name(name), name, title, words, one.get("inputSchema") or {}, hints)
