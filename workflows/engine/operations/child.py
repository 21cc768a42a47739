"""child: a run started by another run. Results, errors and cancellation cross both ways."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from workflows.engine import codec
from workflows.engine.cursor import Cursor
from workflows.engine.definition import Workflow
from workflows.engine.errors import ChildFailed, Ended, Interruption
from workflows.engine.ids import new_id
from workflows.engine.model import Event, Kind, Message, MessageKind, NewRun, Record, Run, RunState, Writes
from workflows.engine.operations.wait import Settled


@dataclass(frozen=True)
class ChildEnd:
    """How a child ended, as its message to the parent says."""

    state: RunState
    output: str | None = None
    """JSON text."""
    reason: str = ""


class ChildWait:
    """Until the child run is over."""

    kind = Kind.CHILD

    def __init__(self, workflow: Workflow[Any, Any], given: Any, queue: str) -> None:
        self.name = workflow.name
        self.result = workflow.output_type
        self._workflow = workflow
        self._input = codec.encode(given, f"The input of the child {workflow.name}")
        self._queue = queue or workflow.queue

    def input(self) -> str:
        return self._input

    def title(self) -> str:
        return self._workflow.title

    def open(self, cursor: Cursor, record: Record) -> tuple[Record, Writes, tuple[Event, ...]]:
        parent, now = cursor.turn.run, cursor.turn.now()
        child = Run(
            new_id(), self.name, self._workflow.title, RunState.QUEUED, self._input, now, queue=self._queue,
            started_by=parent.started_by, channel=parent.channel, parent_id=parent.id,
            parent_key=address(record), **limits(self._workflow, self._input, now),
        )  # fmt: skip
        told = cursor.event("child.started", json.dumps({"run": child.id, "key": record.key}))
        return replace(record, detail=json.dumps({"run": child.id})), Writes(starts=(NewRun(child),)), (told,)

    def poll(self, cursor: Cursor, record: Record, _now: datetime) -> Settled | None:
        message = cursor.turn.message(lambda m: _ends(m, record))
        if message is None:
            return None
        end: ChildEnd = codec.decode(message.payload, ChildEnd, f"The end of {record.key}")
        if end.state is RunState.SUCCEEDED:
            return Settled(end.output, message=message)
        return Settled(error=ChildFailed(self.name, end.reason, state=end.state.value), message=message)

    def withdraw(self, cursor: Cursor, record: Record) -> Writes:
        child = json.loads(record.detail or "{}")["run"]
        return Writes(cancels=((child, f"its parent {cursor.turn.run.id} no longer waits for it"),))

    def holds(self, cursor: Cursor, record: Record, ending: Interruption) -> bool:
        """A child that undoes its own work is waited for before the parent undoes its."""
        if not isinstance(ending, Ended):
            return False
        if cursor.turn.message(lambda m: _ends(m, record)) is not None:
            return False
        cursor.buffer.writes.append(self.withdraw(cursor, record))
        return True


def _ends(message: Message, record: Record) -> bool:
    child = json.loads(record.detail or "{}").get("run")
    return message.kind is MessageKind.CHILD and message.name == address(record) and message.sent_by == child


def address(record: Record) -> str:
    """Where a child's end is sent: the waiting record, in its generation."""
    return f"{record.generation}/{record.key}"


def limits(workflow: Workflow[Any, Any], given: str, now: datetime) -> dict[str, Any]:
    """The columns of a new run that its workflow's limits decide."""
    columns: dict[str, Any] = {}
    if workflow.timeout is not None:
        columns["deadline"] = now + workflow.timeout
    if workflow.limit is not None:
        value = codec.decode(given, workflow.input_type, f"The input of {workflow.name}")
        columns["limit_key"] = f"{workflow.limit.key(value)}"
        columns["limit_runs"] = workflow.limit.runs
    return columns
