"""advance: one turn of a run. Claim it, call its function over its history, write how it ended or what it waits for."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Protocol

from workflows.engine import codec
from workflows.engine.compensations import ended_as_undone, is_undoing
from workflows.engine.copying import replace
from workflows.engine.cursor import Cursor, Relentless
from workflows.engine.definition import Workflow
from workflows.engine.endings import park, to_parent, waiting_for, with_loose_ends
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
from workflows.engine.letters.joining import letter_of
from workflows.engine.model import SUSPECT, Event, RunChange, RunState, Writes
from workflows.engine.operations.child import ChildEnd
from workflows.engine.operations.saga import undo_all
from workflows.engine.ports import Claim, Claimant, View
from workflows.engine.problem import Problem, describe, one_line, problem_of
from workflows.engine.run import ContinueAsNew, Run
from workflows.engine.turn import Means, Turn

POISON_FROM = SUSPECT + 1
"""A run that crashed this often, the last time alone, is parked."""

HAND_OVER = timedelta(minutes=2)
"""How long the process that a run is handed to has before the run is rung again.

On a busy machine several such processes start slowly side by side: a run that is rung before its process asks for it
is handed to a second one, and all of them get slower still.
"""

_log = logging.getLogger("baton.engine")


class Catalogue(Protocol):
    """The workflows that are installed."""

    def get(self, name: str) -> Workflow[Any, Any]:
        """Raises UnknownWorkflow."""

    def names(self) -> frozenset[str]: ...


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
        turn = self._turn(claim, asked + self._claimant.ttl.total_seconds())
        try:
            self._carry(turn, claim, alone=alone)
        except (LeaseLost, StoreAway) as gone:
            _log.warning("run %s: %s", run_id, gone)
            self._give_back(turn)
        except Exception:
            self._give_back(turn)
            raise
        if claim.run.crashes >= SUSPECT and not alone and self._isolate is not None:
            self._isolate(run_id)
        return True

    def _turn(self, claim: Claim, lease_until: float) -> Turn:
        return Turn(self.means, claim, lease_until)

    def _carry(self, turn: Turn, claim: Claim, *, alone: bool) -> None:
        crashes = claim.run.crashes
        if crashes >= POISON_FROM:
            reason = (
                f"The process died {crashes} times while this run was executing, the last time alone. "
                "Mend the step, then resume."
            )
            park(turn, Cursor(turn), Problem("Poison", reason))
        elif crashes >= SUSPECT and not alone and self._isolate is not None:
            rescued = turn.now() + HAND_OVER
            turn.leave(Cursor(turn).buffer, Writes(run={"wake_at": rescued}), ring=False)
        else:
            workflow = self._catalogue.get(turn.run.workflow)
            while not turn.left:
                (_Undo if is_undoing(claim.records) else _Pass)(turn, workflow).go()

    def convict(self, run_id: str, owner: str) -> None:
        """Count the death of a process that ran nothing but this run, and let the run be parked for it."""

        def change(view: View) -> Writes:
            guilty = view.run.lease_owner == owner
            return Writes(run={"crashes": POISON_FROM}) if guilty else Writes()

        self.means.store.transact(run_id, change)
        self.means.queue.ring(self.means.store.release(owner, crashed=False))

    def _give_back(self, turn: Turn) -> None:
        """End a lease that this process no longer uses, so that nobody renews it for ever.

        Branches whose threads come late find the advance over: they begin no step and record nothing.

        Nobody is rung: what is in the way, such as a full disk, would be met again at once. The rescue tick rings.
        """
        turn.left = True
        while True:
            try:
                self.means.store.commit(turn.lease, Writes(), leave=True)
            except LeaseLost:
                return
            except StoreUnavailable:
                if self.means.draining():
                    return
                self.means.clock.sleep(timedelta(seconds=0.5))
                continue
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
            park(self._turn, self._cursor, Problem(type(parked).__name__, str(parked)))
        except Interruption:
            raise
        except BaseException as error:  # noqa: BLE001 - a broken body is parked, never compensated; sys.exit() is one
            park(self._turn, self._cursor, Problem(type(error).__name__, _broken(self._workflow, error)))

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
        given = self._turn.given = codec.decode(self._turn.run.input, kind, f"The input of {name}")
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
        if turn.run.deadline is not None and turn.ended is None and turn.run.deadline > turn.now():
            due.append(turn.run.deadline)
        waiting = json.dumps([asdict(waiting_for(record)) for record in waits])
        change: RunChange = {"state": RunState.WAITING, "waiting": waiting, "due_at": min(due, default=None)}
        events = (Event(turn.run.id, "run.waiting", turn.now(), waiting),)
        turn.means.checkpoint("before_suspend", "")
        if not turn.leave(self._cursor.buffer, Writes(events=events, run=change), expect_inbox=turn.inbox.counter):
            self._cursor.flush()  # the next pass finds what this one opened, so it must be written

    def _continue(self, fresh: ContinueAsNew) -> None:
        turn = self._turn
        self._cursor.flush()  # what belongs to the old history is left behind with it
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
        self._cursor = Relentless(self._turn, "on_failure/")
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
        letter = letter_of(turn.run, problem, now) if dead else None
        writes = Writes(events=tuple(events), messages=to_parent(turn, end), letter=letter, run=change)
        turn.leave(self._cursor.buffer, with_loose_ends(turn, writes))


class _Undo(_Pass):
    """The undoing of a run that ended well: its compensations, and not its function."""

    def __init__(self, turn: Turn, workflow: Workflow[Any, Any]) -> None:
        super().__init__(turn, workflow)
        self._cursor = Relentless(turn)

    def _to_the_end(self) -> None:
        with self._cursor.entered():
            undo_all(self._cursor)
        words = ended_as_undone(self._turn.history.within("!", 0))
        self._finish(RunState.CANCELLED, output=self._turn.run.output, problem=Problem("Cancelled", words))


def _broken(workflow: Workflow[Any, Any], error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "/workflows/engine/" not in frame.filename] or list(frames)
    place = f" at {own[-1].filename.rsplit('/', 1)[-1]}:{own[-1].lineno}" if own else ""
    words = one_line(error)
    said = f": {words}" if words != type(error).__name__ else ""
    return (
        f"The body of {workflow.name} is broken: {type(error).__name__}{said}{place}. "
        "Mend it, then resume; finished steps stay done."
    )
