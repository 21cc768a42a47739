"""What all waits share: open once, look for the end, suspend until then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from workflows.engine.copying import replace
from workflows.engine.cursor import Cursor, Place
from workflows.engine.detail import replayed
from workflows.engine.errors import BodyError, BranchStopped, Ended, Interruption
from workflows.engine.model import DONE, Event, Kind, Message, Record, StepState, Writes
from workflows.engine.problem import problem_of
from workflows.engine.turn import INLINE_WAIT


@dataclass(frozen=True)
class Settled:
    """How a wait ended: the JSON of its result, or the error that the body gets."""

    output: str | None = None
    error: BodyError | None = None
    message: Message | None = None
    """The message that ended it, taken with the record."""
    writes: Writes = Writes()
    only_if_unchanged: bool = False
    """Hold only when the inbox has not grown: a decision that came first wins over the time-out."""


class Wait(Protocol):
    """One thing to wait for."""

    @property
    def kind(self) -> Kind: ...
    @property
    def name(self) -> str: ...
    @property
    def result(self) -> Any:
        """The type of its result."""

    def input(self) -> str:
        """Canonical JSON of what was asked, for the order check."""

    def title(self) -> str: ...

    def open(self, cursor: Cursor, record: Record) -> tuple[Record, Writes, tuple[Event, ...]]:
        """The record of the open wait, and what is written with it."""

    def poll(self, cursor: Cursor, record: Record, now: datetime) -> Settled | None:
        """How it ended, None while it goes on."""

    def withdraw(self, cursor: Cursor, record: Record) -> Writes:
        """What is written when nobody waits for it any more."""

    def holds(self, cursor: Cursor, record: Record, ending: Interruption) -> bool:
        """Whether it is waited for even though the run ends, as for a child that is being cancelled."""


def await_one(cursor: Cursor, wait: Wait, digest: str) -> Any:
    """Wait for one thing; raises Suspended while it goes on."""
    place = cursor.begin(wait.kind, wait.name, digest=digest, title=wait.title())
    if place.found is not None and place.found.state in DONE:
        return replayed(place.found, wait.result)
    record = place.found
    interruption = cursor.interruption()
    if interruption is not None and not (record is not None and wait.holds(cursor, record, interruption)):
        if record is not None and isinstance(interruption, Ended | BranchStopped):
            cursor.buffer.writes.append(wait.withdraw(cursor, record))
        cursor.go_on()
    if record is None:
        record = opened(cursor, place, wait)
    while True:
        settled = wait.poll(cursor, record, cursor.turn.now())
        if settled is None:
            pause(cursor, record)
            continue
        finished = settle(cursor, record, settled)
        if finished is not None:
            return replayed(finished, wait.result)


def opened(cursor: Cursor, place: Place, wait: Wait) -> Record:
    """Open a wait; it is written with the branch's next commit, at the latest when the run suspends."""
    fresh = replace(cursor.new(place, StepState.RUNNING), input=wait.input())
    record, writes, events = wait.open(cursor, fresh)
    return cursor.keep(record, writes, *events)


def pause(cursor: Cursor, *records: Record) -> None:
    """Wait inline for a timer that is about to fire, else suspend the branch."""
    now = cursor.turn.now()
    due = min((record.due_at for record in records if record.due_at is not None), default=None)
    if due is None or due - now > INLINE_WAIT:
        raise cursor.suspend(*records)
    cursor.flush()
    cursor.turn.means.clock.sleep(due - now)


def settle(cursor: Cursor, record: Record, settled: Settled) -> Record | None:
    """Record how a wait ended; None when the inbox had grown and it must be looked at again."""
    if settled.message is not None and not cursor.turn.take(settled.message):
        return None
    error = problem_of(settled.error, record.key).text() if settled.error else None
    state = StepState.FAILED if settled.error else StepState.SUCCEEDED
    finished = replace(record, state=state, output=settled.output, error=error, ended_at=cursor.turn.now(), due_at=None)
    writes = settled.writes
    if settled.message is not None:
        writes = replace(writes, taken=(*writes.taken, (settled.message.id, record.key)))
    if not settled.only_if_unchanged:
        return cursor.commit(finished, writes=writes)
    finished = cursor.turn.history.put(finished)
    if cursor.turn.commit(cursor.buffer, replace(writes, records=(finished,)), expect_inbox=cursor.turn.inbox.counter):
        return finished
    cursor.turn.history.put(record)
    return None
