"""A recorded run in a test: its steps' results pinned, its decisions, signals and children's ends given again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.engine import codec
from workflows.engine.definition import Workflow
from workflows.engine.errors import BatonError, Parked
from workflows.engine.exporting import Export, read_export
from workflows.engine.ids import new_id
from workflows.engine.model import (
    DONE,
    ApprovalState,
    Kind,
    Message,
    MessageKind,
    Outcome,
    Record,
    RunState,
    StepState,
    Writes,
)
from workflows.engine.operations.child import ChildEnd, address
from workflows.engine.policy import Effect, current_call
from workflows.engine.ports import View
from workflows.engine.problem import problem_from
from workflows.engine.replaying import replay
from workflows.engine.testing.installed import Installed
from workflows.engine.verdict import Replayed

if TYPE_CHECKING:
    from workflows.engine.testing.harness import Harness


def replayed_export(path: Path | str, *workflows: Workflow[Any, Any]) -> Replayed:
    """Replay an exported run on these workflows, with the order check; `fits` says whether it goes on as before."""
    seen = read_export(path).seen
    return replay(seen, Installed(workflows), approvers=("test:editor",))


class Pins(dict[str, Callable[..., Any]]):
    """What is called in place of steps: what a test gave, else what the export holds under the step's key."""

    def __init__(self, export: Export) -> None:
        super().__init__()
        self._run = export.seen.run
        kinds = (Kind.STEP, Kind.COMPENSATION)
        self._records = {r.key: r for r in export.seen.records if r.kind in kinds and r.state in DONE}

    def get(self, name: str, _default: Any = None) -> Callable[..., Any]:
        return self[name] if name in self else partial(self._pinned, name)

    def _pinned(self, name: str, *_args: Any, **_kwargs: Any) -> Any:
        call = current_call()
        assert call is not None
        record = self._records.get(call.at)
        if record is None:
            raise Parked(
                f"The export of run {self._run.id} holds no result of {call.at}. "
                f"Give it one with harness.given(…) for {name}."
            )
        if record.state is StepState.FAILED:
            raise _failure(record)
        return json.loads(record.output or "null")


def _failure(record: Record) -> Exception:
    """An error that the engine records as it was recorded."""
    problem = problem_from(record.error)
    if problem is None:
        raise Parked(f"{record.key} failed, but its record holds no error.")
    told = {"retryable": False, "effect": Effect(problem.effect or "none")}
    error: Exception = type(problem.cause or "Failed", (Exception,), told)(problem.message)
    return error


def checked(export: Export, workflows: tuple[Workflow[Any, Any], ...]) -> Export:
    """The export, if the workflow of its run is among these."""
    name = export.seen.run.workflow
    if name not in {workflow.name for workflow in workflows}:
        raise BatonError(f"The export is of a run of {name}: give that workflow, Harness.from_export(path, {name}).")
    return export


# what came from outside ------------------------------------------------------------------------------------


def play(harness: Harness, export: Export) -> str:
    """Start a run with the recorded input, and give it what was recorded from outside whenever it waits for that."""
    original = export.seen.run
    run_id = harness.start(original.workflow, json.loads(original.input))
    recorded = {record.key: record for record in export.seen.records if record.state in DONE}
    while harness.state(run_id) is RunState.WAITING and _given(harness, run_id, recorded):
        pass
    return run_id


def _given(harness: Harness, run_id: str, recorded: dict[str, Record]) -> bool:
    """Give one thing that the run waits for; False when nothing of it is recorded."""
    for wait in json.loads(harness.run(run_id).waiting or "[]"):
        if wait["kind"] == "retry":
            harness.skip(_until(harness, wait["due_at"]))
            return True
        record = recorded.get(wait["key"])
        if record is None or (record.state is StepState.SKIPPED and record.output is None):
            continue
        if record.kind is Kind.SLEEP or (record.kind is Kind.SIGNAL and record.state is StepState.FAILED):
            harness.skip(_until(harness, wait["due_at"]))
        else:
            _send(harness, run_id, wait["key"], record)
        return True
    return False


def _until(harness: Harness, due_at: str) -> timedelta:
    return max(datetime.fromisoformat(due_at) - harness.clock.now(), timedelta(0))


def _send(harness: Harness, run_id: str, key: str, record: Record) -> None:
    def change(view: View) -> Writes:
        open_record = next(one for one in view.records() if one.key == key)
        kind, name, payload, sender = _message(open_record, record)
        message = Message(new_id(), run_id, kind, name, payload, view.now, sender)
        approval = view.approval(name) if kind is MessageKind.DECISION else None
        if approval is None:
            return Writes(messages=(message,))
        outcome = Outcome(json.loads(payload)["outcome"])
        closed = replace(
            approval, state=ApprovalState.DECIDED, outcome=outcome, closed_at=view.now, remind_at=None
        )  # fmt: skip
        return Writes(messages=(message,), approvals=(closed,))

    harness.service.change(run_id, change)
    harness.work()


def _message(waiting: Record, record: Record) -> tuple[MessageKind, str, str, str]:
    """What is sent to a wait: the kind, for whom, the payload, from whom."""
    detail = json.loads(waiting.detail or "{}")
    if record.kind is Kind.APPROVAL:
        return MessageKind.DECISION, detail["approval"], record.output or "null", "test:editor"
    if record.kind is Kind.SIGNAL:
        return MessageKind.SIGNAL, record.name, record.output or "null", "test:ana"
    problem = problem_from(record.error)
    end = ChildEnd(RunState.SUCCEEDED, record.output or "null")
    if problem is not None:
        end = ChildEnd(RunState(problem.outcome or "failed"), None, problem.message)
    return MessageKind.CHILD, address(waiting), codec.encode(end, "The end"), detail["run"]
