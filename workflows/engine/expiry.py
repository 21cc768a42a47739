"""What is old enough to be deleted, and what is known of a run that was."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from workflows.engine.errors import UnknownRun
from workflows.engine.model import Audit, RunState

PRUNE = "prune"
"""The verb of the audit entry that stands for a deleted run."""
RECEIVED_KEPT = timedelta(days=30)
"""How long inbound ids are remembered at least."""
SHOWING = timedelta(days=1)
"""A run whose end is not shown yet stays for so long."""
HEAVY = 5_000
"""So many changes of runs, all taken together, are deleted in one transaction at most; one run goes whole."""


@dataclass(frozen=True)
class Expiry:
    """What is to be deleted."""

    before: datetime
    """Runs that ended before this moment."""
    failed: bool = False
    """Failed runs too that nobody took off the list of dead letters. Parked ones always stay."""
    audit_before: datetime | None = None
    """Audit entries of before this moment, of runs that are deleted; None keeps them all."""
    queue: str = ""
    """Only the runs of this queue; empty means any."""


@dataclass(frozen=True)
class Place:
    """How far a pass over the old runs has come: by the time at which they ended, then by id."""

    ended_at: datetime
    run_id: str


@dataclass(frozen=True)
class Pruned:
    """What one transaction deleted."""

    runs: int
    place: Place | None = None
    """Where the pass goes on; None at its end."""


@dataclass(frozen=True)
class Swept:
    """What one transaction deleted that belonged to no run."""

    posts: int = 0
    received: int = 0
    blobs: int = 0
    audit: int = 0

    @property
    def rows(self) -> int:
        return self.posts + self.received + self.blobs + self.audit


@dataclass(frozen=True)
class Prunable:
    """What would be deleted, and what stays of what is as old."""

    runs: int
    audit: int
    dead: int
    """Failed dead letters that stay."""
    held: int
    """Runs that stay with the run that started them, or until their end is shown."""


@dataclass(frozen=True)
class Removed:
    """What the audit keeps of a run that was deleted."""

    workflow: str
    state: str
    ended_at: str
    started_by: str
    parent: str = ""

    def entry(self, run_id: str, at: datetime, by: str) -> Audit:
        """The audit entry."""
        return Audit(at, by, PRUNE, run_id, json.dumps(asdict(self), ensure_ascii=False))


def removed(audit: Iterable[Audit]) -> Removed | None:
    """What is kept of a run, if it was deleted."""
    entry = _deletion(audit)
    return Removed(**json.loads(entry.detail)) if entry else None


def unknown(run_id: str, audit: Iterable[Audit] = ()) -> UnknownRun:
    """There is no such run, or no more."""
    entry = _deletion(audit)
    if entry is None:
        return UnknownRun(f"There is no run {run_id}. `baton runs` lists those there are.")
    kept = Removed(**json.loads(entry.detail))
    how = "was cancelled" if kept.state == RunState.CANCELLED else kept.state
    return UnknownRun(
        f"Run {run_id} is not kept any more: it {how} on {kept.ended_at[:10]}, "
        f"and was deleted on {entry.at.astimezone(UTC):%Y-%m-%d}."
    )


def _deletion(audit: Iterable[Audit]) -> Audit | None:
    return next((entry for entry in audit if entry.verb == PRUNE), None)
