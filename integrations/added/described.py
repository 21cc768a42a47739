"""An added service in words: its operations or tools, and what each of them takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from workflows.engine.policy import CallSpec

WORDS = 160
"""Characters of what a description says of one argument."""


@dataclass(frozen=True)
class Described:
    """One operation or tool."""

    id: str
    """As the service calls it."""
    request: str
    spec: CallSpec

    def has(self, words: Iterable[str]) -> bool:
        """Whether every one of these words is in its name, request or title."""
        text = f"{self.id} {self.spec.name} {self.request} {self.spec.title}".lower()
        return all(word in text for word in words)

    def document(self) -> dict[str, Any]:
        """It as JSON has it."""
        spec = self.spec
        return {
            "operation": self.id, "name": spec.name, "request": self.request, "title": spec.title,
            "writes": spec.is_write, "idempotent": spec.idempotent, "reconciled": spec.reconcile is not None,
        }  # fmt: skip

    @property
    def repeat(self) -> str:
        """What becomes of it when its outcome is unknown."""
        if self.spec.idempotent:
            return "harmless"
        if self.spec.reconcile is not None:
            return "only after the look-up of its rules did not find it"
        return "never by itself: the run is parked when an outcome is unknown"


@dataclass(frozen=True)
class ArgumentRow:
    """One argument."""

    name: str
    place: str
    type: str
    required: bool
    words: str = ""


class Description(Protocol):
    """What a connector of an added service tells people."""

    def all(self) -> list[Described]:
        """Every operation or tool, in the service's order."""
        ...

    def one(self, wanted: str) -> Described:
        """The operation or tool of this name; raises a ConnectorError that says what is near."""
        ...

    def arguments(self, wanted: str) -> list[ArgumentRow]:
        """What one takes, those that it must have first; raises a ConnectorError where that can't be read."""
        ...

    def named_in_rules(self) -> list[str]:
        """The operations or tools that the project's file is about."""
        ...


def plain_type(value: Mapping[str, Any], items: str = "") -> str:
    """A schema in a few words; `items` says what a list is of."""
    if value.get("enum"):
        return " | ".join(map(str, value["enum"][:6])) + (" | …" if len(value["enum"]) > 6 else "")
    kind = value.get("type")
    names = [str(one) for one in kind] if isinstance(kind, list) else [str(kind)] if kind else []
    names = [f"list of {items}" if one == "array" and items else one for one in names]
    if not names and "properties" in value:
        names = ["object"]
    elif not names:
        names = ["one of several" if value.keys() & {"oneOf", "anyOf"} else "any"]
    if value.get("nullable"):
        names.append("null")
    form = value.get("format")
    return " | ".join(names) + (f" ({form})" if form else "")
