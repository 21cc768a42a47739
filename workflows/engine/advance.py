"""advance: one turn of a run. Claim it, call its function over its history, write how it ended or what it waits for."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any, Protocol

from workflows.engine import codec
from workflows.engine.cursor import Cursor
from workflows.engine.definition import Workflow
from workflows.engine.errors import (
    BodyError,
    Cancelled,
    Draining,
    Interruption,
    LeaseLost,
    Parked,
    Rejected,
    RunTimedOut,
    StoreAway,
    StoreUnavailable,
    Suspended,
)
from workflows.engine.ids import new_id
from workflows.engine.model import ApprovalState, Event, Kind, Message, MessageKind, Record, RunChange, RunState, Writes
from workflows.engine.operations.child import ChildEnd
from workflows.engine.ports import Claim, Claimant, Lease
from workflows.engine.problem import Problem, describe, problem_of
from workflows.engine.run import ContinueAsNew, Run
from workflows.engine.turn import Means, Turn

ALONE_FROM = 2
"""From this many crashes on, a run is executed in a process of its own."""
POISON_FROM = 3
"""A run that crashed this often, the last time alone, is parked."""

_log = logging.getLogger("baton.engine")


class Catalogue(Protocol):
    """The workflows that are installed."""

    def get(self, name: str) -> Workflow[Any, Any]:
        """Raises UnknownWorkflow."""

    def names(self) -> frozenset[str]: ...


@dataclass(frozen=True)
class Waiting:
    """One thing that a run waits for, as people see it."""

    kind: str
    name: str
    key: str
    due_at: str = ""
    approval: str = ""


class Engine:
    """Advances runs. One per process; safe to use from many lanes at once."""

    def __init__(
        self,
        means: Means,
        catalogue: Catalogue,
        claimant: Claimant,
        *,
        isolate: Callable[[str], None] | None = None,
    ) -> None:
        self.means = means
        self._catalogue = catalogue
        self._claimant = claimant
        self._isolate = isolate

    def advance(self, run_id: str, *, alone: bool = False) -> bool:
        """Take a run as far as it goes; False when there was nothing to do here.

        `alone` says that this process runs nothing else, as it must for a run that crashed before.
        """
        asked = self.means.clock.monotonic()
        claim = self.means.store.claim(run_id, replace(self._claimant, workflows=self._catalogue.names()))
        if claim is None:
            return False
        turn = Turn(self.means, claim, asked + self._claimant.ttl.total_seconds())
        try:
            self._carry(turn, claim, alone=alone)
        except (LeaseLost, StoreAway) as gone:
            _log.warning("run %s: %s", run_id, gone)
            self._give_back(claim.lease)
        if claim.run.crashes >= ALONE_FROM and not alone and self._isolate is not None:
            self._isolate(run_id)
        return True

    def _carry(self, turn: Turn, claim: Claim, *, alone: bool) -> None:
        crashes = claim.run.crashes
        if crashes >= POISON_FROM:
            reason = (
                f"The process died {crashes} times while this run was executing, the last time alone. "
                "Mend the step, then resume."
            )
            _park(turn, Cursor(turn), Problem("Poison", reason))
        elif crashes >= ALONE_FROM and not alone and self._isolate is not None:
            turn.leave(Cursor(turn).buffer, Writes())
        else:
            workflow = self._catalogue.get(turn.run.workflow)
            while not turn.left:
                _Pass(turn, workflow).go()

    def _give_back(self, lease: Lease) -> None:
        """End a lease that this process no longer uses, so that nobody renews it for ever."""
        while True:
            try:
                answer = self.means.store.commit(lease, Writes(), leave=True)
            except LeaseLost:
                return
            except StoreUnavailable:
                if self.means.draining():
                    return
                self.means.clock.sleep(timedelta(seconds=0.5))
                continue
            self.means.queue.ring(answer.rings)
            return


class _Pass:
    """One call of the workflow's function over the history."""

    def __init__(self, turn: Turn, workflow: Workflow[Any, Any]) -> None:
        self._turn = turn
        self._workflow = workflow
        self._cursor = Cursor(turn)

    def go(self) -> None:
        """Call the body and write what came of it; the run may have to be passed through again when news arrived."""
        try:
            self._to_the_end()
        except (LeaseLost, StoreAway):
            raise
        except Suspended:
            self._suspend()
        except Draining:
            self._turn.leave(self._cursor.buffer, Writes())
        except ContinueAsNew as fresh:
            self._continue(fresh)
        except Cancelled as ended:
            self._finish(RunState.CANCELLED, problem=Problem("Cancelled", str(ended)))
        except Parked as parked:
            _park(self._turn, self._cursor, Problem(type(parked).__name__, str(parked)))
        except Exception as error:  # noqa: BLE001 - a broken body is parked, never compensated
            _park(self._turn, self._cursor, Problem(type(error).__name__, _broken(self._workflow, error)))

    def _to_the_end(self) -> None:
        try:
            with self._cursor.entered():
                output = self._body()
        except Rejected as decision:
            self._finish(RunState.FAILED, problem=problem_of(decision))
        except BodyError as error:
            self._fail(problem_of(error))
        except RunTimedOut as ended:
            self._fail(Problem("RunTimedOut", str(ended)))
        else:
            self._finish(RunState.SUCCEEDED, output=output)

    def _body(self) -> str:
        name, kind = self._workflow.name, self._workflow.input_type
        given = codec.decode(self._turn.run.input, kind, f"The input of {name}")
        try:
            value = self._workflow.fn(Run(self._cursor), given)
        finally:
            closed = self._cursor.closed
            if closed is not None:
                raise closed  # whatever the body returned or raised after a suspend does not count
        self._cursor.check_all_used()
        return codec.encode(value, f"The result of {name}")

    # not over yet ----------------------------------------------------------------------------------------

    def _suspend(self) -> None:
        turn, waits = self._turn, list(self._cursor.waits.values())
        due = [record.due_at for record in waits if record.due_at is not None]
        if turn.run.deadline is not None and turn.ended is None:
            due.append(turn.run.deadline)
        waiting = json.dumps([asdict(_waiting(record)) for record in waits])
        change: RunChange = {"state": RunState.WAITING, "waiting": waiting, "due_at": min(due, default=None)}
        events = (Event(turn.run.id, "run.waiting", turn.now(), waiting),)
        turn.means.checkpoint("before_suspend", "")
        turn.leave(self._cursor.buffer, Writes(events=events, run=change), expect_inbox=turn.inbox.counter)

    def _continue(self, fresh: ContinueAsNew) -> None:
        turn = self._turn
        generation = turn.run.generation + 1
        change: RunChange = {"state": RunState.RUNNING, "generation": generation, "input": fresh.given, "waiting": None}
        event = Event(turn.run.id, "run.continued", turn.now(), json.dumps({"generation": generation}))
        turn.leave(self._cursor.buffer, Writes(events=(event,), supersede_all=True, run=change))

    # over ------------------------------------------------------------------------------------------------

    def _fail(self, problem: Problem) -> None:
        if self._workflow.on_failure is not None:
            try:
                self._on_failure(problem)
            except BodyError as error:
                problem = replace(problem, message=f"{problem.message} (and on_failure: {error})")
        self._finish(RunState.FAILED, problem=problem, dead=True)

    def _on_failure(self, problem: Problem) -> None:
        hook = self._workflow.on_failure
        assert hook is not None
        parent = self._cursor
        parent.flush()
        self._cursor = _FailureCursor(self._turn, "on_failure/")
        self._cursor.waits.update(parent.waits)
        given = codec.decode(self._turn.run.input, self._workflow.input_type, "The input")
        with self._cursor.entered():
            hook(Run(self._cursor), given, describe(problem))
        if self._cursor.closed is not None:
            raise self._cursor.closed

    def _finish(
        self, state: RunState, *, output: str | None = None, problem: Problem | None = None, dead: bool = False
    ) -> None:
        turn = self._turn
        now = turn.now()
        dead = dead and turn.run.parent_id is None
        change: RunChange = {
            "state": state, "output": output, "error": problem.text() if problem else None, "waiting": None,
            "due_at": None, "ended_at": now, "dead_at": now if dead else None,
        }  # fmt: skip
        data = json.dumps({"error": describe(problem)}) if problem else "{}"
        events = [Event(turn.run.id, f"run.{state}", now, data)]
        if dead:
            events.append(Event(turn.run.id, "run.dead_letter", now, data))
        end = ChildEnd(state, output, describe(problem) if problem else "")
        writes = Writes(events=tuple(events), messages=_to_parent(turn, end), run=change)
        turn.leave(self._cursor.buffer, _loose_ends(turn, writes))


