"""Looking at runs: lists, one run, dead letters."""

from __future__ import annotations

from typing import Annotated

import typer

from bot import printing
from bot.commands.arguments import arguments_lines, with_arguments
from bot.commands.catalogue import AsJson
from bot.commands.documents import Document, reason, run_document, run_line
from bot.commands.outcome import exit_code, history_table, next_moves, overview, plan_for
from bot.commands.session import Session, opened
from bot.commands.watching import Watch
from bot.inputs import pairs
from workflows.engine.errors import BatonError
from workflows.engine.length import length_of
from workflows.engine.model import OVER, Run, RunState
from workflows.engine.ports import LOOKED_THROUGH, RunQuery
from workflows.engine.progress import progress

RunId = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, or its beginning or end.", show_default=False)]


def runs(
    *,
    state: Annotated[
        str, typer.Option(help="Only runs in these states, separated by commas.", show_default=False)
    ] = "",
    workflow: Annotated[str, typer.Option(help="Only runs of this workflow.", show_default=False)] = "",
    dead: Annotated[bool, typer.Option("--dead", help="Only dead letters.")] = False,
    label: Annotated[
        list[str] | None,
        typer.Option("--label", help="Only runs with this label, as name=value; may come again.", show_default=False),
    ] = None,
    text: Annotated[
        str, typer.Option(help="Only runs with these words in title, input or id.", show_default=False)
    ] = "",
    deep: Annotated[
        bool, typer.Option("--deep", help="With --text: look through old runs too, not the newest alone.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List runs, the newest first.

    Example: baton runs --state waiting,parked --limit 10
    """
    labels = tuple(pairs(label or (), "--label").items())
    query = RunQuery(_states(state), workflow, dead, limit=limit, labels=labels, text=text, deep=deep)
    with opened() as session:
        found = session.runtime.service.listed(query, by=session.actor)
    if as_json:
        printing.document([run_line(run) for run in found])
        return
    if not found:
        among = f" among the newest {LOOKED_THROUGH:,}; --deep looks through all" if text and not deep else ""
        printing.say(
            f"No such runs{among}."
            if query != RunQuery(limit=limit)
            else "No runs yet. `baton workflows` says what can be run."
        )
        return
    rows = [
        (run.id, run.workflow, printing.state(run.state), printing.ago(run.created_at), _brief(run)) for run in found
    ]
    printing.say(printing.table(("Run", "Workflow", "State", "Started", ""), rows))


def show(
    run: RunId,
    *,
    follow: Annotated[bool, typer.Option("--follow", help="Watch the run until it is over.")] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Show every record, also those that were replaced.")
    ] = False,
    inputs: Annotated[bool, typer.Option("--inputs", help="Show the arguments of each step, without secrets.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show one run: its steps, what it waits for, and how it ended.

    With --follow, the exit code says how it ended. Example: baton show 01k9 --follow
    """
    with opened() as session:
        found = session.runtime.service.look(run, by=session.actor)
        if follow:
            found = Watch(session, quiet=as_json).until_over(found.id)
        _show(session, found, everything=everything, inputs=inputs, as_json=as_json, drawn=follow)
    if follow:
        raise typer.Exit(exit_code(found))


def dead_letters(*, as_json: AsJson = False) -> None:
    """List the runs that a person has to look at, with the reason.

    Example: baton dead-letters --json
    """
    with opened() as session:
        found = session.runtime.store.runs(RunQuery(dead=True, limit=1000))
    if as_json:
        printing.document([_dead(run) for run in found])
        return
    if not found:
        printing.say("There are no dead letters.")
        return
    rows = [
        (run.id, run.workflow, printing.state(run.state), printing.ago(run.dead_at), reason(run) or "") for run in found
    ]
    printing.say(printing.table(("Run", "Workflow", "State", "Since", "Why"), rows))
    printing.say("`baton resume RUN` goes on from the failed step; `baton show RUN` says what else can be done.")


# -----------------------------------------------------------------------------------------------------------


def _show(session: Session, run: Run, *, everything: bool, inputs: bool, as_json: bool, drawn: bool) -> None:
    store = session.runtime.store
    records = store.records(run.id, superseded=everything)
    if as_json:
        shown = run_document(run, records, everything=everything)
        printing.document(with_arguments(shown, records, session.masks) if inputs else shown)
        return
    if not drawn:
        printing.say(overview(run))
        printing.say(printing.progress_tree(progress(plan_for(session, run), records, run)))
    if everything:
        printing.say(history_table(records))
    length = length_of(records)
    if length.long and run.state not in OVER:
        printing.say(length.warning())
    if inputs:
        printing.say(*arguments_lines(records, session.masks, everything=everything))
    card = session.runtime.outbox.card(run.id) if run.carded else None
    if card is not None and card.error:
        printing.say(f"In Slack: {card.error}")
    printing.say(*next_moves(session, run))


def _dead(run: Run) -> Document:
    return run_line(run) | {"dead_at": run.dead_at.isoformat() if run.dead_at else None}


def _states(text: str) -> frozenset[RunState]:
    wanted = [part.strip().lower() for part in text.split(",") if part.strip()]
    known = [state.value for state in RunState]
    for name in wanted:
        if name not in known:
            raise BatonError(f"There is no state {name}. The states are: {', '.join(known)}.")
    return frozenset(RunState(name) for name in wanted)


def _brief(run: Run) -> str:
    if run.error:
        return printing.one_line(reason(run) or "", 100)
    if run.state is RunState.QUEUED and run.due_at is not None:
        return f"starts {printing.ago(run.due_at)}"
    return "asked to cancel" if run.cancel and run.ended_at is None else ""
