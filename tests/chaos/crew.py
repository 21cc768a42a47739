"""The processes that do the work, and how they are hit."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TypeVar

from bot.up import PROGRAM
from bot.web.serving import LISTEN_FD
from tests.servers.house import House

T = TypeVar("T")
WORKERS = 2
CLOCKS = 2


class Crew:
    """Two workers and two clocks; whoever is killed is replaced at once."""

    def __init__(self, house: House, environment: Mapping[str, str]) -> None:
        self._house = house
        self._environment = dict(environment)
        self._workers: list[subprocess.Popen[bytes]] = []
        self._clocks: list[subprocess.Popen[bytes]] = []
        self._web: subprocess.Popen[bytes] | None = None
        self._listening: socket.socket | None = None
        self.struck = 0.0
        """The last moment before the last signal, in seconds of CLOCK_MONOTONIC."""

    def start(self, skewed: Mapping[str, str] | None = None) -> None:
        """Start everybody; with `skewed`, the first worker and the first clock have that environment."""
        odd = dict(skewed or self._environment)
        for number in range(WORKERS):
            self._workers.append(self._house.start("worker", **(self._environment if number else odd)))
        for number in range(CLOCKS):
            self._clocks.append(self._house.start("clock", **(self._environment if number else odd)))

    def start_web(self) -> None:
        """Start the web process; its address stays the same over every kill."""
        if self._listening is None:
            self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        number = self._listening.fileno()
        with (self._house.home / f"web-{len(self._house.processes)}.log").open("wb") as log:
            self._web = subprocess.Popen(
                [*PROGRAM, "web"], env=self._house.environment | self._environment | {LISTEN_FD: str(number)},
                cwd=self._house.home, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=(number,),
            )  # fmt: skip
        self._house.processes.append(self._web)

    def web_is_ready(self, seconds: float = 60.0) -> bool:
        """Whether the web process says that it is ready, which it gets some time for."""
        if self._listening is None:
            return True
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            connection = http.client.HTTPConnection("127.0.0.1", self._listening.getsockname()[1], timeout=10)
            with suppress(OSError, http.client.HTTPException):
                connection.request("GET", "/readyz")
                if connection.getresponse().status == http.client.OK:
                    return True
            connection.close()
            time.sleep(0.1)
        return False

    def close(self) -> None:
        """Give the address back."""
        if self._listening is not None:
            self._listening.close()

    def kill_web(self) -> frozenset[int]:
        """SIGKILL for the web process; a new one starts in its place."""
        if self._web is None:
            return frozenset()
        self.struck = time.monotonic()
        self._web.kill()
        self._web.wait()
        hit = frozenset({self._web.pid})
        self.start_web()
        return hit

    def kill_child(self, pick: float) -> frozenset[int]:
        """SIGKILL for one of the processes that workers keep: those that advance runs, and the keepers of leases."""
        children = [pid for worker in self._workers for pid in self._house.children(worker)]
        if not children:
            return frozenset()
        return self._signal([_picked(children, pick)], signal.SIGKILL)

    def kill_worker(self, pick: float, environment: Mapping[str, str] | None = None) -> frozenset[int]:
        """SIGKILL for a worker's parent, with which its children die; a new one starts in its place."""
        victim = _picked(self._workers, pick)
        hit = frozenset((victim.pid, *self._house.children(victim)))
        self._replace(self._workers, victim, "worker", environment or self._environment)
        return hit

    def kill_clock(self, pick: float) -> frozenset[int]:
        """SIGKILL for a clock; a new one starts in its place."""
        victim = _picked(self._clocks, pick)
        self._replace(self._clocks, victim, "clock", self._environment)
        return frozenset({victim.pid})

    def stop_worker(self, pick: float) -> frozenset[int]:
        """SIGSTOP for a worker and all its children."""
        victim = _picked(self._workers, pick)
        return self._signal((victim.pid, *self._house.children(victim)), signal.SIGSTOP)

    def wake(self, pids: frozenset[int]) -> None:
        """SIGCONT for those that were stopped: the younger ones, which do the work, come first."""
        self._signal(sorted(pids, reverse=True), signal.SIGCONT)

    def _replace(
        self,
        place: list[subprocess.Popen[bytes]],
        victim: subprocess.Popen[bytes],
        what: str,
        environment: Mapping[str, str],
    ) -> None:
        self.struck = time.monotonic()
        victim.kill()
        victim.wait()
        place[place.index(victim)] = self._house.start(what, **environment)

    def _signal(self, pids: Sequence[int], number: signal.Signals) -> frozenset[int]:
        hit = set()
        self.struck = time.monotonic()
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
                hit.add(pid)
        return frozenset(hit)


def _picked(of: Sequence[T], pick: float) -> T:
    return of[min(int(pick * len(of)), len(of) - 1)]
