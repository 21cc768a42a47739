"""Runs and records to test with, and short words for what tests do often."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from workflows.engine.model import (
    Approval,
    Attempt,
    AttemptState,
    Event,
    Kind,
    Message,
    MessageKind,
    NewRun,
    Record,
    Run,
    RunState,
    StepState,
    Writes,
)
from workflows.engine.ports import Claim, Claimant, Clock, Created, Store
from workflows.engine.testing.clock import START

TTL = timedelta(seconds=20)
GRACE = timedelta(seconds=5)
NOTHING = Writes()


def run(run_id: str = "r1", **columns: Any) -> Run:
    plain = Run(run_id, "w", "A workflow", RunState.QUEUED, '{"topic": "tea"}', columns.pop("created_at", START))
    return replace(plain, **columns)


def record(number: int = 1, run_id: str = "r1", **columns: Any) -> Record:
    """A finished step; give `position=0` and a state for one that is not."""
    plain = Record(
        run_id, 0, f"fetch#{number}", "", number, Kind.STEP, "fetch", StepState.SUCCEEDED, position=number, output="1"
    )
    return replace(plain, **columns)


def attempt(number: int = 1, key: str = "fetch#1", run_id: str = "r1", **columns: Any) -> Attempt:
    plain = Attempt(run_id, 0, key, number, AttemptState.RUNNING, START, START + TTL, worker="a")
    return replace(plain, **columns)


def event(kind: str = "step.done", run_id: str = "r1", **columns: Any) -> Event:
    return replace(Event(run_id, kind, START), **columns)


def message(message_id: str = "m1", run_id: str = "r1", **columns: Any) -> Message:
    return replace(Message(message_id, run_id, MessageKind.SIGNAL, "paid", "{}", START, "ada"), **columns)


def approval(approval_id: str = "a1", run_id: str = "r1", **columns: Any) -> Approval:
    plain = Approval(approval_id, run_id, 0, "editor#1", "editor", "Approve", '"text"', "d1", ("ada", "Bö"), START)
    return replace(plain, **columns)


def claimant(owner: str = "a", **columns: Any) -> Claimant:
    return replace(Claimant(owner, TTL, 1, frozenset({"w", "v"})), **columns)


class Opened:
    """A store in a test's hands."""

    def __init__(self, store: Store, clock: Clock | None = None) -> None:
        self.store = store
        self.clock = clock

    def now(self) -> datetime:
        return self.clock.now() if self.clock else datetime.now(UTC)

    def create(self, run_id: str = "r1", writes: Writes = NOTHING, **columns: Any) -> Created:
        return self.store.create(NewRun(run(run_id, **columns)), writes)

    def claim(self, run_id: str = "r1", owner: str = "a", **columns: Any) -> Claim:
        """Claim a run that can be claimed."""
        claim = self.store.claim(run_id, claimant(owner, **columns))
        assert claim is not None
        return claim

    def refuses(self, run_id: str = "r1", owner: str = "b", **columns: Any) -> bool:
        return self.store.claim(run_id, claimant(owner, **columns)) is None

    def claimed(self, run_id: str = "r1", owner: str = "a", **columns: Any) -> Claim:
        """Create a run and claim it."""
        self.create(run_id, **columns)
        return self.claim(run_id, owner)

    def waiting(self, run_id: str = "r1", *, due_at: datetime | None = None, **columns: Any) -> Run:
        """A run that was suspended."""
        claim = self.claimed(run_id, **columns)
        self.store.commit(claim.lease, Writes(run={"state": RunState.WAITING, "due_at": due_at}), leave=True)
        return self.store.run(run_id)

    def over(self, run_id: str = "r1", state: RunState = RunState.SUCCEEDED, **columns: Any) -> Run:
        """A run that ended."""
        claim = self.claimed(run_id, **columns)
        self.end(claim, state)
        return self.store.run(run_id)

    def end(self, claim: Claim, state: RunState = RunState.SUCCEEDED) -> None:
        self.store.commit(claim.lease, Writes(run={"state": state, "ended_at": self.now()}), leave=True)

    def send(self, sent: Message) -> None:
        """As from outside: in a transaction over the run that gets it."""
        self.store.transact(sent.run_id, lambda _view: Writes(messages=(sent,)))
