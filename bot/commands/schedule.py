"""Schedules: rules that start runs by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from bot import printing
from bot.commands.catalogue import AsJson
from bot.commands.documents import run_document, schedule_document, tick_document
from bot.commands.session import opened
from bot.commands.starting import warn_of_pauses
from bot.inputs import given_input
from bot.rules import rule_of
from bot.telling import length
from bot.times import short_length_of
from workflows.engine.schedules.calendar import zone_of
from workflows.engine.schedules.keeping import Seen, Wanted
from workflows.engine.schedules.model import CatchUp, Overlap, Tick

FIELDS = {"allow_extra_args": True, "ignore_unknown_options": True}
THEN = "its ticks start runs then"

Name = Annotated[str, typer.Argument(metavar="NAME", help="The schedule's name.", show_default=False)]

app = typer.Typer(
    add_completion=False,
    rich_markup_mode="rich",
)


@app.callback()
def schedule() -> None:
    """Start runs by the clock: add, list, show, pause, resume, run-now, remove.

    Example: baton schedule add morning content_pipeline "0 9 * * mon-fri" --zone Europe/Berlin --topic tea
    """


@app.command(context_settings=FIELDS)
def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="How it is called from now on.", show_default=False)],
    workflow: Annotated[str, typer.Argument(metavar="WORKFLOW", help="What it starts.", show_default=False)],
    cron: Annotated[
        str,
        typer.Argument(
            metavar="RULE",
            help="In quotes: “weekdays 9:00”, “every 15 minutes”, or cron's five fields.",
            show_default=False,
        ),
    ],
    *,
    zone: Annotated[str, typer.Option(help="The time zone of the rule, such as Europe/Berlin.")] = "UTC",
    overlap: Annotated[
        Overlap, typer.Option(help="When a run of it goes on at a tick: skip the tick, queue it, or allow two.")
    ] = Overlap.SKIP,
    catch_up: Annotated[
        CatchUp, typer.Option("--catch-up", help="Of the ticks that were missed, start none, the last, or all.")
    ] = CatchUp.LAST,
    jitter: Annotated[str, typer.Option(help="Start up to so much later: 30s, 5m or 1h.", show_default=False)] = "",
    show_in: Annotated[
        str, typer.Option("--show-in", help="The Slack channel that shows its runs.", show_default=False)
    ] = "",
    given: Annotated[
        str,
        typer.Option("--input", help="The input as JSON, or @file. Fields given beside it win.", show_default=False),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Make a schedule.

    The fields of the workflow are options, as with `baton run`. RULE is in plain words, or as cron has it: minute,
    hour, day of the month, month, day of the week. Example: baton schedule add morning content_pipeline
    "weekdays 9:00" --topic tea
    """
    with opened(rings=True) as session:
        runtime = session.runtime
        value = given_input(runtime.catalogue.get(workflow), given, ctx.args)
        wanted = Wanted(
            name, workflow, rule_of(cron), value, zone, overlap, catch_up, short_length_of(jitter, "--jitter"), show_in
        )
        seen = runtime.schedules.add(wanted, by=session.actor)
        session.warn_if_nobody_works(THEN)
    _show(seen, as_json=as_json)


@app.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """List the schedules, with their next three ticks and what became of the last one.

    Example: baton schedule list
    """
    with opened() as session:
        found = session.runtime.schedules.listed(by=session.actor)
    if as_json:
        printing.document([schedule_document(seen) for seen in found])
        return
    if not found:
        printing.say('There is no schedule. `baton schedule add NAME WORKFLOW "0 9 * * mon-fri"` makes one.')
        return
    heads = ("Schedule", "Workflow", "When", "Next", "Last")
    printing.say(printing.table(heads, [_row(seen) for seen in found]))
    printing.say(*(f"{seen.schedule.name}: {seen.held}." for seen in found if seen.held))


