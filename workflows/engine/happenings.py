"""What happened within a span of time: the questions that digests and alerts ask. The twin is in `testing`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from workflows.engine.model import RunState


@dataclass(frozen=True)
class RunFacts:
    """A run that ended, without its values."""

    id: str
    workflow: str
    title: str
    state: RunState
    started_by: str
    channel: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime
    error: str | None
    """JSON of a `Problem`."""


@dataclass(frozen=True)
class Count:
    """How many runs ended so, of those that nobody else started and that are seen in one channel."""

    workflow: str
    state: RunState
    channel: str
    started_by: str
    runs: int


@dataclass(frozen=True)
class StepFacts:
    """A finished step or action of a run."""

    run_id: str
    name: str
    title: str
    attempts: int
    started_at: datetime | None
    ended_at: datetime | None
    detail: str | None
    """JSON, as in its record: what it spent is there."""


class Happenings(Protocol):
    """What happened. Child runs are part of the run that started them, and not counted. Raises StoreUnavailable."""

    def counts(self, since: datetime, until: datetime) -> Sequence[Count]:
        """How many runs ended from `since` on and before `until`, in any order."""

    def ended(
        self, since: datetime, until: datetime, *, states: frozenset[RunState] = frozenset(), limit: int
    ) -> Sequence[RunFacts]:
        """The runs that ended then, in these states or any; the last ended first."""

    def steps(self, run_ids: Sequence[str]) -> Sequence[StepFacts]:
        """The finished steps of these runs, in any order; those that a later generation replaced are left out."""

    def failed_attempts(self, since: datetime, until: datetime) -> Mapping[str, int]:
        """How many attempts failed then, by the name of their step, the last one of a step that failed included."""

    def queued_since(self) -> datetime | None:
        """When the oldest run was recorded that waits for a worker and nothing else: no time, no line, no pause."""
