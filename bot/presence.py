"""Who lives on this machine: each process that holds leases holds a locked file, and the kernel opens the lock
when the process dies, however it dies.

A lock that can be taken is a dead process, so its leases need not run out first. A process that is only stopped
keeps its lock. A lock belongs to an open file, not to a number of a process, so that numbers may be used again. Where
locks or files can't be had, or on another machine, the end of the lease stays the only rule.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import structlog

from bot.keeper import Leases
from workflows.engine.ports import Queue

LOOK_EVERY = 0.25
"""Seconds between two looks for processes that died."""
FORGOTTEN = 24 * 3600.0
"""Seconds after which what nobody looks for is tidied up: of another database, or from before the machine started."""
BOOT = Path("/proc/sys/kernel/random/boot_id")

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Roster:
    """The folder of those files. Processes of one machine that share a folder and a database find each other's dead.

    Nothing is open between calls, so that it may be carried over a fork.
    """

    def __init__(self, folder: Path, database: str) -> None:
        self._folder = folder
        self._mark = f"{_machine()}\n{database}\n".encode()

    def enter(self, owner: str) -> Presence:
        """Say that this process lives and holds the leases of this owner."""
        early = self._folder / f".{owner}"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(early, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.write(descriptor, self._mark)
            early.rename(self._folder / owner)  # seen from here on, and locked already
        except OSError as error:
            log.warning(
                "no locked file says that this process lives: if it is killed, its runs go on when its leases run out",
                folder=str(self._folder), error=str(error),
            )  # fmt: skip
            return Presence(None, None)
        return Presence(self._folder / owner, descriptor)

    def strike(self, owner: str) -> None:
        """Forget a process that is ended on purpose: its death is no news."""
        with contextlib.suppress(OSError):
            (self._folder / owner).unlink(missing_ok=True)

    def bury(self, give_up: Callable[[str], None]) -> None:
        """Call `give_up` for the owner of each process that died. What it raises is raised; the next look tries again.

        Whoever looks at the same time leaves that process alone.
        """
        for path in self._files():
            with _unlocked(path) as mark:
                if mark is None:
                    continue
                if mark == self._mark and not path.name.startswith("."):
                    give_up(path.name)
                    path.unlink(missing_ok=True)
                elif _age(path) > FORGOTTEN:
                    path.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        try:
            return sorted(self._folder.iterdir())
        except FileNotFoundError:
            return []


class Presence:
    """This process's file, until it leaves or dies. A process that it forks has no part in it."""

    def __init__(self, path: Path | None, descriptor: int | None) -> None:
        self._path = path
        self._descriptor = descriptor
        os.register_at_fork(after_in_child=self._close)

    def leave(self) -> None:
        """Go in peace: all leases were given back."""
        if self._path is not None and self._descriptor is not None:
            self._path.unlink(missing_ok=True)
        self._close()

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


class Mourner:
    """Gives up the leases of processes that died on this machine, and has their runs rung."""

    def __init__(self, roster: Roster, leases: Leases, queue: Queue) -> None:
        self._roster = roster
        self._leases = leases
        self._queue = queue

    def look(self) -> None:
        """Look once. Any number of processes may."""
        self._roster.bury(self._give_up)

    def _give_up(self, owner: str) -> None:
        rings = self._leases.release(owner, crashed=True)
        log.warning("a process died: its runs go on", owner=owner, runs=len(rings))
        # Redis may still take their jobs for started, by a worker that is no more: hence `again`.
        self._queue.ring([replace(ring, again=True) for ring in rings])


@contextlib.contextmanager
def _unlocked(path: Path) -> Iterator[bytes | None]:
    """The file's text while its lock is held here; None when somebody holds it, or it is gone."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        yield None
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield None
            return
        yield os.read(descriptor, 4096) if os.fstat(descriptor).st_nlink else None
    finally:
        os.close(descriptor)


def _age(path: Path) -> float:
    with contextlib.suppress(OSError):
        return time.time() - path.stat().st_mtime
    return 0.0


def _machine() -> str:
    """This machine since its start: of another one's processes a lock may say nothing."""
    try:
        return BOOT.read_text().strip()
    except OSError:
        return socket.gethostname()
