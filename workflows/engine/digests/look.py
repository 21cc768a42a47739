"""What the function of a digest can look at: what its reader may see, and nothing else."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Protocol

from workflows.engine.digests.page import Chart, Figure, Item, Page, arranged
from workflows.engine.happenings import Happenings, RunFacts, StepFacts
from workflows.engine.model import Approval, Run, RunState
from workflows.engine.ports import RunQuery, Store
from workflows.engine.problem import problem_from

MOST_RUNS = 2_000
"""So many runs of a window are looked into, the last ones; all of them are counted."""
MOST_WAITING = 1_000


class Reader(Protocol):
    """Who reads a digest: a channel or a person, with what they may see."""

    def sees(self, channel: str, started_by: str) -> bool:
        """Whether a run that is seen in this channel and that somebody started may be told of."""

    def is_asked(self, approval: Approval, run: Run) -> bool:
        """Whether the reader is a person who may decide this; a channel never is."""

    @property
    def person(self) -> str:
        """The actor who reads; "" for a channel."""


@dataclass(frozen=True)
class Waiting:
    """An approval that waits, and its run."""

    approval: Approval
    run: Run
    yours: bool
    """Whether the reader may decide it."""


@dataclass(frozen=True)
class Slow:
    """A step with how long it takes: its median, its longest time, and in which run that was."""

    workflow: str
    title: str
    times: int
    median: timedelta
    longest: timedelta
    run_id: str


@dataclass(frozen=True)
class Spend:
    """What calls of models cost, in US dollars, and how many tokens they took."""

    cost: float = 0.0
    tokens: int = 0
    unpriced: int = 0
    """Calls whose price is not known."""


@dataclass(frozen=True)
class Window:
    """From when on and until when a digest tells, and in which time zone."""

    since: datetime
    until: datetime
    zone: str


class Look:
    """Answers a digest's questions about its window, as its reader may see it. What is read is read once."""

    def __init__(
        self, title: str, window: Window, reader: Reader, store: Store, happenings: Happenings,
        hidden: Callable[[str], bool] = lambda _workflow: False,
    ) -> None:  # fmt: skip
        """`hidden` says which workflows are inner ones, whose runs are nobody's news."""
        self.title = title
        self.window = window
        self.reader = reader
        self._store = store
        self._happenings = happenings
        self._hidden = hidden

    def count(self, *states: RunState, before: bool = False) -> int:
        """How many runs ended so in the window; with `before`, in the window of equal length before it."""
        counts = self._counts_before if before else self._counts
        return sum(
            one.runs
            for one in counts
            if (not states or one.state in states) and self._shown(one.workflow, one.channel, one.started_by)
        )

    @cached_property
    def ended(self) -> list[RunFacts]:
        """The runs that ended in the window, the last first."""
        found = self._happenings.ended(self.window.since, self.window.until, limit=MOST_RUNS)
        return [one for one in found if self._shown(one.workflow, one.channel, one.started_by)]

    def failed(self) -> list[RunFacts]:
        """Those of them that failed."""
        found = self._happenings.ended(
            self.window.since, self.window.until, states=frozenset({RunState.FAILED}), limit=MOST_RUNS
        )
        return [one for one in found if self._shown(one.workflow, one.channel, one.started_by)]

    @cached_property
    def dead(self) -> list[Run]:
        """The dead letters that are on somebody's list now: failed or parked."""
        found = self._store.runs(RunQuery(dead=True, limit=MOST_WAITING))
        return [run for run in found if self._shown(run.workflow, run.channel, run.started_by)]

    @cached_property
    def waiting(self) -> list[Waiting]:
        """The approvals that are open now, the longest open first."""
        approvals = sorted(self._store.approvals(limit=MOST_WAITING), key=lambda one: one.opened_at)
        runs = {one.run_id: None for one in approvals}
        known = {run_id: self._store.run(run_id) for run_id in runs}
        found = []
        for approval in approvals:
            run = known[approval.run_id]
            yours = self.reader.is_asked(approval, run)
            if yours or self._shown(run.workflow, run.channel, run.started_by):
                found.append(Waiting(approval, run, yours))
        return found

    def slowest(self, most: int = 5) -> list[Slow]:
        """The steps that take longest, the slowest first, by what they mostly take."""
        spans: dict[tuple[str, str], list[tuple[timedelta, str]]] = defaultdict(list)
        workflows = {run.id: run.workflow for run in self.ended}
        for step in self._steps:
            if step.started_at and step.ended_at:
                key = workflows[step.run_id], step.title or step.name
                spans[key].append((step.ended_at - step.started_at, step.run_id))
        found = [_slow(*key, taken) for key, taken in spans.items()]
        return sorted(found, key=lambda one: (one.median, one.longest), reverse=True)[:most]

    def spend(self) -> Spend:
        """What the runs of the window spent at model providers."""
        calls = [call for step in self._steps if step.detail for call in json.loads(step.detail).get("usage", ())]
        prices = [call.get("cost") for call in calls]
        tokens = sum(call.get("input_tokens", 0) + call.get("output_tokens", 0) for call in calls)
        known = [price for price in prices if price is not None]
        return Spend(sum(known), tokens, len(prices) - len(known))

    def results(self, workflow: str, most: int = 50) -> list[tuple[RunFacts, Any]]:
        """The runs of a workflow that succeeded in the window, each with its result as plain values."""
        mine = [one for one in self.ended if one.workflow == workflow and one.state is RunState.SUCCEEDED]
        return [(one, json.loads(self._store.run(one.id).output or "null")) for one in mine[:most]]

    def why(self, run: RunFacts | Run) -> str:
        """At which step a run failed, and why, in one line; "" for one that did not, or that somebody rejected."""
        problem = problem_from(run.error)
        if problem is None or problem.kind == "Rejected":
            return ""
        reason = " ".join(problem.message.split())[:200]
        return f"{problem.step}: {reason}" if problem.step else reason

    def page(
        self,
        items: Iterable[Item] = (),
        *,
        figures: Sequence[Figure] = (),
        chart: Chart | None = None,
        note: str = "",
    ) -> Page:
        """The page of this digest: items are put in order, and of equal ones one stays."""
        window = self.window
        return Page(self.title, window.since, window.until, window.zone, tuple(figures), arranged(items), chart, note)

    # -----------------------------------------------------------------------------------------------------

    @cached_property
    def _counts(self) -> Sequence[Any]:
        return self._happenings.counts(self.window.since, self.window.until)

    @cached_property
    def _counts_before(self) -> Sequence[Any]:
        since, until = self.window.since, self.window.until
        return self._happenings.counts(since - (until - since), since)

    @cached_property
    def _steps(self) -> Sequence[StepFacts]:
        return self._happenings.steps([run.id for run in self.ended])

    def _shown(self, workflow: str, channel: str, started_by: str) -> bool:
        return not self._hidden(workflow) and self.reader.sees(channel, started_by)


def _slow(workflow: str, title: str, taken: list[tuple[timedelta, str]]) -> Slow:
    longest, run_id = max(taken)
    ordered = sorted(one for one, _ in taken)
    return Slow(workflow, title, len(taken), ordered[len(ordered) // 2], longest, run_id)
