"""Where one branch of the code stands in history. Every verb goes through here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

from workflows.engine.copying import replace
from workflows.engine.errors import BranchStopped, Draining, Ended, Interruption, Suspended, VerbMisuse
from workflows.engine.model import Attempt, Event, Kind, Record, StepState, Writes
from workflows.engine.policy import current_call
from workflows.engine.turn import Buffer, Turn

_branch: ContextVar[str | None] = ContextVar("baton_branch", default=None)
"""The scope of the branch that this thread runs."""


@dataclass(frozen=True)
class Place:
    """A place in history that a verb asked for, with what is recorded there."""

    key: str
    scope: str
    ordinal: int
    kind: Kind
    name: str
    digest: str
    title: str
    found: Record | None

    @property
    def inner(self) -> str:
        """The scope of what happens within this operation."""
        return self.key + "/"


class Cursor:
    """Counts the verbs of one scope and writes their records."""

    def __init__(self, turn: Turn, scope: str = "", parent: Cursor | None = None) -> None:
        self.turn = turn
        self.scope = scope
        self.stop: Interruption | None = None
        """Set from outside: nothing that is not recorded yet may begin."""
        self._parent = parent
        self.buffer = Buffer()
        self.waits: dict[str, Record] = {}
        self._names: dict[str, int] = {}
        self._next = 0
        self._closed: Interruption | None = None

    # coming to a place -----------------------------------------------------------------------------------

    def begin(self, kind: Kind, name: str, *, digest: str = "", title: str = "") -> Place:
        """Come to the next place; raises an interruption when the code may not go on here."""
        self.check_thread(name)
        if self._closed is not None:
            raise self._closed
        number = self._names.get(name, 0) + 1
        key = f"{self.scope}{name}#{number}"
        try:
            found = self.turn.history.expect(self.scope, self._next, kind, key, digest)
        except Interruption as interruption:
            raise self.close(interruption) from None
        self._names[name] = number
        place = Place(key, self.scope, self._next, kind, name, digest, title, found)
        self._next += 1
        return place

    def peek(self) -> Record | None:
        """What is recorded at the next place, whatever the code is about to ask."""
        return self.turn.history.at(self.scope, self._next)

    def interruption(self) -> Interruption | None:
        """Why nothing new may begin here, if there is a reason."""
        if self.stop is not None:
            return self.stop
        return self._parent.interruption() if self._parent is not None else self.turn.interruption()

    def go_on(self) -> None:
        """Raise the interruption that forbids new work, if there is one."""
        interruption = self.interruption()
        if interruption is not None:
            self.close(interruption)
            ending = self.turn.ending_record()
            if ending is not None:
                self.keep(ending)
            raise interruption

    def check_thread(self, name: str) -> None:
        """Raise VerbMisuse when a verb is called inside a step, or on a run that belongs to another branch."""
        if current_call() is not None:
            raise self.close(
                VerbMisuse(
                    f"run.{name} was called inside a step. Steps can't hold steps: call it in the workflow's body."
                )
            )
        here = _branch.get()
        if here != self.scope:
            raise self.close(
                VerbMisuse(
                    f"{name} was asked of the outer run inside a branch. Use the run that the branch function was given"
                )
            )

    @contextmanager
    def entered(self) -> Iterator[None]:
        """This thread runs this cursor's branch."""
        token = _branch.set(self.scope)
        try:
            yield
        finally:
            _branch.reset(token)

    @contextmanager
    def closing(self) -> Iterator[None]:
        """Whatever stops a verb stops every later one, also those in a `finally`."""
        try:
            yield
        except Interruption as interruption:
            raise self.close(interruption) from None

    def close(self, interruption: Interruption) -> Interruption:
        """From now on every verb of this branch raises this interruption."""
        ends = Ended | BranchStopped  # these are followed by undoing, which may be interrupted itself
        if self._closed is None or (isinstance(self._closed, ends) and not isinstance(interruption, ends)):
            self._closed = interruption
        return self._closed

    @property
    def closed(self) -> Interruption | None:
        return self._closed

    @property
    def next_ordinal(self) -> int:
        return self._next

    def check_all_used(self) -> None:
        """Raise NonDeterminism when history has more than this branch asked for."""
        self.turn.history.check_all_used(self.scope, self._next)

    # writing ---------------------------------------------------------------------------------------------

    def new(self, place: Place, state: StepState, *, at: datetime | None = None) -> Record:
        """A record for a place, in the run's present generation."""
        run = self.turn.run
        return Record(
            run.id, run.generation, place.key, place.scope, place.ordinal, place.kind, place.name, state,
            place.title, digest=place.digest, started_at=at or self.turn.now(),
        )  # fmt: skip

    def keep(self, record: Record, writes: Writes | None = None, *events: Event) -> Record:
        """Record without a commit of its own: it is written with the branch's next one."""
        record = self.turn.history.put(record)
        self.buffer.records[record.key] = record
        self.buffer.events.extend(events)
        if writes is not None:
            self.buffer.writes.append(writes)
        return record

    def commit(
        self,
        record: Record,
        *,
        attempt: Attempt | None = None,
        events: tuple[Event, ...] = (),
        writes: Writes = Writes(),
    ) -> Record:
        """Write a record, durably, with all that this branch has kept back."""
        record = self.turn.history.put(record)
        attempts = (attempt,) if attempt else ()
        self.turn.commit(
            self.buffer,
            replace(writes, records=(*writes.records, record), attempts=attempts, events=(*writes.events, *events)),
        )
        return record

    def flush(self) -> None:
        """Write what this branch has kept back."""
        if self.buffer.records or self.buffer.events or self.buffer.writes:
            self.turn.commit(self.buffer)

    def event(self, kind: str, data: str = "{}") -> Event:
        return Event(self.turn.run.id, kind, self.turn.now(), data)

    # waiting ---------------------------------------------------------------------------------------------

    def suspend(self, *records: Record) -> Suspended:
        """Close this branch until one of the records' waits is over; raise what this returns."""
        self.waits.update({record.key: record for record in records})
        suspended = Suspended(", ".join(record.key for record in records))
        self.close(suspended)
        return suspended


class Relentless(Cursor):
    """A branch that runs although the run has ended: `on_failure`, and the undoing of a saga."""

    def interruption(self) -> Interruption | None:
        return Draining("The worker stops") if self.turn.means.draining() else None
