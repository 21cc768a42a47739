"""Alerts over a store in a test's hands: runs that fail, clocks that look, and people who are told."""

from __future__ import annotations

from datetime import timedelta

from integrations.base import Connector, Health, action
from integrations.errors import InvalidRequest
from workflows import Run as Handle
from workflows import workflow
from workflows.engine.alerts.model import Alert
from workflows.engine.alerts.ports import AlertBook
from workflows.engine.alerts.watching import Alerts
from workflows.engine.beats.ports import Beats
from workflows.engine.happenings import Happenings
from workflows.engine.model import Outcome
from workflows.engine.ports import Store
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.harness import Harness

BOSS = "test:boss"


class Shop(Connector):
    """A service that refuses what is forbidden."""

    @action(idempotent=True)
    def buy(self, what: str) -> str:
        """Buy it."""
        if what == "forbidden":
            raise InvalidRequest("The shop does not sell that.")
        return what

    def health(self) -> Health:
        """Whether it is open."""
        return Health(True, "open")


@workflow("errand", title="Run an errand")
def errand(run: Handle, what: str) -> str:
    return run.step(Shop.buy, what)


@workflow("asking", title="Ask somebody")
def asking(run: Handle, what: str) -> str:
    run.approval("boss", show=what, approvers=(BOSS,), allow_self=True).require_approved()
    return what


class House:
    """One installation, whose time passes when a test says so."""

    def __init__(self, store: Store, book: AlertBook, happenings: Happenings, beats: Beats, clock: ManualClock) -> None:
        self.book = book
        self.happenings = happenings
        self.beats = beats
        self.clock = clock
        self.told: list[str] = []
        self.harness = Harness(errand, asking, store=store, clock=clock, tools={Shop: Shop()}, admins=(BOSS,))
        self.alerts = self.clock_process()

    def clock_process(self) -> Alerts:
        """One more clock."""
        return Alerts(self.book, self.happenings, self.tell)

    def tell(self, alert: Alert, over: bool) -> None:
        """What people are told; under one key each, as the outbox has it."""
        words = f"{alert.subject} {'is over' if over else 'began'}"
        if words not in self.told[-1:]:
            self.told.append(words)

    def fail(self, times: int) -> None:
        """Let so many runs fail."""
        for _ in range(times):
            self.harness.service.start("errand", "forbidden", by=BOSS)
        self.harness.work()

    def reject(self, times: int) -> None:
        """Let so many runs end by a decision."""
        for _ in range(times):
            self.harness.service.start("asking", "it", by=BOSS)
        self.harness.work()
        for approval in self.harness.store.approvals():
            self.harness.service.decide(approval.id, Outcome.REJECTED, by=BOSS)
        self.harness.work()

    def pass_(self, **delay: float) -> None:
        """Let time pass, then let a clock look."""
        self.clock.advance(timedelta(**delay))
        self.alerts.look()
