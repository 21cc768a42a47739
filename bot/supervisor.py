"""The parent of worker processes: starts them, keeps their leases alive, replaces them, and lets them leave in peace.

Children are forked, not spawned, so that they share what was imported (a spawned worker costs a second and some
tens of megabytes). A fork is sound only from a process with one thread and no connections, at the start and at
every later restart. So this process never opens either: it has a loop over its children's lines and a signal
pipe, and a keeper process speaks to the database for it. That also keeps a hanging database from delaying a
signal or the news of a death. Everything that opens something is a factory, called in the process that uses it.

    supervisor ── fork ──> keeper (database, Redis: renew, release, ring)
               ── fork ──> worker child 1..N (engine, lanes)

A child beats on its line. While it does, the keeper is asked to renew its leases every third of their time, and
the answer says until when they hold. A child that dies is noticed at once: its leases are released, its runs rung.
A child that only stops (SIGSTOP, a seized interpreter) is left its process, but not its leases. When this process
dies, the kernel kills the children (elsewhere than on Linux they notice the closed line): nobody would renew. Then
the keepers and clocks of this machine see by the roster that they are dead.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import os
import secrets
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import structlog

from bot.forking import Closable, Line, Process, fork
from bot.keeper import Heart, Keeper, KeeperProcess, Leases, NoHeart
from bot.presence import LOOK_EVERY, Mourner, Roster
from bot.worker import WORN_OUT, Hands, WorkerSettings, work
from workflows.engine.ports import Queue

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

SETTLED = 10.0
"""Seconds after which a child's death is no longer part of a crash loop."""
MARGIN = 2.0
"""Seconds beyond the grace after which a child is killed, and that the keeper gets for the last releases."""
NEVER = float("-inf")
SECOND_SIGNAL = 1.0
"""Seconds within which signals count as one: a terminal and a process manager both send theirs."""


@dataclass
class Slot:
    """A place for one child, and the children that died young in it, one after the other."""

    number: int
    due: float = 0.0
    early_deaths: int = 0
    child: Child | None = None

    def vacate(self, now: float, *, crashed: bool) -> float:
        """Free the place after a death; returns the delay before the next start."""
        child, self.child = self.child, None
        young = child is not None and now - child.born < SETTLED
        self.early_deaths = self.early_deaths + 1 if crashed and young else 0
        delay = min(2.0 ** (self.early_deaths - 3), 60.0) if self.early_deaths >= 3 else 0.0
        self.due = now + delay
        return delay


@dataclass
class Child:
    """A worker process, and what was heard from it. Moments are CLOCK_MONOTONIC seconds."""

    owner: str
    process: Process
    born: float
    heard: float
    asked: float
    silent: bool = False
    deaf: bool = False
    killed: bool = False


