"""Measuring this installation."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from bot import printing
from bot.benching import EIGHT, Bench, Measured, with_bench
from bot.commands import FAILED
from bot.commands.catalogue import AsJson
from bot.commands.session import Session, opened
from bot.embedded import embedded_redis
from bot.inputs import given_input
from bot.runtime import Runtime
from workflows.engine.errors import BatonError


def bench(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="A workflow.", show_default="eight trivial steps")] = "",
    *,
    given: Annotated[
        str,
        typer.Option("--input", help="The input as JSON, or @file. Fields given beside it win.", show_default=False),
    ] = "",
    runs: Annotated[int, typer.Option(min=1, max=10_000, help="How many runs.")] = 200,
    patience: Annotated[float, typer.Option(min=1, help="Seconds until what is still open is cancelled.")] = 120.0,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask before a workflow of yours really runs.")] = False,
    as_json: AsJson = False,
) -> None:
    """Measure how many runs a second this database and this Redis take.

    The runs have a queue and a worker of their own and are deleted at the end; their audit stays. A workflow of yours
    runs for real: its steps do what they always do. Example: baton bench --runs 500
    """
    with opened(rings=True) as session:
        if session.redis_url:
            measured = _measured(ctx, session, session.redis_url, name, given, runs, patience, yes=yes)
        else:
            with embedded_redis(session.settings, start=True) as url:
                measured = _measured(ctx, session, url or "", name, given, runs, patience, yes=yes)
    if as_json:
        printing.document(_document(name or EIGHT, measured))
    else:
        _tell(measured)
    if measured.succeeded < measured.runs:
        raise typer.Exit(FAILED)


def _measured(
    ctx: typer.Context,
    session: Session,
    redis_url: str,
    name: str,
    given: str,
    runs: int,
    patience: float,
    *,
    yes: bool,
) -> Measured:
    settings = with_bench(session.settings)
    runtime = Runtime(settings, redis_url)
    try:
        if not name and (given or ctx.args):
            raise BatonError("An input is for a workflow: name it, as in `baton bench NAME --input …`.")
        value = given_input(runtime.catalogue.get(name), given, ctx.args) if name else 0
        _announce(runtime, name, runs, yes=yes)
        return Bench(settings, redis_url, runtime).run(
            name or EIGHT, value, runs, patience=patience, tell=printing.tell
        )
    finally:
        runtime.close()


def _announce(runtime: Runtime, name: str, runs: int, *, yes: bool) -> None:
    """Say what is about to happen, and ask where it is more than looking."""
    printing.tell(f"On {runtime.store.ping()}: {runs} runs of {name or EIGHT}, deleted at the end; their audit stays.")
    if not name or yes:
        return
    if not sys.stdin.isatty():
        raise BatonError(
            f"{name} would really run {runs} times, with all that its steps do: give --yes if that is meant."
        )
    if not typer.confirm(f"{name} really runs {runs} times, with all that its steps do. Go on?", err=True):
        raise BatonError("Nothing was started.")


def _tell(seen: Measured) -> None:
    printing.say(
        printing.facts([
            ("Runs", f"{seen.runs - seen.unfinished} ended, {seen.succeeded} of them well, in {seen.seconds:.2f} s"),
            ("Runs a second", f"{(seen.runs - seen.unfinished) / seen.seconds:.0f}"),
            ("Steps a second", f"{seen.steps / seen.seconds:.0f}"),
            ("Start to end", f"{1000 * seen.p50:.0f} ms (p50), {1000 * seen.p99:.0f} ms (p99)"),
        ])
    )  # fmt: skip
    if seen.unfinished:
        printing.say(
            f"{seen.unfinished} did not end in time and were cancelled: they may wait, or --patience is short."
        )
    if seen.left:
        printing.say(f"{seen.left} could not be deleted, since they are not over: `baton runs` lists them.")


def _document(name: str, seen: Measured) -> dict[str, object]:
    return {
        "workflow": name, "runs": seen.runs, "succeeded": seen.succeeded, "unfinished": seen.unfinished,
        "left": seen.left, "steps": seen.steps, "seconds": seen.seconds,
        "steps_per_second": seen.steps / seen.seconds, "p50": seen.p50, "p99": seen.p99,
    }  # fmt: skip
