"""The workflow of the chaos runs: eight steps against a server that counts effects by idempotency key."""

from __future__ import annotations

import os
from datetime import timedelta

import httpx
from pydantic import BaseModel

from workflows import Effect, Retry, Run, StepContext, step, workflow

BRISK = Retry(attempts=8, first_delay=timedelta(milliseconds=50), max_delay=timedelta(seconds=1))


class Unclear(Exception):
    retryable = True
    effect = Effect.UNKNOWN


class Order(BaseModel):
    number: int


_client = httpx.Client(timeout=10, trust_env=False, limits=httpx.Limits(max_connections=200))


def _server() -> str:
    return os.environ["COUNTING_URL"]


def _ask(method: str, path: str, key: str) -> str:
    try:
        answer = _client.request(method, f"{_server()}/{path}", headers={"Idempotency-Key": key})
    except httpx.TransportError as error:
        raise Unclear(str(error)) from error
    return answer.text


@step(idempotent=True, retry=BRISK, timeout=timedelta(seconds=20))
def read(ctx: StepContext, order: int, place: int) -> str:
    """Read something; a repeat with the same key has the same effect."""
    return _ask("POST", f"keyed/{order}/{place}", ctx.key)


def _made(key: str, order: int, place: int) -> str | None:
    return _ask("GET", f"found/{order}/{place}", key) or None


@step(idempotent=False, reconcile=_made, retry=BRISK, timeout=timedelta(seconds=2), settle=timedelta(milliseconds=500))
def make(ctx: StepContext, order: int, place: int) -> str:
    """Make something; the server does not honour the key, so an unclear outcome is asked for."""
    return _ask("POST", f"made/{order}/{place}", ctx.key)


@workflow("eight_steps")
def eight_steps(run: Run, order: Order) -> list[str]:
    """Eight steps: reads, makes, and two side by side."""
    said = [run.step(read, order.number, 1), run.step(make, order.number, 2), run.step(read, order.number, 3)]
    said += run.parallel(run.call(read, order.number, 4), run.call(make, order.number, 5))
    said.append(run.step(read, order.number, 6))
    run.sleep(timedelta(milliseconds=1500))
    said.append(run.step(make, order.number, 7))
    said.append(run.step(read, order.number, 8))
    return said


class Slowly(BaseModel):
    number: int
    seconds: float = 1.0


@step(idempotent=True, timeout=timedelta(seconds=60))
def slow_read(ctx: StepContext, number: int, seconds: float) -> str:
    """Take a while."""
    return _ask("POST", f"slow/{number}/{seconds}", ctx.key)


@workflow("slow_pair")
def slow_pair(run: Run, given: Slowly) -> list[str]:
    """Two steps that take a while."""
    return [run.step(slow_read, given.number, 0.0), run.step(slow_read, given.number, given.seconds)]


@step(idempotent=True)
def kill_me(ctx: StepContext, number: int) -> str:
    """End the process that runs this step."""
    os.kill(os.getpid(), 9)
    return "never"


@workflow("poisonous")
def poisonous(run: Run, given: Slowly) -> str:
    """Ends every process that runs it."""
    return run.step(kill_me, given.number)
