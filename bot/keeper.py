"""The process that keeps the leases of worker processes: it alone, beside them, speaks to the database.

The supervisor must stay fit to fork and quick to act on a signal, so it asks the keeper, which may wait for a
slow database. The keeper owns nothing: if it dies, the supervisor starts another and asks again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

import structlog

from bot.forking import Closable, Line, Process, fork
from bot.outage import Outage
from workflows.engine.ports import Queue, Ring

YOUNG = 1.0
"""A keeper that dies within so many seconds of its start is not followed before they are over."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Leases(Protocol):
    """The claims of worker processes on runs. The engine's store has both methods."""

    def renew(self, owner: str, ttl: timedelta) -> None:
        """Extend every live lease of an owner."""

    def release(self, owner: str, *, crashed: bool) -> Sequence[Ring]:
        """End every lease of an owner; `crashed` counts a crash against each of its runs."""


class Heart(Protocol):
    """Says that a worker and its processes live, for those who look. `bot.beating` has it."""

    def saw(self, owner: str) -> None: ...
    def ended(self, owner: str, *, crashed: bool) -> None: ...
    def tick(self) -> None: ...
    def leave(self) -> None: ...


class NoHeart:
    """Tells nobody."""

    def saw(self, owner: str) -> None: ...
    def ended(self, owner: str, *, crashed: bool) -> None: ...
    def tick(self) -> None: ...
    def leave(self) -> None: ...


class Keeper:
    """Renews and releases leases as it is asked to.

    It hears `renew OWNER`, `release OWNER crashed|left` and at the end `leave`, and answers `renewed OWNER UNTIL`,
    `unrenewed OWNER`, `released OWNER` and `left`. A release is tried until it succeeds. Every so often it calls
    `look`. `heart` tells who lives.
    """

    def __init__(
        self,
        leases: Leases,
        queue: Queue,
        line: Line,
        ttl: timedelta,
        look: Callable[[], None],
        look_every: float,
        heart: Heart,
    ) -> None:
        self._leases = leases
        self._queue = queue
        self._line = line
        self._ttl = ttl
        self._owed: dict[str, bool] = {}
        self._look = look
        self._look_every = look_every
        self._look_at = 0.0
        self._heart = heart
        self._outage = Outage("the database of leases")

    def run(self) -> int:
        """Serve until the supervisor closes the line."""
        while (lines := self._line.receive(self._patience())) is not None:
            for line in lines:
                self._obey(line)
            for owner, crashed in list(self._owed.items()):
                self._release(owner, crashed=crashed)
            self._look_around()
            self._heart.tick()
        return 0

    def _patience(self) -> float:
        rest = max(self._look_at - time.monotonic(), 0.0)
        return min(self._outage.delay, rest) if self._owed else rest

    def _look_around(self) -> None:
        """Give up what other workers of this machine left that died whole."""
        if time.monotonic() < self._look_at:
            return
        try:
            self._look()
        except Exception as error:  # noqa: BLE001  the next look tries again
            self._outage.failed(error)
        self._look_at = time.monotonic() + max(self._look_every, self._outage.delay)

    def _obey(self, line: str) -> None:
        match line.split():
            case ["renew", owner]:
                self._renew(owner)
            case ["release", owner, how]:
                self._owed[owner] = how == "crashed"
                self._heart.ended(owner, crashed=how == "crashed")
            case ["leave"]:
                self._heart.leave()
                self._line.send("left")

    def _renew(self, owner: str) -> None:
        until = time.monotonic() + self._ttl.total_seconds()  # before the statement, so it promises too little
        try:
            self._leases.renew(owner, self._ttl)
        except Exception as error:  # noqa: BLE001  whatever the store says, there is a next time
            self._outage.failed(error)
            self._line.send(f"unrenewed {owner}")
        else:
            self._outage.worked()
            self._heart.saw(owner)
            self._line.send(f"renewed {owner} {until}")

    def _release(self, owner: str, *, crashed: bool) -> None:
        try:
            rings = self._leases.release(owner, crashed=crashed)
        except Exception as error:  # noqa: BLE001  it stays owed
            self._outage.failed(error)
            return
        self._outage.worked()
        del self._owed[owner]
        # Redis may still take their jobs for started, by a worker that is no more: hence `again`.
        self._queue.ring([replace(ring, again=True) for ring in rings])
        self._line.send(f"released {owner}")


class KeeperProcess:
    """The keeper as the supervisor sees it: what it was asked, and what it still owes."""

    def __init__(self, run: Callable[[Line], int]) -> None:
        self._run = run
        self._due = self._born = 0.0
        self._waiting: set[str] = set()
        self.process: Process | None = None
        self.owed: dict[str, str] = {}
        self.leaving = self.left = False

    def tend(self, inherited: Sequence[Closable]) -> bool:
        """Start it, or start it anew if it died; True when it did. It is told again what it owes.

        Another starts at once, since leases run out meanwhile; only one that dies young is waited for.
        """
        now = time.monotonic()
        if self.process and self.process.ended() is not None:
            self.process.line.close()
            self.process, self._due = None, self._born + YOUNG
            log.warning("keeper of leases died: starting another")
        if self.process is not None or now < self._due:
            return False
        self.process, self._born = fork(self._run, inherited), now
        self._waiting.clear()
        for owner, how in self.owed.items():
            self.process.line.send(f"release {owner} {how}")
        if self.leaving:
            self.process.line.send("leave")
        return True

    def renew(self, owner: str) -> bool:
        """Ask for a renewal, unless the last one is still unanswered; False while there is nobody to ask."""
        if self.process is None:
            return False
        if owner not in self._waiting:
            self._waiting.add(owner)
            self.process.line.send(f"renew {owner}")
        return True

    def release(self, owner: str, how: str) -> None:
        """Ask for a release, for which the keeper is trusted until it says that it is done."""
        self.owed[owner] = how
        if self.process:
            self.process.line.send(f"release {owner} {how}")

    def leave(self) -> None:
        """Have it say farewell for this worker, once; `left` tells when that is done."""
        if self.process and not self.leaving:
            self.leaving = True
            self.process.line.send("leave")

    def hear(self) -> Iterator[tuple[str, str]]:
        """The renewals that were confirmed: who, until when."""
        for line in (self.process.line.receive() if self.process else None) or []:
            match line.split():
                case ["renewed", owner, until]:
                    self._waiting.discard(owner)
                    yield owner, until
                case ["unrenewed", owner]:
                    self._waiting.discard(owner)
                case ["released", owner]:
                    self.owed.pop(owner, None)
                case ["left"]:
                    self.left = True
