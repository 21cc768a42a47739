"""Groups of dead letters on the command line: list, claim, release, and one move for all of a group."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bot import printing
from bot.commands.catalogue import AsJson
from bot.commands.session import opened
from bot.telling import count
from workflows.engine.letters.model import Counted, GroupQuery

GroupId = Annotated[str, typer.Argument(metavar="GROUP", help="A group's id, its beginning or end, or a run's.")]


app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.callback(invoke_without_command=True)
def groups(
    ctx: typer.Context,
    *,
    workflow: Annotated[str, typer.Option("--workflow", help="Only of this workflow.")] = "",
    mine: Annotated[bool, typer.Option("--mine", help="Only those that you claimed.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Those too in which nothing waits any more.")] = False,
    as_json: AsJson = False,
) -> None:
    """List groups of dead letters, and move a whole group: resume, skip, fork, discard, progress, stop.

    A group is failures of one kind in one channel. Example: baton deadletters --workflow content_pipeline
    """
    if ctx.invoked_subcommand is not None:
        return
    with opened() as session:
        query = GroupQuery(workflow, session.actor if mine else "", not everything, limit=200)
        found = session.runtime.letters.listed(query, by=session.actor)
    if as_json:
        printing.document([_document(one) for one in found])
        return
    if not found:
        printing.say(
            "There are no groups of dead letters like that." if workflow or mine else "There are no dead letters."
        )
        return
    rows = [
        (
            one.group.id, one.group.workflow, f"{one.open} of {one.runs}", printing.ago(one.last_at),
            one.group.owner or "-", _why(one),
        )
        for one in found
    ]  # fmt: skip
    printing.say(printing.table(("Group", "Workflow", "Open", "Last", "Owner", "Why"), rows))
    printing.say(
        "`baton claim GROUP` tells others that you see to it; `baton deadletters resume --group GROUP` resumes all."
    )


def claim(group: GroupId, *, as_json: AsJson = False) -> None:
    """Tell others that you see to a group of dead letters.

    Example: baton claim 01k9
    """
    with opened() as session:
        found = session.runtime.letters.claim(group, by=session.actor)
    _told(found, f"Group {found.group.id} is yours: {count(found.open, 'run')} to see to.", as_json=as_json)


def release(group: GroupId, *, as_json: AsJson = False) -> None:
    """Give a group of dead letters back.

    Example: baton release 01k9
    """
    with opened() as session:
        found = session.runtime.letters.release(group, by=session.actor)
    _told(found, f"Group {found.group.id} is claimed by nobody now.", as_json=as_json)


def _told(found: Counted, words: str, *, as_json: bool) -> None:
    if as_json:
        printing.document(_document(found))
    else:
        printing.say(words)


def _why(one: Counted) -> str:
    step = f"{one.group.step}: " if one.group.step else ""
    return f"{step}{one.group.words or one.group.error}"


def _document(one: Counted) -> dict[str, Any]:
    group = one.group
    return {
        "id": group.id, "workflow": group.workflow, "step": group.step, "error": group.error, "words": group.words,
        "channel": group.channel, "runs": one.runs, "open": one.open, "opened_at": group.opened_at.isoformat(),
        "last_at": one.last_at.isoformat(), "closed_at": group.closed_at.isoformat() if group.closed_at else None,
        "owner": group.owner, "first_release": one.first_release, "last_release": one.last_release,
        "earlier": one.earlier,
    }  # fmt: skip