@app.command()
def show(
    name: Name,
    *,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="So many ticks.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show one schedule, and what became of its ticks.

    Example: baton schedule show morning
    """
    with opened() as session:
        seen = session.runtime.schedules.look(name, by=session.actor)
        ticks = session.runtime.schedules.ticks(name, by=session.actor, limit=limit)
    if as_json:
        printing.document(schedule_document(seen) | {"ticks": [tick_document(tick) for tick in ticks]})
        return
    _show(seen, as_json=False)
    if ticks:
        zone = zone_of(seen.schedule.zone)
        rows = [(_clock(t.at, zone), "run now" if t.extra else t.state.value, t.run_id, t.reason) for t in ticks]
        printing.say(printing.table(("Tick", "State", "Run", "Why"), rows))


@app.command()
def pause(name: Name, *, as_json: AsJson = False) -> None:
    """Let its ticks pass, until it is resumed. Runs that were started go on.

    Example: baton schedule pause morning
    """
    with opened() as session:
        seen = session.runtime.schedules.pause(name, by=session.actor)
    _show(seen, as_json=as_json)


@app.command()
def resume(name: Name, *, as_json: AsJson = False) -> None:
    """Let it tick again from now on. What it missed is not caught up with.

    Example: baton schedule resume morning
    """
    with opened(rings=True) as session:
        seen = session.runtime.schedules.resume(name, by=session.actor)
        session.warn_if_nobody_works(THEN)
    _show(seen, as_json=as_json)


@app.command("run-now")
def run_now(name: Name, *, as_json: AsJson = False) -> None:
    """Start one run more at once, with its input. Its ticks stay as they are.

    Example: baton schedule run-now morning
    """
    with opened(rings=True) as session:
        run = session.runtime.schedules.run_now(name, by=session.actor)
        session.warn_if_nobody_works("the run is recorded and starts then")
        warn_of_pauses(session, run)
    if as_json:
        printing.document(run_document(run, ()))
    else:
        printing.say(f"Run {run.id} has started. Look at it with `baton show {run.id} --follow`.")


@app.command()
def remove(name: Name, *, as_json: AsJson = False) -> None:
    """Delete a schedule and the record of its ticks. Its runs stay, and go on.

    Example: baton schedule remove morning
    """
    with opened() as session:
        seen = session.runtime.schedules.look(name, by=session.actor)
        session.runtime.schedules.remove(name, by=session.actor)
    if as_json:
        printing.document(schedule_document(seen))
    else:
        printing.say(f"The schedule {name} is removed. Its runs stay: `baton runs --label schedule={name}`.")


# printing ------------------------------------------------------------------------------------------------


def _show(seen: Seen, *, as_json: bool) -> None:
    if as_json:
        printing.document(schedule_document(seen))
        return
    made = seen.schedule
    printing.say(
        printing.facts(
            [
                ("Schedule", made.name),
                ("Starts", made.workflow),
                ("Input", made.input),
                ("When", f"{made.cron} in {made.zone}"),
                ("Overlap", made.overlap.value),
                ("Catch-up", made.catch_up.value),
                ("Jitter", f"up to {length(made.jitter)}" if made.jitter else ""),
                ("Shown in", made.channel),
                ("Made", f"{printing.ago(made.created_at)} by {made.created_by}"),
                ("Next", "\n".join(_ahead(seen.next))),
                ("Starts nothing", seen.held),
            ]
        )
    )


def _row(seen: Seen) -> Sequence[str | Text]:
    made = seen.schedule
    ahead = "paused" if made.paused_at is not None else "\n".join(f"{tick:%a %Y-%m-%d %H:%M}" for tick in seen.next)
    return (made.name, made.workflow, f"{made.cron} in {made.zone}", Text(ahead), _last(seen.last))


def _ahead(ticks: Sequence[datetime]) -> list[str]:
    return [f"{tick:%a %Y-%m-%d %H:%M %Z}" for tick in ticks]


def _last(tick: Tick | None) -> str:
    if tick is None:
        return ""
    words = "run now" if tick.extra else tick.state.value
    return f"{printing.ago(tick.at)}: {words}" + (f", {tick.reason}" if tick.reason and not tick.extra else "")


def _clock(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%a %Y-%m-%d %H:%M %Z}"
