"""Custom steps of Slack's Workflow Builder: what came of a run is handed back to the step that started it.

A hand-back is a delivery of its own kind beside the run's messages. Slack takes an answer for a step once and says so
when it is asked again, so a hand-back whose answer was lost is sent again and found to be there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.slack.mrkdwn import cut, line, said
from bot.slack.views.card import problem_of, title_of
from bot.slack.views.content import value_of
from bot.slack.views.messages import Priority
from bot.slack.views.snapshot import RunSnapshot
from workflows.engine.ids import new_id
from workflows.engine.model import OVER, Run, RunState
from workflows.engine.outbox import POSTS, Budget, Delivery, DeliveryState
from workflows.engine.problem import describe

KIND = "handback"
RESULT = 3_000
"""Characters of a result in words."""
OUTPUT = 10_000
"""Characters of an output as JSON; a longer one is left out, as half of it would be no JSON."""
WORDS = 900
"""Characters of a reason."""
ANSWER = Budget("slack/function", timedelta(seconds=1.5), 9, int(Priority.APPROVAL))
"""Slack lets an app answer some 50 steps a minute."""
OVER_THERE = frozenset({"execution_not_in_running_state", "function_execution_not_found"})
"""The step is over: it has this answer already, or somebody ended its workflow."""


@dataclass(frozen=True)
class StepAnswer:
    """What a custom step is told: its outputs, or why it failed."""

    execution: str
    outputs: dict[str, Any] | None = None
    error: str = ""


def awaited(run_id: str, execution: str, now: datetime) -> Delivery:
    """The row that hands a run's end back to a step."""
    return _row(run_id, execution, {"execution": execution}, now)


def refused(execution: str, words: str, now: datetime) -> Delivery:
    """The row that tells a step why no run was started."""
    return _row(POSTS, execution, {"execution": execution, "error": cut(words, WORDS)}, now)


def _row(run_id: str, execution: str, told: dict[str, str], now: datetime) -> Delivery:
    payload = json.dumps(told, ensure_ascii=False)
    return Delivery(new_id(), run_id, f"{KIND}/{execution}", KIND, now, payload=payload)


def answers(rows: Sequence[Delivery], snapshot: RunSnapshot | None) -> Iterator[tuple[Delivery, StepAnswer]]:
    """What can be handed back now; without a snapshot, only what belongs to no run."""
    for row in rows:
        if row.kind != KIND or row.state is not DeliveryState.PENDING:
            continue
        told = json.loads(row.payload)
        if "error" in told:
            yield row, StepAnswer(told["execution"], error=told["error"])
        elif snapshot is not None and snapshot.run.state in OVER:
            yield row, _end_of(snapshot, told["execution"])


def _end_of(snapshot: RunSnapshot, execution: str) -> StepAnswer:
    run = snapshot.run
    if run.state is RunState.SUCCEEDED:
        output = run.output if run.output is not None and len(run.output) <= OUTPUT else ""
        words = snapshot.summary.strip() or _in_words(run)
        return StepAnswer(execution, {"run": run.id, "result": cut(words, RESULT), "output": output})
    problem = problem_of(run.error)
    if run.state is RunState.CANCELLED:
        why = f"was cancelled: {said(run.cancel)}" if run.cancel else "was cancelled"
    else:
        why = f"failed: {said(describe(problem), 600)}" if problem else "failed"
    return StepAnswer(execution, error=cut(f"{line(title_of(run))} (run {run.id}) {why}.".replace("..", "."), WORDS))


def _in_words(run: Run) -> str:
    value = value_of(run.output) if run.output is not None else None
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
