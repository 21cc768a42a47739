"""One advance from the inside: the lease, the history, the inbox, and how they are written."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from workflows.engine.approving.book import NO_POLICIES, Book
from workflows.engine.calls import Call
from workflows.engine.copying import replace
from workflows.engine.errors import (
    Cancelled,
    Draining,
    Ended,
    Interruption,
    LeaseLost,
    RunTimedOut,
    StoreAway,
    StoreUnavailable,
)
from workflows.engine.history import History
from workflows.engine.model import Attempt, Event, Kind, Message, Record, Run, StepState, Writes
from workflows.engine.ports import Claim, Clock, Committed, Membership, Queue, Store, Tools
from workflows.engine.threads import StepThreads

A = TypeVar("A")

_log = logging.getLogger("baton.engine")

INLINE_WAIT = timedelta(seconds=1)
"""Waits up to this long stay in the worker; longer ones suspend the run."""


@dataclass(frozen=True)
class Means:
    """What an advance works with; one per process."""

    store: Store
    queue: Queue
    clock: Clock
    tools: Tools
    threads: StepThreads
    approvers: tuple[str, ...] = ()
    """Who approves where a workflow names nobody."""
    book: Book = NO_POLICIES
    """The policies and calendars of the settings."""
    directory: Membership | None = None
    """Knows whether enough people may decide; None where nobody asks."""
    draining: Callable[[], bool] = lambda: False
    alive: Callable[[float], bool] = lambda _until: True
    """Whether a lease that was good until then (monotonic seconds) is still held here."""
    checkpoint: Callable[[str, str], None] = lambda _name, _key: None
    """Called at each point where a crash is told apart by what it leaves behind."""
    worker: str = ""
    stand_ins: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    """What is called in place of the steps and actions of these names, in tests and at replay without effects."""


@dataclass
class Buffer:
    """Writes of one branch that wait for its next commit."""

    records: dict[str, Record] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    writes: list[Writes] = field(default_factory=list)


class Turn:
    """The state that the verbs of one advance share."""

    def __init__(self, means: Means, claim: Claim, lease_until: float) -> None:
        self.means = means
        self.run: Run = claim.run
        self.given: Any = None
        """The run's input, once the body is called."""
        self.lease = claim.lease
        self.history = History(claim.records)
        self.inbox = claim.inbox
        self.ended: Ended | None = None
        self.left = False
        self.compensations: dict[str, Call[Any]] = {}
        """What undoes, by the key of its record, as far as this advance came past it."""
        self._attempts = {(a.generation, a.key, a.number): a for a in claim.attempts}
        self._taken: set[str] = set()
        self._began = (_latest(claim), means.clock.monotonic())
        self._lease_until = lease_until
        self._counter = claim.inbox.counter
        self._lock = threading.RLock()
        self._told_long = self.history.length.long

    # time ------------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The database's clock, carried on from the claim; never before what history has."""
        start, monotonic = self._began
        return start + timedelta(seconds=self.means.clock.monotonic() - monotonic)

    def check_lease(self) -> None:
        """Raise LeaseLost when the lease is over, as far as this process knows."""
        if self.left or not self.means.alive(self._lease_until):
            raise LeaseLost(f"Run {self.run.id}: the lease ran out")

    # endings ---------------------------------------------------------------------------------------------

    def interruption(self) -> Interruption | None:
        """Why a verb that is not recorded yet must not begin, if there is a reason."""
        with self._lock:
            if self.ended is None:
                self.ended = self._ending()
        if self.ended is not None:
            return self.ended
        if self.means.draining():
            return Draining("The worker stops")
        return None

    def _ending(self) -> Ended | None:
        recorded = self.history.at("!", 0)
        if recorded is not None:
            return (RunTimedOut if recorded.kind is Kind.TIMEOUT else Cancelled)(recorded.name)
        if self.inbox.cancel is not None:
            return Cancelled(self.inbox.cancel)
        if self.run.deadline is not None and self.now() >= self.run.deadline:
            return RunTimedOut(
                f"The run took longer than its limit, which ended at {self.run.deadline:%Y-%m-%d %H:%M} UTC"
            )
        return None

    def ending_record(self) -> Record | None:
        """The record of the ending, to be written where it takes effect; None when it is recorded already."""
        if self.ended is None or self.history.at("!", 0) is not None:
            return None
        kind = Kind.TIMEOUT if isinstance(self.ended, RunTimedOut) else Kind.CANCEL
        now = self.now()
        return Record(
            self.run.id, self.run.generation, str(kind), "!", 0, kind, str(self.ended), StepState.SUCCEEDED,
            started_at=now, ended_at=now,
        )  # fmt: skip

    # the inbox -------------------------------------------------------------------------------------------

    def message(self, fits: Callable[[Message], bool]) -> Message | None:
        """The oldest message that fits and that no record took."""
        with self._lock:
            return next((m for m in self.inbox.messages if m.id not in self._taken and fits(m)), None)

    def take(self, message: Message) -> bool:
        """Keep a message from other branches of this advance; False when one of them has it."""
        with self._lock:
            if message.id in self._taken:
                return False
            self._taken.add(message.id)
            return True

    def give_back(self, message: Message) -> None:
        """Leave a message for whoever asks next: it was not recorded as taken."""
        with self._lock:
            self._taken.discard(message.id)

    def refresh(self, *, ask: bool = False) -> bool:
        """Read the inbox again where it grew (`ask` looks for that); True when there is news."""
        if not ask and self._counter == self.inbox.counter:
            return False
        inbox = self._guarded(lambda: self.means.store.inbox(self.run.id))
        with self._lock:
            news = inbox.counter != self.inbox.counter
            self.inbox = inbox
            self._counter = inbox.counter
        return news

    def read(self, ask: Callable[[Store], A]) -> A:
        """Ask the store; a database that is away is an interruption."""
        return self._guarded(lambda: ask(self.means.store))

    # writing ---------------------------------------------------------------------------------------------

    def attempt(self, generation: int, key: str, number: int) -> Attempt | None:
        """A recorded attempt of a record that is not finished."""
        return self._attempts.get((generation, key, number))

    def commit(self, buffer: Buffer, writes: Writes = Writes(), *, expect_inbox: int | None = None) -> bool:
        """Write a branch's buffer and `writes` under the lease; False when the inbox had grown instead."""
        answer = self._commit(_together(buffer, writes), leave=False, expect_inbox=expect_inbox)
        if answer.applied:
            for attempt in writes.attempts:
                self._attempts[(attempt.generation, attempt.key, attempt.number)] = attempt
            _clear(buffer)
            self._ring(answer)
            self._watch_length()
        with self._lock:
            self._counter = max(self._counter, answer.inbox)
        self.refresh()
        return answer.applied

    def leave(self, buffer: Buffer, writes: Writes, *, expect_inbox: int | None = None, ring: bool = True) -> bool:
        """Write and give the lease back; False when the inbox had grown instead."""
        answer = self._commit(_together(buffer, writes), leave=True, expect_inbox=expect_inbox)
        if not answer.applied:
            with self._lock:
                self._counter = max(self._counter, answer.inbox)
            self.refresh()
            return False
        self.left = True
        if ring:
            self._ring(answer)
        return True

    def _watch_length(self) -> None:
        """Say so once when the history gets long; who claims it later finds it long already."""
        length = self.history.length
        with self._lock:
            if self._told_long or not length.long:
                return
            self._told_long = True
        _log.warning("run %s (%s): %s", self.run.id, self.run.workflow, length.warning())

    def _commit(self, writes: Writes, *, leave: bool, expect_inbox: int | None) -> Committed:
        if self.left:
            raise LeaseLost(f"Run {self.run.id}: this advance is over")
        return self._guarded(
            lambda: self.means.store.commit(self.lease, writes, leave=leave, expect_inbox=expect_inbox)
        )

    def _guarded(self, ask: Callable[[], A]) -> A:
        try:
            return ask()
        except StoreUnavailable as error:
            raise StoreAway(str(error)) from error

    def _ring(self, answer: Committed) -> None:
        if answer.rings:
            self.means.queue.ring(answer.rings)
            self.means.checkpoint("after_ring", "")


def _latest(claim: Claim) -> datetime:
    """The moment of the claim, or of what was recorded last: a claim that took long gives an early moment."""
    return max((claim.now, *(record.ended_at for record in claim.records if record.ended_at is not None)))


def _together(buffer: Buffer, writes: Writes) -> Writes:
    """One transaction's writes from a branch's buffer and what is written now; the later record of a key wins."""
    if not (buffer.records or buffer.events or buffer.writes) and len(writes.records) < 2:
        return writes
    records = dict(buffer.records)
    records.update({record.key: record for record in writes.records})
    parts = [*buffer.writes, writes]
    return replace(
        writes,
        records=tuple(records.values()),
        events=(*buffer.events, *(event for part in parts for event in part.events)),
        approvals=tuple(approval for part in parts for approval in part.approvals),
        taken=tuple(taken for part in parts for taken in part.taken),
        messages=tuple(message for part in parts for message in part.messages),
        starts=tuple(start for part in parts for start in part.starts),
        cancels=tuple(cancel for part in parts for cancel in part.cancels),
    )


def _clear(buffer: Buffer) -> None:
    buffer.records.clear()
    buffer.events.clear()
    buffer.writes.clear()
