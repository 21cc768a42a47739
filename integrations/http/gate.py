"""What stands between connectors and services: whose turn it is, who is down, and how many lanes a service may hold.

A process has one gate. The registry makes connectors under it (`governed_by`), so that each `Http` finds it without
being told, those of installed packages included; a connector made outside of a registry has a gate of its own.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import httpx

from integrations.errors import RateLimited, Unavailable
from integrations.http.bulkhead import Bulkhead
from integrations.http.circuit import Change, Circuits, MemoryCircuits, Outcome
from integrations.http.faults import retry_after
from integrations.http.told import told_by
from integrations.http.turns import Asking, MemoryTurns, Turns
from integrations.rates import Limits, Rate, service_name
from workflows.engine.policy import CallInProgress, Effect, current_call

PATIENCE = 2.0
"""Seconds that a call waits on the spot; who has to wait longer gives the lane back."""
PATIENCE_UNDERWAY = 60.0
"""The same for a call that has sent requests already: starting anew would send them again."""
LEAD = 1.0
"""Seconds by which a call comes back before its turn, since timers are rung once a second."""
CROWDED = 2.0
"""Seconds until a call tries again that found too many lanes at its service."""
UNTOLD_PAUSE = 1.0
"""Seconds that a service is left alone after a 429 that names no time."""
AWAY = frozenset({502, 503, 504})
"""Statuses that say that a service is down; a 500 is about the one request."""
MOST_TRIES = 5
LATE = 0.05


class News(Protocol):
    """Who tells people that a service is down, and that it is back."""

    def __call__(self, service: str, *, down: bool) -> None:
        """Tell it; called once for each."""


class Gate:
    """The gate of one process. `rates` are those of the settings, by service or `service:class`."""

    def __init__(
        self,
        turns: Turns | None = None,
        rates: Mapping[str, Rate] | None = None,
        bulkhead: Bulkhead | None = None,
        circuits: Circuits | None = None,
        *,
        news: News | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.turns = turns or MemoryTurns()
        self.rates = dict(rates or {})
        self.bulkhead = bulkhead or Bulkhead()
        self.circuits = circuits or MemoryCircuits(clock)
        self.news = news
        self.clock = clock
        self.sleep = sleep

    def way(self, service: str, address: str, limits: Limits, secrets: Iterable[str] = ()) -> Way:
        """The way to a service with one credential; `secrets` tell credentials apart and are never kept."""
        return Way(self, service, address, limits, _fingerprint(secrets))


class Way:
    """One connector's way through the gate."""

    def __init__(self, gate: Gate, service: str, address: str, limits: Limits, credential: str) -> None:
        self._gate = gate
        self._service = service
        self._place = f"{service_name(service)}|{address}"
        self._limits = limits
        self._credential = credential
        self._learned: dict[str, Rate] = {}

    @contextmanager
    def entered(self, method: str, path: str) -> Iterator[None]:
        """Wait for one's turn before the block; the lane counts as held by the service until `left` is called.

        Raises RateLimited when the wait is longer than is worth a lane. When the block raises, the lane is free again.
        """
        call = current_call()
        if not self._gate.bulkhead.enter(self._place, inside=_is_underway(call)):
            words = f"{self._service} is slow, and most of this worker waits for it"
            raise RateLimited(
                f"{words}. The step goes on when there is room.", retry_after=timedelta(seconds=CROWDED), untried=True
            )
        try:
            self._look_at_circuit()
            with self._judged():
                self._wait_for_turn(call, method, path)
                if call is not None:
                    call.requests += 1
                yield
        except BaseException:
            self.left()
            raise

    def left(self) -> None:
        """The request is over, its answer read or given up."""
        self._gate.bulkhead.leave(self._place)

    def answered(self, method: str, path: str, status: int, headers: Mapping[str, str]) -> None:
        """Take what an answer says of the service's limits."""
        self._tell_circuit(Outcome.FAILED if status in AWAY else Outcome.ANSWERED)
        now = datetime.now(UTC)
        told = told_by(headers, now)
        bucket = self._bucket(self._class_of(method, path)[0])
        asked = retry_after(headers, now) if status in {429, 503} else None
        pauses = [pause.total_seconds() for pause in (told.pause, asked) if pause is not None]
        if status == 429 and not pauses:
            pauses = [UNTOLD_PAUSE]
        if max(pauses, default=0.0) > 0:
            self._gate.turns.hold(bucket, max(pauses))
        if told.rate is not None and self._learned.get(bucket) != told.rate:
            self._gate.turns.learn(bucket, told.rate)
            self._learned[bucket] = told.rate

    def _look_at_circuit(self) -> None:
        wait = self._gate.circuits.ask(self._place)
        if wait:
            words = f"{self._service} failed again and again, so Baton leaves it alone for a while"
            back = timedelta(seconds=wait)
            raise Unavailable(f"{words}. It is tried again in {wait:.0f} s.", effect=Effect.NONE, retry_after=back)

    @contextmanager
    def _judged(self) -> Iterator[None]:
        """Tell the circuit how the block ended; an answer was told by `answered` already."""
        try:
            yield
        except httpx.TransportError as error:
            theirs = not isinstance(error, httpx.UnsupportedProtocol | httpx.LocalProtocolError | httpx.PoolTimeout)
            self._tell_circuit(Outcome.FAILED if theirs else Outcome.UNSENT)
            raise
        except BaseException:
            self._tell_circuit(Outcome.UNSENT)
            raise

    def _tell_circuit(self, outcome: Outcome) -> None:
        change = self._gate.circuits.ended(self._place, outcome)
        if change is not Change.NONE and self._gate.news is not None:
            self._gate.news(self._service, down=change is Change.OPENED)

    def unanswered(self) -> None:
        """The service gave no answer; for clients whose errors are not httpx's."""
        self._tell_circuit(Outcome.FAILED)

    def _wait_for_turn(self, call: CallInProgress | None, method: str, path: str) -> None:
        kind, rate, fixed = self._class_of(method, path)
        underway = _is_underway(call)
        asking = Asking(
            self._bucket(kind), rate,
            call.key if call else uuid.uuid4().hex, call.workflow if call else "",
            PATIENCE_UNDERWAY if underway else PATIENCE, underway, fixed,
        )  # fmt: skip
        for _ in range(MOST_TRIES):
            turn = self._gate.turns.ask(asking)
            if not turn.granted:
                raise self._pause(turn.wait, untried=not underway)
            if not turn.wait:
                return
            due = self._gate.clock() + turn.wait
            self._gate.sleep(turn.wait)
            if self._gate.clock() - due <= max(rate.interval, LATE):
                return
            asking = replace(asking, underway=True)  # the slot has passed: the next one, before all others

    def _pause(self, wait: float, *, untried: bool) -> RateLimited:
        words = f"Baton already asks {self._service} as often as its limit allows"
        back = timedelta(seconds=max(wait - LEAD, 0.0))
        return RateLimited(f"{words}. It goes on in {wait:.0f} s.", retry_after=back, untried=untried)

    def _class_of(self, method: str, path: str) -> tuple[str, Rate, bool]:
        kind, rate = self._limits.of(method, path)
        name = service_name(self._service)
        given = self._gate.rates.get(f"{name}:{kind}" if kind else name)
        return kind, given or rate, given is not None

    def _bucket(self, kind: str) -> str:
        return f"{self._place}|{self._credential}|{kind}"


_governing: ContextVar[Gate | None] = ContextVar("baton_gate", default=None)


@contextmanager
def governed_by(gate: Gate) -> Iterator[None]:
    """Let every `Http` that is made in the block go through this gate."""
    token = _governing.set(gate)
    try:
        yield
    finally:
        _governing.reset(token)


def governing() -> Gate:
    """The gate under which a connector is being made; one of its own where there is none."""
    return _governing.get() or Gate()


def _is_underway(call: CallInProgress | None) -> bool:
    return call is not None and call.requests > 0


def _fingerprint(secrets: Iterable[str]) -> str:
    """What tells credentials apart without telling them; equal for every worker."""
    digest = hashlib.blake2b(digest_size=9, person=b"baton-bucket")
    for secret in sorted(secrets):
        digest.update(secret.encode() + b"\0")
    return digest.hexdigest()
