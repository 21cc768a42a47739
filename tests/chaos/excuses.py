"""Calls that no engine can prevent, each only where the journal proves it; and the course of a step, to be read.

A process looks at its lease and then sends. What comes between the two can't be taken back: it may be stopped there, or
killed with the call in the system's hands already, and then the server carries the call out after another process took
over. Only a key that the service honours makes that harmless.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from tests.chaos.shapes import Sort
from tests.servers.effects import Execution


@dataclass(frozen=True)
class Hit:
    """A fault as it happened: to which processes, or to what all share, and in which time."""

    kind: str
    began: datetime
    ended: datetime
    killed: frozenset[int] = frozenset()
    stopped: frozenset[int] = frozenset()
    database: bool = False
    over: float = 0.0
    """When it was done, in seconds of CLOCK_MONOTONIC."""
    struck: float = 0.0
    """The last moment before it, when all that it hit still lived."""


class Stopped:
    """Excuses what a stopped process sent when it woke, if it had looked at its lease before that.

    What it sent before, or after a later look, is its own: a stop that came after that excuses nothing.
    """

    def __init__(self, hits: Iterable[Hit]) -> None:
        self._hits = [hit for hit in hits if hit.stopped]

    def excuses(self, call: Execution) -> bool:
        return any(call.pid in hit.stopped and call.looked < hit.over and hit.struck < call.at for hit in self._hits)


class Killed:
    """Excuses what a killed process had sent, and the server carried out after the step was done elsewhere.

    Proven by the journal: the process looked at its lease before it was killed, the call whose answer was recorded is
    another process's that looked at its own lease after that, and both have one key, which the server honours.
    """

    def __init__(self, hits: Iterable[Hit]) -> None:
        self._hits = {pid: hit for hit in hits for pid in hit.killed}

    def excuses(self, call: Execution, recorded: Execution | None) -> bool:
        hit = self._hits.get(call.pid)
        if hit is None or recorded is None or call.sort != Sort.KEYED:
            return False
        return (
            (call.key, call.serial > recorded.serial) == (recorded.key, True)
            and call.pid != recorded.pid
            and 0 < call.looked < hit.over
            and hit.struck < recorded.looked
        )


def course(number: int, place: int, calls: Sequence[Execution], hits: Sequence[Hit]) -> Iterator[str]:
    """All that the server and the faults know of one step, in the order of time."""
    mine = [call for call in calls if (call.number, call.place) == (number, place)]
    told = [(call.at, _told(call)) for call in mine]
    for hit in hits:
        pids = sorted({call.pid for call in mine} & (hit.killed | hit.stopped))
        told.extend(
            (hit.over, f"{hit.kind} had hit process {pid}, {hit.over - hit.struck:.3f} s before") for pid in pids
        )
    first = min((moment for moment, _ in told), default=0.0)
    for moment, words in sorted(told):
        yield f"{moment - first:8.3f} s  {words}"


def _told(call: Execution) -> str:
    sent = f"call {call.serial}, attempt {call.attempt} by process {call.pid}, key {call.key[:8]}"
    return f"{sent}, which had looked at its lease {call.at - call.looked:.3f} s before"
