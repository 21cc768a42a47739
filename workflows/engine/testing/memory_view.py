"""What the in-memory store reads from its rows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from workflows.engine.model import DONE, OPEN, Approval, ApprovalState, Attempt, Decision, Record, Run, RunState
from workflows.engine.ports import LOOKED_THROUGH, SEARCHED, Claimant, Inbox, Recorded, RunQuery
from workflows.engine.testing.memory_rows import Rows, later, leased


class MemoryView:
    """Reads for a change that holds the lock."""

    def __init__(self, rows: Rows, run_id: str, now: datetime) -> None:
        self._rows = rows
        self._id = run_id
        self._now = now

    @property
    def run(self) -> Run:
        return self._rows.runs[self._id]

    @property
    def now(self) -> datetime:
        return self._now

    def records(self) -> Sequence[Record]:
        return self._rows.history(self._id)

    def attempts(self) -> Sequence[Attempt]:
        return attempts_of(self._rows, self._id)

    def approval(self, approval_id: str) -> Approval | None:
        return self._rows.approvals.get(approval_id)

    def approvals(self) -> Sequence[Approval]:
        return approvals_of(self._rows, self._id, None)

    def decisions(self, approval_id: str) -> Sequence[Decision]:
        return decisions_of(self._rows, approval_id)

    def children(self) -> Sequence[Run]:
        found = [r for r in self._rows.runs.values() if r.parent_id == self._id]
        return sorted(found, key=lambda r: r.id)


def claimable(run: Run, claimant: Claimant, now: datetime) -> bool:
    """Whether a worker may take the run now, limits aside."""
    if run.state not in OPEN or run.workflow not in claimant.workflows or run.release > claimant.release:
        return False
    if leased(run, now) or later(run, now):
        return False
    due = run.due_at is not None and run.due_at <= now
    return run.state is not RunState.WAITING or run.inbox > run.seen or due


def listed(rows: Rows, query: RunQuery) -> list[Run]:
    """Newest first."""
    found = sorted((r for r in rows.runs.values() if _matches(r, query)), key=lambda r: r.id, reverse=True)
    words, walks = query.text.split(), query.states or query.workflow or query.started_by
    apart = walks and not (query.labels or query.parent_id or query.dead or query.id_part)
    seen: Counter[str] = Counter()
    looked = []
    for run in found:
        seen[run.state if apart else ""] += 1
        if query.deep or not words or seen[run.state if apart else ""] <= LOOKED_THROUGH:
            looked.append(run)
    return [run for run in looked if all(_holds(run, word) for word in words)][: query.limit]


def _matches(run: Run, query: RunQuery) -> bool:
    """Whether a run is among those asked for, words aside."""
    return (
        (not query.states or run.state in query.states)
        and (not query.workflow or run.workflow == query.workflow)
        and (not query.dead or run.dead_at is not None)
        and (not query.parent_id or run.parent_id == query.parent_id)
        and (not query.id_part or run.id.startswith(query.id_part) or run.id.endswith(query.id_part))
        and (not query.started_by or run.started_by == query.started_by)
        and (not query.before or run.id < query.before)
        and (not query.channel or run.channel == query.channel)
        and (not query.labels or json.loads(run.labels).items() >= set(query.labels))
    )


def _holds(run: Run, word: str) -> bool:
    escaped = json.dumps(word, ensure_ascii=False)[1:-1]
    given = run.input if len(run.input) <= SEARCHED else ""
    asked = ((run.title, word), (given, escaped), (run.id, word))
    return any(part in whole or part.lower() in whole.lower() for whole, part in asked)


def attempts_of(rows: Rows, run_id: str) -> list[Attempt]:
    """Oldest first."""
    found = rows.attempts.get(run_id, {}).values()
    return sorted(found, key=lambda a: (a.started_at, a.generation, a.key, a.number))


def approvals_of(rows: Rows, run_id: str, state: ApprovalState | None) -> list[Approval]:
    """Oldest first; of every run when `run_id` is empty."""
    found = [a for a in rows.approvals.values() if a.run_id == run_id or not run_id]
    return sorted((a for a in found if state is None or a.state is state), key=lambda a: (a.opened_at, a.id))


def decisions_of(rows: Rows, approval_id: str) -> list[Decision]:
    """Oldest first."""
    found = [d for d in rows.decisions.values() if d.approval_id == approval_id]
    return sorted(found, key=lambda d: (d.at, d.by))


def recorded_of(rows: Rows, run_id: str, now: datetime) -> Recorded:
    """A run with all that an advance begins with."""
    run, records = rows.get(run_id), tuple(rows.history(run_id))
    unfinished = {(r.generation, r.key) for r in records if r.state not in DONE}
    attempts = tuple(a for a in attempts_of(rows, run_id) if (a.generation, a.key) in unfinished)
    return Recorded(run, records, attempts, Inbox(run.inbox, rows.untaken(run_id), run.cancel), now)
