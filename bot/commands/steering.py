"""Steering runs: signals, cancelling, and what is done with failed and parked runs."""

from __future__ import annotations

from typing import Annotated

import typer

from bot import printing
from bot.commands.catalogue import AsJson
from bot.commands.documents import run_document
from bot.commands.looking import RunId
from bot.commands.session import Session, opened
from bot.inputs import json_value
from bot.printing import tell
from bot.telling import count
from bot.undoing import in_words
from workflows.engine.compensations import seen_as
from workflows.engine.errors import BatonError
from workflows.engine.model import RunState

Reason = Annotated[str, typer.Option(help="Why, for those who look at the run later.", show_default=False)]
Given = Annotated[
    str, typer.Option("--input", help="Another input as JSON, or @file: everything is done anew.", show_default=False)
]


Yes = Annotated[bool, typer.Option("--yes", help="Do not ask; what will be undone is listed all the same.")]


def signal(
    run: RunId,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The signal's name.", show_default=False)],
    *,
    payload: Annotated[str, typer.Option(help="What it carries: JSON, or @file.", show_default=False)] = "",
    as_json: AsJson = False,
) -> None:
    """Send a run a named message that it waits for.

    Example: baton signal 01k9 paid --payload '{"amount": 12}'
    """
    value = json_value(payload, "--payload") if payload else None
    with opened(rings=True) as session:
        service = session.runtime.service
        found = service.find(run)
        service.signal(found.id, name, value, by=session.actor)
        _told(session, found.id, f"Signal {name} was sent to run {found.id}.", as_json=as_json)


def cancel(run: RunId, *, reason: Reason = "", as_json: AsJson = False) -> None:
    """End an open run; it undoes first what it has to.

    Example: baton cancel 01k9 --reason "The customer called it off"
    """
    with opened(rings=True) as session:
        service = session.runtime.service
        found = service.find(run)
        service.cancel(found.id, by=session.actor, reason=reason)
        _told(session, found.id, f"Run {found.id} is being cancelled.", as_json=as_json)


def resume(
    run: RunId,
    *,
    again: Annotated[
        bool, typer.Option("--again", help="You looked: the unclear effect did not happen. Try it again.")
    ] = False,
    given: Given = "",
    skip: Annotated[
        str, typer.Option(help="The key of a step to pass over, as `baton show` has it.", show_default=False)
    ] = "",
    value: Annotated[
        str, typer.Option(help="What the step would have given: JSON, or @file.", show_default=False)
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Let a failed or parked run go on from where it stopped.

    Finished steps stay done. Example: baton resume 01k9 --skip site.publish#1 --value '{"id": 7}'
    """
    if sum((again, bool(given), bool(skip))) > 1:
        raise BatonError("--again, --input and --skip are three ways to go on: give one.")
    if value and not skip:
        raise BatonError("--value is the result of a step that is passed over: name the step with --skip.")
    replaced = json_value(given, "--input") if given else None
    instead = json_value(value, "--value") if value else None
    with opened(rings=True) as session:
        found = session.runtime.service.find(run)
        recovery = session.runtime.recovery
        if given:
            recovery.edit(found.id, replaced, by=session.actor)
        elif skip:
            recovery.skip(found.id, skip, instead, by=session.actor)
        else:
            recovery.resume(found.id, by=session.actor, again=again)
        _told(session, found.id, f"Run {found.id} goes on.", as_json=as_json)


def fork(
    run: RunId,
    *,
    at: Annotated[
        str, typer.Option(help="The key of the first step to do anew; else where it failed.", show_default=False)
    ] = "",
    given: Given = "",
    as_json: AsJson = False,
) -> None:
    """Start a new run from a step of an earlier one.

    What came before the step is taken over. An open original ends. Example: baton fork 01k9 --at outline#1
    """
    if at and given:
        raise BatonError("With another --input everything is done anew, so --at has no place to start from: give one.")
    replaced = json_value(given, "--input") if given else None
    with opened(rings=True) as session:
        found = session.runtime.service.find(run)
        forked = session.runtime.recovery.fork(found.id, by=session.actor, at=at, given=replaced)
        _told(session, forked.id, f"Run {forked.id} was forked from run {found.id}.", as_json=as_json)


def undo(run: RunId, *, reason: Reason = "", yes: Yes = False, as_json: AsJson = False) -> None:
    """Undo a run that ended well: its compensations run, the last one first.

    What will be undone is listed, and has to be confirmed. Example: baton undo 01k9 --reason "Published too early"
    """
    with opened(rings=True) as session:
        undoing = session.runtime.undoing
        found = session.runtime.service.find(run)
        shown = undoing.look(found.id, by=session.actor)
        tell(f"{count(len(shown), 'step')} will be undone, in this order:")
        for number, record in enumerate(shown, 1):
            tell(f"  {number}. {in_words(record)}")
        if not yes:
            typer.confirm("Undo it? It can't be taken back.", abort=True, err=True)
        undoing.undo(found.id, by=session.actor, reason=reason, seen=seen_as(shown))
        _told(session, found.id, f"Run {found.id} is being undone.", as_json=as_json)


def discard(run: RunId, *, reason: Reason = "", as_json: AsJson = False) -> None:
    """Take a dead letter off the list; what was done stays done.

    Example: baton discard 01k9 --reason "Sorted out by hand"
    """
    with opened() as session:
        found = session.runtime.service.find(run)
        session.runtime.recovery.discard(found.id, by=session.actor, reason=reason)
        _told(session, found.id, f"Run {found.id} is off the list.", as_json=as_json, rang=False)


def _told(session: Session, run_id: str, words: str, *, as_json: bool, rang: bool = True) -> None:
    store = session.runtime.store
    now = store.run(run_id)
    if rang and now.state is not RunState.CANCELLED:
        session.warn_if_nobody_works()
    if as_json:
        printing.document(run_document(now, store.records(run_id)))
    else:
        printing.say(words)
