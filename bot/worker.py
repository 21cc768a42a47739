"""A worker process: RQ's entry function, and what runs it until it is told to leave.

`bot.supervisor` starts these processes, keeps their leases alive, and replaces them.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

import structlog

from bot.forking import ORPHANED, Line
from bot.lanes import Function, LaneWorker, connect
from bot.presence import Roster
from bot.standing_back import stand_back

ADVANCE = "bot.worker.advance"
"""The name by which a ring asks for `advance`. It is stored in Redis, so it is compatibility data."""
DELIVER = "bot.worker.deliver"
"""The name by which a ring asks for `deliver`; compatibility data too."""
DELIVERIES = "slack"
"""The queue of those rings. It has lanes of its own."""

WORN_OUT = 76
"""The exit code of a child that asks to be replaced: too many of its threads are stuck in abandoned steps."""


class Hands(Protocol):
    """What does the work in a worker process."""

    @property
    def owner(self) -> str:
        """Who this process is in the lease of a run."""

    def advance(self, run_id: str) -> None:
        """Take one turn of a run, if it is there to be taken; called by several threads at once."""

    def deliver(self, run_id: str) -> None:
        """Bring a run's messages up to date; called by several threads at once."""

    def leases_renewed(self, until: float) -> None:
        """The leases of this process hold until then, in seconds of CLOCK_MONOTONIC."""

    def drain(self) -> None:
        """Suspend each run at its next verb. May be called more than once."""

    def worn_out(self) -> bool:
        """Whether this process should be replaced by a fresh one. Called about once a second."""

    def close(self) -> None:
        """Let go of connections and threads; advances may still be stuck."""


@dataclass(frozen=True)
class WorkerSettings:
    """How many processes work on what, and how patient they are with each other."""

    redis_url: str
    processes: int = 2
    lanes: int = 8
    queues: tuple[str, ...] = ("default", DELIVERIES)
    delivery_lanes: int = 4
    """Lanes that deliver messages, beside those that advance runs."""
    lease: timedelta = timedelta(seconds=15)
    """How long a claim on a run holds unless it is renewed."""
    beat: timedelta = timedelta(seconds=1)
    tolerance: timedelta = timedelta(seconds=30)
    """How long a child may be silent before its leases are left to run out: a step may hog the interpreter."""
    grace: timedelta = timedelta(seconds=25)
    """What running steps get to finish in after SIGTERM."""


@dataclass
class _Bound:
    advance: Function | None = field(default=None)
    deliver: Function | None = field(default=None)


_bound = _Bound()


def bind(advance: Function, deliver: Function | None = None) -> None:
    """Say what `advance` and `deliver` do in this process."""
    _bound.advance = advance
    _bound.deliver = deliver


def advance(run_id: str) -> None:
    """Advance a run: the function that RQ's jobs name."""
    if _bound.advance is None:
        raise RuntimeError("This process has no engine: start it with `baton worker`")
    _bound.advance(run_id)


def deliver(run_id: str) -> None:
    """Bring a run's messages up to date: the function that RQ's jobs on the queue `slack` name."""
    if _bound.deliver is None:
        raise RuntimeError("This process delivers nothing: start it with `baton worker`")
    _bound.deliver(run_id)


class WorkerChild:
    """One worker process: lanes that advance runs, and a thread that speaks with the parent."""

    def __init__(self, hands: Hands, worker: LaneWorker, line: Line, *, beat: timedelta, grace: timedelta) -> None:
        self._hands = hands
        self._worker = worker
        self._line = line
        self._beat = beat.total_seconds()
        self._grace = grace.total_seconds()
        self._told_to_leave = False
        self._worn_out = False
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__).bind(worker=hands.owner)

    def run(self) -> int:
        """Work until told to leave, and return the exit code. Installs a handler for SIGTERM."""
        bind(self._hands.advance, self._hands.deliver)
        signal.signal(signal.SIGTERM, self._on_term)
        threading.Thread(target=self._attend, name="attend", daemon=True).start()
        self._worker.work()
        if not self._worker.drained(self._grace):
            self._log.warning("left with steps still running: their runs go on elsewhere")
        self._worker.close()
        try:
            self._hands.close()
        except Exception:  # noqa: BLE001  leaving is no crash, even when the database doesn't hear of it
            self._log.exception("worker process could not close its connections")
        return WORN_OUT if self._worn_out else 0

    def _on_term(self, *_: object) -> None:
        self._told_to_leave = True  # the attending thread acts on it: a handler must take no lock

    def _attend(self) -> None:
        """Beat, listen, and end this process when there is no parent any more: nobody would renew its leases."""
        try:
            while self._line.send("beat") and (lines := self._line.receive(self._beat)) is not None:
                for line in lines:
                    self._obey(line)
                self._worn_out = self._worn_out or self._hands.worn_out()
                if self._told_to_leave or self._worn_out:
                    self._leave()
        except Exception:  # noqa: BLE001  the supervisor starts a whole one
            self._log.exception("worker process is broken")
            os._exit(1)
        os._exit(ORPHANED)

    def _obey(self, line: str) -> None:
        match line.split():
            case ["until", moment]:
                self._hands.leases_renewed(float(moment))
            case ["drain"]:
                self._told_to_leave = True

    def _leave(self) -> None:
        self._worker.stop()
        self._hands.drain()


def work(settings: WorkerSettings, hands: Callable[[str], Hands], roster: Roster, owner: str, line: Line) -> int:
    """Be a worker process: build its hands and its lanes, and run them. Called right after the fork."""
    stand_back()
    presence = roster.enter(owner)
    worker = LaneWorker(
        settings.queues,
        owner,
        connection=connect(settings.redis_url),
        functions={ADVANCE: advance, DELIVER: deliver},
        lanes=settings.lanes,
        apart={DELIVERIES: settings.delivery_lanes},
    )
    code = WorkerChild(hands(owner), worker, line, beat=settings.beat, grace=settings.grace).run()
    presence.leave()
    return code
