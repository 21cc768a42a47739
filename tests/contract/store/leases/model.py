"""What a store promises of lease, suspend and wake-up, as plain as it can be said: no rows, no SQL, no rings."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.contract.store.opened import TTL
from workflows.engine.model import OPEN, OVER, SUSPECT, RunState

PLACES = 1
"""How many limited runs may be under way at a time."""


class Answer(enum.Enum):
    """What a write under a lease is told."""

    DONE = "done"
    LOST = "the lease is somebody else's, or over"
    NEWS = "something arrived that the writer has not seen"


@dataclass(frozen=True)
class Hand:
    """What a worker holds after a claim: it may hold it long after it is worth nothing."""

    run_id: str
    token: int
    owner: str

    def __repr__(self) -> str:
        return f"{self.owner} on {self.run_id} ({self.token})"


@dataclass
class Modelled:
    """One run."""

    id: str
    created: datetime
    due: datetime | None = None
    """When it starts, or goes on without news."""
    limited: bool = False
    state: RunState = RunState.QUEUED
    token: int = 0
    owner: str | None = None
    """Who took it and did not give it back, dead or alive."""
    until: datetime | None = None
    admitted: bool = False
    inbox: int = 0
    seen: int = 0
    cancel: str | None = None
    crashes: int = 0
    messages: dict[str, str | None] = field(default_factory=dict)
    """In the order of their arrival: who took each, if anybody did."""
    records: dict[str, str] = field(default_factory=dict)

    @property
    def news(self) -> bool:
        return self.inbox > self.seen

    @property
    def untaken(self) -> list[str]:
        return [name for name, taken in self.messages.items() if taken is None]


class Model:
    """All runs, and the time."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.paused = False
        self.runs: dict[str, Modelled] = {}

    # looking ---------------------------------------------------------------------------------------------

    def held(self, run: Modelled) -> bool:
        return run.until is not None and run.until > self.now

    def holds(self, hand: Hand) -> bool:
        run = self.runs[hand.run_id]
        return run.token == hand.token and self.held(run)

    def starts_later(self, run: Modelled) -> bool:
        return run.state is RunState.QUEUED and run.due is not None and run.due > self.now and run.cancel is None

    def stopped(self, run: Modelled) -> bool:
        """Whether a pause holds it; one that is cancelled may come to its end."""
        return self.paused and run.cancel is None

    def ready(self, run: Modelled) -> bool:
        """Whether there is something to do for a worker, limits and pauses aside."""
        if run.state not in OPEN or self.held(run) or self.starts_later(run):
            return False
        return run.state is not RunState.WAITING or run.news or (run.due is not None and run.due <= self.now)

    def has_place(self, run: Modelled) -> bool:
        """Whether a limited run may begin: the places are for those that wait longest."""
        if not run.limited or run.admitted or run.cancel is not None:
            return True
        limited = [other for other in self.runs.values() if other.limited]
        inside = sum(other.admitted and other.state not in OVER for other in limited)
        line = [o for o in limited if o.state is RunState.QUEUED and not o.admitted and not self.starts_later(o)]
        older = sum((other.created, other.id) < (run.created, run.id) for other in line)
        return inside + older < PLACES

    def goes_on(self, run: Modelled) -> bool:
        """Whether a worker that asks for the run gets it."""
        return self.ready(run) and not self.stopped(run) and self.has_place(run)

    # what happens ----------------------------------------------------------------------------------------

    def claim(self, run: Modelled, owner: str) -> Hand:
        if run.owner is not None:
            self._crash(run)
        run.token += 1
        run.owner, run.until = owner, self.now + TTL
        if run.state is not RunState.COMPENSATING:
            run.state = RunState.RUNNING
        run.admitted = run.admitted or (run.limited and run.cancel is None)
        run.due = None
        return Hand(run.id, run.token, owner)

    def answer(self, hand: Hand, expected: int | None = None) -> Answer:
        if not self.holds(hand):
            return Answer.LOST
        if expected is not None and expected != self.runs[hand.run_id].inbox:
            return Answer.NEWS
        return Answer.DONE

    def record(self, run: Modelled, key: str, text: str) -> None:
        run.records[key] = text
        run.crashes = 0

    def leave(self, run: Modelled, state: RunState, *, due: datetime | None = None) -> None:
        """The holder gives the run back; what arrived until then it has seen."""
        run.owner = run.until = None
        run.state, run.due, run.seen = state, due, run.inbox
        run.admitted = run.admitted and state not in OVER

    def end(self, run: Modelled, state: RunState) -> None:
        """Somebody other than the holder ends the run: whoever holds it has lost it."""
        run.owner = run.until = None
        run.state = state
        run.admitted = run.admitted and state not in OVER
        run.token += 1

    def renew(self, owner: str, ttl: timedelta) -> None:
        for run in self.runs.values():
            if run.owner == owner and self.held(run):
                run.until = self.now + ttl

    def release(self, owner: str, *, crashed: bool) -> set[str]:
        given_back = [run for run in self.runs.values() if run.owner == owner]
        for run in given_back:
            run.owner = run.until = None
            if crashed:
                self._crash(run)
        return {run.id for run in given_back}

    def send(self, run: Modelled, message_id: str) -> bool:
        """False for one that is there already."""
        if any(message_id in other.messages for other in self.runs.values()):
            return False
        run.messages[message_id] = None
        run.inbox += 1
        return True

    def ask_to_cancel(self, run: Modelled, reason: str) -> None:
        if run.state in OVER or run.cancel is not None:
            return
        run.cancel = reason
        run.inbox += 1
        if run.state is RunState.PARKED:  # it goes on, to come to its end
            run.state, run.crashes = RunState.QUEUED, 0

    def _crash(self, run: Modelled) -> None:
        run.crashes = min(run.crashes + 1, SUSPECT)