class Signals:
    """SIGTERM, SIGINT and SIGCHLD while a worker runs: each wakes the loop, the first two ask it to stop."""

    reader: socket.socket
    writer: socket.socket

    def __init__(self) -> None:
        self.stop_since: float | None = None
        self.at_once = False
        self._former: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self.reader, self.writer = socket.socketpair()
        self.reader.setblocking(False)
        self.writer.setblocking(False)
        self._former = {number: signal.signal(number, self._ask) for number in (signal.SIGTERM, signal.SIGINT)}
        self._former[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self.writer.fileno(), warn_on_full_buffer=False)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(-1)
        for number, handler in self._former.items():
            signal.signal(number, handler)
        self.reader.close()
        self.writer.close()

    def _ask(self, *_: object) -> None:
        now = time.monotonic()
        if self.stop_since is None:
            self.stop_since = now
        elif now - self.stop_since >= SECOND_SIGNAL:
            self.at_once = True

    def wait(self, lines: Sequence[Line], seconds: float) -> None:
        """Sleep until a signal came, a line has something to say, or the time is over."""
        ends: list[socket.socket | Line] = [self.reader, *lines]
        select.select(ends, [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            self.reader.recv(4096)


class WorkerParent:
    """Runs the worker processes of one machine until SIGTERM or ctrl-C.

    `hands` gets the owner's name, in the child; `leases`, `queue` and `heart` are called in the keeper.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        hands: Callable[[str], Hands],
        leases: Callable[[], Leases],
        queue: Callable[[], Queue],
        roster: Roster,
        heart: Callable[[], Heart] = NoHeart,
    ) -> None:
        self._settings = settings
        self._hands = hands
        self._leases = leases
        self._queue = queue
        self._roster = roster
        self._heart = heart
        self._slots = [Slot(number) for number in range(settings.processes)]
        self._keeper = KeeperProcess(self._keep)
        self._signals = Signals()
        self._born = 0
        self._told = False
        self._last_death = 0.0

    def run(self) -> int:
        """Supervise, from a process that has one thread; returns the exit code.

        The first SIGTERM or SIGINT lets children finish or suspend their steps, the second kills them.
        """
        if threading.active_count() > 1:
            names = [thread.name for thread in threading.enumerate()]
            log.warning("forking beside other threads: a lock that one of them holds stays locked", threads=names)
        gc.collect()
        gc.freeze()  # so that no collection in a child copies the pages that it shares
        pause = min(0.25, self._settings.lease.total_seconds() / 6)
        with self._signals:
            while not self._over():
                if self._keeper.tend(self._open_ends()):
                    self._ask_anew()
                self._start_due()
                self._renew_due()
                self._signals.wait(self._lines(), pause)
                self._hear()
                self._bury()
                self._let_go()
        if self._keeper.owed:
            log.warning("left with leases unreleased: they run out", owners=sorted(self._keeper.owed))
        self._close()
        return 1 if self._signals.at_once else 0

    def _over(self) -> bool:
        if self._signals.at_once:
            return True
        if self._signals.stop_since is None or self._children():
            return False
        if not self._keeper.owed:
            self._keeper.leave()
        return self._keeper.left or time.monotonic() > max(self._last_death, self._signals.stop_since) + MARGIN

    def _children(self) -> list[Child]:
        return [slot.child for slot in self._slots if slot.child]

    def _lines(self) -> list[Line]:
        lines = [child.process.line for child in self._children() if not child.deaf]
        return [*lines, self._keeper.process.line] if self._keeper.process else lines

    def _open_ends(self) -> list[Closable]:
        lines = [child.process.line for child in self._children()]
        keeper = [self._keeper.process.line] if self._keeper.process else []
        return [*lines, *keeper, self._signals.reader, self._signals.writer]

    # birth

    def _start_due(self) -> None:
        if self._signals.stop_since is not None:
            return
        now = time.monotonic()
        for slot in self._slots:
            if slot.child is None and now >= slot.due:
                self._born += 1
                owner = f"{socket.gethostname()}-{os.getpid()}-{self._born}-{secrets.token_hex(3)}"
                being = functools.partial(work, self._settings, self._hands, self._roster, owner)
                process = fork(being, self._open_ends())
                slot.child = Child(owner, process, born=now, heard=now, asked=now)
                log.info("worker process started", owner=owner, pid=process.pid)

    def _keep(self, line: Line) -> int:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it is needed to the end, whoever else was told to go
        leases, queue = self._leases(), self._queue()
        look = Mourner(self._roster, leases, queue).look
        return Keeper(leases, queue, line, self._settings.lease, look, LOOK_EVERY, self._heart()).run()

    # life

    def _ask_anew(self) -> None:
        """What the last keeper was asked may be lost with it."""
        for child in self._children():
            child.asked = NEVER

    def _renew_due(self) -> None:
        now = time.monotonic()
        for child in self._children():
            silent = now - child.heard > self._settings.tolerance.total_seconds()
            if silent and not child.silent:
                log.warning("worker process is silent: its leases run out", owner=child.owner, pid=child.process.pid)
            child.silent = silent
            due = now - child.asked >= self._settings.lease.total_seconds() / 3
            if not silent and due and self._keeper.renew(child.owner):
                child.asked = now

    def _hear(self) -> None:
        for child in self._children():
            lines = None if child.deaf else child.process.line.receive()
            child.deaf = lines is None
            if lines:
                child.heard = time.monotonic()
        children = {child.owner: child for child in self._children()}
        for owner, until in self._keeper.hear():
            if owner in children:
                children[owner].process.line.send(f"until {until}")

    # death

    def _bury(self) -> None:
        for slot in self._slots:
            child = slot.child
            code = child.process.ended() if child else None
            if child is None or code is None:
                continue
            child.process.line.close()
            self._last_death = now = time.monotonic()
            crashed = code not in (0, WORN_OUT) and not child.killed
            self._keeper.release(child.owner, "crashed" if crashed else "left")
            delay = slot.vacate(now, crashed=crashed)
            say = log.warning if crashed else log.info
            say("worker process ended", owner=child.owner, pid=child.process.pid, code=code, restart_in=delay)

    def _let_go(self) -> None:
        """Once asked to stop: tell the children, and kill those that outstay the grace."""
        since = self._signals.stop_since
        if since is None:
            return
        if not self._told:
            self._told = True
            log.info("stopping: steps may finish", grace=self._settings.grace.total_seconds())
            for child in self._children():
                child.process.line.send("drain")
        if time.monotonic() > since + self._settings.grace.total_seconds() + MARGIN or self._signals.at_once:
            for child in self._children():
                child.killed = True
                if not self._signals.at_once:
                    self._roster.strike(child.owner)  # the keeper gives its leases back, and calls it no crash
                child.process.kill()

    def _close(self) -> None:
        for child in self._children():
            child.process.line.close()
        if self._keeper.process:
            self._keeper.process.line.close()
