"""Where it is kept what came in. The twin is `workflows.engine.testing.memory_inbound`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from workflows.engine.hooks.model import Inbound
from workflows.engine.model import Audit, Message, NewRun, Writes
from workflows.engine.ports import Ring

OVER_WORDS = "Run {} is {}: it takes no signals any more."
GONE_WORDS = "There is no run {} here."


@dataclass(frozen=True)
class Arrival:
    """Something that came in, with what is to be done about it."""

    inbound: Inbound
    start: tuple[NewRun, Writes] | None = None
    message: tuple[Message, Audit] | None = None


@dataclass(frozen=True)
class Took:
    """What an arrival became."""

    inbound: Inbound
    new: bool
    """False when it was dealt with before: nothing was done now."""
    rings: tuple[Ring, ...] = ()


class InboundBook(Protocol):
    """What came in from outside, each acted on once. Methods raise StoreUnavailable."""

    def take(self, arrival: Arrival) -> Took:
        """Record an arrival and do what goes with it, in one transaction; only where it was not dealt with before.

        One that failed may be taken again. A message to a run that is over or gone is not written, and the arrival
        becomes one that is ignored, with words.
        """

    def find(self, source: str, event_id: str) -> Inbound | None: ...
    def latest(self, source: str, *, limit: int) -> Sequence[Inbound]:
        """What came from there, the newest first."""

    def forget(self, age: timedelta, *, limit: int) -> int:
        """Delete what is as old as that, the oldest first; how many."""