class _FailureCursor(Cursor):
    """The branch of `on_failure`: it runs although the run has ended."""

    def interruption(self) -> Interruption | None:
        return Draining("The worker stops") if self.turn.means.draining() else None


def _park(turn: Turn, cursor: Cursor, problem: Problem) -> None:
    now = turn.now()
    change: RunChange = {
        "state": RunState.PARKED,
        "error": problem.text(),
        "waiting": None,
        "due_at": None,
        "dead_at": now,
    }
    data = json.dumps({"error": problem.message})
    events = tuple(Event(turn.run.id, kind, now, data) for kind in ("run.parked", "run.dead_letter"))
    turn.leave(cursor.buffer, Writes(events=events, run=change))


def _loose_ends(turn: Turn, writes: Writes) -> Writes:
    """What an ended run must not leave behind: open approvals and children that nobody waits for."""
    approvals, cancels = [], []
    for record in turn.history.unfinished():
        if record.kind is Kind.APPROVAL:
            approval_id = json.loads(record.detail or "{}").get("approval", "")
            approval = turn.read(lambda store, wanted=approval_id: store.approval(wanted))  # type: ignore[misc]
            if approval is not None and approval.state is ApprovalState.OPEN:
                approvals.append(replace(approval, state=ApprovalState.VOID, closed_at=turn.now(), remind_at=None))
        elif record.kind is Kind.CHILD:
            cancels.append((json.loads(record.detail or "{}")["run"], f"its parent {turn.run.id} has ended"))
    return replace(writes, approvals=tuple(approvals), cancels=tuple(cancels))


def _to_parent(turn: Turn, end: ChildEnd) -> tuple[Message, ...]:
    run = turn.run
    if run.parent_id is None or run.parent_key is None:
        return ()
    return (
        Message(
            new_id(), run.parent_id, MessageKind.CHILD, run.parent_key, codec.encode(end, "The end"), turn.now(), run.id
        ),
    )


def _waiting(record: Record) -> Waiting:
    detail = json.loads(record.detail or "{}")
    kind = "retry" if record.kind in (Kind.STEP, Kind.COMPENSATION) else str(record.kind)
    due = record.due_at.isoformat() if record.due_at else ""
    return Waiting(kind, record.name, record.key, due, detail.get("approval", ""))


def _broken(workflow: Workflow[Any, Any], error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "/workflows/engine/" not in frame.filename] or list(frames)
    place = f" at {own[-1].filename.rsplit('/', 1)[-1]}:{own[-1].lineno}" if own else ""
    said = f": {error}" if str(error) else ""
    return (
        f"The body of {workflow.name} is broken: {type(error).__name__}{said}{place}. "
        "Mend it, then resume; finished steps stay done."
    )
