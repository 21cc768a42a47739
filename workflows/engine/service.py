"""Commands from outside: one transaction each, then a ring."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError

from workflows.engine import codec
from workflows.engine.access import Access
from workflows.engine.advance import Catalogue
from workflows.engine.definition import Workflow
from workflows.engine.errors import BatonError, CodecError, InvalidInput, Refused
from workflows.engine.ids import new_id
from workflows.engine.model import (
    OPEN,
    OVER,
    Approval,
    ApprovalState,
    Audit,
    Decision,
    Event,
    Message,
    MessageKind,
    NewRun,
    Outcome,
    Run,
    RunState,
    Writes,
)
from workflows.engine.operations.approval import DecisionMade
from workflows.engine.operations.child import limits
from workflows.engine.plan import plan_of
from workflows.engine.ports import Clock, Committed, Queue, RunQuery, Store, View


class Service:
    """What people and triggers may ask of runs. Every method says in words why it refuses."""

    def __init__(
        self,
        store: Store,
        queue: Queue,
        clock: Clock,
        catalogue: Catalogue,
        access: Access = Access(),
        approvers: Sequence[str] = (),
    ) -> None:
        self.store = store
        self.catalogue = catalogue
        self.access = access
        self._queue = queue
        self._clock = clock
        self._approvers = tuple(approvers)

    # starting --------------------------------------------------------------------------------------------

    def start(
        self,
        name: str,
        given: Any,
        *,
        by: str,
        key: str | None = None,
        channel: str = "",
        labels: dict[str, str] | None = None,
    ) -> Run:
        """Start a run. `given` is the input as plain values or as the workflow's model.

        `key` makes a repeat harmless: a second start of the same workflow with it returns the first run.
        """
        workflow = self.catalogue.get(name)
        self.access.start(by, workflow)
        plan = plan_of(workflow)
        if not self._approvers and any(not node.names_approvers for node in plan.approvals()):
            raise Refused(f"{name} asks for an approval and names nobody: set BATON_APPROVERS to those who may decide.")
        text = self.checked_input(workflow, given)
        now = self._clock.now()
        run = Run(
            new_id(), name, workflow.title, RunState.QUEUED, text, now, version=plan.version, queue=workflow.queue,
            started_by=by, channel=channel, dedupe=key, labels=json.dumps(labels or {}, sort_keys=True),
            **limits(workflow, text, now),
        )  # fmt: skip
        writes = Writes(events=(Event(run.id, "run.queued", now, actor=by),), audit=(Audit(now, by, "start", run.id),))
        created = self.store.create(NewRun(run), writes)
        self._queue.ring(created.rings)
        return created.run

    def checked_input(self, workflow: Workflow[Any, Any], given: Any) -> str:
        """The input as canonical JSON; raises InvalidInput that names each wrong field."""
        try:
            value = TypeAdapter(workflow.input_type).validate_python(given)
            return codec.encode(value, "The input")
        except ValidationError as error:
            said = "; ".join(
                f"{'.'.join(str(part) for part in e['loc']) or 'input'}: {e['msg']}" for e in error.errors()
            )
            raise InvalidInput(
                f"{workflow.name} can't start with this input. {said}. "
                f"See `baton workflows {workflow.name}` for its fields."
            ) from None
        except CodecError as error:
            raise InvalidInput(str(error)) from None

    # talking to a run ------------------------------------------------------------------------------------

    def signal(self, run_id: str, name: str, payload: Any = None, *, by: str, message_id: str = "") -> None:
        """Send a named message to a run; one sent before the run waits for it is kept."""
        text = codec.encode(payload, f"The payload of {name}")

        def change(view: View) -> Writes:
            self.access.steer(by, view.run, "signal")
            if view.run.state in OVER:
                raise Refused(f"Run {run_id} is {view.run.state}: it takes no signals any more.")
            message = Message(message_id or new_id(), run_id, MessageKind.SIGNAL, name, text, view.now, by)
            return Writes(messages=(message,), audit=(Audit(view.now, by, "signal", run_id, name),))

        self.change(run_id, change)

    def decide(self, approval_id: str, outcome: Outcome, *, by: str, comment: str = "") -> Approval:
        """Answer an approval. Raises Refused with the reason: not an approver, the starter, decided already."""
        asked = self.store.approval(approval_id)
        if asked is None:
            raise Refused(f"There is no approval {approval_id}. `baton approvals` lists those that are open.")

        changed_by = {entry.actor for entry in self.store.audit(asked.run_id) if entry.verb in ("edit", "skip", "fork")}

        def change(view: View) -> Writes:
            approval = view.approval(approval_id) or asked
            self._check_open(view, approval)
            self.access.decide(by, approval, changed_by | {view.run.started_by})
            return self._decision(view, approval, Decision(approval_id, by, outcome, view.now, comment))

        self.change(asked.run_id, change)
        return self.store.approval(approval_id) or asked

    def _check_open(self, view: View, approval: Approval) -> None:
        if approval.state is ApprovalState.OPEN and (approval.due_at is None or view.now < approval.due_at):
            return
        made = view.decisions(approval.id)
        if approval.state is ApprovalState.DECIDED and made:
            raise Refused(f"{approval.title} was already {approval.outcome} by {made[-1].by}.")
        if approval.state is ApprovalState.VOID:
            raise Refused(f"{approval.title} is no longer asked for.")
        raise Refused(f"{approval.title} expired before anybody decided.")

    def _decision(self, view: View, approval: Approval, decision: Decision) -> Writes:
        votes = {made.by: made for made in view.decisions(approval.id)} | {decision.by: decision}
        agreed = sum(made.outcome is Outcome.APPROVED for made in votes.values())
        data = json.dumps(
            {"approval": approval.id, "name": approval.name, "outcome": decision.outcome, "comment": decision.comment}
        )
        audit = (Audit(view.now, decision.by, f"decide {decision.outcome}", approval.run_id, approval.name),)
        if decision.outcome is Outcome.APPROVED and agreed < approval.quorum:
            voted = Event(approval.run_id, "approval.voted", view.now, data, decision.by)
            return Writes(decisions=(decision,), events=(voted,), audit=audit)
        made = DecisionMade(approval.name, decision.outcome, decision.comment, decision.by)
        message = Message(
            f"decision-{approval.id}", approval.run_id, MessageKind.DECISION, approval.id,
            codec.encode(made, "The decision"), view.now, decision.by,
        )  # fmt: skip
        closed = replace(
            approval, state=ApprovalState.DECIDED, outcome=decision.outcome, closed_at=view.now, remind_at=None
        )
        told = Event(approval.run_id, "approval.decided", view.now, data, decision.by)
        return Writes(decisions=(decision,), approvals=(closed,), messages=(message,), events=(told,), audit=audit)

    def cancel(self, run_id: str, *, by: str, reason: str = "") -> None:
        """Ask a run to end; it undoes what its sagas say first."""

        def change(view: View) -> Writes:
            run = view.run
            self.access.steer(by, run, "cancel")
            if run.state in OVER:
                raise Refused(f"Run {run_id} is {run.state} already.")
            if run.cancel is not None and run.state is RunState.PARKED:
                raise Refused(
                    f"Run {run_id} could not be cancelled, since it is parked on the way. "
                    "Put it right and resume it, or discard it, which undoes nothing."
                )
            if run.cancel is not None:
                raise Refused(f"Run {run_id} is being cancelled already: {run.cancel}.")
            words = f"cancelled by {by}" + (f": {reason}" if reason else "")
            audit = (Audit(view.now, by, "cancel", run_id, reason),)
            return Writes(cancels=((run_id, words),), audit=audit)

        self.change(run_id, change)

    def restored(self, *, by: str) -> int:
        """Say that the database came back from a backup: every run that is not over asks before it acts.

        A step that is not idempotent and not recorded is looked for at its service before its first attempt;
        where there is no way to ask, the run is parked. How many runs that concerns.
        """
        page, before, count = RunQuery(states=OPEN | {RunState.PARKED}, limit=500), "", 0
        while runs := self.store.runs(replace(page, before=before)):
            for run in runs:
                self.change(run.id, lambda view: _restored(view, by))
            before, count = runs[-1].id, count + len(runs)
        return count

    # -----------------------------------------------------------------------------------------------------

    def change(self, run_id: str, change: Callable[[View], Writes]) -> Committed:
        """One transaction on a run, then its rings."""
        committed = self.store.transact(run_id, change)
        self._queue.ring(committed.rings)
        return committed

    def find(self, part: str) -> Run:
        """The run whose id is, begins or ends with `part`; raises Refused when that is not exactly one."""
        found = self.store.runs(RunQuery(id_part=part, limit=2))
        if len(found) == 1:
            return found[0]
        if not found:
            raise Refused(f"There is no run {part}. `baton runs` lists them.")
        raise Refused(f"More than one run's id begins or ends with {part}. Give more of it.")

    def find_approval(self, wanted: str) -> Approval:
        """An approval by its id, a part of it, or its run's id."""
        exact = self.store.approval(wanted)
        if exact is not None:
            return exact
        fits = [
            a
            for a in self.store.approvals(limit=1000)
            if wanted and (wanted in (a.id[: len(wanted)], a.id[-len(wanted) :]) or a.run_id.endswith(wanted))
        ]
        if len(fits) != 1:
            words = "There is no open approval" if not fits else "More than one open approval fits"
            raise Refused(f"{words} {wanted}. `baton approvals` lists them.")
        return fits[0]

    def rescue(self, *, limit: int = 200, grace: timedelta = timedelta(seconds=5)) -> int:
        """Ring what can go on and may have been forgotten; how many were rung."""
        rings = self.store.rescue(limit=limit, grace=grace)
        self._queue.ring(rings)
        return len(rings)

    def is_open(self, run: Run) -> bool:
        return run.state in OPEN


def _restored(view: View, by: str) -> Writes:
    return Writes(run={"restored_at": view.now}, audit=(Audit(view.now, by, "restored", view.run.id),))


def words_for(error: BatonError) -> str:
    """One line for the person at the command."""
    return str(error).split("\n", 1)[0]
