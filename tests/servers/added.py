"""A service as a project adds it, for tests: its files in a folder, and its connector."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from integrations.added.rules import digest_of
from integrations.added.settings import ServiceSettings
from integrations.http import Gate
from integrations.mcp.adding import rules_text as mcp_rules_text
from integrations.mcp.connector import MCP
from integrations.mcp.connector import opened as mcp_opened
from integrations.openapi.adding import rules_text, take
from integrations.openapi.connector import OpenAPI, opened
from tests.servers.http import Answer, Asked, as_json

DOCUMENTS = Path(__file__).parents[1] / "fixtures" / "openapi"
SHOP = DOCUMENTS / "shop.yaml"
BEARER = {"token": {"type": "http", "scheme": "bearer"}}
SECRET = "made-up-secret-for-tests"


def write_service(
    folder: Path,
    name: str,
    url: str,
    more: str = "",
    *,
    document: Path = SHOP,
    auth: Mapping[str, Mapping[str, str]] = BEARER,
) -> Path:
    """The two files of a service; `more` is TOML that is put below. The rules' path."""
    folder.mkdir(parents=True, exist_ok=True)
    taken = take(name, document.read_bytes(), f"file:///{document.name}")
    content = taken.text.encode()
    text = rules_text(name.capitalize(), url, taken.document.uri, f"{name}.json", digest_of(content), {})
    schemes = [
        f"[auth.{scheme}]\n" + "".join(f'{key} = "{value}"\n' for key, value in one.items())
        for scheme, one in auth.items()
    ]
    (folder / f"{name}.json").write_bytes(content)
    (folder / f"{name}.toml").write_text("\n".join([text, more, *schemes]), encoding="utf-8")
    return folder / f"{name}.toml"


def added_service(
    folder: Path,
    name: str,
    url: str,
    more: str = "",
    *,
    gate: Gate | None = None,
    document: Path = SHOP,
    auth: Mapping[str, Mapping[str, str]] = BEARER,
) -> OpenAPI:
    """The connector of a service that was added with these rules, its secrets all set."""
    path = write_service(folder, name, url, more, document=document, auth=auth)
    rules = path.read_text(encoding="utf-8")
    bare = opened(ServiceSettings(name=name, folder=folder, rules=rules))
    secrets = tuple((field, SecretStr(f"{SECRET}-{field}")) for field in bare.rules.secrets)
    return type(bare)(ServiceSettings(name=name, folder=folder, rules=rules, secrets=secrets), gate)


def added_shelf(url: str, token: str) -> OpenAPI:
    """The connector of the smallest service, whose document lies among the fixtures."""
    digest = digest_of((DOCUMENTS / "shelf.json").read_bytes())
    rules = rules_text("Shelf", url, "file:///shelf.json", "shelf.json", digest, BEARER)
    return opened(
        ServiceSettings(
            name="shelf",
            folder=DOCUMENTS,
            rules=rules.replace("[auth", 'health = "getThings"\n\n[auth'),
            secrets=(("token", SecretStr(token)),),
        )
    )


LOOK = {"name": "look", "inputSchema": {"type": "object", "properties": {"name": {"type": "string"}}},
        "annotations": {"readOnlyHint": True}}  # fmt: skip


def added_tools(url: str, token: str) -> MCP:
    """The connector of the smallest MCP server, whose tool lies among the fixtures."""
    digest = digest_of((DOCUMENTS / "tools.json").read_bytes())
    rules = mcp_rules_text("Tools", "tools.json", digest, url=url, auth=BEARER)
    secrets = (("token", SecretStr(token)),)
    return mcp_opened(ServiceSettings(name="tools", folder=DOCUMENTS, rules=rules, secrets=secrets))


def speak_mcp(asked: Asked) -> Answer:
    """What a server answers that has the one tool."""
    message = asked.json
    if "id" not in message:
        return Answer(202)
    results = {
        "initialize": {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                       "serverInfo": {"name": "tools", "version": "1"}},
        "tools/list": {"tools": [LOOK]},
    }  # fmt: skip
    return as_json({"jsonrpc": "2.0", "id": message["id"], "result": results[message["method"]]})
