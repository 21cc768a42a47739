"""Whose turn it is at a service: one line of waiting calls per limit, which everybody who calls it shares.

Slots are given out at the limit's rate (GCRA: a slot moves the next one by one interval, and time that nobody
used is kept up to the burst). Who would wait longer than is worth a lane is entered in the line, told when to come
back, and keeps the place. The line is fair: each group (a workflow) has the same share, whatever it has waiting, by
start-time fair queueing: a call's tag is where the line stands, or one past its group's last, whichever is later.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from integrations.rates import Rate

OVERDUE = 5.0
"""Seconds after which one who was told to come back and did not no longer holds up the others; the place is kept."""
MOST_LATE = 10_000
"""How many places are kept of those who did not come back."""


@dataclass(frozen=True)
class Asking:
    """Somebody who wants to send one request."""

    bucket: str
    """What is limited: service, credential and class of endpoints."""
    rate: Rate
    holder: str
    """Who asks: the same until the request was sent, however often it comes back."""
    group: str = ""
    """Whose share it is taken from."""
    patience: float = 2.0
    """Seconds that it would wait on the spot."""
    underway: bool = False
    """It has sent requests for the same work before, so it goes before all that have not begun."""
    fixed: bool = False
    """The rate holds, whatever the service's answers said."""


@dataclass(frozen=True)
class Turn:
    """The answer: a slot in `wait` seconds, or, when not `granted`, the advice to come back by then."""

    wait: float
    granted: bool


class Turns(Protocol):
    """Where the lines are kept. Seconds are by the keeper's own clock."""

    def ask(self, asking: Asking) -> Turn:
        """A slot if there is one within the asker's patience, else a place in the line."""

    def hold(self, bucket: str, pause: float) -> None:
        """Give out no slot for `pause` seconds: the service has asked for it."""

    def learn(self, bucket: str, rate: Rate) -> None:
        """From now on the bucket's rate is what the service told, except for who asks with a fixed one."""


@dataclass
class _Line:
    next: float = float("-inf")
    """The earliest moment of the next slot."""
    virtual: float = 0.0
    """How far the line has come."""
    learned: Rate | None = None
    tags: dict[str, float] = field(default_factory=dict)
    """Who waits, by holder."""
    back: dict[str, float] = field(default_factory=dict)
    """When each is to come back."""
    late: dict[str, float] = field(default_factory=dict)
    """The tags of those who did not."""
    finish: dict[str, float] = field(default_factory=dict)
    """One past the last tag of each group."""


class MemoryTurns:
    """The lines of one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._lines: dict[str, _Line] = {}

    def ask(self, asking: Asking) -> Turn:
        """A slot, or a place in the line."""
        with self._lock:
            return self._ask(self._lines.setdefault(asking.bucket, _Line()), asking, self._clock())

    def hold(self, bucket: str, pause: float) -> None:
        """Give out no slot for `pause` seconds."""
        with self._lock:
            line = self._lines.setdefault(bucket, _Line())
            line.next = max(line.next, self._clock() + pause)

    def learn(self, bucket: str, rate: Rate) -> None:
        """Keep to the rate that the service told."""
        with self._lock:
            self._lines.setdefault(bucket, _Line()).learned = rate

    def _ask(self, line: _Line, asking: Asking, now: float) -> Turn:
        rate = asking.rate if asking.fixed or line.learned is None else line.learned
        following = max(line.next, now - rate.interval * (rate.burst - 1))
        _set_aside(line, now)
        held = line.tags.get(asking.holder, line.late.get(asking.holder))
        tag = max(line.virtual, line.finish.get(asking.group, 0.0)) if held is None else held
        before = 0 if asking.underway else sum(1 for other in line.tags.values() if other < tag)
        wait = max(0.0, following + before * rate.interval - now)
        if held is None and (wait <= asking.patience or not asking.underway):
            line.finish[asking.group] = tag + 1
        line.late.pop(asking.holder, None)
        if wait <= asking.patience:
            line.tags.pop(asking.holder, None)
            line.back.pop(asking.holder, None)
            line.next = following + rate.interval
            line.virtual = max(line.virtual, line.virtual if asking.underway else tag)
            return Turn(max(0.0, following - now), granted=True)
        if not asking.underway:
            line.tags[asking.holder] = tag
            line.back[asking.holder] = now + wait
        return Turn(wait, granted=False)


def _set_aside(line: _Line, now: float) -> None:
    for holder in [one for one, due in line.back.items() if due + OVERDUE < now]:
        line.late[holder] = line.tags.pop(holder)
        del line.back[holder]
    while len(line.late) > MOST_LATE:
        line.late.pop(min(line.late, key=lambda one: line.late[one]))
