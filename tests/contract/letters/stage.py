"""Runs that fail, and the groups that they join, in a test's hands."""

from __future__ import annotations

from tests.contract.store.opened import Opened
from workflows.engine.letters.joining import letter_of
from workflows.engine.letters.model import Counted, GroupQuery
from workflows.engine.letters.ports import Letters
from workflows.engine.model import RunState, Writes
from workflows.engine.outbox import Card, Outbox
from workflows.engine.ports import Store
from workflows.engine.problem import Problem
from workflows.engine.testing.clock import ManualClock

SHUT = Problem("StepFailed", "Order 17 was refused by shop 4", "buy", cause="Unavailable")


class Failing(Opened):
    """A store with its groups of dead letters."""

    def __init__(self, store: Store, letters: Letters, outbox: Outbox, clock: ManualClock) -> None:
        super().__init__(store, clock)
        self.letters = letters
        self.outbox = outbox
        self.manual = clock

    def fail(
        self, run_id: str, problem: Problem = SHUT, *, release: int = 1, workflow: str = "w", channel: str = ""
    ) -> None:
        """A run fails for good; a new one, or one that was put right before."""
        if not self.has(run_id):
            self.create(run_id, workflow=workflow, channel=channel)
        claim = self.claim(run_id, release=release)
        self.store.commit(claim.lease, self.dead(claim.run.id, problem), leave=True)

    def dead(self, run_id: str, problem: Problem = SHUT) -> Writes:
        now = self.now()
        return Writes(
            run={"state": RunState.FAILED, "error": problem.text(), "dead_at": now, "ended_at": now},
            letter=letter_of(self.store.run(run_id), problem, now),
        )

    def revive(self, run_id: str) -> None:
        """Somebody resumes it."""
        self.store.transact(run_id, lambda _: Writes(run={"state": RunState.QUEUED, "dead_at": None}, ring=True))

    def discard(self, run_id: str) -> None:
        self.store.transact(run_id, lambda _: Writes(run={"dead_at": None}))

    def has(self, run_id: str) -> bool:
        return bool(self.store.recorded([run_id]))

    def groups(self, **asked: object) -> list[Counted]:
        return list(self.letters.groups(GroupQuery(**asked)))  # type: ignore[arg-type]

    def one(self, **asked: object) -> Counted:
        [found] = self.groups(**asked)
        return found

    def card(self, group_id: str) -> Card:
        card = self.outbox.card(f"group/{group_id}")
        assert card is not None
        return card
