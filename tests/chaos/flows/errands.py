"""The workflows of the long chaos run: eight steps each, against a server that counts effects by idempotency key.

`tests.chaos.shapes` says what each of them must have done in the end.
"""

from __future__ import annotations

import http.client
import os
import threading
import time
from datetime import timedelta

from pydantic import BaseModel

from workflows import Effect, Retry, Run, StepContext, step, workflow

BRISK = Retry(attempts=8, first_delay=timedelta(milliseconds=50), max_delay=timedelta(seconds=1))
EVEN_LONGER = timedelta(seconds=60)


class Unclear(Exception):
    """The connection broke after the request was sent."""

    retryable = True
    effect = Effect.UNKNOWN


class Busy(Exception):
    """The server did nothing, and says so."""

    retryable = True
    effect = Effect.NONE


class Never(Exception):
    """The server will never do it."""

    retryable = False
    effect = Effect.NONE


class Errand(BaseModel):
    number: int


_own = threading.local()


def _connection() -> http.client.HTTPConnection:
    found: http.client.HTTPConnection | None = getattr(_own, "connection", None)
    if found is None:
        found = http.client.HTTPConnection("127.0.0.1", int(os.environ["COUNTING_URL"].rsplit(":", 1)[-1]), timeout=30)
        _own.connection = found
    return found


def _ask(method: str, path: str, key: str, run_id: str = "", attempt: int = 0, looked: float = 0.0) -> str:
    connection = _connection()
    headers = {
        "Idempotency-Key": key, "X-Run": run_id, "X-Attempt": str(attempt), "X-Pid": str(os.getpid()),
        "X-Looked": str(looked),
    }  # fmt: skip
    try:
        if connection.sock is None:
            connection.connect()
    except OSError as error:
        connection.close()
        raise Busy(f"no connection: {error}") from error
    try:
        connection.request(method, f"/{path}", headers=headers)
        answer = connection.getresponse()
        text = answer.read().decode()
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        raise Unclear(f"{type(error).__name__}: {error}") from error
    if answer.status == http.client.SERVICE_UNAVAILABLE:
        raise Busy("busy, try again")
    if answer.status == http.client.UNPROCESSABLE_ENTITY:
        raise Never("it will never be done")
    return text


def _do(ctx: StepContext, kind: str, number: int, place: int) -> str:
    looked = time.monotonic()
    ctx.check()
    return _ask("POST", f"{kind}/{number}/{place}", ctx.key, ctx.run_id, ctx.attempt, looked)


@step(idempotent=True, retry=BRISK, timeout=EVEN_LONGER)
def read(ctx: StepContext, number: int, place: int) -> str:
    """Do something of which a repeat with the same key is harmless."""
    return _do(ctx, "keyed", number, place)


def _made(key: str, number: int, place: int) -> str | None:
    return _ask("GET", f"found/{number}/{place}", key) or None


@step(idempotent=False, reconcile=_made, retry=BRISK, timeout=timedelta(seconds=3), settle=timedelta(seconds=1.5))
def make(ctx: StepContext, number: int, place: int) -> str:
    """Make something; the server does not honour the key, but can say whether it was done."""
    return _do(ctx, "made", number, place)


@step(idempotent=False, retry=BRISK, timeout=EVEN_LONGER)
def hope(ctx: StepContext, number: int, place: int) -> str:
    """Do something that nobody can find out about."""
    return _do(ctx, "hoped", number, place)


@step(idempotent=True, retry=BRISK, timeout=EVEN_LONGER)
def undo(ctx: StepContext, number: int, place: int) -> str:
    """Undo what was made."""
    return _do(ctx, "keyed", number, place)


@step(idempotent=True, retry=BRISK, timeout=EVEN_LONGER)
def doom(ctx: StepContext, number: int, place: int) -> str:
    """Ask for what is never done."""
    return _do(ctx, "doomed", number, place)


@workflow("errand")
def errand(run: Run, given: Errand) -> str:
    """Eight steps: two of them side by side, and a sleep before the last two."""
    n = given.number
    run.step(read, n, 1)
    run.step(make, n, 2)
    run.step(read, n, 3)
    run.parallel(run.call(read, n, 4), run.call(make, n, 5))
    run.step(read, n, 6)
    run.sleep(timedelta(milliseconds=1500))
    run.step(make, n, 7)
    return run.step(read, n, 8)


@workflow("little_errand")
def little_errand(run: Run, given: Errand) -> str:
    """The part of a family that the child does."""
    n = given.number
    run.step(read, n, 3)
    run.step(make, n, 4)
    run.step(read, n, 5)
    return run.step(make, n, 6)


@workflow("family")
def family(run: Run, given: Errand) -> str:
    """Two steps, four by a child, and two more."""
    n = given.number
    run.step(read, n, 1)
    run.step(make, n, 2)
    run.child(little_errand, given)
    run.step(read, n, 7)
    return run.step(make, n, 8)


@workflow("trip")
def trip(run: Run, given: Errand) -> str:
    """A saga that fails at its fourth step when the number is odd."""
    n = given.number
    run.step(read, n, 1)
    with run.saga() as saga:
        run.step(make, n, 2)
        saga.on_failure(undo, n, 12)
        run.step(make, n, 3)
        saga.on_failure(undo, n, 13)
        run.step(read, n, 4)
        saga.on_failure(undo, n, 14)
        if n % 2:
            run.step(doom, n, 5)
        else:
            run.step(make, n, 5)
    run.step(read, n, 6)
    run.step(make, n, 7)
    return run.step(read, n, 8)


@workflow("asked")
def asked(run: Run, given: Errand) -> str:
    """Four steps, an editor's decision, and four more."""
    n = given.number
    run.step(read, n, 1)
    run.step(make, n, 2)
    run.step(read, n, 3)
    run.step(make, n, 4)
    run.approval("editor", show={"number": n}, approvers=("test:editor",)).require_approved()
    run.step(read, n, 5)
    run.step(make, n, 6)
    run.step(read, n, 7)
    return run.step(make, n, 8)


@workflow("told")
def told(run: Run, given: Errand) -> str:
    """Four steps, a signal whose payload is the result, and four more."""
    n = given.number
    run.step(read, n, 1)
    run.step(make, n, 2)
    run.step(read, n, 3)
    run.step(make, n, 4)
    said = run.signal("word", str)
    run.step(read, n, 5)
    run.step(make, n, 6)
    run.step(read, n, 7)
    run.step(make, n, 8)
    return said


@workflow("hopeful")
def hopeful(run: Run, given: Errand) -> str:
    """Eight steps, two of them of a kind that must never be repeated blindly."""
    n = given.number
    run.step(read, n, 1)
    run.step(hope, n, 2)
    run.step(make, n, 3)
    run.step(read, n, 4)
    run.step(make, n, 5)
    run.step(hope, n, 6)
    run.step(read, n, 7)
    return run.step(make, n, 8)
