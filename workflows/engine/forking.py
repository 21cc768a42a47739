"""What a run takes along from the run that it was forked from, and where that one failed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from workflows.engine.detail import Detail
from workflows.engine.errors import Refused
from workflows.engine.ids import idempotency_key
from workflows.engine.model import DONE, OPEN, AttemptState, Kind, Record, Run, RunState, StepState
from workflows.engine.policy import Effect
from workflows.engine.ports import View
from workflows.engine.problem import problem_from
from workflows.engine.redoing import redone


def failing_of(run: Run, records: Sequence[Record]) -> Record | None:
    """The record that a run failed at; None when it ended for another reason."""
    problem = problem_from(run.error)
    if problem is None:
        return None
    named = [r for r in records if problem.key and r.key == problem.key]
    if named:
        return named[0]
    failed = [
        r for r in records if r.state is StepState.FAILED and r.kind in (Kind.STEP, Kind.CHILD, Kind.SIGNAL) and r.error
    ]
    fits = [
        r
        for r in failed
        if (found := problem_from(r.error)) and (found.step, found.message) == (problem.step, problem.message)
    ]
    return max(fits, key=lambda record: record.position, default=None)


def is_definite(failing: Record, gone: Iterable[Record]) -> bool:
    """Whether it is certain that what failed had no effect, so that it may be done anew under another key."""
    problem = problem_from(failing.error)
    unknown = problem is not None and problem.effect == Effect.UNKNOWN
    return not unknown or any(record.kind is Kind.SAGA for record in gone)


def inherited(view: View, original: Run, run_id: str, at: str) -> tuple[Record, ...]:
    """The records that a fork starts from."""
    records = [
        record for record in view.records() if record.scope != "!" and not record.scope.startswith("on_failure/")
    ]
    first = next((r for r in records if r.key == at), None) if at else failing_of(original, records)
    if at and first is None:
        raise Refused(f"Run {original.id} has no step {at} to fork from. `baton show {original.id}` lists its steps.")
    if first is not None and any(r.kind is Kind.FIRST and r.key + "/" == first.scope for r in records):
        raise Refused(f"{at} is one of several waits that race: fork from {first.scope.rstrip('/')}, which holds them.")
    gone = (
        {record.key for record in redone(records, first)}
        if first
        else (set() if original.state in OPEN | {RunState.PARKED} else {r.key for r in records})
    )
    holders = {Kind.SAGA, Kind.PARALLEL, Kind.MAP, Kind.COMPENSATION}
    kept = [r for r in records if r.key not in gone and (r.state in DONE or r.kind in holders)]
    copies = [replace(r, run_id=run_id, generation=0) for r in kept]
    for record in records:
        unclear = (
            record.kind is Kind.STEP
            and (record is first or (first is None and record.state not in DONE))
            and _unclear(view, record)
        )
        if unclear:
            detail = Detail([], origin_key=idempotency_key(original.id, record.generation, record.key)).text()
            copies.append(replace(
                record, run_id=run_id, generation=0, state=StepState.PENDING, attempts=0, output=None, error=None,
                position=0, due_at=None, ended_at=None, detail=detail,
            ))  # fmt: skip
    return tuple(copies)


def _unclear(view: View, record: Record) -> bool:
    open_ends = (AttemptState.RUNNING, AttemptState.UNKNOWN)
    return any(
        a.key == record.key and a.generation == record.generation and a.state in open_ends for a in view.attempts()
    )
