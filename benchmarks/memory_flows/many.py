"""The workflow that worker_memory runs many times: each run takes one of the ways that runs take."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel, Field

from workflows import Retry, Run, StepContext, StepFailed, step, workflow


class Order(BaseModel):
    """Which run this is."""

    number: int = Field(ge=0)


@step(idempotent=True)
def fetch(_ctx: StepContext, number: int) -> str:
    """Fetch it"""
    return f"order {number}"


@step(idempotent=True, retry=Retry(attempts=2, first_delay=timedelta(milliseconds=1)))
def refuse(_ctx: StepContext, number: int) -> str:
    """Refuse it"""
    raise ValueError(f"order {number} is refused")


@step(idempotent=False)
def send(_ctx: StepContext, text: str) -> str:
    """Send it"""
    return text.upper()


@workflow("memory_order", title="Send an order")
def order(run: Run, given: Order) -> str:
    """Three steps; one run in ten has branches, one retries and falls back, one is parked, one sleeps."""
    text = run.step(fetch, given.number)
    way = given.number % 10
    if way == 0:
        run.parallel(run.call(fetch, 1), run.call(fetch, 2))
    elif way == 1:
        try:
            run.step(refuse, given.number)
        except StepFailed:
            run.note("refused")
    elif way == 2:
        raise RuntimeError("a broken body")
    elif way == 3:
        run.sleep(timedelta(seconds=2))
    return run.step(send, text)
