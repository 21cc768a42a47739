"""What a person does with a failed or parked run: resume, edit, skip, fork, discard."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from workflows.engine import codec
from workflows.engine.advance import POISON_FROM
from workflows.engine.compensations import is_undoing
from workflows.engine.detail import detail_of
from workflows.engine.errors import Refused
from workflows.engine.forking import failing_of, inherited, is_definite
from workflows.engine.ids import new_id
from workflows.engine.model import (
    DONE,
    OVER,
    ApprovalState,
    Audit,
    Event,
    Kind,
    Message,
    MessageKind,
    NewRun,
    Record,
    Run,
    RunChange,
    RunState,
    StepState,
    Writes,
)
from workflows.engine.operations.child import ChildEnd, limits
from workflows.engine.ports import View
from workflows.engine.problem import problem_from
from workflows.engine.redoing import redone, stopped_sagas, undone_saga
from workflows.engine.replaying import replay
from workflows.engine.service import Service
from workflows.engine.skipping import SKIPPABLE
from workflows.engine.starters import FORKED

MISFITS = frozenset({"NonDeterminism", "CodecError"})
"""Why a run is parked whose history does not fit the code."""
_DEAD = frozenset({RunState.FAILED, RunState.PARKED})


Through = Callable[[str, Callable[[View], Writes]], object]


class Recovery:
    """The next moves for a dead letter. Each is one transaction, checked against who may and the run's state."""

    def __init__(self, service: Service, through: Through | None = None) -> None:
        """`through` carries out each transaction, in place of the service."""
        self._service = service
        self._change = through or service.change

    def resume(self, run_id: str, *, by: str, again: bool = False) -> None:
        """Go on from the failed step; finished steps stay done.

        `again` says that an effect of unknown outcome did not happen and may be tried again.
        """
        self._check(run_id, by, "resume")

        def change(view: View) -> Writes:
            run = self._dead(view, "resume")
            records = view.records()
            if run.state is RunState.PARKED:
                return _revived(
                    view, by, "resume", self._renewed(view, self._parked(run, records, again=again), grow=False)
                )
            failing = failing_of(run, records)
            gone = list(redone(records, failing)) if failing else []
            if failing is None:
                gone = [r for saga in stopped_sagas(records, "", "RunTimedOut") for r in redone(records, saga)]
            gone += _withdrawn(records)
            ending = [record for record in records if record.scope == "!"]
            if failing is None and not ending:
                raise Refused(
                    f"Run {run.id} ended by its own decision, so going on would end it again. "
                    "Resume it with an edited input, or fork it."
                )
            writes = Writes(supersede=_names([*gone, *ending, *_after_failure(records)]))
            definite = failing is None or is_definite(failing, gone)
            return _revived(view, by, "resume", self._renewed(view, writes, grow=definite))

        self._change(run_id, change)

    def edit(self, run_id: str, given: Any, *, by: str) -> None:
        """Start over with another input; everything is done anew."""
        workflow = self._service.catalogue.get(self._check(run_id, by, "edit").workflow)
        text = self._service.checked_input(workflow, given)

        def change(view: View) -> Writes:
            run = self._dead(view, "edit")
            _refuse_undoing(run, view.records(), "edited")
            change: RunChange = {"input": text, "generation": run.generation + 1}
            writes = replace(_left_behind(view, over=False), supersede_all=True, run=change)
            return _revived(view, by, "edit", self._renewed(view, writes, grow=False))

        self._change(run_id, change)

    def skip(self, run_id: str, key: str, value: Any, *, by: str) -> None:
        """Take `value` for the result of a step that failed or is unclear, and go on after it."""
        self._check(run_id, by, "skip")
        text = codec.encode(value, f"The value for {key}")

        def change(view: View) -> Writes:
            run = self._dead(view, "skip")
            records = view.records()
            record = next((r for r in records if r.key == key), None)
            _check_skippable(run, record, key, records)
            assert record is not None
            after = () if record.kind is Kind.COMPENSATION else redone(records, record)
            gone = [r for r in after if r is not record]
            skipped = replace(
                record, state=StepState.SKIPPED, output=text, error=None, ended_at=view.now, due_at=None,
                position=record.position or 1 + max((r.position for r in records), default=0),
            )  # fmt: skip
            writes = Writes(records=(skipped,), supersede=_names([*gone, *_after_failure(records)]))
            anew = any(r.kind is Kind.STEP and r.state is StepState.SUCCEEDED for r in gone)
            return _revived(view, by, "skip", self._renewed(view, writes, grow=anew), key)

        self._change(run_id, change)

    def fork(self, run_id: str, *, by: str, at: str = "", given: Any = None, dead: bool = False) -> Run:
        """Start a new run with the history before step `at`, on today's code; an open original ends.

        Without `at` the fork starts where the original failed, where its history and today's code part if it was
        parked for that, or from the beginning. `given` replaces the input, and then the whole history is left
        behind. `dead` refuses anything but a dead letter, so that what two people ask for at once is done once.
        """
        self._check(run_id, by, "fork")
        if not at and given is None:
            at = self._parting(run_id)
        forked: list[Run] = []

        def change(view: View) -> Writes:
            original = view.run
            if dead and original.dead_at is None:
                raise Refused(f"Run {original.id} is {original.state} and no dead letter any more.")
            if original.lease_owner and original.lease_until is not None and original.lease_until > view.now:
                raise Refused(f"Run {original.id} is at work right now. Fork it when it waits, or cancel it first.")
            _refuse_undoing(original, view.records(), "forked")
            run = self._copy(original, view, by, given)
            records = () if given is not None else inherited(view, original, run.id, at)
            forked.append(run)
            ended: RunChange = {}
            if original.state not in (RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED):
                ended = {
                    "state": RunState.CANCELLED,
                    "ended_at": view.now,
                    "waiting": None,
                    "due_at": None,
                    "wake_at": None,
                }
            if original.dead_at is not None or ended:
                ended["dead_at"] = None
            told = Event(original.id, "run.forked", view.now, json.dumps({"run": run.id}), by)
            audit = (
                Audit(view.now, by, "fork", original.id, run.id),
                Audit(view.now, by, "start", run.id, f"{FORKED}{original.id}"),
            )
            left = _left_behind(view, over=True) if "state" in ended else Writes()
            return replace(left, starts=(NewRun(run, records),), events=(told,), audit=audit, run=ended)

        self._change(run_id, change)
        return forked[0]

    def _parting(self, run_id: str) -> str:
        """The first step of a parked run's history that today's code asks otherwise; "" when all of it fits."""
        service = self._service
        for seen in service.store.recorded([run_id]):
            problem = problem_from(seen.run.error)
            if seen.run.state is RunState.PARKED and problem is not None and problem.kind in MISFITS:
                found = replay(seen, service.catalogue, approvers=service.approvers, approval=service.store.approval)
                return found.key
        return ""

    def discard(self, run_id: str, *, by: str, reason: str = "") -> None:
        """Take a dead letter off the list; what was done stays done."""
        self._check(run_id, by, "discard")

        def change(view: View) -> Writes:
            run = view.run
            if run.dead_at is None:
                raise Refused(f"Run {run.id} is {run.state} and no dead letter: there is nothing to discard.")
            ended: RunChange = {"dead_at": None}
            if run.state is RunState.PARKED:
                ended |= {"state": RunState.CANCELLED, "ended_at": view.now}
            told = Event(run.id, "run.discarded", view.now, json.dumps({"reason": reason}), by)
            left = _left_behind(view, over=True) if "state" in ended else Writes()
            return replace(left, events=(told,), audit=(Audit(view.now, by, "discard", run.id, reason),), run=ended)

        self._change(run_id, change)

    # -----------------------------------------------------------------------------------------------------

    def _check(self, run_id: str, by: str, verb: str) -> Run:
        """Before the transaction, since the directory may be slow; who started a run never changes."""
        run = self._service.store.run(run_id)
        self._service.access.steer(by, run, verb)
        return run

    def _dead(self, view: View, verb: str) -> Run:
        run = view.run
        if run.state not in _DEAD:
            raise Refused(f"Run {run.id} is {run.state}: only a failed or parked run can be put right with {verb}.")
        if run.state is RunState.FAILED and run.parent_id is not None:
            raise Refused(
                f"Run {run.id} belongs to run {run.parent_id}, which was told of its failure. "
                f"{verb.capitalize()} that one."
            )
        return run

    def _parked(self, run: Run, records: Sequence[Record], *, again: bool) -> Writes:
        changed = []
        for record in records:
            if record.kind is Kind.COMPENSATION and record.state is StepState.FAILED:
                changed.append(replace(record, state=StepState.PENDING, attempts=0, error=None, ended_at=None))
            elif (
                record.kind in (Kind.STEP, Kind.COMPENSATION) and record.state not in DONE and detail_of(record).unclear
            ):
                detail = replace(detail_of(record), again=again, finding=0)
                changed.append(replace(record, detail=detail.text()))
        error = problem_from(run.error)
        crashes: RunChange = {"crashes": 0} if error and (error.kind == "Poison" or run.crashes >= POISON_FROM) else {}
        return Writes(records=tuple(changed), run=crashes)

    def _renewed(self, view: View, writes: Writes, *, grow: bool) -> Writes:
        workflow = self._service.catalogue.get(view.run.workflow)
        change: RunChange = {"crashes": 0}
        if view.run.state is RunState.FAILED:
            change["cancel"] = None
        if grow:
            change["generation"] = view.run.generation + 1
        if workflow.timeout is not None:
            change["deadline"] = view.now + workflow.timeout
        return replace(writes, run=change | writes.run)

    def _copy(self, original: Run, view: View, by: str, given: Any) -> Run:
        workflow = self._service.catalogue.get(original.workflow)
        text = original.input if given is None else self._service.checked_input(workflow, given)
        return Run(
            new_id(), original.workflow, workflow.title, RunState.QUEUED, text, view.now, queue=original.queue,
            started_by=by, channel=original.channel, labels=original.labels, **limits(workflow, text, view.now),
        )  # fmt: skip


