"""The workflows that the burst is measured with: one that waits for an approval, and one that keeps workers busy."""

from __future__ import annotations

import time

from pydantic import BaseModel, Field

from workflows import Run, StepContext, step, workflow

WORK_SECONDS = 0.02
"""How long a step of the load waits, as a step does that calls another system."""


class Order(BaseModel):
    """What is ordered."""

    item: str


class Load(BaseModel):
    """How much to do."""

    rounds: int = Field(ge=1, le=1000)


@step(idempotent=True)
def prepare(_ctx: StepContext, item: str) -> str:
    """Prepare it"""
    return item


@step(idempotent=True)
def send(_ctx: StepContext, item: str) -> str:
    """Send it"""
    return item


@step(idempotent=True)
def work(_ctx: StepContext, number: int) -> int:
    """Wait for another system"""
    time.sleep(WORK_SECONDS)
    return number


@workflow("burst_order", title="Send an order")
def order(run: Run, given: Order) -> str:
    """One approval between two steps."""
    made = run.step(prepare, given.item)
    run.approval("ok", title="Send this?", show={"item": made}, approvers=("role:burst",)).require_approved()
    return run.step(send, made)


@workflow("burst_load", title="Keep a worker busy")
def load(run: Run, given: Load) -> int:
    """Short steps, one after the other."""
    done = 0
    for number in range(given.rounds):
        done += run.step(work, number)
    return done
