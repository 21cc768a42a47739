"""Everything in one terminal: starts parts as processes of their own, shows what they say, replaces those that die.

Each part has its own process group, so that a terminal's ctrl-C reaches this process alone, which then lets the
parts leave in peace. When this process is killed, its parts notice (`follow_parent`) and stop by themselves.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

PROGRAM = (sys.executable, "-P", "-m", "bot.cli")
PARENT = "BATON_PARENT"
"""Where a part reads whose end is its own."""

SETTLED = 10.0
"""Seconds after which a part's death is no longer one of a row."""
LONGEST_PAUSE = 30.0
PAUSE = 0.1
"""Seconds between two looks at which parts live."""
TEND_EVERY = 1.0
SECOND_SIGNAL = 1.0
"""Seconds within which signals count as one: a terminal and a process manager both send theirs."""
LONGEST_LINE = 64 * 1024

Say = Callable[[str, str], None]
"""Takes a part's name and a line."""

STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""What asks to stop; the last comes when a terminal is closed."""

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Part:
    """A process to keep running."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    pass_fds: tuple[int, ...] = ()


@dataclass
class Place:
    """A part's present process, and how its former ones fared. Moments are CLOCK_MONOTONIC seconds."""

    part: Part
    process: subprocess.Popen[bytes] | None = None
    born: float = 0.0
    due: float = 0.0
    early_deaths: int = 0
    rest: bytes = b""

    def pause_after(self, now: float) -> float:
        """How long to wait after a death: not at all at first, then ever longer for one that keeps dying young."""
        self.early_deaths = self.early_deaths + 1 if now - self.born < SETTLED else 0
        pause = min(0.5 * 2.0 ** (self.early_deaths - 2), LONGEST_PAUSE) if self.early_deaths > 1 else 0.0
        self.due = now + pause
        return pause


