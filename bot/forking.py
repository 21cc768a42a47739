"""Processes made by fork, and the line between a parent and its child.

A fork copies memory, locks and open files, but only the thread that forks. So only a process that has one
thread, and no connection to anything but its children, may call `fork`.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import structlog

ORPHANED = 77
"""The exit code of a child that noticed by its line that the parent is gone."""

_PR_SET_PDEATHSIG = 1


class Closable(Protocol):
    """What a child must not keep open: a copy of another child's line would hide the parent's death."""

    def close(self) -> None: ...


class Line:
    """One end of a socket pair that carries short lines of text, without ever blocking on a full buffer."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._end = end
        self._rest = b""

    def fileno(self) -> int:
        return self._end.fileno()

    def send(self, line: str) -> bool:
        """Send a line; False when the other side is gone. One that has long stopped reading misses lines."""
        try:
            self._end.sendall(line.encode() + b"\n")
        except BlockingIOError:
            return True
        except OSError:
            return False
        return True

    def receive(self, seconds: float | None = 0) -> list[str] | None:
        """Wait for lines, for ever with None; empty when none came in time, None when the other side is gone."""
        try:
            if not select.select([self._end], [], [], seconds)[0]:
                return []
            data = self._end.recv(65536)
        except BlockingIOError:
            return []
        except OSError:
            return None
        if not data:
            return None
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [line.decode() for line in lines]

    def close(self) -> None:
        self._end.close()


@dataclass(frozen=True)
class Process:
    """A forked child as its parent sees it."""

    pid: int
    line: Line

    def ended(self) -> int | None:
        """The exit code, once it has ended: negative for a signal, as `subprocess` has it. Ask no more then."""
        try:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
        except ChildProcessError:  # somebody else took the news
            return 0
        return os.waitstatus_to_exitcode(status) if pid else None

    def kill(self) -> None:
        """End it at once."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


def fork(run: Callable[[Line], int], inherited: Iterable[Closable]) -> Process:
    """Run a function in a child that dies with this process; its return value is the exit code.

    `inherited` is what this process has open and the child must not. The child ignores SIGINT, since a
    terminal sends it to the whole group and the parent is the one to act on it.
    """
    ours, theirs = socket.socketpair()
    parent = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        theirs.close()
        return Process(pid, Line(ours))
    code = 1
    try:
        _part_from_parent(parent, [ours, *inherited])
        code = run(Line(theirs))
    except BaseException:  # noqa: BLE001  nothing of the parent's stack may run here
        structlog.get_logger(__name__).exception("process failed")
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _part_from_parent(parent: int, inherited: Iterable[Closable]) -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for item in inherited:
        item.close()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(ORPHANED)
