"""Connectors: which there are, and services that a project adds by their own description."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer
from dotenv import dotenv_values

from bot import adding, adding_mcp, printing
from bot.added import Added, read
from bot.commands import DONE, FAILED
from bot.commands.catalogue import AsJson
from bot.commands.session import opened
from bot.runtime import Runtime
from bot.settings import Settings, read_settings
from bot.telling import count
from integrations.added.described import Described, Description
from integrations.added.rules import digest_of
from integrations.added.settings import ServiceSettings
from integrations.base import first_line
from integrations.errors import ConnectorError
from integrations.mcp import connector as mcp
from integrations.mcp.describing import MCPDescription
from integrations.openapi import connector as openapi
from integrations.openapi.describing import OpenAPIDescription
from workflows.engine.errors import BatonError
from workflows.engine.plan.reader import plan_of

MOST = 200
"""So many operations are listed at once."""
Name = Annotated[str, typer.Argument(metavar="NAME", help="The service's name, such as github.", show_default=False)]
Follow = Annotated[
    bool, typer.Option("--follow-references", help="Fetch the documents that this one refers to, and keep them too.")
]

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.callback()
def connectors() -> None:
    """Use other services: list, show, add, update, check.

    A service is added by its OpenAPI document, or as an MCP server; what it offers are actions that workflows call.
    Example: baton connectors add openapi shop https://shop.example.org/openapi.json
    """


@app.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """List the connectors: those that the settings bind, and the services that were added.

    Example: baton connectors list
    """
    with opened() as session:
        bound = session.runtime.connectors.bound()
        found = read(session.settings.baton_connectors)
    ours = [(cls.__name__, first_line(cls)) for cls in bound if cls not in {one.service for one in found}]
    if as_json:
        printing.document({
            "bound": [{"name": name, "does": does} for name, does in ours],
            "added": [_added_document(one) for one in found],
        })  # fmt: skip
        return
    printing.say(printing.table(("Connector", "For"), ours))
    rows = [(one.name, one.kind, one.url, one.trouble) for one in found]
    printing.say(printing.table(("Added", "Kind", "At", "Trouble"), rows) if rows else "No services were added.")


@app.command()
def show(
    name: Name,
    operation: Annotated[
        str,
        typer.Argument(metavar="[OPERATION]", help="One of them, with its arguments.", show_default=False),
    ] = "",
    *,
    search: Annotated[str, typer.Option("--search", help="Words that the operations must have.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show what an added service offers, or what one operation or tool of it takes.

    Example: baton connectors show github issues/create
    """
    described = _description(_added(read_settings(), name))
    try:
        if operation:
            _show_one(name, described, operation, as_json=as_json)
        else:
            words = search.lower().split()
            _show_all([one for one in described.all() if one.has(words)], as_json=as_json)
    except ConnectorError as error:
        raise BatonError(f"{str(error).rstrip('.')}.") from None


@app.command()
def add(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="openapi or mcp.", show_default=False)],
    name: Annotated[str, typer.Argument(metavar="NAME", help="What workflows call it.", show_default=False)],
    source: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE",
            help="openapi: the document's web address or file. mcp: the server's address, or -- and a program.",
            show_default=False,
        ),
    ],
    *,
    url: Annotated[str, typer.Option(help="openapi: where the service is, if not where the document says.")] = "",
    auth: Annotated[
        str,
        typer.Option(
            help="How it knows us, if not as the document says: bearer, basic, none, header:NAME, query:NAME."
        ),
    ] = "",
    secret: Annotated[
        list[str] | None, typer.Option("--secret", help="mcp: a variable of the program that holds a secret.")
    ] = None,
    follow_references: Follow = False,
    replace: Annotated[bool, typer.Option("--replace", help="Write over what was added before.")] = False,
) -> None:
    """Add a service: two files in the folder of BATON_CONNECTORS, to be committed.

    Example: baton connectors add openapi shop https://shop.example.org/openapi.json
    """
    folder = read_settings().baton_connectors
    if kind == "openapi":
        if len(source) > 1 or secret:
            raise BatonError("An OpenAPI document is one address or file, and takes no --secret.")
        wanted = adding.Wanted(name, source[0], url, auth, follow_references, replace)
        added, document = adding.add_openapi(folder, wanted)
        many = count(len(document.operations), "operation")
    elif kind == "mcp":
        if url or follow_references:
            raise BatonError("--url and --follow-references are for OpenAPI documents.")
        server = adding_mcp.Wanted(name, source, auth, secret or (), replace)
        added, tools = adding_mcp.add_mcp(folder, server, _environment())
        many = count(len(tools.by_name), "tool")
    else:
        raise BatonError(f"There is no kind {kind[:40]!r} of services to add. There are: openapi, mcp.")
    printing.say(f"{name} is added: {many} at {added.url}. Commit {added.path} and {added.file}.")
    if added.fields:
        names = " and ".join(added.setting(field).upper() for field in added.fields)
        printing.say(f"Its credential: set {names} in the environment or .env.")
    printing.say(f"`baton connectors show {name} --search WORD` finds what it offers.")


