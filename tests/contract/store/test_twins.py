"""The same random story told to the twin and to each database comes out the same."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.contract.store.opened import approval, attempt, claimant, event, message, record, run
from workflows.engine.errors import LeaseLost, UnknownRun
from workflows.engine.expiry import Expiry
from workflows.engine.model import (
    ApprovalState,
    Decision,
    Kind,
    NewRun,
    Outcome,
    Run,
    RunChange,
    RunState,
    StepState,
    Writes,
)
from workflows.engine.ports import Lease, RunQuery, Store
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.memory import MemoryStore
from workflows.storage.store import SqlStore

NAMES = tuple("abcde")
WORKFLOWS = ("w", "v")


class Story:
    """Makes up operations; equal seeds make up equal ones, as long as the answers are equal."""

    def __init__(self, seed: int, clock: ManualClock) -> None:
        self.dice = random.Random(seed)
        self.clock = clock
        self.leases: list[Lease] = [Lease("a", 0, "nobody")]

    def next(self) -> Callable[[Store], Any]:
        told = (self.create, self.claim, self.claim, self.claim, self.commit, self.commit, self.commit, self.commit)
        rare = (self.transact, self.transact, self.release, self.renew, self.rescue, self.remind, self.prune)
        make: Callable[[], Callable[[Store], Any]] = self.dice.choice(told + rare)
        return make()

    def create(self) -> Callable[[Store], Any]:
        new, writes = self.new_run(), self.writes()
        return lambda store: store.create(new, writes)

    def claim(self) -> Callable[[Store], Any]:
        name, asker = self.name(), claimant(self.dice.choice("xy"), release=self.dice.choice([1, 1, 1, 2]))
        return lambda store: store.claim(name, asker)

    def commit(self) -> Callable[[Store], Any]:
        lease, leave = self.dice.choice(self.leases[-4:]), self.chance(0.4)
        writes, expected = self.writes(), self.dice.choice([None, None, 0, 1, 2])
        return lambda store: store.commit(lease, writes, leave=leave, expect_inbox=expected)

    def transact(self) -> Callable[[Store], Any]:
        name, writes = self.name(), self.writes()
        return lambda store: store.transact(name, lambda _view: writes)

    def release(self) -> Callable[[Store], Any]:
        owner, crashed = self.dice.choice("xy"), self.chance(0.5)
        return lambda store: sorted(store.release(owner, crashed=crashed), key=lambda ring: ring.run_id)

    def renew(self) -> Callable[[Store], Any]:
        owner = self.dice.choice("xy")
        return lambda store: store.renew(owner, timedelta(seconds=15))

    def rescue(self) -> Callable[[Store], Any]:
        limit = self.dice.choice([1, 10])
        return lambda store: list(store.rescue(limit=limit, grace=timedelta(seconds=7)))

    def remind(self) -> Callable[[Store], Any]:
        return lambda store: store.remind(limit=10)

    def prune(self) -> Callable[[Store], Any]:
        before = self.clock.now() - timedelta(seconds=self.dice.randrange(60))
        old = Expiry(before, failed=self.chance(0.3))
        return lambda store: store.prune(old, limit=1, by="ada")

    def writes(self) -> Writes:
        dice, number = self.dice, self.dice.randrange(1, 4)
        now = self.clock.now()
        state = dice.choice([StepState.SUCCEEDED, StepState.RUNNING, StepState.FAILED])
        kind = dice.choice([Kind.STEP, Kind.NOTE])
        place = number if state is not StepState.RUNNING else 0
        step = record(number, state=state, kind=kind, position=place, generation=dice.randrange(2))
        asked = approval(
            f"a{number}",
            dice.choice(NAMES),
            opened_at=now,
            state=dice.choice(list(ApprovalState)),
            remind_at=now + timedelta(seconds=dice.randrange(30)),
            remind_every=dice.choice([None, timedelta(seconds=11)]),
        )
        sent = message(f"m{dice.randrange(12)}", self.name())
        sent = message(sent.id, NAMES[int(sent.id[1:]) % len(NAMES)])  # an id belongs to one run
        return Writes(
            records=(step,) if self.chance(0.5) else (),
            attempts=(attempt(number),) if self.chance(0.2) else (),
            events=tuple(event(f"e{n}") for n in range(dice.randrange(3))),
            approvals=(asked,) if self.chance(0.2) else (),
            decisions=(Decision(asked.id, "ada", Outcome.APPROVED, now),) if self.chance(0.0) else (),
            taken=((sent.id, "paid#1"),) if self.chance(0.2) else (),
            messages=(sent,) if self.chance(0.3) else (),
            starts=(self.new_run(),) if self.chance(0.1) else (),
            cancels=((self.name(), "why"),) if self.chance(0.05) else (),
            supersede=((dice.randrange(2), f"fetch#{number}"),) if self.chance(0.1) else (),
            supersede_all=self.chance(0.03),
            undone=((0, f"fetch#{number}"),) if self.chance(0.1) else (),
            run=self.change() if self.chance(0.6) else RunChange(),
            ring=self.chance(0.1),
        )

    def change(self) -> RunChange:
        dice, now = self.dice, self.clock.now()
        states = [RunState.WAITING, RunState.QUEUED, RunState.RUNNING, RunState.COMPENSATING, *RunState]
        change: RunChange = {"state": dice.choice(states)}
        if self.chance(0.5):
            change["due_at"] = dice.choice([None, now + timedelta(seconds=dice.randrange(40))])
        if self.chance(0.5):
            change["ended_at"] = dice.choice([None, now])
        if self.chance(0.1):
            change["wake_at"] = now
        if self.chance(0.1):
            change["dead_at"] = dice.choice([None, now])
        return change

    def new_run(self) -> NewRun:
        name, dice = self.name(), self.dice
        made: Run = run(
            name,
            workflow=dice.choice(WORKFLOWS),
            created_at=self.clock.now(),
            dedupe=dice.choice([None, None, "k1", "k2"]),
            limit_key=dice.choice([None, "l"]),
            limit_runs=dice.choice([None, 1, 2]),
            parent_id=dice.choice([None, *NAMES]),
        )
        return NewRun(made, (record(1, run_id=name),) if self.chance(0.2) else ())

    def name(self) -> str:
        return self.dice.choice(NAMES)

    def chance(self, share: float) -> bool:
        return self.dice.random() < share


def told(store: Store, operation: Callable[[Store], Any]) -> Any:
    """The answer, or the name of the error."""
    try:
        return operation(store)
    except (LeaseLost, UnknownRun) as error:
        return type(error).__name__


def everything(store: Store) -> list[Any]:
    """All that can be read."""
    found: list[Any] = [store.runs(RunQuery()), store.approvals(state=None), store.totals()]
    for each in store.runs(RunQuery()):
        found += [store.inbox(each.id), store.records(each.id, superseded=True), store.records(each.id)]
        found += [store.attempts(each.id), store.events(each.id)]
    return found


@pytest.mark.parametrize("seed", range(6))
def test_the_same_story_comes_out_the_same(url: str, clock: ManualClock, seed: int) -> None:
    twin, real = MemoryStore(clock), SqlStore(url, clock=clock)
    story = Story(seed, clock)
    for number in range(150):
        operation = story.next()
        expected, found = told(twin, operation), told(real, operation)
        assert found == expected, f"operation {number}"
        lease = getattr(expected, "lease", None)
        if lease is not None:
            story.leases.append(lease)
        clock.advance(timedelta(seconds=story.dice.choice([0, 0, 1, 3, 12])))
        if number % 10 == 9:
            assert everything(real) == everything(twin), f"after operation {number}"
    real.close()
