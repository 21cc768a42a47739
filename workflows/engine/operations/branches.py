"""Several branches at once, each with its own place in history. The base of `parallel` and `map`."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from workflows.engine import codec
from workflows.engine.calls import Call
from workflows.engine.cursor import Cursor, Place
from workflows.engine.definition import return_type, unwrapped
from workflows.engine.detail import replayed
from workflows.engine.errors import BodyError, BranchStopped, Ended, Interruption, LeaseLost, StoreAway, Suspended
from workflows.engine.model import DONE, Kind, Record, StepState, Writes
from workflows.engine.operations.step import take
from workflows.engine.policy import CallSpec
from workflows.engine.problem import problem_of
from workflows.engine.withdrawal import loose_ends

LOOK_EVERY = 0.25
"""Seconds between two looks at the inbox while some branches work and others wait."""


@dataclass
class Branch:
    """One branch of a parallel operation."""

    index: int
    call: Call[Any]
    place: Place
    spec: CallSpec | None
    """Set when the branch is a single step or action; its record is the step's own."""
    cursor: Cursor
    thread: threading.Thread | None = None
    interruption: BaseException | None = None
    wound_up: bool = False
    seen: int = 0
    """The inbox counter when it was last begun: what came later it may not have looked at."""

    def outcome(self) -> Record | None:
        """The branch's record, once it is finished."""
        found = self.cursor.turn.history.at(self.place.scope, self.index)
        return found if found is not None and found.state in DONE else None

    @property
    def waiting(self) -> bool:
        return isinstance(self.interruption, Suspended)

    @property
    def result(self) -> Any:
        """The type of the branch's result."""
        return return_type(self.call.fn)


def branch_name(fn: Callable[..., Any]) -> str:
    """The persisted name of what a branch calls."""
    spec = getattr(fn, "baton_spec", None)
    return spec.name if isinstance(spec, CallSpec) else getattr(unwrapped(fn), "__name__", "branch")


