"""How a run is left: what it waits for, what its end leaves to do, why it is parked."""

from __future__ import annotations

import json
from dataclasses import dataclass

from workflows.engine import codec
from workflows.engine.copying import replace
from workflows.engine.cursor import Cursor
from workflows.engine.ids import new_id
from workflows.engine.letters.joining import letter_of
from workflows.engine.model import (
    Event,
    Kind,
    Message,
    MessageKind,
    Record,
    RunChange,
    RunState,
    Writes,
)
from workflows.engine.operations.child import ChildEnd
from workflows.engine.problem import Problem
from workflows.engine.turn import Turn
from workflows.engine.withdrawal import loose_ends


@dataclass(frozen=True)
class Waiting:
    """One thing that a run waits for, as people see it."""

    kind: str
    name: str
    key: str
    due_at: str = ""
    approval: str = ""


def park(turn: Turn, cursor: Cursor, problem: Problem) -> None:
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
    turn.leave(cursor.buffer, Writes(events=events, run=change, letter=letter_of(turn.run, problem, now)))


def with_loose_ends(turn: Turn, writes: Writes) -> Writes:
    """What an ended run must not leave behind: open approvals and children that nobody waits for."""
    approvals, cancels = loose_ends(turn, turn.history.unfinished())
    return replace(writes, approvals=(*writes.approvals, *approvals), cancels=(*writes.cancels, *cancels))


def to_parent(turn: Turn, end: ChildEnd) -> tuple[Message, ...]:
    run = turn.run
    if run.parent_id is None or run.parent_key is None:
        return ()
    return (
        Message(
            new_id(), run.parent_id, MessageKind.CHILD, run.parent_key, codec.encode(end, "The end"), turn.now(), run.id
        ),
    )


def waiting_for(record: Record) -> Waiting:
    detail = json.loads(record.detail or "{}")
    kind = "retry" if record.kind in (Kind.STEP, Kind.COMPENSATION) else str(record.kind)
    due = record.due_at.isoformat() if record.due_at else ""
    return Waiting(kind, record.name, record.key, due, detail.get("approval", ""))
