"""Commands from outside: one transaction each, then a ring."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError

from workflows.engine import codec, deciding
from workflows.engine.access import Access
from workflows.engine.advance import Catalogue
from workflows.engine.answers import problems_of
from workflows.engine.approving.book import NO_POLICIES, Book
from workflows.engine.deciding import Given
from workflows.engine.definition import Workflow
from workflows.engine.errors import BatonError, CodecError, InvalidInput, Refused
from workflows.engine.ids import new_id
from workflows.engine.looking import approval_by_part, run_by_part, seen_runs
from workflows.engine.model import (
    OPEN,
    OVER,
    Approval,
    Audit,
    Event,
    Message,
    MessageKind,
    NewRun,
    Outcome,
    Pause,
    Run,
    RunState,
    Writes,
)
from workflows.engine.operations.child import limits
from workflows.engine.plan import plan_of
from workflows.engine.ports import Clock, Committed, Queue, Ring, RunQuery, Store, View
from workflows.engine.preview import NOBODY, Preview, check_policies, preview
from workflows.engine.starting import checked_labels, checked_time, is_internal, refuse_internal, until


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
        *,
        channel: str = "",
        book: Book = NO_POLICIES,
    ) -> None:
        """`channel` is where runs are shown that are started without one."""
        self.book = book
        self.store = store
        self.catalogue = catalogue
        self.access = access
        self._queue = queue
        self._clock = clock
        self.approvers = tuple(approvers)
        self._channel = channel

    # starting --------------------------------------------------------------------------------------------

    def start(
        self,
        name: str,
        given: Any,
        *,
        by: str,
        key: str | None = None,
        channel: str = "",
        labels: Mapping[str, str] | None = None,
        at: datetime | None = None,
    ) -> Run:
        """Start a run. `given` is the input as plain values or as the workflow's model.

        `key` makes a repeat harmless: a second start of the same workflow with it returns the first run.
        With a time to come as `at`, the run is recorded and waits until then.
        """
        workflow = self.catalogue.get(name)
        refuse_internal(workflow)
        self.access.start(by, workflow)
        text = self.startable(workflow, given)
        new, writes = self.prepared(
            workflow, text, by=by, key=key, channel=channel, labels=labels or {}, later=checked_time(at, self.now())
        )
        created = self.store.create(new, writes)
        self._queue.ring(created.rings)
        return created.run

    def startable(self, workflow: Workflow[Any, Any], given: Any) -> str:
        """The input as canonical JSON; raises InvalidInput, and Refused where nobody could decide."""
        if not self.approvers and any(not node.names_approvers for node in plan_of(workflow).approvals()):
            raise Refused(NOBODY.format(workflow.name))
        check_policies(self.book, workflow)
        return self.checked_input(workflow, given)

    def prepared(
        self,
        workflow: Workflow[Any, Any],
        text: str,
        *,
        by: str,
        labels: Mapping[str, str],
        key: str | None = None,
        channel: str = "",
        later: datetime | None = None,
        detail: str = "",
    ) -> tuple[NewRun, Writes]:
        """A run that is ready to be recorded, with its first event and its audit entry."""
        carried, now = checked_labels(labels), self._clock.now()
        run = Run(
            new_id(), workflow.name, workflow.title, RunState.QUEUED, text, now, version=plan_of(workflow).version,
            queue=workflow.queue, started_by=by, channel=channel or self._channel, dedupe=key, labels=carried,
            due_at=later, waiting=until(later), **limits(workflow, text, later or now),
        )  # fmt: skip
        data = json.dumps({"at": later.isoformat()}) if later else "{}"
        queued = Event(run.id, "run.queued", now, data, by)
        new = NewRun(run, shown=not workflow.internal)
        return new, Writes(events=(queued,), audit=(Audit(now, by, "start", run.id, detail),))

    def ring(self, rings: Sequence[Ring]) -> None:
        """Tell workers of runs that were recorded elsewhere."""
        self._queue.ring(rings)

    def preview(self, name: str, given: Any, *, by: str) -> Preview:
        """What a start would do, and what is in its way; nothing is written and no step is taken.

        Raises UnknownWorkflow, and InvalidInput for an input that does not fit.
        """
        workflow = self.catalogue.get(name)
        return preview(self, workflow, self.checked_input(workflow, given), by, self.approvers)

    def checked_input(self, workflow: Workflow[Any, Any], given: Any) -> str:
        """The input as canonical JSON; raises InvalidInput that names each wrong field."""
        try:
            value = TypeAdapter(workflow.input_type).validate_python(given)
            return codec.encode(value, "The input")
        except ValidationError as error:
            wrong = problems_of(error)
            said = "; ".join(f"{name or 'input'}: {words}" for name, words in wrong.items())
            raise InvalidInput(
                f"{workflow.name} can't start with this input. {said}. "
                f"See `baton workflows {workflow.name}` for its fields.",
                wrong,
            ) from None
        except CodecError as error:
            raise InvalidInput(str(error)) from None

    # talking to a run ------------------------------------------------------------------------------------

    def signal(self, run_id: str, name: str, payload: Any = None, *, by: str, message_id: str = "") -> None:
        """Send a named message to a run; one sent before the run waits for it is kept."""
        text = codec.encode(payload, f"The payload of {name}")

        self.access.steer(by, self.store.run(run_id), "signal")

        def change(view: View) -> Writes:
            if view.run.state in OVER:
                raise Refused(f"Run {run_id} is {view.run.state}: it takes no signals any more.")
            message = Message(message_id or new_id(), run_id, MessageKind.SIGNAL, name, text, view.now, by)
            return Writes(messages=(message,), audit=(Audit(view.now, by, "signal", run_id, name),))

        self.change(run_id, change)

    def decide(
        self,
        approval_id: str,
        outcome: Outcome,
        *,
        by: str,
        comment: str = "",
        digest: str = "",
        fields: Mapping[str, Any] | None = None,
        edited: Mapping[str, Any] | None = None,
        seen: Approval | None = None,
    ) -> Approval:
        """Answer an approval; the approval as it stands then.

        `digest` (or its first sixteen characters) binds the answer to what the person saw. `fields` are the
        values filled in, `edited` other values for what may be edited: both go with an approval. The same
        answer of the same person once more is harmless. Raises NotAllowed, Decided when it is too late,
        Changed when it is another than they saw, InvalidInput for values that do not fit. `seen` is the approval
        as it was read just now: it need not be read again.
        """
        answer = Given(approval_id, outcome, by, comment, digest, fields, edited)
        return deciding.decide(self, answer, seen)

    def reassign(self, approval_id: str, to: Sequence[str], *, by: str, reason: str = "") -> Approval:
        """Hand an open approval to others: people, roles or groups. Votes given before count no more."""
        return deciding.reassign(self, approval_id, tuple(dict.fromkeys(to)), by, reason)

    def cancel(self, run_id: str, *, by: str, reason: str = "") -> None:
        """Ask a run to end; it undoes what its sagas say first."""
        self.access.steer(by, self.store.run(run_id), "cancel")

        def change(view: View) -> Writes:
            run = view.run
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

    # pauses ----------------------------------------------------------------------------------------------

    def pause(self, workflow: str = "", *, by: str, reason: str = "") -> Pause:
        """Let no worker take this workflow's runs ("" for all runs) until `unpause`; what is at work goes on.

        Runs are recorded meanwhile, and wait. Runs that are cancelled still end.
        """
        self.access.administer(by, f"pause {workflow or 'everything'}")
        if workflow:
            self.catalogue.get(workflow)
        made = Pause(workflow, by, self._clock.now(), reason)
        self.store.pause(made)
        return made

    def unpause(self, workflow: str = "", *, by: str) -> None:
        """Lift a pause: what waited goes on at once. Raises Refused when there is none."""
        self.access.administer(by, f"unpause {workflow or 'everything'}")
        if not self.store.unpause(workflow, by):
            others = ", ".join(pause.workflow or "everything" for pause in self.store.pauses())
            raise Refused(f"{workflow or 'Everything'} is not paused.{f' Paused: {others}.' if others else ''}")
        self.rescue()

    def pauses(self) -> list[Pause]:
        """What is paused now; what holds for everything comes first."""
        return list(self.store.pauses())

    # looking ---------------------------------------------------------------------------------------------

    def look(self, part: str, *, by: str) -> Run:
        """The run whose id is, begins or ends with `part`, if this person may see it."""
        run = self.find(part)
        self.access.see(by, run, self.store.approvals(run_id=run.id, state=None))
        return run

    def listed(self, query: RunQuery, *, by: str) -> list[Run]:
        """The runs asked for that this person may see, newest first."""
        return seen_runs(self.store, self.access, query, by, lambda name: is_internal(self.catalogue, name))

    def find(self, part: str) -> Run:
        """The run whose id is, begins or ends with `part`, whoever asks; raises Refused when it is not exactly one."""
        return run_by_part(self.store, part)

    def find_approval(self, wanted: str) -> Approval:
        """An approval by its id, a part of it, or its run's id; raises Refused when it is not exactly one."""
        return approval_by_part(self.store, wanted)

    # -----------------------------------------------------------------------------------------------------

    def change(self, run_id: str, change: Callable[[View], Writes], *, about: str = "") -> Committed:
        """One transaction on a run, then its rings; see `Store.transact`."""
        committed = self.store.transact(run_id, change, about=about)
        self._queue.ring(committed.rings)
        return committed

    def rescue(self, *, limit: int = 200, grace: timedelta = timedelta(seconds=5)) -> int:
        """Ring what can go on and may have been forgotten; how many were rung."""
        rings = self.store.rescue(limit=limit, grace=grace)
        self._queue.ring(rings)
        return len(rings)

    def now(self) -> datetime:
        """The time by which commands are judged."""
        return self._clock.now()

    def is_open(self, run: Run) -> bool:
        return run.state in OPEN


def _restored(view: View, by: str) -> Writes:
    return Writes(run={"restored_at": view.now}, audit=(Audit(view.now, by, "restored", view.run.id),))


def words_for(error: BatonError) -> str:
    """One line for the person at the command."""
    return str(error).split("\n", 1)[0]
