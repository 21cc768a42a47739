"""Connectors: which there are, and services that a project adds by their own description."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from bot import adding, printing
from bot.added import Added, read
from bot.commands import DONE, FAILED
from bot.commands.catalogue import AsJson
from bot.commands.session import opened
from bot.runtime import Runtime
from bot.settings import Settings, read_settings
from bot.telling import count
from integrations.base import first_line
from integrations.errors import ConnectorError
from integrations.openapi.connector import OpenAPI, digest_of
from integrations.openapi.connector import opened as connector_of
from integrations.openapi.describing import argument_rows, example, operations_matching, repeat_words
from integrations.openapi.document import Document, Operation
from integrations.openapi.settings import OpenAPISettings
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

    A service is added by its OpenAPI document; its operations are then actions that workflows call.
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
    rows = [(one.name, one.kind, one.rules.url if one.rules else "", one.trouble) for one in found]
    printing.say(printing.table(("Added", "Kind", "At", "Trouble"), rows) if rows else "No services were added.")


@app.command()
def show(
    name: Name,
    operation: Annotated[
        str, typer.Argument(metavar="[OPERATION]", help="One operation, with its arguments.", show_default=False)
    ] = "",
    *,
    search: Annotated[str, typer.Option("--search", help="Words that the operations must have.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show the operations of an added service, or what one of them takes.

    Example: baton connectors show github issues/create
    """
    connector = _connector(read_settings(), name)
    try:
        if operation:
            _show_one(connector, connector.document.operation(operation), as_json=as_json)
        else:
            _show_all(connector, operations_matching(connector.document, search), as_json=as_json)
    except ConnectorError as error:
        raise BatonError(f"{str(error).rstrip('.')}.") from None


@app.command()
def add(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="openapi.", show_default=False)],
    name: Annotated[str, typer.Argument(metavar="NAME", help="What workflows call it.", show_default=False)],
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="The document's web address or file.", show_default=False)
    ],
    *,
    url: Annotated[str, typer.Option(help="Where the service is, if not where the document says.")] = "",
    auth: Annotated[
        str,
        typer.Option(
            help="How it knows us, if not as the document says: bearer, basic, none, header:NAME, query:NAME."
        ),
    ] = "",
    follow_references: Follow = False,
    replace: Annotated[bool, typer.Option("--replace", help="Write over what was added before.")] = False,
) -> None:
    """Add a service by its OpenAPI document: two files in the folder of BATON_CONNECTORS, to be committed.

    Example: baton connectors add openapi shop https://shop.example.org/openapi.json
    """
    if kind != "openapi":
        raise BatonError(f"There is no kind {kind[:40]!r} of services to add. There is: openapi.")
    wanted = adding.Wanted(name, source, url, auth, follow_references, replace)
    added, document = adding.add_openapi(read_settings().baton_connectors, wanted)
    assert added.rules is not None
    many = count(len(document.operations), "operation")
    printing.say(f"{name} is added: {many} at {added.rules.url}. Commit {added.path} and {added.rules.document}.")
    if added.fields:
        names = " and ".join(added.setting(field).upper() for field in added.fields)
        printing.say(f"Its credential: set {names} in the environment or .env.")
    printing.say(f"`baton connectors show {name} --search WORD` finds operations.")


@app.command("update")
def update_(
    name: Name,
    *,
    source: Annotated[str, typer.Option("--from", help="Take it from here instead of where it came from.")] = "",
    follow_references: Follow = False,
) -> None:
    """Take the newest document of an added service, and say which operations changed; its rules stay.

    Example: baton connectors update github
    """
    settings = read_settings()
    added, connector = _added(settings, name), _connector(settings, name)
    lines = adding.update(added, _document(connector), source, follow=follow_references)
    _tell_changes(lines)
    printing.say(f"The document of {name} is the newest: {count(len(lines), 'operation')} changed.")


@app.command()
def check(name: Name) -> int:
    """Check an added service: its files, what workflows call of it, its document at the source, its credential.

    Exit code 1 when something is wrong. Example: baton connectors check github
    """
    with opened() as session:
        added, connector = _added(session.settings, name), _connector(session.settings, name)
        problems = list(_problems(session.runtime, added, connector))
        if problems:
            for words in problems:
                printing.say(words)
            return FAILED
        lines = adding.news(added, _document(connector))
        if lines:
            _tell_changes(lines)
            printing.say(f"The document of {name} has changed where it came from: `baton connectors update {name}`.")
            return FAILED
        health = session.runtime.connectors.health(added.service)
    printing.say(health.words)
    return DONE if health.ok else FAILED