def _withdrawn(records: Sequence[Record]) -> list[Record]:
    """Waits that ended with the run, unanswered: they are asked anew."""
    firsts = {record.key + "/" for record in records if record.kind is Kind.FIRST and record.state not in DONE}
    kinds = (Kind.APPROVAL, Kind.CHILD, Kind.FIRST)

    def unanswered(record: Record) -> bool:
        dropped = record.state is StepState.SKIPPED and record.output is None
        return record.kind in kinds and (record.state not in DONE or dropped)

    return [record for record in records if record.scope in firsts or unanswered(record)]


def _after_failure(records: Iterable[Record]) -> list[Record]:
    return [record for record in records if record.scope.startswith("on_failure/")]


def _left_behind(view: View, *, over: bool) -> Writes:
    """What a run that ends or starts over here must not leave: open approvals, children, a parent that waits."""
    run, why = view.run, f"its parent {view.run.id} goes on without it"
    void = tuple(
        replace(a, state=ApprovalState.VOID, closed_at=view.now, remind_at=None)
        for a in view.approvals()
        if a.state is ApprovalState.OPEN
    )
    cancels = tuple((child.id, why) for child in view.children() if child.state not in OVER)
    told: tuple[Message, ...] = ()
    if over and run.parent_id and run.parent_key:
        end = codec.encode(ChildEnd(RunState.CANCELLED, None, "it was given up"), "The end")
        told = (Message(new_id(), run.parent_id, MessageKind.CHILD, run.parent_key, end, view.now, run.id),)
    return Writes(approvals=void, cancels=cancels, messages=told)


