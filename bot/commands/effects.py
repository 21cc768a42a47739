"""What a run changed in other systems."""

from __future__ import annotations

from typing import Any

from bot import printing
from bot.commands.catalogue import AsJson
from bot.commands.documents import Document, moment
from bot.commands.looking import RunId
from bot.commands.session import opened
from workflows.engine.effects import EffectOutcome, RecordedEffect, effects_of

MARKS = {EffectOutcome.DONE: "done", EffectOutcome.FAILED: "failed", EffectOutcome.UNKNOWN: "unknown"}


def effects(run: RunId, *, as_json: AsJson = False) -> None:
    """Show what a run changed in other systems, and what became of it.

    An unknown outcome is found out by Baton itself where the service can be asked. Example: baton effects 01k9
    """
    with opened() as session:
        found = session.runtime.service.look(run, by=session.actor)
        written = effects_of(session.runtime.store.records(found.id, superseded=True))
        masked: Any = session.masks([effect_document(one) for one in written]).value
    if as_json:
        printing.document({"run": found.id, "effects": masked})
        return
    if not written:
        printing.say(f"Run {found.id} changed nothing in other systems.")
        return
    rows = [_row(document) for document in masked]
    printing.say(printing.table(("Write", "Outcome", "There", "Undone by", "Idempotency key"), rows))
    unknown = [one.record.key for one in written if one.outcome is EffectOutcome.UNKNOWN]
    if unknown:
        printing.say(f"Not known yet: {', '.join(unknown)}. `baton show {found.id}` says what happens next.")


def effect_document(effect: RecordedEffect) -> Document:
    """One write, as other programs read it."""
    record = effect.record
    return {
        "key": record.key,
        "name": record.name,
        "title": record.title,
        "generation": record.generation,
        "outcome": effect.outcome.value,
        "idempotency_key": effect.idempotency_key,
        "request_digest": effect.digest,
        "id": effect.id,
        "link": effect.link,
        "error": effect.error or None,
        "attempts": record.attempts,
        "undone": record.undone,
        "compensations": [{"key": one.key, "state": one.state.value} for one in effect.compensations],
        "started_at": moment(record.started_at),
        "ended_at": moment(record.ended_at),
    }


def _row(document: Document) -> tuple[str, ...]:
    there = " ".join(filter(None, (document["id"], document["link"]))) or printing.one_line(document["error"] or "", 60)
    undoing = ", ".join(f"{one['key']}: {one['state']}" for one in document["compensations"])
    return (document["key"], MARKS[EffectOutcome(document["outcome"])], there, undoing, document["idempotency_key"])
