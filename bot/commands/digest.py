"""Digests: what happened, posted again and again to a channel or a person."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.text import Text

from bot import printing
from bot.commands.catalogue import AsJson
from bot.commands.documents import digest_document, moment, page_document, run_document
from bot.commands.session import opened
from bot.digests.keeping import Ask, Preview
from bot.digests.texts import page_text
from workflows.engine.schedules.keeping import Seen

THEN = "it is posted then"

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name under which it was added.", show_default=False)]

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.callback()
def digest() -> None:
    """Post what happened, by the clock: add, list, show, now, pause, resume, remove.

    Example: baton digest add daily_ops "#ops" weekdays 9:00 Europe/Berlin
    """


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="DIGEST", help="Which one, such as daily_ops.", show_default=False)],
    place: Annotated[
        str, typer.Argument(metavar="PLACE", help="#channel, somebody's id, or everyone.", show_default=False)
    ],
    words: Annotated[
        list[str], typer.Argument(metavar="WHEN...", help="Days, a time, and a time zone.", show_default=False)
    ],
    *,
    called: Annotated[str, typer.Option("--name", help="How it is called from now on.", show_default=False)] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Save it without showing it first.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show it, and save nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Have a digest posted; it is shown before it is saved.

    Example: baton digest add daily_ops "#ops" weekdays 9:00 Europe/Berlin
    """
    ask = Ask(name, place, tuple(words), name=called)
    with opened(rings=True) as session:
        digests = session.runtime.digests
        if (not yes and not as_json) or dry_run:
            preview = digests.preview(ask, by=session.actor)
            if as_json:
                printing.document(_preview_document(preview))
                return
            _show_preview(preview)
            if dry_run:
                return
            typer.confirm("Save it?", abort=True)
        seen = digests.add(ask, by=session.actor)
        session.warn_if_nobody_works(THEN)
    if as_json:
        printing.document(digest_document(seen))
    else:
        _told(seen)


@app.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """List the digests that are posted, and those that can be added.

    Example: baton digest list
    """
    with opened() as session:
        found = session.runtime.digests.listed(by=session.actor)
        installed = session.runtime.digests.installed()
    if as_json:
        printing.document([digest_document(seen) for seen in found])
        return
    if found:
        heads = ("Name", "Digest", "Place", "When", "Next")
        printing.say(printing.table(heads, [_row(seen) for seen in found]))
    printing.say("Digests that can be added:")
    for one in installed:
        printing.say(f"  {one.name}: {one.title}" + (" (for people)" if one.personal or one.since_look else ""))


@app.command()
def show(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="One that was added, or a digest's own name.", show_default=False)
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Show how a digest looks now; nothing is posted.

    Example: baton digest show daily_ops
    """
    with opened() as session:
        digests = session.runtime.digests
        page = digests.glance(name, by=session.actor, zone="UTC")
    if as_json:
        printing.document(page_document(page))
    else:
        printing.say(page_text(page))


@app.command()
def now(name: Name, *, as_json: AsJson = False) -> None:
    """Post it once more, at once. The next one tells what it would have told anyway.

    Example: baton digest now daily_ops-ops
    """
    with opened(rings=True) as session:
        run = session.runtime.digests.now(name, by=session.actor)
        session.warn_if_nobody_works(THEN)
    if as_json:
        printing.document(run_document(run, ()))
    else:
        printing.say(f"{name} is being posted, by run {run.id}.")


@app.command()
def pause(name: Name, *, as_json: AsJson = False) -> None:
    """Post it no more until it is resumed.

    Example: baton digest pause daily_ops-ops
    """
    with opened() as session:
        seen = session.runtime.digests.pause(name, by=session.actor)
    _changed(seen, "is paused", as_json=as_json)


@app.command()
def resume(name: Name, *, as_json: AsJson = False) -> None:
    """Post it again, from now on.

    Example: baton digest resume daily_ops-ops
    """
    with opened(rings=True) as session:
        seen = session.runtime.digests.resume(name, by=session.actor)
        session.warn_if_nobody_works(THEN)
    _changed(seen, "goes on", as_json=as_json)


@app.command()
def remove(name: Name, *, as_json: AsJson = False) -> None:
    """Delete it. What it posted stays.

    Example: baton digest remove daily_ops-ops
    """
    with opened() as session:
        seen = session.runtime.digests.look(name, by=session.actor)
        session.runtime.digests.remove(name, by=session.actor)
    _changed(seen, "is removed", as_json=as_json)


# printing ------------------------------------------------------------------------------------------------


def _preview_document(preview: Preview) -> dict[str, Any]:
    return {
        "name": preview.plan.name, "digest": preview.plan.digest, "place": preview.plan.place,
        "cron": preview.plan.rule or preview.plan.cron, "zone": preview.plan.zone,
        "next": [moment(tick) for tick in preview.next], "page": page_document(preview.page),
    }  # fmt: skip


def _show_preview(preview: Preview) -> None:
    plan = preview.plan
    ahead = ", ".join(f"{tick:%a %Y-%m-%d %H:%M %Z}" for tick in preview.next)
    printing.say(f"{plan.name}: {plan.digest} to {plan.place}. Next: {ahead}.", "", page_text(preview.page), "")


def _told(seen: Seen) -> None:
    printing.say(f"{seen.schedule.name} is saved. `baton digest now {seen.schedule.name}` posts it at once.")


def _changed(seen: Seen, what: str, *, as_json: bool) -> None:
    if as_json:
        printing.document(digest_document(seen))
    else:
        printing.say(f"{seen.schedule.name} {what}.")


def _row(seen: Seen) -> tuple[str | Text, ...]:
    document = digest_document(seen)
    ahead = "paused" if seen.schedule.paused_at else f"{seen.next[0]:%a %Y-%m-%d %H:%M}" if seen.next else ""
    return (
        seen.schedule.name,
        document["digest"],
        document["place"],
        f"{document['cron']} in {document['zone']}",
        ahead,
    )
