"""first: whichever of several waits comes first. The others are withdrawn."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from workflows.engine import codec
from workflows.engine.cursor import Cursor, Place
from workflows.engine.detail import replayed
from workflows.engine.errors import BranchStopped, Ended, Parked
from workflows.engine.model import DONE, Kind, Record, StepState
from workflows.engine.operations.wait import Settled, Wait, opened, pause
from workflows.engine.problem import problem_of

T = TypeVar("T")


@dataclass(frozen=True)
class Won(Generic[T]):
    """Which wait came first, counted from 0, and what it brought."""

    index: int
    value: T


def first(cursor: Cursor, waits: list[Wait]) -> Won[Any]:
    """Open every wait, then take the one that ends first; among those that ended, the one whose message came first."""
    asked = codec.encode([[str(wait.kind), wait.name, json.loads(wait.input())] for wait in waits], "first")
    place = cursor.begin(Kind.FIRST, "first", digest=codec.digest(asked), title="Whichever comes first")
    if place.found is not None and place.found.state in DONE:
        return _winner(cursor, place, place.found, waits)
    interruption = cursor.interruption()
    if interruption is not None:
        if isinstance(interruption, Ended | BranchStopped):
            _withdraw(cursor, place, waits)
        cursor.go_on()
    own = place.found or cursor.keep(cursor.new(place, StepState.RUNNING))
    while True:
        records = [_branch(cursor, place, index, wait) for index, wait in enumerate(waits)]
        ended = _ended(cursor, waits, records)
        if ended is None:
            pause(cursor, *records)
            continue
        if cursor.buffer.records:
            cursor.flush()  # a loser can only be withdrawn once it is written
            continue
        finished = _finish(cursor, own, waits, records, ended)
        if finished is not None:
            return _winner(cursor, place, finished, waits)


def _branch(cursor: Cursor, place: Place, index: int, wait: Wait) -> Record:
    key = f"{place.inner}{index}:{wait.name}"
    inner = Place(key, place.inner, index, wait.kind, wait.name, "", wait.title(), None)
    found = cursor.turn.history.at(place.inner, index)
    return found if found is not None else opened(cursor, inner, wait)


def _ended(cursor: Cursor, waits: list[Wait], records: list[Record]) -> tuple[int, Settled] | None:
    now = cursor.turn.now()
    ends = [
        (index, settled)
        for index, (wait, record) in enumerate(zip(waits, records, strict=True))
        if (settled := wait.poll(cursor, record, now))
    ]
    by_message = [end for end in ends if end[1].message is not None]
    if by_message:
        return min(by_message, key=lambda end: (end[1].message.sent_at, end[1].message.id) if end[1].message else ())
    return min(ends, key=lambda end: (records[end[0]].due_at or now, end[0])) if ends else None


def _finish(
    cursor: Cursor, own: Record, waits: list[Wait], records: list[Record], ended: tuple[int, Settled]
) -> Record | None:
    index, settled = ended
    now = cursor.turn.now()
    history = cursor.turn.history
    if settled.message is not None and not cursor.turn.take(settled.message):
        return None
    error = problem_of(settled.error, records[index].key).text() if settled.error else None
    state = StepState.FAILED if settled.error else StepState.SUCCEEDED
    won = history.put(
        replace(records[index], state=state, output=settled.output, error=error, ended_at=now, due_at=None)
    )
    finished = history.put(replace(own, state=StepState.SUCCEEDED, output=json.dumps(index), ended_at=now))
    writes = settled.writes
    if settled.message is not None:
        writes = replace(writes, taken=((settled.message.id, won.key),))
    losers = [
        (record, wait.withdraw(cursor, record))
        for wait, record in zip(waits, records, strict=True)
        if record.key != won.key and record.state not in DONE
    ]
    skipped = [replace(record, state=StepState.SKIPPED, ended_at=now, due_at=None) for record, _ in losers]
    writes = replace(
        writes,
        records=(won, finished, *(history.put(record) for record in skipped)),
        approvals=(*writes.approvals, *(a for _, w in losers for a in w.approvals)),
        cancels=(*writes.cancels, *(c for _, w in losers for c in w.cancels)),
    )
    if not cursor.turn.commit(cursor.buffer, writes, expect_inbox=cursor.turn.inbox.counter):
        history.put(records[index])
        history.put(own)
        for record, _ in losers:
            history.put(record)
        if settled.message is not None:
            cursor.turn.give_back(settled.message)
        return None
    return finished


def _withdraw(cursor: Cursor, place: Place, waits: list[Wait]) -> None:
    for index, wait in enumerate(waits):
        record = cursor.turn.history.at(place.inner, index)
        if record is not None and record.state not in DONE:
            skipped = replace(record, state=StepState.SKIPPED, ended_at=cursor.turn.now(), due_at=None)
            cursor.keep(skipped, wait.withdraw(cursor, record))


def _winner(cursor: Cursor, place: Place, record: Record, waits: list[Wait]) -> Won[Any]:
    index = int(record.output or "0")
    won = cursor.turn.history.at(place.inner, index)
    if won is None or index >= len(waits):
        raise Parked(f"{record.key} was won by a wait that history no longer has. Fork the run before it.")
    return Won(index, replayed(won, waits[index].result))