class Branches:
    """Runs branches in threads, at most `concurrency` at a time, until all are done, one failed, or all wait."""

    def __init__(
        self,
        parent: Cursor,
        place: Place,
        calls: list[Call[Any]],
        concurrency: int,
        *,
        collect: bool,
        handle: Callable[[Cursor], Any],
    ) -> None:
        self._parent = parent
        self._collect = collect
        self._concurrency = concurrency
        self._handle = handle
        self._changed = threading.Condition()
        self._branches = [self._branch(place, index, call) for index, call in enumerate(calls)]

    def run(self) -> list[Record]:
        """The branches' records in order; raises the first failure unless failures are collected."""
        while True:
            began = self._start()
            running = [branch for branch in self._branches if branch.thread is not None]
            if not running and not began:
                if self._stopped() is None and self._wake(ask=False):
                    continue
                return self._end()
            self._await(running)

    # starting --------------------------------------------------------------------------------------------

    def _branch(self, place: Place, index: int, call: Call[Any]) -> Branch:
        spec = getattr(call.fn, "baton_spec", None)
        name = branch_name(call.fn)
        key = f"{place.inner}{index}:{name}"
        kind = Kind.STEP if spec else Kind.BRANCH
        title = spec.title if spec else name.replace("_", " ").capitalize()
        inner = Place(key, place.inner, index, kind, name, "", title, None)
        return Branch(index, call, inner, spec, Cursor(self._parent.turn, inner.inner, self._parent))

    def _start(self) -> int:
        """Begin as many branches as may run; how many that were."""
        stopped = self._stopped()
        if stopped is not None and not isinstance(stopped, BranchStopped | Ended):
            return 0
        began = 0
        free = self._concurrency - sum(branch.thread is not None for branch in self._branches)
        for branch in self._branches:
            if began >= free:
                break
            if branch.thread is None and branch.outcome() is None and self._may_begin(branch, stopped):
                self._launch(branch, stopped if isinstance(stopped, Interruption) else None)
                began += 1
        return began

    def _may_begin(self, branch: Branch, stopped: BaseException | None) -> bool:
        if stopped is None:
            return branch.interruption is None
        if branch.wound_up or not self._holds_saga(branch):
            return False
        branch.wound_up = True  # it only comes back to undo what it has done
        return branch.interruption is None or branch.waiting

    def _holds_saga(self, branch: Branch) -> bool:
        return self._parent.turn.history.open_saga(branch.place.inner)

    def _is_awaited(self, branch: Branch, stopped: BaseException) -> bool:
        """Whether a waiting branch is waited for although the others were stopped."""
        child = any(record.kind is Kind.CHILD for record in branch.cursor.waits.values())
        return self._holds_saga(branch) or (child and isinstance(stopped, Ended))

    def _launch(self, branch: Branch, stop: Interruption | None) -> None:
        branch.cursor = Cursor(self._parent.turn, branch.place.inner, self._parent)
        branch.cursor.stop = stop
        branch.interruption = None
        branch.seen = self._parent.turn.inbox.counter
        context = contextvars.copy_context()
        branch.thread = threading.Thread(
            target=context.run, args=(self._work, branch), name=branch.place.key, daemon=True
        )
        branch.thread.start()

    def _work(self, branch: Branch) -> None:
        try:
            with branch.cursor.entered():
                if branch.spec is not None:
                    self._take_step(branch)
                else:
                    self._call_function(branch)
        except BodyError:
            pass  # it is in the branch's record
        except BaseException as interruption:  # noqa: BLE001 - told to the thread that waits for the branches
            self._flush_wait(branch, interruption)
        with self._changed:
            branch.thread = None
            self._changed.notify_all()

    def _flush_wait(self, branch: Branch, interruption: BaseException) -> None:
        branch.interruption = interruption
        if isinstance(interruption, Suspended | Ended):
            try:
                branch.cursor.flush()
            except BaseException as worse:  # noqa: BLE001 - told to the thread that waits for the branches
                branch.interruption = worse

    def _take_step(self, branch: Branch) -> None:
        call, cursor = branch.call, branch.cursor
        given = codec.arguments(call.args, call.kwargs, f"An argument of {branch.place.name}")
        digest = codec.digest(given)
        found = cursor.turn.history.expect(
            branch.place.scope, branch.index, Kind.STEP, branch.place.key, digest, in_order=False
        )
        take(cursor, replace(branch.place, digest=digest, found=found), call.fn, call.args, call.kwargs, given)

    def _call_function(self, branch: Branch) -> None:
        cursor, call = branch.cursor, branch.call
        state, output, error = StepState.SUCCEEDED, None, None
        try:
            value = call.fn(self._handle(cursor), *call.args, **call.kwargs)
            output = codec.encode(value, f"The result of {branch.place.key}")
        except BodyError as failure:
            state, error = StepState.FAILED, problem_of(failure, branch.place.key).text()
        if cursor.closed is not None:
            raise cursor.closed
        cursor.check_all_used()
        record = cursor.new(branch.place, state)
        cursor.commit(replace(record, output=output, error=error, ended_at=cursor.turn.now()))

    # watching --------------------------------------------------------------------------------------------

    def _await(self, running: list[Branch]) -> None:
        with self._changed:
            if running and all(branch.thread is not None for branch in running):
                self._changed.wait(LOOK_EVERY)
        stopped = self._stopped()
        if isinstance(stopped, LeaseLost | StoreAway):
            raise stopped  # what still runs is refused by the fence
        if stopped is None:
            self._wake()
            return
        if isinstance(stopped, Ended):
            return  # every branch sees that for itself
        for branch in self._branches:
            branch.cursor.stop = branch.cursor.stop or BranchStopped("a sibling branch failed")

    def _wake(self, *, ask: bool = True) -> bool:
        """Let branches go on whose wait may be over; whether there was one."""
        waiting = [branch for branch in self._branches if branch.waiting]
        if not waiting:
            return False
        turn = self._parent.turn
        turn.refresh(ask=ask)
        now, woken = turn.now(), False
        for branch in waiting:
            due = min((r.due_at for r in branch.cursor.waits.values() if r.due_at is not None), default=None)
            if turn.inbox.counter != branch.seen or (due is not None and due <= now):
                branch.interruption = None
                woken = True
        return woken

    def _stopped(self) -> BaseException | None:
        """Why no branch may begin any more; what stops the whole run goes before what ends it."""
        ends = [b.interruption for b in self._branches if b.interruption is not None and not b.waiting]
        ends = [end for end in ends if not isinstance(end, BranchStopped)]
        if ends:
            return min(ends, key=lambda end: isinstance(end, Ended))
        if not self._collect and self._failure() is not None:
            return BranchStopped("a branch failed")
        return None

    def _failure(self) -> Record | None:
        failed = [r for branch in self._branches if (r := branch.outcome()) is not None and r.state is StepState.FAILED]
        return min(failed, key=lambda record: record.position) if failed else None

    def _end(self) -> list[Record]:
        stopped = self._stopped()
        if stopped is not None and not isinstance(stopped, BranchStopped | Ended):
            raise self._close(stopped)
        waiting = [b for b in self._branches if b.waiting and (stopped is None or self._is_awaited(b, stopped))]
        records = [branch.outcome() for branch in self._branches]
        if waiting:
            raise self._parent.suspend(*(record for branch in waiting for record in branch.cursor.waits.values()))
        if isinstance(stopped, Ended):
            raise self._close(stopped)
        failure = self._failure()
        if failure is not None and not self._collect:
            self._withdraw()
            replayed(failure, None)
        if any(record is None for record in records):
            raise self._close(BranchStopped("the branches were stopped from outside"))
        return [record for record in records if record is not None]

    def _withdraw(self) -> None:
        """What stopped branches still ask for is asked for no longer; it is written with the next commit."""
        turn = self._parent.turn
        inner = tuple(branch.place.inner for branch in self._branches)
        kinds = (Kind.APPROVAL, Kind.CHILD)
        opened = [r for r in turn.history.unfinished() if r.scope.startswith(inner) and r.kind in kinds]
        approvals, cancels = loose_ends(turn, opened)
        for record in opened:
            self._parent.keep(replace(record, state=StepState.SKIPPED, ended_at=turn.now(), due_at=None))
        if opened:
            self._parent.buffer.writes.append(Writes(approvals=tuple(approvals), cancels=tuple(cancels)))

    def _close(self, stopped: BaseException) -> BaseException:
        return self._parent.close(stopped) if isinstance(stopped, Interruption) else stopped
