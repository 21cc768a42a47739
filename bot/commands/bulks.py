"""One move for all of a group of dead letters: asked, confirmed with the number, and carried out."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import typer

from bot import bulks, printing
from bot.commands.catalogue import AsJson
from bot.commands.letters import app
from bot.commands.session import Session, opened
from bot.inputs import json_value
from workflows.engine.bulks.model import Move, Standing
from workflows.engine.errors import BatonError

Group = Annotated[
    str, typer.Option("--group", help="The group's id, its beginning or end, or a run's.", show_default=False)
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask; the number is told all the same.")]
BulkId = Annotated[str, typer.Argument(metavar="BULK", help="The id that was told when it began.", show_default=False)]
WAIT = timedelta(seconds=0.2)
"""Between two looks at a bulk that another process carries out."""


@app.command()
def resume(group: Group, *, yes: Yes = False, as_json: AsJson = False) -> None:
    """Resume all of a group from where each failed; finished steps stay done.

    Example: baton deadletters resume --group 01k9 --yes
    """
    _move(group, Move.RESUME, yes=yes, as_json=as_json)


@app.command()
def skip(
    group: Group,
    *,
    value: Annotated[
        str, typer.Option(help="What the step would have given: JSON, or @file; nothing is null.", show_default=False)
    ] = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Pass over the step that failed in all of a group, with one value for its result.

    Example: baton deadletters skip --group 01k9 --value '{"id": 7}'
    """
    instead = json_value(value, "--value") if value else None
    _move(group, Move.SKIP, value=instead, yes=yes, as_json=as_json)


@app.command()
def fork(group: Group, *, yes: Yes = False, as_json: AsJson = False) -> None:
    """Fork all of a group from where each failed, on the code that is installed now.

    Example: baton deadletters fork --group 01k9
    """
    _move(group, Move.FORK, yes=yes, as_json=as_json)


@app.command()
def discard(
    group: Group,
    *,
    reason: Annotated[str, typer.Option(help="Why, for those who look at a run later.", show_default=False)] = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Take all of a group off the list of dead letters; what was done stays done.

    Example: baton deadletters discard --group 01k9 --reason "Sorted out by hand"
    """
    _move(group, Move.DISCARD, reason=reason, yes=yes, as_json=as_json)


@app.command()
def progress(bulk: BulkId, *, as_json: AsJson = False) -> None:
    """Show how far a move of a whole group is, or how it ended.

    Example: baton deadletters progress 01k9abcdefgh
    """
    with opened() as session:
        found = session.runtime.bulks.look(bulk, by=session.actor)
    _told(found, as_json=as_json)


@app.command()
def stop(bulk: BulkId, *, as_json: AsJson = False) -> None:
    """Stop a move of a whole group; the runs whose turn has not come are left as they are.

    Example: baton deadletters stop 01k9abcdefgh
    """
    with opened() as session:
        found = session.runtime.bulks.cancel(bulk, by=session.actor)
    _told(found, as_json=as_json)


def _move(
    group: str, move: Move, *, yes: bool, as_json: bool, value: Any = None, reason: str = ""
) -> None:  # fmt: skip
    with opened(rings=True) as session:
        asked = session.runtime.bulks.ask(group, move, by=session.actor)
        _confirmed(session, asked, yes=yes)
        begun = session.runtime.bulks.confirm(asked.bulk.id, by=session.actor, value=value, reason=reason)
        printing.tell(
            f"{bulks.GOING[move]} {bulks.runs(begun.bulk.total)} (bulk {begun.bulk.id}). Ctrl-C leaves the rest to "
            f"the clock; `baton deadletters stop {begun.bulk.id}` stops it."
        )
        found = session.runtime.bulks.carried_out(
            begun.bulk.id, session.runtime.mover.carry_on, lambda: session.runtime.clock.sleep(WAIT)
        )
        if move is not Move.DISCARD and found.done:
            session.warn_if_nobody_works("the runs are recorded and go on then")
    _told(found, as_json=as_json)


def _confirmed(session: Session, asked: Standing, *, yes: bool) -> None:
    """Have the number confirmed; what can't be taken back is confirmed by typing it."""
    group = session.runtime.letters.look(asked.bulk.group_id, by=session.actor).group
    said = bulks.question(asked.bulk, group.workflow)
    if yes:
        return
    printing.tell(f"{group.words or group.error}. {bulks.EFFECT[asked.bulk.move]}")
    if asked.bulk.move is not Move.DISCARD:
        typer.confirm(said, abort=True, err=True)
        return
    typed = typer.prompt(f"{said} Type {asked.bulk.total} to discard them", err=True)
    if str(typed).strip().replace(",", "") != str(asked.bulk.total):
        raise BatonError(f"That is not {asked.bulk.total}: nothing was discarded.")


def _told(found: Standing, *, as_json: bool) -> None:
    if as_json:
        printing.document(_document(found))
    else:
        printing.say(bulks.standing(found))


def _document(found: Standing) -> dict[str, Any]:
    bulk = found.bulk
    state = "asked" if bulk.confirmed_at is None else "going" if bulk.ended_as is None else bulk.ended_as.value
    return {
        "id": bulk.id, "group": bulk.group_id, "move": bulk.move.value, "by": bulk.by, "state": state,
        "total": bulk.total, "done": found.done, "moved_before": found.elsewhere, "refused": found.refused,
        "left": found.left, "pending": found.pending, "failed_since": found.since, "why_refused": found.why or None,
        "asked_at": bulk.asked_at.isoformat(), "ended_at": bulk.ended_at.isoformat() if bulk.ended_at else None,
    }  # fmt: skip
