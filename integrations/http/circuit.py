"""Whether a service is asked at all: after many failures it is left alone for a while, and then tried by one call."""

from __future__ import annotations

import enum
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

WINDOW = 30.0
"""Seconds over which failures are counted."""
FAILURES = 8
"""So many failures in a window, if they are at least half of its calls, open the circuit."""
FIRST, LONGEST = 10.0, 120.0
"""Seconds for which it stays open: at first, and at most, since each failed try doubles them."""
PROBE = 60.0
"""Seconds after which a try that nobody heard of again makes room for another."""
BESIDE_PROBE = 2.0
"""Seconds to wait for those who come while one tries."""


class Outcome(enum.StrEnum):
    """How a call ended, as far as the service's health goes."""

    ANSWERED = "answered"
    FAILED = "failed"
    UNSENT = "unsent"
    """It never left, so it says nothing."""


class Change(enum.StrEnum):
    """What a call's end did to the circuit."""

    NONE = ""
    OPENED = "opened"
    CLOSED = "closed"


class Circuits(Protocol):
    """Where the circuits of services are kept."""

    def ask(self, service: str) -> float:
        """0 when the service may be asked, else in how many seconds. Who may must tell how it `ended`."""

    def ended(self, service: str, outcome: Outcome) -> Change:
        """Count a call's end; each opening and closing is told to one caller."""


@dataclass
class _Circuit:
    since: float = float("-inf")
    calls: int = 0
    failures: int = 0
    open_until: float | None = None
    length: float = FIRST
    probing_until: float | None = None


class MemoryCircuits:
    """The circuits of one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._circuits: dict[str, _Circuit] = {}

    def ask(self, service: str) -> float:
        """0 when the service may be asked, else in how many seconds."""
        with self._lock:
            circuit, now = self._circuits.get(service), self._clock()
            if circuit is None or circuit.open_until is None:
                return 0.0
            if now < circuit.open_until:
                return circuit.open_until - now
            if circuit.probing_until is not None and now < circuit.probing_until:
                return min(circuit.probing_until - now, BESIDE_PROBE)
            circuit.probing_until = now + PROBE
            return 0.0

    def ended(self, service: str, outcome: Outcome) -> Change:
        """Count a call's end."""
        with self._lock:
            circuit, now = self._circuits.setdefault(service, _Circuit()), self._clock()
            if circuit.open_until is None:
                return _counted(circuit, outcome, now)
            if now < circuit.open_until:
                return Change.NONE  # it was sent before
            circuit.probing_until = None
            if outcome is Outcome.ANSWERED:
                self._circuits[service] = _Circuit()
                return Change.CLOSED
            if outcome is Outcome.FAILED:
                circuit.length = min(circuit.length * 2, LONGEST)
                circuit.open_until = now + circuit.length
            return Change.NONE


def _counted(circuit: _Circuit, outcome: Outcome, now: float) -> Change:
    if outcome is Outcome.UNSENT:
        return Change.NONE
    if now - circuit.since > WINDOW:
        circuit.since, circuit.calls, circuit.failures = now, 0, 0
    circuit.calls += 1
    circuit.failures += outcome is Outcome.FAILED
    if circuit.failures < FAILURES or circuit.failures * 2 < circuit.calls:
        return Change.NONE
    circuit.open_until, circuit.length = now + FIRST, FIRST
    return Change.OPENED
