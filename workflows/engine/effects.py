"""What a run changed in other systems: a view over its history, nothing that is kept apart."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workflows.engine.detail import detail_of
from workflows.engine.ids import idempotency_key
from workflows.engine.model import Kind, Record, StepState
from workflows.engine.policy import Effect
from workflows.engine.problem import problem_from

IDS = ("id", "name")
LINKS = ("url", "link", "href")


class EffectOutcome(enum.StrEnum):
    """What became of a write."""

    DONE = "done"
    FAILED = "failed"
    """It did not happen."""
    UNKNOWN = "unknown"
    """It may have happened: it is under way, or has to be found out."""


class Undoing(enum.StrEnum):
    """How far the compensation of a write is."""

    READY = "ready"
    """It is done should the saga fail."""
    NOT_NEEDED = "not needed"
    """The saga ended well."""
    UNDER_WAY = "under way"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Compensation:
    """What undoes a write, and whether it did."""

    key: str
    state: Undoing


@dataclass(frozen=True)
class RecordedEffect:
    """One write to another system."""

    record: Record
    outcome: EffectOutcome
    idempotency_key: str
    digest: str
    """Of the arguments: two requests with the same one asked for the same."""
    id: str = ""
    """What the service calls the thing, as far as the result says."""
    link: str = ""
    error: str = ""
    compensations: tuple[Compensation, ...] = ()


def effects_of(records: Iterable[Record]) -> tuple[RecordedEffect, ...]:
    """The writes of a run in their order, those of earlier generations and those that undo others included.

    A step that only waits for its turn has none yet.
    """
    history = sorted(records, key=lambda record: (record.generation, record.started_at is None, record.started_at))
    undoing = undone_by(history)
    return tuple(_effect(one, undoing.get((one.generation, one.key), ())) for one in history if _is_write(one))


def _is_write(record: Record) -> bool:
    begun = record.state not in {StepState.PENDING, StepState.SKIPPED} and record.attempts > 0
    return record.kind in {Kind.STEP, Kind.COMPENSATION} and begun and detail_of(record).writes


def _effect(record: Record, compensations: tuple[Compensation, ...]) -> RecordedEffect:
    problem = problem_from(record.error)
    found_id, link = _named(record.output)
    origin = detail_of(record).origin_key
    return RecordedEffect(
        record, _outcome(record), origin or idempotency_key(record.run_id, record.generation, record.key),
        record.digest, found_id, link, problem.message if problem else "", compensations,
    )  # fmt: skip


def _outcome(record: Record) -> EffectOutcome:
    if record.state is StepState.SUCCEEDED:
        return EffectOutcome.DONE
    problem = problem_from(record.error)
    unclear = record.state is StepState.RUNNING or detail_of(record).unclear
    if unclear or (problem is not None and problem.effect == Effect.UNKNOWN):
        return EffectOutcome.UNKNOWN
    return EffectOutcome.FAILED


def _named(output: str | None) -> tuple[str, str]:
    """The id and the link among a result's own fields."""
    value = json.loads(output) if output else None
    if not isinstance(value, dict):
        return "", ""
    found = next((value[name] for name in IDS if isinstance(value.get(name), str | int)), "")
    link = next((value[name] for name in LINKS if isinstance(value.get(name), str)), "")
    return str(found), link


def undone_by(history: Sequence[Record]) -> dict[tuple[int, str], tuple[Compensation, ...]]:
    """The compensations of each step: those that were registered between it and the next step of its branch."""
    sagas = {(one.generation, one.key): one.state for one in history if one.kind is Kind.SAGA}
    last: dict[tuple[int, str], str] = {}
    found: dict[tuple[int, str], tuple[Compensation, ...]] = {}
    for one in sorted(history, key=lambda record: (record.generation, record.scope, record.ordinal)):
        branch = (one.generation, one.scope)
        if one.kind is Kind.STEP:
            last[branch] = one.key
        elif one.kind is Kind.COMPENSATION and branch in last:
            step = (one.generation, last[branch])
            saga = sagas.get((one.generation, detail_of(one).saga))
            found[step] = (*found.get(step, ()), Compensation(one.key, _undoing_state(one, saga)))
    return found


def _undoing_state(record: Record, saga: StepState | None) -> Undoing:
    match record.state:
        case StepState.SUCCEEDED | StepState.SKIPPED:
            return Undoing.DONE
        case StepState.FAILED:
            return Undoing.FAILED
        case StepState.PENDING:
            return Undoing.NOT_NEEDED if saga is StepState.SUCCEEDED else Undoing.READY
    return Undoing.UNDER_WAY
