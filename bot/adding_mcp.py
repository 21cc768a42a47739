"""Adding an MCP server to the project, and looking whether its tools have changed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from bot.added import Added
from bot.adding import AUTH, DIGEST, auth_named, check_name
from integrations.added.rules import digest_of
from integrations.added.settings import ServiceSettings
from integrations.errors import ConnectorError
from integrations.files import write_whole
from integrations.mcp.adding import UNKNOWN, rules_text, tools_now
from integrations.mcp.connector import MCP
from integrations.mcp.tools import Tools
from workflows.engine.errors import BatonError

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Wanted:
    """What somebody asked to add: an address, or a program with its arguments."""

    name: str
    source: Sequence[str]
    auth: str = ""
    secrets: Sequence[str] = ()
    replace: bool = False


def add_mcp(folder: Path, wanted: Wanted, environment: Mapping[str, str]) -> tuple[Added, Tools]:
    """Ask a server for its tools, and write them and its rules into `folder`; raises BatonError.

    What the credential is made of is taken from `environment`, by the names that the rules give it.
    """
    target, file = folder / f"{wanted.name}.toml", f"{wanted.name}.json"
    check_name(wanted.name)
    if target.exists() and not wanted.replace:
        raise BatonError(f"{target} is there already. `baton connectors update {wanted.name}` takes what is new.")
    text = _rules(wanted, file)
    added = Added.read_from(target, text)
    if added.rules is None:
        raise BatonError(f"{wanted.name} can't be added: {added.trouble}.")
    tools, kept = _asked(added, environment)
    return _written(added, kept), tools


def update_mcp(added: Added, kept: Tools, environment: Mapping[str, str]) -> list[str]:
    """Take the tools that a server has now, and say what changed; its rules stay as they are."""
    tools, text = _asked(added, environment)
    _written(added, text)
    return kept.changes(tools)


def news_mcp(connector: MCP) -> list[str]:
    """What changed in a server's tools since they were taken; raises a ConnectorError."""
    return connector.tools.changes(Tools(connector.name, connector.listed()))


# -----------------------------------------------------------------------------------------------------------


def _rules(wanted: Wanted, file: str) -> str:
    title = wanted.name.replace("_", " ").capitalize()
    if wanted.source[0].startswith(("http://", "https://")):
        if len(wanted.source) > 1 or wanted.secrets:
            raise BatonError("A server at an address takes nothing more than --auth. Give a program after --.")
        if wanted.auth and not AUTH.fullmatch(wanted.auth):
            raise BatonError("--auth is bearer, basic, none, header:NAME, query:NAME or cookie:NAME.")
        return rules_text(title, file, UNKNOWN, url=wanted.source[0], auth=auth_named(wanted.auth))
    wrong = [name for name in wanted.secrets if not VARIABLE.fullmatch(name)]
    if wanted.auth or wrong:
        raise BatonError("A program takes its secrets from its environment: name the variables with --secret NAME.")
    return rules_text(title, file, UNKNOWN, command=wanted.source, secret_environment=wanted.secrets)


def _asked(added: Added, environment: Mapping[str, str]) -> tuple[Tools, str]:
    given = {field: environment.get(added.setting(field).upper(), "") for field in added.fields}
    secrets = tuple((field, SecretStr(text)) for field, text in given.items() if text)
    settings = ServiceSettings(name=added.name, folder=added.path.parent, rules=added.text, secrets=secrets)
    try:
        return tools_now(settings)
    except ConnectorError as error:
        raise BatonError(f"{str(error).rstrip('.')}.") from None


def _written(added: Added, kept: str) -> Added:
    content = kept.encode()
    text = DIGEST.sub(f'digest = "{digest_of(content)}"', added.text, count=1)
    write_whole(added.path.parent / added.file, content)
    write_whole(added.path, text.encode())
    return Added.of(added.path)
