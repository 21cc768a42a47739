"""An MCP server in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.added.described import WORDS, ArgumentRow, Described, plain_type
from integrations.mcp.connector import MCP
from integrations.mcp.tools import Tool


class MCPDescription:
    """What the connector of an MCP server tells people."""

    def __init__(self, connector: MCP) -> None:
        self._connector = connector

    def all(self) -> list[Described]:
        """Every tool, in the server's order."""
        return [self._described(one) for one in self._connector.tools.by_name.values()]

    def one(self, wanted: str) -> Described:
        """The tool of this name."""
        return self._described(self._connector.tools.tool(wanted))

    def arguments(self, wanted: str) -> list[ArgumentRow]:
        """The arguments of a tool."""
        tool = self._connector.tools.tool(wanted)
        properties: Mapping[str, Any] = tool.schema.get("properties") or {}
        rows = [
            ArgumentRow(
                name,
                "tool",
                plain_type(schema, plain_type(schema["items"]) if isinstance(schema.get("items"), Mapping) else ""),
                name in tool.required,
                " ".join(str(schema.get("description") or "").split())[:WORDS],
            )
            for name, schema in properties.items()
            if isinstance(schema, Mapping)
        ]
        return sorted(rows, key=lambda row: not row.required)

    def named_in_rules(self) -> list[str]:
        """The tools that have rules."""
        return list(self._connector.rules.operations)

    def _described(self, tool: Tool) -> Described:
        return Described(tool.id, "tool", self._connector.spec(tool))
