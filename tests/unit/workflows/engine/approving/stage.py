"""A workflow that pays, under a policy."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from workflows import Escalation, Hours, Outcome, Policy, Rule, Run, When, workflow
from workflows.engine.approving.book import NO_POLICIES, Book
from workflows.engine.directory import LocalDirectory
from workflows.engine.model import Approval
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.harness import Harness

HOUR = timedelta(hours=1)
BERLIN = Hours("Europe/Berlin", country="DE", region="BE", name="berlin")
ROLES = {
    "finance": ("test:fay", "test:fin", "test:lea"),
    "lead": ("test:lea", "test:leo"),
    "cfo": ("test:cleo",),
}
PAYMENTS = Policy(
    "payments",
    rules=[
        Rule(when=When("amount", min=10_000), quorum={"finance": 1, "finance+lead": 1}),
        Rule(approvers=["role:finance"]),
    ],
    escalation=[Escalation(8 * HOUR, ["role:cfo"])],
    remind=4 * HOUR,
    timeout=timedelta(days=3),
    on_timeout=Outcome.REJECTED,
    calendar=BERLIN,
)


class Payment(BaseModel):
    amount: float
    to: str = "Tea & Co"


class Wording(BaseModel):
    to: str


class Sum(BaseModel):
    amount: float


@workflow("pay")
def pay(run: Run, payment: Payment) -> str:
    return str(run.approval("pay", policy=PAYMENTS, show=payment).outcome)


@workflow("pay_edited")
def pay_edited(run: Run, payment: Payment) -> str:
    decision: Any = run.approval("pay", policy=PAYMENTS, show=payment, editable=Payment)
    return f"{decision.outcome} {decision.edited.to if decision.edited else payment.to}"


@workflow("by_name")
def by_name(run: Run, payment: Payment) -> str:
    return str(run.approval("pay", policy="payments", show=payment).outcome)


def opened(
    *,
    book: Book = NO_POLICIES,
    roles: dict[str, tuple[str, ...]] = ROLES,
    clock: ManualClock | None = None,
    **options: Any,
) -> Harness:
    """An office in which payments are asked for."""
    return Harness(
        pay,
        pay_edited,
        by_name,
        book=book,
        directory=LocalDirectory(roles),
        clock=clock,
        admins=("test:root",),
        **options,
    )


def asked(harness: Harness) -> Approval:
    [one] = harness.store.approvals()
    return one