class Group:
    """Keeps parts running until it is stopped. One thread runs it; any thread and a signal handler may stop it.

    `tend` is called about once a second meanwhile, for what the parts need.
    """

    def __init__(
        self, parts: Sequence[Part], say: Say, *, grace: float = 35.0, tend: Callable[[], None] | None = None
    ) -> None:
        self._places = [Place(part) for part in parts]
        self._say = say
        self._grace = grace
        self._tend = tend
        self._tend_due = 0.0
        self._selector = selectors.DefaultSelector()
        self._awake, self._waker = socket.socketpair()
        self._awake.setblocking(False)
        self._waker.setblocking(False)
        self._stop_since: float | None = None
        self._at_once = False
        self._told = False
        self._killed = False

    def stop(self, *, at_once: bool = False) -> None:
        """Let the parts leave; with `at_once` kill them."""
        self._stop_since = self._stop_since if self._stop_since is not None else time.monotonic()
        self._at_once = self._at_once or at_once
        with contextlib.suppress(OSError):
            self._waker.send(b"x")

    def pids(self) -> dict[str, int]:
        """The process of each part that lives, for those who look from outside."""
        return {place.part.name: place.process.pid for place in self._places if place.process}

    def run(self) -> int:
        """Keep the parts running; returns 0 once all left in peace, 1 when one had to be killed."""
        self._selector.register(self._awake, selectors.EVENT_READ)
        try:
            while self._stop_since is None or self._living():
                self._start_due()
                self._tend_now_and_then()
                self._listen(PAUSE)
                self._bury()
                self._let_go()
        finally:
            for place in self._living():
                self._kill(place)
            self._selector.close()
            self._awake.close()
            self._waker.close()
        return 1 if self._killed else 0

    def _living(self) -> list[Place]:
        return [place for place in self._places if place.process]

    def _start_due(self) -> None:
        now = time.monotonic()
        for place in self._places:
            if self._stop_since is None and place.process is None and now >= place.due:
                place.born = now
                place.process = _spawn(place.part)
                assert place.process.stdout
                os.set_blocking(place.process.stdout.fileno(), False)
                self._selector.register(place.process.stdout, selectors.EVENT_READ, place)

    def _tend_now_and_then(self) -> None:
        if self._tend and self._stop_since is None and time.monotonic() >= self._tend_due:
            self._tend()
            self._tend_due = time.monotonic() + TEND_EVERY

    # what they say

    def _listen(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            if key.fileobj is self._awake:
                with contextlib.suppress(OSError):
                    self._awake.recv(4096)
            elif not self._hear(key.data, key.fd):
                self._selector.unregister(key.fileobj)

    def _hear(self, place: Place, fd: int) -> bool:
        """Pass on whole lines; False when the part's output is closed."""
        try:
            data = os.read(fd, LONGEST_LINE)
        except BlockingIOError:
            return True
        *lines, place.rest = (place.rest + data).split(b"\n")
        if len(place.rest) > LONGEST_LINE or not data:
            lines, place.rest = [*lines, place.rest], b""
        for line in lines:
            if line.strip():
                self._say(place.part.name, line.decode(errors="replace").rstrip())
        return bool(data)

    # death

    def _bury(self) -> None:
        for place in self._living():
            process = place.process
            assert process
            code = process.poll()
            if code is None:
                continue
            self._sweep(place, process)
            if self._stop_since is None:
                pause = place.pause_after(time.monotonic())
                when = f"in {pause:g} s" if pause else "now"
                self._say("up", f"{place.part.name} ended {_how(code)}: starting it again {when}")
            elif code not in (0, -signal.SIGTERM):
                self._say("up", f"{place.part.name} ended {_how(code)}")

    def _sweep(self, place: Place, process: subprocess.Popen[bytes]) -> None:
        """Take leave of an ended process: what it said last, and what it left running."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        assert process.stdout
        while self._hear(place, process.stdout.fileno()) and _readable(process.stdout.fileno()):
            pass
        with contextlib.suppress(KeyError):
            self._selector.unregister(process.stdout)
        process.stdout.close()
        place.process, place.rest = None, b""

    def _let_go(self) -> None:
        if self._stop_since is None:
            return
        if not self._told:
            self._told = True
            self._say("up", "stopping: steps may finish; ctrl-C again stops at once")
            for place in self._living():
                if place.process:
                    place.process.terminate()
        if self._at_once or time.monotonic() > self._stop_since + self._grace:
            for place in self._living():
                self._killed = True
                self._kill(place)

    def _kill(self, place: Place) -> None:
        if place.process:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(place.process.pid, signal.SIGKILL)
            place.process.wait()
            self._sweep(place, place.process)


def _spawn(part: Part) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own program
        part.command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, PARENT: str(os.getpid()), "PYTHONUNBUFFERED": "1", **part.env},
        pass_fds=part.pass_fds,
        process_group=0,
    )


def _readable(fd: int) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(fd, selectors.EVENT_READ)
        return bool(selector.select(0))


def _how(code: int) -> str:
    return f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"


class StopSignals:
    """Signals while a group runs: the first lets its parts leave, a later one stops them at once.

    Before there is a group, they interrupt what is being prepared.
    """

    def __init__(self) -> None:
        self.group: Group | None = None
        self._first: float | None = None

    def __enter__(self) -> Self:
        self._former = {number: signal.signal(number, self._ask) for number in STOPPING}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def _ask(self, *_: object) -> None:
        if self.group is None:
            raise KeyboardInterrupt
        now = time.monotonic()
        self.group.stop(at_once=self._first is not None and now - self._first >= SECOND_SIGNAL)
        self._first = self._first if self._first is not None else now


def follow_parent() -> None:
    """End by SIGTERM, in peace, when the process that `PARENT` names is gone. Without it nothing happens.

    Linux sends the signal; elsewhere an alarm looks each second, since a process that forks must have no thread.
    """
    named = os.environ.pop(PARENT, "")
    if not named.isdigit():
        return
    parent = int(named)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    else:
        _look_each_second(parent)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


def _look_each_second(parent: int) -> None:
    def look(*_: object) -> None:
        if os.getppid() != parent:
            signal.setitimer(signal.ITIMER_REAL, 0)
            os.kill(os.getpid(), signal.SIGTERM)

    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, 1, 1)