@app.command("update")
def update_(
    name: Name,
    *,
    source: Annotated[str, typer.Option("--from", help="openapi: take it from here, not from where it came.")] = "",
    follow_references: Follow = False,
) -> None:
    """Take the newest description of an added service, and say what changed; its rules stay.

    Example: baton connectors update github
    """
    added = _added(read_settings(), name)
    connector = _connector(added)
    if isinstance(connector, openapi.OpenAPI):
        lines = adding.update_openapi(added, _read(lambda: connector.document), source, follow=follow_references)
    elif source or follow_references:
        raise BatonError("--from and --follow-references are for OpenAPI documents.")
    else:
        lines = adding_mcp.update_mcp(added, _read(lambda: connector.tools), _environment())
    _tell_changes(lines)
    printing.say(f"What is kept of {name} is the newest: {count(len(lines), 'change')}.")


@app.command()
def check(name: Name) -> int:
    """Check an added service: its files, what workflows call of it, what changed at the source, its credential.

    Exit code 1 when something is wrong. Example: baton connectors check github
    """
    with opened() as session:
        added = _added(session.settings, name)
        problems = list(_problems(session.runtime, added))
        if problems:
            for words in problems:
                printing.say(words)
            return FAILED
        lines = _news(session.runtime, added)
        health = session.runtime.connectors.health(added.service)
    if lines:
        _tell_changes(lines)
        printing.say(f"{name} has changed since it was added: `baton connectors update {name}` takes it as it is.")
        return FAILED
    printing.say(health.words)
    return DONE if health.ok else FAILED


# -----------------------------------------------------------------------------------------------------------


def _added(settings: Settings, name: str) -> Added:
    found = {one.name: one for one in read(settings.baton_connectors)}
    if name not in found:
        near = difflib.get_close_matches(name, found, n=1)
        hint = f"Did you mean {near[0]}?" if near else "`baton connectors list` shows those there are."
        raise BatonError(f"No service {name[:60]!r} was added. {hint}")
    added = found[name]
    if added.rules is None:
        raise BatonError(f"{added.path} can't be used: {added.trouble}. Correct it.")
    return added


def _connector(added: Added) -> openapi.OpenAPI | mcp.MCP:
    """The connector of a service as its files say, for looking at it."""
    settings = ServiceSettings(name=added.name, folder=added.path.parent, rules=added.text)
    return openapi.opened(settings) if added.kind == "openapi" else mcp.opened(settings)


def _description(added: Added) -> Description:
    connector = _connector(added)
    return OpenAPIDescription(connector) if isinstance(connector, openapi.OpenAPI) else MCPDescription(connector)


def _read(what: Any) -> Any:
    try:
        return what()
    except ConnectorError as error:
        raise BatonError(f"{str(error).rstrip('.')}.") from None


def _environment() -> Mapping[str, str]:
    return {name: text for name, text in {**dotenv_values(".env"), **os.environ}.items() if text}


def _news(runtime: Runtime, added: Added) -> list[str]:
    """What changed at the source since it was added; nobody is asked without the credential."""
    connector = _read(lambda: runtime.connectors.get(added.service))
    if isinstance(connector, openapi.OpenAPI):
        return adding.news_openapi(added, _read(lambda: connector.document))
    try:
        return adding_mcp.news_mcp(connector)
    except ConnectorError:
        return []  # health says why


def _problems(runtime: Runtime, added: Added) -> Iterable[str]:
    """What is wrong in the project itself, before anybody is asked."""
    described = _description(added)
    _read(described.all)
    assert added.rules is not None
    name = added.name
    if digest_of((added.path.parent / added.file).read_bytes()) != added.rules.digest:
        yield f"{added.file} is not what was added. Put it back, or take it anew: `baton connectors update {name}`."
    for workflow in runtime.catalogue.all():
        plan_of(workflow)  # names the actions that it calls
    for wanted in dict.fromkeys([*added.service.named.values(), *described.named_in_rules()]):
        try:
            described.arguments(wanted)
        except ConnectorError as error:
            yield f"{str(error).rstrip('.')}."


def _tell_changes(lines: list[str]) -> None:
    for line in lines[:MOST]:
        printing.say(line)
    if len(lines) > MOST:
        printing.say(f"… and {len(lines) - MOST} more")


def _added_document(one: Added) -> dict[str, Any]:
    return {
        "name": one.name, "kind": one.kind, "at": one.url or None,
        "settings": [one.setting(field).upper() for field in one.fields], "trouble": one.trouble or None,
    }  # fmt: skip


def _show_all(found: list[Described], *, as_json: bool) -> None:
    if as_json:
        printing.document([one.document() for one in found])
        return
    rows = [(one.id, one.spec.title) for one in found[:MOST]]
    printing.say(printing.table(("Operation", "What it does"), rows))
    if len(found) > MOST:
        printing.say(f"… and {len(found) - MOST} more: --search WORD finds some.")


def _show_one(name: str, described: Description, wanted: str, *, as_json: bool) -> None:
    one, rows = described.one(wanted), described.arguments(wanted)
    if as_json:
        printing.document(one.document() | {"arguments": [asdict(row) for row in rows]})
        return
    facts = [("Operation", one.id), ("Request", one.request), ("Does", one.spec.title), ("A repeat", one.repeat)]
    printing.say(printing.facts(facts))
    printing.say(
        printing.table(
            ("Argument", "In", "Type", "", "What it is"),
            [(row.name, row.place, row.type, "required" if row.required else "", row.words) for row in rows],
        )
    )
    given = "".join(f", {row.name}=…" for row in rows if row.required)
    printing.say(f'run.step(service("{name}").action("{one.id}"){given})')
