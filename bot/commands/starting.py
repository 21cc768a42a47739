"""Starting runs."""

from __future__ import annotations

from typing import Annotated

import typer

from bot import printing
from bot.commands.catalogue import AsJson
from bot.commands.documents import run_document
from bot.commands.inputs import given_input
from bot.commands.outcome import exit_code, next_moves
from bot.commands.session import Session, opened
from bot.commands.watching import Watch
from workflows.engine.model import OPEN, Run


def run(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The workflow's name.", show_default=False)],
    *,
    given: Annotated[
        str,
        typer.Option("--input", help="The input as JSON, or @file. Fields given beside it win.", show_default=False),
    ] = "",
    wait: Annotated[bool, typer.Option("--wait", help="Wait until it is over, or waits for somebody.")] = False,
    key: Annotated[
        str, typer.Option(help="Makes a repeat harmless: the same key gives the same run.", show_default=False)
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Start a run.

    The fields of the workflow are options; `baton workflows NAME` lists them. With --wait, the exit code says
    how it stands: 0 done, 1 failed, 3 waiting for somebody. Example: baton run content_pipeline --topic tea --wait
    """
    with opened(rings=True) as session:
        service = session.runtime.service
        value = given_input(service.catalogue.get(name), given, ctx.args)
        started = service.start(name, value, by=session.actor, key=key or None)
        if started.state in OPEN:
            session.warn_if_nobody_works("the run is recorded and starts then")
        if wait:
            started = _waited(session, started, as_json=as_json)
        elif not as_json:
            printing.say(f"Run {started.id} has started. Look at it with `baton show {started.id} --follow`.")
        if as_json:
            printing.document(run_document(started, session.runtime.store.records(started.id)))
    if wait:
        raise typer.Exit(exit_code(started))


def _waited(session: Session, started: Run, *, as_json: bool) -> Run:
    if not as_json:
        printing.say(f"Run {started.id}")
    ended = Watch(session, quiet=as_json).until_it_rests(started.id)
    if not as_json:
        printing.say(*next_moves(session, ended))
    return ended
