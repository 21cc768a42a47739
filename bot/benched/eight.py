"""What `baton bench` runs when no workflow is named: eight steps that do next to nothing."""

from __future__ import annotations

from workflows import Run, StepContext, step, workflow

STEPS = 8


@step(idempotent=True)
def add(_ctx: StepContext, number: int) -> int:
    """Add one"""
    return number + 1


@workflow("bench_eight_steps", title="Eight trivial steps")
def eight(run: Run, number: int) -> int:
    """One after the other, each with the result of the one before."""
    for _ in range(STEPS):
        number = run.step(add, number)
    return number
