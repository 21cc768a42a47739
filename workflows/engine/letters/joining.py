"""How a dead letter finds its group."""

from __future__ import annotations

from datetime import datetime

from workflows.engine.ids import new_id
from workflows.engine.letters.fingerprint import class_of, fingerprint, masked
from workflows.engine.model import Letter, Run
from workflows.engine.problem import Problem


def letter_of(run: Run, problem: Problem | None, at: datetime) -> Letter:
    """What a run that becomes a dead letter has in common with others."""
    problem = problem or Problem("Unknown")
    words, error = masked(problem.message), class_of(problem)
    same = fingerprint(run.workflow, problem.step, error, words)
    return Letter(new_id(), same, run.channel, run.workflow, problem.step, error, words, run.release, at)
