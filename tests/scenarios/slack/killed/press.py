"""The workflow of the killed processes: an editor decides, then something is printed, once."""

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


class Leaflet(BaseModel):
    title: str


def _ask(method: str, path: str, key: str) -> str:
    url = f"{os.environ['COUNTING_URL']}/{path}"
    try:
        return httpx.request(method, url, headers={"Idempotency-Key": key}, timeout=10, trust_env=False).text
    except httpx.TransportError as error:
        raise Unclear(str(error)) from error


def _printed(key: str, title: str) -> str | None:
    return _ask("GET", f"found/{title}/1", key) or None


@step(
    idempotent=False, reconcile=_printed, retry=BRISK, timeout=timedelta(seconds=2), settle=timedelta(milliseconds=500)
)
def print_it(ctx: StepContext, title: str) -> str:
    """Print it: the printer honours no key, so an unclear outcome is asked for."""
    return _ask("POST", f"made/{title}/1", ctx.key)


@workflow("leaflet", title="Print a leaflet", summary=lambda said: "It is printed")
def leaflet(run: Run, given: Leaflet) -> str:
    """Ask an editor, then print."""
    run.approval(
        "editor", title="Print this?", show={"title": given.title}, approvers=("role:editors",)
    ).require_approved()
    return run.step(print_it, given.title)
