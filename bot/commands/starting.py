"""Starting runs."""

from __future__ import annotations

from typing import Annotated

import typer

from bot import printing
from bot.commands import FAILED
from bot.commands.catalogue import AsJson
from bot.commands.documents import preview_document, run_document
from bot.commands.outcome import exit_code, next_moves
from bot.commands.session import Session, opened
from bot.commands.watching import Watch
from bot.inputs import given_input, pairs
from bot.times import moment_of
from workflows.engine.errors import BatonError
from workflows.engine.model import OPEN, Run, RunState
from workflows.engine.plan import tree_text
from workflows.engine.preview import Preview

Labels = Annotated[
    list[str] | None, typer.Option("--label", help="A label as name=value; may come again.", show_default=False)
]


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
    at: Annotated[
        str, typer.Option(help="Start later: 9:00, tomorrow at 9:00, in 2 hours, 2026-12-01 09:30.", show_default=False)
    ] = "",
    label: Labels = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and do nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Start a run.

    The fields of the workflow are options; `baton workflows NAME` lists them. With --wait, the exit code says
    how it stands: 0 done, 1 failed, 3 waiting for somebody. Example: baton run content_pipeline --topic tea --wait
    """
    if wait and (at or dry_run):
        raise BatonError("--wait goes with a run that starts now, so without --at and --dry-run.")
    with opened(rings=not dry_run) as session:
        service = session.runtime.service
        value = given_input(service.catalogue.get(name), given, ctx.args)
        labels, later = pairs(label or (), "--label"), moment_of(at, service.now()) if at else None
        if dry_run:
            _preview(service.preview(name, value, by=session.actor), as_json=as_json)
            return
        started = service.start(name, value, by=session.actor, key=key or None, labels=labels, at=later)
        if started.state in OPEN:
            session.warn_if_nobody_works("the run is recorded and starts then")
            warn_of_pauses(session, started)
        if wait:
            started = _waited(session, started, as_json=as_json)
        elif not as_json:
            printing.say(_begun(started))
        if as_json:
            printing.document(run_document(started, session.runtime.store.records(started.id)))
    if wait:
        raise typer.Exit(exit_code(started))


def _begun(run: Run) -> str:
    if run.state is RunState.QUEUED and run.due_at is not None:
        when = run.due_at.astimezone()
        return f"Run {run.id} starts at {when:%Y-%m-%d %H:%M %Z}. `baton cancel {run.id}` calls it off."
    return f"Run {run.id} has started. Look at it with `baton show {run.id} --follow`."


def warn_of_pauses(session: Session, run: Run) -> None:
    """Say on stderr that a pause holds the run."""
    for pause in session.runtime.service.pauses():
        if pause.workflow in ("", run.workflow):
            what = pause.workflow or "everything"
            printing.tell(
                f"{what.capitalize() if not pause.workflow else what} is paused by {pause.by}: "
                f"the run waits until `baton unpause{' ' + what if pause.workflow else ''}`."
            )


def _preview(seen: Preview, *, as_json: bool) -> None:
    """Print what would happen; exit code 1 when something is in the way."""
    if as_json:
        printing.document(preview_document(seen))
    else:
        printing.say(printing.facts([("Workflow", f"{seen.workflow}: {seen.title}"), ("Input", seen.input)]))
        printing.say(tree_text(seen.plan).rstrip("\n"))
        for asked in seen.approvals:
            printing.say(f"{asked.title}: a decision by {', '.join(asked.approvers) or 'people that the run names'}.")
        printing.say(*(f"In the way: {problem}" for problem in seen.problems))
        printing.say("Nothing was started.")
    if seen.problems:
        raise typer.Exit(FAILED)


def _waited(session: Session, started: Run, *, as_json: bool) -> Run:
    if not as_json:
        printing.say(f"Run {started.id}")
    ended = Watch(session, quiet=as_json).until_it_rests(started.id)
    if not as_json:
        printing.say(*next_moves(session, ended))
    return ended