def _names(records: Iterable[Record]) -> tuple[tuple[int, str], ...]:
    return tuple((record.generation, record.key) for record in records)


def _check_skippable(run: Run, record: Record | None, key: str, records: Sequence[Record]) -> None:
    if record is None:
        raise Refused(f"Run {run.id} has no step {key}. `baton show {run.id}` lists its steps.")
    if record.kind is not Kind.COMPENSATION:
        _refuse_undoing(run, records, "skipped in such a step")
    if record.kind is Kind.APPROVAL:
        raise Refused(f"{key} is an approval: approvals can't be skipped.")
    if record.kind is Kind.CHILD and record.state is not StepState.FAILED:
        raise Refused(f"{key} is a child run that goes on: cancel that run, or wait for it.")
    if record.kind not in SKIPPABLE or record.state in (StepState.SUCCEEDED, StepState.SKIPPED):
        raise Refused(f"{key} is a {record.kind} that {record.state}: there is nothing to skip.")
    if record.kind is not Kind.COMPENSATION and undone_saga(list(records), record) is not None:
        raise Refused(f"{key} belongs to a saga that was undone: resume the run to do the whole saga anew.")


def _refuse_undoing(run: Run, records: Sequence[Record], verb: str) -> None:
    """What is undone half has to be undone whole, or left: nothing may go on from its steps."""
    if run.state is RunState.PARKED and is_undoing(records):
        raise Refused(f"Run {run.id} is being undone and can't be {verb}. Resume it to undo the rest, or discard it.")


def _revived(view: View, by: str, verb: str, writes: Writes, detail: str = "") -> Writes:
    change: RunChange = {
        "state": RunState.QUEUED,
        "error": None,
        "dead_at": None,
        "ended_at": None,
        "waiting": None,
        "due_at": None,
    }
    told = Event(view.run.id, "run.resumed", view.now, json.dumps({"verb": verb, "detail": detail}), by)
    audit = (Audit(view.now, by, verb, view.run.id, detail),)
    return replace(writes, events=(*writes.events, told), audit=audit, run=change | writes.run, ring=True)
