"""An added service in words: its operations, and what each of them takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from integrations.openapi.connector import OpenAPI
from integrations.openapi.document import Document, Node, Operation
from integrations.openapi.signature import WHOLE_BODY
from workflows.engine.policy import CallSpec

WORDS = 160
"""Characters of what a document says of one argument."""


@dataclass(frozen=True)
class ArgumentRow:
    """One argument of an operation."""

    name: str
    place: str
    type: str
    required: bool
    words: str

    def document(self) -> dict[str, Any]:
        """The row as JSON has it."""
        return asdict(self)


def operations_matching(document: Document, search: str) -> list[Operation]:
    """The operations that have every one of these words in their name, request or title."""
    words = search.lower().split()
    return [
        one
        for one in document.operations.values()
        if all(word in f"{one.id} {one.name} {one.method} {one.path} {one.title}".lower() for word in words)
    ]


def argument_rows(connector: OpenAPI, operation: Operation) -> list[ArgumentRow]:
    """What an operation takes, those that it must have first."""
    signature = connector.requests.signature(operation)
    document = connector.document
    rows = [
        ArgumentRow(name, one.place, type_of(document, one.schema), one.required, one.words[:WORDS])
        for name, one in signature.parameters.items()
    ]
    if signature.body is not None:
        body = signature.body
        rows += [
            ArgumentRow(name, "body", type_of(document, one.schema), one.required, one.words[:WORDS])
            for name, one in body.fields.items()
        ]
        needed = body.required and not body.fields
        rows.append(
            ArgumentRow(WHOLE_BODY, "body", type_of(document, body.schema), needed, f"The whole ({body.media})")
        )
    return sorted(rows, key=lambda row: not row.required)


def type_of(document: Document, schema: Node | None, deep: int = 3) -> str:
    """A schema in a few words, with the items of lists in lists."""
    if schema is None or not deep:
        return "any"
    value = document.follow(schema).value
    if not isinstance(value, Mapping):
        return "any"
    if value.get("enum"):
        return " | ".join(map(str, value["enum"][:6])) + (" | …" if len(value["enum"]) > 6 else "")
    kind = value.get("type")
    names = [str(one) for one in kind] if isinstance(kind, list) else [str(kind)] if kind else []
    if "array" in names and value.get("items"):
        inner = type_of(document, document.follow(schema).at("items"), deep - 1)
        names = [f"list of {inner}" if one == "array" else one for one in names]
    if not names:
        names = [
            "object" if "properties" in value else "one of several" if value.keys() & {"oneOf", "anyOf"} else "any"
        ]
    if value.get("nullable"):
        names.append("null")
    form = value.get("format")
    return " | ".join(names) + (f" ({form})" if form else "")


def repeat_words(spec: CallSpec) -> str:
    """What becomes of an operation whose outcome is unknown."""
    if spec.idempotent:
        return "harmless"
    if spec.reconcile is not None:
        return "only after the look-up of its rules did not find it"
    return "never by itself: the run is parked when an outcome is unknown"


def example(connector: OpenAPI, operation: Operation) -> str:
    """A line for a workflow."""
    needed = [row for row in argument_rows(connector, operation) if row.required]
    given = "".join(f", {row.name}=…" for row in needed)
    return f'run.step(service("{connector.name}").action("{operation.id}"){given})'
