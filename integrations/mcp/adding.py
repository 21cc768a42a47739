"""Taking an MCP server into a project: its tools as they are now, and the rules' file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from integrations.added.settings import ServiceSettings
from integrations.mcp.connector import MCP, opened
from integrations.mcp.rules import KIND
from integrations.mcp.tools import BadTools, Tools

UNKNOWN = "sha256:"
"""The digest of tools that were not listed yet."""


def rules_text(
    title: str,
    file: str,
    digest: str,
    *,
    url: str = "",
    command: Sequence[str] = (),
    secret_environment: Sequence[str] = (),
    auth: Mapping[str, Mapping[str, str]] | None = None,
) -> str:
    """The TOML file of a server that is being added."""
    where = f"url = {_quoted(url)}" if url else f"command = {_listed(command)}"
    lines = [
        f"kind = {_quoted(KIND)}", f"title = {_quoted(title)}", where, f"tools = {_quoted(file)}",
        f"digest = {_quoted(digest)}",
    ]  # fmt: skip
    if secret_environment:
        lines.append(f"secret_environment = {_listed(secret_environment)}")
    lines += ["", "# What may be added here and below is told in docs/howto/add-an-mcp-server.md."]
    for name, scheme in (auth or {}).items():
        lines += ["", f"[auth.{_quoted(name)}]", *(f"{key} = {_quoted(text)}" for key, text in scheme.items())]
    return "\n".join(lines) + "\n"


def tools_now(settings: ServiceSettings) -> tuple[Tools, str]:
    """Ask a server for its tools: what they come to, and the text that is kept."""
    connector: MCP = opened(settings)
    listed: list[dict[str, Any]] = connector.listed()
    if not listed:
        raise BadTools(f"{settings.name} has no tools.")
    tools = Tools(settings.name, listed)
    if len(tools.by_name) < len(listed):
        raise BadTools(f"{settings.name} has tools that Baton can't tell apart: their names differ in signs alone.")
    return tools, json.dumps({"tools": listed}, ensure_ascii=False, indent=1) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _listed(texts: Sequence[str]) -> str:
    return json.dumps(list(texts), ensure_ascii=False)
