"""Who else writes an SQLite file: threads of this process in turn, and whether other processes are there."""

from __future__ import annotations

import fcntl
import threading
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO

LOOK_EVERY = 0.05
"""Seconds for which an answer about other processes holds."""


class Turnstile:
    """A lock that is given in the order in which it was asked for.

    SQLite lets the waiting threads of one process race and sleep; here each has its turn.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = False
        self._line: deque[threading.Event] = deque()

    def __enter__(self) -> None:
        with self._lock:
            if not self._taken:
                self._taken = True
                return
            turn = threading.Event()
            self._line.append(turn)
        try:
            turn.wait()
        except BaseException:  # interrupted: leave the line, or hand on the turn that came meanwhile
            self._give_up(turn)
            raise

    def _give_up(self, turn: threading.Event) -> None:
        with self._lock:
            if turn in self._line:
                self._line.remove(turn)
                return
        self.__exit__(None, None, None)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            if self._line:
                self._line.popleft().set()
            else:
                self._taken = False


class Neighbours:
    """Knows whether other processes have the same file open, by a shared lock on a file beside it.

    Where no such file can be kept it sees nobody: they lose patience sooner, and nothing else.
    """

    def __init__(self, database: str) -> None:
        path = Path(database)
        self._looked = float("-inf")
        self._found = False
        self._file: IO[bytes] | None = None
        with suppress(OSError):
            self._file = path.with_name(path.name + "-users").open("a+b")
            fcntl.lockf(self._file, fcntl.LOCK_SH)

    def any(self) -> bool:
        """Whether another process is there, as of the last fraction of a second."""
        now = time.monotonic()
        if self._file is not None and now - self._looked >= LOOK_EVERY:
            self._looked = now
            self._found = _shared(self._file)
        return self._found

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def _shared(file: IO[bytes]) -> bool:
    """Whether this process can't have the lock for itself."""
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    fcntl.lockf(file, fcntl.LOCK_SH)
    return False
