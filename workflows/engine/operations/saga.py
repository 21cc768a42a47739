"""saga: steps that are undone together, in reverse, when what follows them in the block fails."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from types import TracebackType
from typing import Any, Concatenate, Literal, ParamSpec, Self

from workflows.engine import codec
from workflows.engine.calls import Call, address_of, recorded_call, target_of
from workflows.engine.compensations import undone_steps
from workflows.engine.cursor import Cursor, Place, Relentless
from workflows.engine.definition import spec_of
from workflows.engine.detail import Detail, detail_of
from workflows.engine.errors import BodyError, BranchStopped, Ended, Interruption, Parked, StepFailed, Suspended
from workflows.engine.model import DONE, Kind, Record, RunState, StepState, Writes
from workflows.engine.problem import describe, problem_from, problem_of
from workflows.engine.retrying import Attempts

P = ParamSpec("P")


class Saga:
    """All of the block, or none: `with run.saga() as saga`."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._place: Place | None = None
        self._record: Record | None = None

    def __enter__(self) -> Self:
        cursor = self._cursor
        with cursor.closing():
            self._place = cursor.begin(Kind.SAGA, "saga", title="All or none")
            self._record = self._place.found
            if self._record is None:
                cursor.go_on()
                self._record = cursor.keep(cursor.new(self._place, StepState.RUNNING))
        return self

    def on_failure(self, fn: Callable[Concatenate[Any, P], Any], *args: P.args, **kwargs: P.kwargs) -> None:
        """Undo with this step or action should the block fail from here on. Recorded with its arguments."""
        cursor = self._cursor
        spec = spec_of(fn)
        with cursor.closing():
            given = codec.arguments(args, kwargs, f"An argument of {spec.name}")
        place = cursor.begin(Kind.COMPENSATION, f"undo.{spec.name}", digest=codec.digest(given), title=spec.title)
        cursor.turn.compensations[place.key] = Call(fn, args, kwargs)
        if place.found is None:
            detail = Detail([], saga=self._key, target=address_of(fn), named=bool(kwargs)).text()
            cursor.keep(replace(cursor.new(place, StepState.PENDING), input=given, detail=detail))

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> Literal[False]:
        record = self._record
        if record is None:
            return False
        if error is None and self._cursor.closed is None:
            if record.state not in DONE:
                self._complete(record)
        elif (
            isinstance(error, BodyError | Ended | BranchStopped)
            and record.state is not StepState.FAILED
            and not isinstance(self._cursor.closed, Suspended)
        ):
            self._undo(record, error)
        return False

    def _complete(self, record: Record) -> None:
        """The block is done; a cancellation that came during its last step still undoes it."""
        try:
            self._cursor.go_on()
        except (Ended, BranchStopped) as ended:
            self._undo(record, ended)
            raise
        self._cursor.keep(replace(record, state=StepState.SUCCEEDED, ended_at=self._cursor.turn.now()))

    # undoing ---------------------------------------------------------------------------------------------

    @property
    def _key(self) -> str:
        assert self._place is not None
        return self._place.key

    def _undo(self, record: Record, error: BaseException) -> None:
        cursor, turn = self._cursor, self._cursor.turn
        mine = self._compensations(turn.history.within(record.scope, record.ordinal))
        if any(r.state not in DONE for r in mine) and all(
            r.state is StepState.PENDING and not r.attempts for r in mine
        ):
            told = cursor.event("run.compensating", json.dumps({"saga": record.key}))
            turn.commit(cursor.buffer, Writes(events=(told,), run={"state": RunState.COMPENSATING}))
        for compensation in reversed(mine):
            if compensation.state not in DONE:
                compensate(cursor, compensation)
        self._close(record, error)

    def _compensations(self, span: Iterable[Record]) -> list[Record]:
        """This saga's, and those of the sagas that were completed within it: all of the block, or none."""
        records = list(span)
        sagas = {self._key, *(r.key for r in records if r.kind is Kind.SAGA and r.state is StepState.SUCCEEDED)}
        return [r for r in records if r.kind is Kind.COMPENSATION and detail_of(r).saga in sagas]

    def _close(self, record: Record, error: BaseException) -> None:
        cursor, turn = self._cursor, self._cursor.turn
        span = list(turn.history.within(record.scope, record.ordinal))
        failed = [r for r in self._compensations(span) if r.state is StepState.FAILED]
        if failed:
            problem = problem_from(failed[0].error)
            said = describe(problem) if problem else ""
            parked = Parked(
                f"{len(failed)} of the steps that undo {record.key} failed: {said}. "
                "Put it right there, then resume to try the undoing again."
            )
            raise cursor.close(parked) from error
        undone = tuple((r.generation, r.key) for r in span if r.kind is Kind.STEP and r.state is StepState.SUCCEEDED)
        ended = replace(
            record,
            state=StepState.FAILED,
            error=problem_of(error, record.key).text(),
            ended_at=turn.now(),
            undone=True,
            detail=Detail([], end=cursor.next_ordinal).text(),
        )
        cursor.commit(ended, writes=Writes(undone=undone, run={"state": RunState.RUNNING}))


def compensate(cursor: Cursor, record: Record) -> None:
    """Take one step that undoes another; that it failed is recorded, and the others go on."""
    call = cursor.turn.compensations.get(record.key) or recorded_call(record)
    cursor.turn.check_lease()
    worker = Relentless(cursor.turn, cursor.scope)
    worker.buffer = cursor.buffer
    try:
        means = cursor.turn.means
        target = target_of(call.fn, spec_of(call.fn), means.tools, means.stand_ins)
        Attempts(worker, record, target, call.args, call.kwargs).result()
    except StepFailed:
        return  # the others go on; the run is parked when all were tried
    except Interruption as stopped:
        cursor.waits.update(worker.waits)
        raise cursor.close(stopped) from None


def undo_all(cursor: Cursor) -> None:
    """Run every compensation that a run has left, the last one first; raises Parked when some fail."""
    turn = cursor.turn
    mine = [r for r in turn.history.within("", 0) if r.kind is Kind.COMPENSATION]
    if any(r.state not in DONE for r in mine) and not any(r.attempts for r in mine):
        told = cursor.event("run.compensating")
        turn.commit(cursor.buffer, Writes(events=(told,), run={"state": RunState.COMPENSATING}))
    for record in reversed(mine):
        if record.state not in DONE:
            compensate(cursor, record)
    failed = [r for r in turn.history.within("", 0) if r.kind is Kind.COMPENSATION and r.state is StepState.FAILED]
    if failed:
        problem = problem_from(failed[0].error)
        said = describe(problem) if problem else ""
        raise cursor.close(Parked(
            f"{len(failed)} of the steps that undo this run failed: {said}. "
            "Put it right there, then resume to try the undoing again."
        ))  # fmt: skip
    undone = undone_steps(list(turn.history.within("", 0)))
    if undone:
        turn.commit(cursor.buffer, Writes(undone=undone))
