"""The in-memory twin of what happened, on the rows of the in-memory store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from workflows.engine.happenings import Count, RunFacts, StepFacts
from workflows.engine.model import OVER, AttemptState, Kind, Run, RunState, StepState
from workflows.engine.testing.memory import MemoryStore


class MemoryHappenings:
    """Reads a store's rows."""

    def __init__(self, store: MemoryStore) -> None:
        self._rows, self._lock, _ = store.shared

    def counts(self, since: datetime, until: datetime) -> Sequence[Count]:
        with self._lock:
            keys = ((run.workflow, run.state, run.channel, run.started_by) for run, _ in self._over(since, until))
            return [Count(*key, runs=runs) for key, runs in Counter(keys).items()]

    def ended(
        self, since: datetime, until: datetime, *, states: frozenset[RunState] = frozenset(), limit: int
    ) -> Sequence[RunFacts]:
        with self._lock:
            found = [(at, run.id, run) for run, at in self._over(since, until) if not states or run.state in states]
            return [_facts(run, at) for at, _, run in sorted(found, key=lambda one: one[:2], reverse=True)[:limit]]

    def steps(self, run_ids: Sequence[str]) -> Sequence[StepFacts]:
        with self._lock:
            return [
                StepFacts(run_id, one.name, one.title, one.attempts, one.started_at, one.ended_at, one.detail)
                for run_id in run_ids
                for one in self._rows.records.get(run_id, {}).values()
                if one.kind is Kind.STEP and one.position and not one.superseded
            ]

    def failed_attempts(self, since: datetime, until: datetime) -> Mapping[str, int]:
        def within(at: datetime | None) -> bool:
            return at is not None and since <= at < until

        with self._lock:
            found: Counter[str] = Counter()
            for run_id, records in self._rows.records.items():
                lost = {key: one for key, one in records.items() if one.state is StepState.FAILED}
                found.update(one.name for one in lost.values() if within(one.ended_at))
                for attempt in self._rows.attempts.get(run_id, {}).values():
                    record = records.get((attempt.generation, attempt.key))
                    if record is None or attempt.state is not AttemptState.FAILED or not within(attempt.ended_at):
                        continue
                    if record.state is not StepState.FAILED or attempt.number < record.attempts:
                        found[record.name] += 1
            return found

    def queued_since(self) -> datetime | None:
        with self._lock:
            waiting = [run for run in self._rows.runs.values() if run.state is RunState.QUEUED]
            free = [run for run in waiting if run.due_at is None and run.limit_runs is None]
            held = [run.created_at for run in free if not self._rows.paused(run)]
            return min(held, default=None)

    def _over(self, since: datetime, until: datetime) -> Iterator[tuple[Run, datetime]]:
        for run in self._rows.runs.values():
            if run.state in OVER and run.parent_id is None and run.ended_at and since <= run.ended_at < until:
                yield run, run.ended_at


def _facts(run: Run, ended_at: datetime) -> RunFacts:
    return RunFacts(
        run.id, run.workflow, run.title, run.state, run.started_by, run.channel, run.created_at, run.started_at,
        ended_at, run.error,
    )  # fmt: skip
