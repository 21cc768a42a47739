"""What of a run is left to be undone, and whether it is being undone, from its records alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from workflows.engine.detail import detail_of
from workflows.engine.effects import undone_by
from workflows.engine.model import Kind, Record, StepState

UNDO = "undo"
"""The key of the record that says so, in scope `!`, where endings from outside are recorded."""


def is_undoing(records: Iterable[Record]) -> bool:
    """Whether a run that ended well is being undone, or was."""
    return any(record.scope == "!" and record.key == UNDO for record in records)


def to_undo(records: Sequence[Record]) -> list[Record]:
    """The compensations of completed sagas that never ran, in the order in which they are to run."""
    sagas = {r.key for r in records if r.kind is Kind.SAGA and r.state is StepState.SUCCEEDED}
    kept = [r for r in records if r.kind is Kind.COMPENSATION and detail_of(r).saga in sagas and not r.superseded]
    waiting = [r for r in kept if r.state is StepState.PENDING]
    return sorted(waiting, key=lambda record: record.position, reverse=True)


def seen_as(records: Iterable[Record]) -> str:
    """What somebody was shown, in short, so that a confirmation holds for that alone."""
    return hashlib.sha256("\n".join(record.key for record in records).encode()).hexdigest()[:16]


def undone_steps(records: Sequence[Record]) -> tuple[tuple[int, str], ...]:
    """The steps all of whose compensations ran, and that are not marked so."""
    done = (StepState.SUCCEEDED, StepState.SKIPPED)
    known = {(r.generation, r.key): r for r in records}
    return tuple(
        step
        for step, compensations in undone_by(records).items()
        if not known[step].undone and all(known[step[0], one.key].state in done for one in compensations)
    )


def ended_as_undone(records: Iterable[Record]) -> str:
    """By whom and why a run is being undone, in words."""
    return next((r.name for r in records if r.scope == "!" and r.key == UNDO), "")
