"""Run workflows in a test: given step results, skipped time, decided approvals, crashes where they hurt."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from workflows.engine import codec
from workflows.engine.access import LOCAL, Access
from workflows.engine.advance import Engine
from workflows.engine.approving.book import NO_POLICIES, Book
from workflows.engine.definition import Workflow, spec_of
from workflows.engine.deputies import Deputies, Deputising
from workflows.engine.errors import Interruption
from workflows.engine.exporting import Export, read_export
from workflows.engine.model import OPEN, Approval, Event, Outcome, Record, Run, RunState
from workflows.engine.ports import Claimant, Membership, RunQuery, Store, Tools
from workflows.engine.problem import describe, problem_from
from workflows.engine.recovery import Recovery
from workflows.engine.service import Service
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.exported import Pins, checked, play
from workflows.engine.testing.installed import Installed, MappedTools
from workflows.engine.testing.memory import MemoryStore
from workflows.engine.testing.queue import MemoryQueue
from workflows.engine.threads import StepThreads
from workflows.engine.turn import Means

CHECKPOINTS = ("before_attempt", "after_attempt", "after_effect", "after_commit", "before_suspend", "after_ring")
"""Where `crash_at` can end the worker: what is left behind differs at each."""
LEASE = timedelta(seconds=15)
ENOUGH = 10_000
"""Advances after which a test that does not come to rest is ended."""


class Crash(Interruption):
    """The worker died here."""


class Stuck(AssertionError):
    """The runs did not come to rest."""


class Harness:
    """A worker, a clock and a store in this process. Time passes only when a test says so."""

    def __init__(
        self,
        *workflows: Workflow[Any, Any],
        tools: Mapping[type[Any], Any] | Tools | None = None,
        approvers: tuple[str, ...] = ("test:editor",),
        admins: tuple[str, ...] = (),
        directory: Membership = LOCAL,
        book: Book = NO_POLICIES,
        store: Store | None = None,
        clock: ManualClock | None = None,
        threads: StepThreads | None = None,
    ) -> None:
        self.clock = clock or ManualClock()
        self.store: Store = store or MemoryStore(self.clock)
        self.queue = MemoryQueue()
        self.catalogue = Installed(workflows)
        self.away: set[str] = set()
        """Who is out of office."""
        access = Access(frozenset(admins), directory, Deputising(self.store, self.away.__contains__))
        self.service = Service(self.store, self.queue, self.clock, self.catalogue, access, approvers, book=book)
        self.deputies = Deputies(self.store.delegations, access, self.clock.now)
        self.recovery = Recovery(self.service)
        self.crashes = 0
        self.seen: list[tuple[str, str]] = []
        """Every checkpoint that was passed: its name and the step's key."""
        self.exported: Export | None = None
        """The run whose results are pinned; `exported.redacted` says which were masked."""
        self._tools: Any = MappedTools(tools or {}) if isinstance(tools, Mapping | None) else tools
        self._stand_ins: dict[str, Callable[..., Any]] = {}
        self._crash_at: list[tuple[str, str]] = []
        self._draining = False
        self._approvers = approvers
        self._book, self._directory = book, directory
        self._threads = threads or StepThreads()
        self._worker = 0
        self._engine = self._start_worker()

    @classmethod
    def from_export(cls, path: Path | str, *workflows: Workflow[Any, Any], **options: Any) -> Harness:
        """A harness in which each step has the result that `baton export` wrote for its key.

        `play` starts a run with the recorded input. What a test gives with `given` goes before what is pinned, and a
        step that the export does not hold parks the run with words. Other options are those of a harness.
        """
        export = checked(read_export(path), workflows)
        harness = cls(*workflows, **{"clock": ManualClock(export.seen.run.created_at), **options})
        harness.exported = export
        harness._stand_ins = Pins(export)
        harness.new_worker()
        return harness

    # arranging -------------------------------------------------------------------------------------------

    def given(self, fn: Callable[..., Any], result: Any) -> Harness:
        """Let a step or action give this result: a value, an exception to raise, or a function of its arguments."""
        name = spec_of(fn).name
        if isinstance(result, BaseException):
            self._stand_ins[name] = _raiser(result)
        else:
            self._stand_ins[name] = result if callable(result) else lambda *_args, **_kwargs: result
        return self

    def crash_at(self, checkpoint: str, key: str = "") -> Harness:
        """End the worker once when it passes a checkpoint (of this step, when a key is given)."""
        if checkpoint not in CHECKPOINTS:
            raise ValueError(f"There is no checkpoint {checkpoint}: use one of {', '.join(CHECKPOINTS)}")
        self._crash_at.append((checkpoint, key))
        return self

    def deploy(self, workflow: Workflow[Any, Any]) -> None:
        """Install another version of a workflow."""
        self.catalogue.replace(workflow)

    # acting ----------------------------------------------------------------------------------------------

    def start(self, name: str, given: Any = None, *, by: str = "test:ana", key: str | None = None) -> str:
        """Start a run and let it go as far as it can; its id."""
        run = self.service.start(name, given, by=by, key=key)
        self.work()
        return run.id

    def play(self) -> str:
        """Start a run with the exported input, and give it the recorded decisions, signals, times and children's ends.

        It goes as far as the record does, or until today's code waits for something else; its id.
        """
        if self.exported is None:
            raise AssertionError("There is nothing to play: make the harness with Harness.from_export(path, workflow)")
        return play(self, self.exported)

    def work(self) -> None:
        """Advance every run that was rung until all wait or are over. A crash takes the lease's time.

        A worker that drains takes nothing more: `new_worker` goes on.
        """
        for _ in range(ENOUGH):
            ring = None if self._draining else self.queue.take()
            if ring is None:
                return
            try:
                self._engine.advance(ring.run_id)
            except Crash:
                self._recover()
        raise Stuck(f"After {ENOUGH} advances the runs still go on")

    def skip(self, delay: timedelta) -> None:
        """Let time pass, firing each timer and reminder when it is due."""
        end = self.clock.now() + delay
        while True:
            self.tick()
            left = end - self.clock.now()
            if left <= timedelta(0):
                return
            self.clock.advance(min(left, self._next_due() or left))

    def tick(self) -> None:
        """What the clock process does: rescue, fire timers, remind."""
        for _ in range(ENOUGH):
            self.store.remind(limit=100)
            self.service.rescue()
            if self._draining or not len(self.queue):
                return
            self.work()
        raise Stuck("The rescue tick rings without end")

    def decide(
        self,
        outcome: Outcome | str = Outcome.APPROVED,
        *,
        by: str = "test:editor",
        comment: str = "",
        run_id: str = "",
        fields: Mapping[str, Any] | None = None,
        edited: Mapping[str, Any] | None = None,
    ) -> Approval:
        """Answer the open approval (of this run, when several wait), with what is filled in and edited."""
        waiting = self.store.approvals(run_id=run_id)
        if len(waiting) != 1:
            raise AssertionError(f"{len(waiting)} approvals are open: {[(a.run_id, a.key) for a in waiting]}")
        decided = self.service.decide(
            waiting[0].id, Outcome(outcome), by=by, comment=comment, fields=fields, edited=edited
        )
        self.work()
        return decided

    def signal(self, run_id: str, name: str, payload: Any = None) -> None:
        """Send a signal and let the run go on."""
        self.service.signal(run_id, name, payload, by="test:ana")
        self.work()

    def cancel(self, run_id: str, *, by: str = "test:ana") -> None:
        """Cancel a run and let it undo what it has to."""
        self.service.cancel(run_id, by=by)
        self.work()

    def resume(self, run_id: str, *, by: str = "test:ana", again: bool = False) -> None:
        """Go on from the failed step."""
        self.recovery.resume(run_id, by=by, again=again)
        self.work()

    # looking ---------------------------------------------------------------------------------------------

    def run(self, run_id: str) -> Run:
        return self.store.run(run_id)

    def state(self, run_id: str) -> RunState:
        return self.store.run(run_id).state

    def output(self, run_id: str) -> Any:
        """The result of a run that succeeded; AssertionError with its error otherwise."""
        run = self.store.run(run_id)
        if run.state is not RunState.SUCCEEDED:
            raise AssertionError(f"The run is {run.state}: {self.error(run_id) or run.waiting}")
        return codec.decode(run.output, self.catalogue.get(run.workflow).output_type, "The output")

    def error(self, run_id: str) -> str:
        """Why a run failed or was parked, in words."""
        problem = problem_from(self.store.run(run_id).error)
        return describe(problem) if problem else ""

    def history(self, run_id: str, *, superseded: bool = False) -> list[Record]:
        """The run's records in order."""
        return list(self.store.records(run_id, superseded=superseded))

    def keys(self, run_id: str) -> list[str]:
        """The keys of the run's records in order."""
        return [record.key for record in self.history(run_id)]

    def events(self, run_id: str, kind: str = "") -> list[Event]:
        """What listeners were told."""
        return [event for event in self.store.events(run_id) if event.kind.startswith(kind)]

    def waits_for(self, run_id: str) -> list[str]:
        """The keys of what a run waits for."""
        return [wait["key"] for wait in json.loads(self.store.run(run_id).waiting or "[]")]

    # -----------------------------------------------------------------------------------------------------

    def drain(self) -> None:
        """Stop the worker at its next verb, as a deploy does; `new_worker` starts another."""
        self._draining = True

    def new_worker(self) -> None:
        """Start a fresh worker process."""
        self._draining = False
        self._engine = self._start_worker()

    def _start_worker(self) -> Engine:
        self._worker += 1
        means = Means(
            self.store, self.queue, self.clock, self._tools, self._threads,
            approvers=self._approvers, book=self._book, directory=self._directory,
            draining=lambda: self._draining, checkpoint=self._checkpoint,
            worker=f"harness-{self._worker}", stand_ins=self._stand_ins,
        )  # fmt: skip
        return Engine(means, self.catalogue, Claimant(means.worker, LEASE, 1, frozenset()))

    def _checkpoint(self, name: str, key: str) -> None:
        self.seen.append((name, key))
        for wanted in self._crash_at:
            if wanted[0] == name and wanted[1] in ("", key):
                self._crash_at.remove(wanted)
                raise Crash(f"{name} {key}")

    def _recover(self) -> None:
        self.crashes += 1
        self.new_worker()
        self.clock.advance(LEASE + timedelta(seconds=1))
        self.service.rescue()

    def _next_due(self) -> timedelta | None:
        due = [run.wake_at for run in self._open_runs() if run.wake_at is not None]
        due += [approval.remind_at for approval in self.store.approvals(limit=10_000) if approval.remind_at is not None]
        later = [moment for moment in due if moment > self.clock.now()]
        return min(later) - self.clock.now() if later else None

    def _open_runs(self) -> list[Run]:
        return list(self.store.runs(RunQuery(states=OPEN, limit=100_000)))


def _raiser(error: BaseException) -> Callable[..., Any]:
    def fail(*_args: Any, **_kwargs: Any) -> Any:
        raise error

    return fail
