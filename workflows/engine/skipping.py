"""Which step of a dead letter a value can stand in for."""

from __future__ import annotations

from collections.abc import Sequence

from workflows.engine.model import Kind, Record, Run, RunState, StepState
from workflows.engine.problem import Problem
from workflows.engine.redoing import undone_saga

SKIPPABLE = frozenset({Kind.STEP, Kind.CHILD, Kind.COMPENSATION, Kind.SIGNAL, Kind.SLEEP})
_OPEN_ENDS = (StepState.RUNNING, StepState.RETRYING, StepState.FAILED)


def skippable(run: Run, records: Sequence[Record], problem: Problem | None) -> Record | None:
    """The failed step that a value can stand in for; None where the run has none. `problem` is why it stands."""
    live = [record for record in records if not record.superseded]
    record = failed_at(problem, live) if problem else None
    if record is None and run.state is RunState.PARKED:
        stuck = [r for r in live if r.kind in (Kind.STEP, Kind.COMPENSATION) and r.state in _OPEN_ENDS]
        record = stuck[0] if len(stuck) == 1 else None
    if record is None or record.kind not in SKIPPABLE or record.state in (StepState.SUCCEEDED, StepState.SKIPPED):
        return None
    if record.kind is Kind.CHILD and record.state is not StepState.FAILED:
        return None
    if record.kind is not Kind.COMPENSATION and undone_saga(live, record) is not None:
        return None
    return record


def failed_at(problem: Problem, records: Sequence[Record]) -> Record | None:
    """The record that a problem names."""
    live = [record for record in records if not record.superseded]
    if problem.key:
        return next((record for record in live if record.key == problem.key), None)
    named = [r for r in live if r.name == problem.step and r.state is StepState.FAILED]
    return named[-1] if named else None
