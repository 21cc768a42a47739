"""What is known of single steps of a run, beside their state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.slack.mrkdwn import people, said
from bot.slack.views.snapshot import RunSnapshot
from workflows.engine.model import OVER, ApprovalState, Outcome, Record
from workflows.engine.problem import problem_from

_DECIDED = {Outcome.APPROVED: "approved", Outcome.CHANGES: "changes asked for", Outcome.REJECTED: "rejected"}


@dataclass(frozen=True)
class Notes:
    """What is known of single steps beside their state, by key."""

    decided: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    progressing: Mapping[str, str] = field(default_factory=dict)
    rejected: frozenset[str] = frozenset()
    over: bool = False
    """Whether the run has ended, so that nothing is under way any more."""


def notes_of(snapshot: RunSnapshot) -> Notes:
    """What approvals and records tell of single steps."""
    decided: dict[str, str] = {}
    rejected = set()
    for shown in snapshot.approvals:
        approval = shown.approval
        if approval.generation > snapshot.run.generation:
            continue
        if approval.state is ApprovalState.DECIDED and approval.outcome and shown.decisions:
            words = _DECIDED.get(approval.outcome, approval.outcome.value)
            decided[approval.key] = f"{words} by {people([shown.decisions[-1].by], 'and')}"
            if approval.outcome is Outcome.REJECTED:
                rejected.add(approval.key)
        elif approval.state is ApprovalState.EXPIRED:
            decided[approval.key] = "nobody decided in time"
        elif approval.state is ApprovalState.VOID:
            decided[approval.key] = "no longer asked for"
    over = snapshot.run.state in OVER
    return Notes(decided, _reasons(snapshot.records), snapshot.progressing, frozenset(rejected), over)


def _reasons(records: Iterable[Record]) -> dict[str, str]:
    found: dict[str, str] = {}
    for record in records:
        if record.error and not record.superseded:
            try:
                problem = problem_from(record.error)
            except (ValueError, TypeError):
                continue
            if problem and problem.kind == "StepFailed":
                found[record.key] = said(problem.message, 200)
    return found