# -----------------------------------------------------------------------------------------------------------


def _added(settings: Settings, name: str) -> Added:
    found = {one.name: one for one in read(settings.baton_connectors)}
    if name not in found:
        near = difflib.get_close_matches(name, found, n=1)
        hint = f"Did you mean {near[0]}?" if near else "`baton connectors list` shows those there are."
        raise BatonError(f"No service {name[:60]!r} was added. {hint}")
    return found[name]


def _connector(settings: Settings, name: str) -> OpenAPI:
    """The connector of a service as its files say, for looking at it."""
    added = _added(settings, name)
    if added.rules is None:
        raise BatonError(f"{added.path} can't be used: {added.trouble}. Correct it.")
    return connector_of(OpenAPISettings(name=name, folder=added.path.parent, rules=added.text))


def _document(connector: OpenAPI) -> Document:
    try:
        return connector.document
    except ConnectorError as error:
        raise BatonError(f"{error}.") from None


def _problems(runtime: Runtime, added: Added, connector: OpenAPI) -> Iterable[str]:
    """What is wrong in the project itself, before anybody is asked."""
    assert added.rules is not None
    document = _document(connector)
    if digest_of((added.path.parent / added.rules.document).read_bytes()) != added.rules.digest:
        yield f"{added.rules.document} is not the document that was added. Put it back, or take it: --from it."
    for workflow in runtime.catalogue.all():
        plan_of(workflow)  # names the actions that it calls
    asked = {**added.service.named, **{name: name for name in added.rules.operations}}
    look_ups = [one.reconcile.operation for one in added.rules.operations.values() if one.reconcile]
    for operation in dict.fromkeys([*asked.values(), *look_ups, *filter(None, [added.rules.health])]):
        try:
            connector.requests.signature(document.operation(operation))
        except ConnectorError as error:
            yield f"{str(error).rstrip('.')}."


def _tell_changes(lines: list[str]) -> None:
    for line in lines[:MOST]:
        printing.say(line)
    if len(lines) > MOST:
        printing.say(f"… and {len(lines) - MOST} more")


def _added_document(one: Added) -> dict[str, Any]:
    return {
        "name": one.name, "kind": one.kind, "url": one.rules.url if one.rules else None,
        "settings": [one.setting(field).upper() for field in one.fields], "trouble": one.trouble or None,
    }  # fmt: skip


def _show_all(connector: OpenAPI, found: list[Operation], *, as_json: bool) -> None:
    if as_json:
        printing.document([_operation_document(connector, one) for one in found])
        return
    printing.say(printing.table(("Operation", "What it does"), [(one.id, one.title) for one in found[:MOST]]))
    if len(found) > MOST:
        printing.say(f"… and {len(found) - MOST} more: --search WORD finds some.")


def _show_one(connector: OpenAPI, operation: Operation, *, as_json: bool) -> None:
    spec = connector.spec(operation)
    rows = argument_rows(connector, operation)
    if as_json:
        printing.document(_operation_document(connector, operation) | {"arguments": [row.document() for row in rows]})
        return
    request = f"{operation.method} {operation.path}"
    facts = [
        ("Operation", operation.id),
        ("Request", request),
        ("Does", operation.title),
        ("A repeat", repeat_words(spec)),
    ]
    printing.say(printing.facts(facts))
    printing.say(
        printing.table(
            ("Argument", "In", "Type", "", "What it is"),
            [(row.name, row.place, row.type, "required" if row.required else "", row.words) for row in rows],
        )
    )
    printing.say(example(connector, operation))


def _operation_document(connector: OpenAPI, operation: Operation) -> dict[str, Any]:
    spec = connector.spec(operation)
    return {
        "operation": operation.id, "name": spec.name, "method": operation.method, "path": operation.path,
        "title": operation.title, "writes": spec.is_write, "idempotent": spec.idempotent,
        "reconciled": spec.reconcile is not None,
    }  # fmt: skip
