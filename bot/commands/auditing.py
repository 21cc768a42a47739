"""The audit: who did what, when, to which run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from bot import printing
from bot.commands.catalogue import AsJson
from bot.commands.documents import Document
from bot.commands.session import Session, opened
from workflows.engine.errors import UnknownRun
from workflows.engine.model import Audit


def audit(
    run: Annotated[
        str, typer.Argument(metavar="[RUN]", help="A run's id, or its beginning or end.", show_default=False)
    ] = "",
    *,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Without a run: at most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List who did what, when, to which run.

    With a run, all that was done to it, the first thing first, also when the run was deleted since: give its whole id
    then. Without one, the newest entries of all. Example: baton audit 01k9 --json
    """
    with opened() as session:
        found = _of(session, run) if run else _lately(session, limit)
    if as_json:
        printing.document([_entry(entry) for entry in found])
    elif not found:
        printing.say("Nobody did anything yet." if not run else f"Nobody did anything to run {run}.")
    else:
        rows = [
            (printing.ago(entry.at), entry.actor, entry.verb, entry.run_id, printing.one_line(entry.detail, 100))
            for entry in found
        ]
        printing.say(printing.table(("When", "Who", "Did", "Run", ""), rows))


def _of(session: Session, part: str) -> Sequence[Audit]:
    service = session.runtime.service
    try:
        return service.store.audit(service.look(part, by=session.actor).id)
    except UnknownRun:
        kept = service.store.audit(part)  # a deleted run's audit stays
        if not kept:
            raise
        service.access.administer(session.actor, "look at the audit of a deleted run")
        return kept


def _lately(session: Session, limit: int) -> Sequence[Audit]:
    service = session.runtime.service
    service.access.administer(session.actor, "look at the whole audit")
    return service.store.audited(limit=limit)


def _entry(entry: Audit) -> Document:
    return {
        "at": entry.at.isoformat(), "actor": entry.actor, "verb": entry.verb, "run": entry.run_id or None,
        "detail": entry.detail,
    }  # fmt: skip
