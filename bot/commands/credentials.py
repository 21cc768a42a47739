"""The secrets of services, kept sealed in the database."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from bot import printing
from bot.commands import DONE, FAILED
from bot.commands.catalogue import AsJson
from bot.commands.session import opened
from bot.credentials.keeping import Kept
from bot.credentials.kinds import CredentialKind, kind_named
from bot.credentials.vault import new_key
from workflows.engine.errors import BatonError

Name = Annotated[str, typer.Argument(metavar="NAME", help="The service, such as notion.", show_default=False)]

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.callback()
def credentials() -> None:
    """Keep the secrets of services sealed: set, list, check, rotate, remove.

    What is set here holds instead of the environment's, and workers take it without a restart. Nobody is ever shown a
    secret. Example: baton credentials set notion
    """


@app.command("set")
def set_(
    name: Name,
    *,
    fields: Annotated[
        list[str] | None,
        typer.Option("--field", help="A field that is no secret, as name=value.", show_default=False),
    ] = None,
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Read the fields from standard input, as a JSON object.")
    ] = False,
    unchecked: Annotated[bool, typer.Option("--unchecked", help="Keep it without trying it with the service.")] = False,
) -> None:
    """Set the credential of a service: it is tried with the service, then sealed.

    Asks for what is not given; secrets don't show while you type, and are never options. A field that is left empty
    stays as it was. Example: baton credentials set notion
    """
    with opened() as session:
        kept = session.runtime.credentials
        kind = kept.may_set(name, by=session.actor)
        given = _options(kind, fields or [])
        given |= _read() if stdin else _asked(kind, given)
        health = kept.set(kind.name, given, by=session.actor, unchecked=unchecked)
    printing.say(f"The credential for {kind.title} is kept, sealed ({health.words}).")


@app.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """List the services that take a credential, and where theirs is.

    Example: baton credentials list
    """
    with opened() as session:
        found = session.runtime.credentials.listed(by=session.actor)
    if as_json:
        printing.document([_document(kept) for kept in found])
        return
    rows = [
        (kept.kind.name, kept.place or "-", kept.set_by, printing.ago(kept.set_at) if kept.set_at else "", kept.trouble)
        for kept in found
    ]
    printing.say(printing.table(("Service", "Kept in", "Set by", "When", "Trouble"), rows))


@app.command()
def check(name: Name) -> int:
    """Ask the service whether it takes the credential that is in use.

    Exit code 1 when it does not. Example: baton credentials check notion
    """
    with opened() as session:
        health = session.runtime.credentials.check(name, by=session.actor)
    printing.say(health.words)
    return DONE if health.ok else FAILED


@app.command()
def rotate() -> None:
    """Seal every credential anew with the first of BATON_SECRET_KEYS, so that older keys can go.

    Example: baton credentials rotate
    """
    with opened() as session:
        count = session.runtime.credentials.rotate(by=session.actor)
    some = f"{count} credential{'' if count == 1 else 's'}"
    printing.say(f"{some} sealed with the newest key. Older keys can leave BATON_SECRET_KEYS now.")


@app.command()
def remove(name: Name) -> None:
    """Delete the sealed credential of a service; the environment's holds again, if there is one.

    Example: baton credentials remove notion
    """
    with opened() as session:
        session.runtime.credentials.remove(name, by=session.actor)
    printing.say(f"The credential for {kind_named(name).title} is deleted here. Take it back at the service too.")


@app.command()
def key() -> None:
    """Print a new key for BATON_SECRET_KEYS; put it before those that are there.

    Example: baton credentials key
    """
    printing.say(new_key())


# -----------------------------------------------------------------------------------------------------------


def _options(kind: CredentialKind, pairs: list[str]) -> dict[str, str]:
    secret = {field.name for field in kind.fields if field.secret}
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise BatonError(f"--field {name} needs a value: write --field {name}=VALUE.")
        if name in secret:
            raise BatonError(
                f"{name} is a secret, and options can be read by others on this machine: leave it out, and it is "
                "asked for, or give it with --stdin."
            )
        found[name] = value
    return found


def _read() -> dict[str, str]:
    try:
        value = json.loads(sys.stdin.read())
    except ValueError:
        value = None
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise BatonError('--stdin takes a JSON object of texts, such as {"token": "…"}.')
    return value


def _asked(kind: CredentialKind, given: dict[str, str]) -> dict[str, str]:
    if not sys.stdin.isatty():
        raise BatonError("There is no terminal to ask at: give the fields as a JSON object with --stdin.")
    return {
        field.name: str(typer.prompt(field.label, default="", hide_input=field.secret, show_default=False, err=True))
        for field in kind.fields
        if field.name not in given
    }


def _document(kept: Kept) -> dict[str, Any]:
    return {
        "name": kept.kind.name,
        "title": kept.kind.title,
        "kept_in": kept.place or None,
        "set_by": kept.set_by or None,
        "set_at": kept.set_at.isoformat() if kept.set_at else None,
        "trouble": kept.trouble or None,
    }
