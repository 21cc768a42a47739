"""What the views are given of a run: rows as they stand at one revision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from workflows.engine.approving.delegation import Delegation
from workflows.engine.model import Approval, ApprovalState, Decision, Outcome, Record, Run
from workflows.engine.progress import Progress


@dataclass(frozen=True)
class Edit:
    """What an approver changed in what was shown: field by field, as JSON objects."""

    by: str
    at: datetime
    before: str
    after: str


@dataclass(frozen=True)
class Handover:
    """An approval that was handed to others."""

    by: str
    at: datetime
    to: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True)
class ApprovalSnapshot:
    """An approval with all that happened to it."""

    approval: Approval
    decisions: tuple[Decision, ...] = ()
    """Every vote, also those for content that has changed since; in order."""
    edits: tuple[Edit, ...] = ()
    handovers: tuple[Handover, ...] = ()
    reminders: int = 0
    """How often the approvers were reminded."""
    escalations: tuple[tuple[str, ...], ...] = ()
    """Whom it was escalated to, each time."""
    impossible: str = ""
    """Why too few people can decide it, as it was when it opened; "" once it was handed to others."""
    deputies: tuple[Delegation, ...] = ()
    """Who decides for those who are asked, as things stand."""

    @property
    def asked(self) -> Approval:
        """The approval, asked of deputies too."""
        return replace(self.approval, approvers=(*self.approval.approvers, *(one.deputy for one in self.deputies)))

    @property
    def open(self) -> bool:
        return self.approval.state is ApprovalState.OPEN

    @property
    def agreed(self) -> tuple[Decision, ...]:
        """The approvals that count: of what is shown now, one a person."""
        return tuple(vote for vote in self.decisions if vote.outcome is Outcome.APPROVED and self.holds(vote))

    def holds(self, vote: Decision) -> bool:
        """Whether a vote was for what is shown now."""
        return not vote.digest or vote.digest == self.approval.digest


@dataclass(frozen=True)
class AlertSnapshot:
    """One time that the run became a dead letter."""

    number: int
    """The first is 1."""
    at: datetime
    error: str
    """JSON of the problem as it was then; "" when only `reason` is known."""
    reason: str = ""
    verb: str = ""
    """What was done about it: resume, edit, skip, fork, discard; "" while nothing was."""
    by: str = ""
    resolved_at: datetime | None = None
    detail: str = ""
    """The id of the fork, the key of the step that was skipped, the reason of a discard."""


@dataclass(frozen=True)
class RunSnapshot:
    """A run at one revision, with everything that its messages show."""

    run: Run
    progress: Progress
    now: datetime
    records: tuple[Record, ...] = ()
    approvals: tuple[ApprovalSnapshot, ...] = ()
    """In the order in which they were asked for."""
    alerts: tuple[AlertSnapshot, ...] = ()
    summary: str = ""
    """What the workflow says of its result, as its author wrote it (mrkdwn)."""
    link: str = ""
    """The run's page in the console; "" when there is none."""
    paused: str = ""
    """Why the workflow does not go on now, in words; "" when it does."""
    progressing: Mapping[str, str] = field(default_factory=dict)
    """By step key: what a long step says of itself now ("3 of 10 pages")."""
