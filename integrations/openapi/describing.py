"""An OpenAPI service in words."""

from __future__ import annotations

from collections.abc import Mapping

from integrations.added.described import WORDS, ArgumentRow, Described, plain_type
from integrations.openapi.connector import OpenAPI
from integrations.openapi.document import Document, Node, Operation
from integrations.openapi.signature import WHOLE_BODY


class OpenAPIDescription:
    """What the connector of an OpenAPI document tells people."""

    def __init__(self, connector: OpenAPI) -> None:
        self._connector = connector

    def all(self) -> list[Described]:
        """Every operation, in the document's order."""
        return [self._described(one) for one in self._connector.document.operations.values()]

    def one(self, wanted: str) -> Described:
        """The operation of this name."""
        return self._described(self._connector.document.operation(wanted))

    def arguments(self, wanted: str) -> list[ArgumentRow]:
        """The parameters of an operation and the parts of its body."""
        document = self._connector.document
        signature = self._connector.requests.signature(document.operation(wanted))
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
            kind = type_of(document, body.schema)
            rows.append(ArgumentRow(WHOLE_BODY, "body", kind, needed, f"The whole ({body.media})"))
        return sorted(rows, key=lambda row: not row.required)

    def named_in_rules(self) -> list[str]:
        """The operations that have rules, that look others up, or that tell whether the service is there."""
        rules = self._connector.rules
        look_ups = [one.reconcile.operation for one in rules.operations.values() if one.reconcile]
        return [*rules.operations, *look_ups, *filter(None, [rules.health])]

    def _described(self, operation: Operation) -> Described:
        return Described(operation.id, f"{operation.method} {operation.path}", self._connector.spec(operation))


def type_of(document: Document, schema: Node | None, deep: int = 3) -> str:
    """A schema in a few words, with the items of lists in lists."""
    node = document.follow(schema) if schema is not None and deep else None
    if node is None or not isinstance(node.value, Mapping):
        return "any"
    items = type_of(document, node.at("items"), deep - 1) if node.value.get("items") else ""
    return plain_type(node.value, items)
