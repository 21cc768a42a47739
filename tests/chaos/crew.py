"""The processes that do the work, and how they are hit."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TypeVar

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

    def start(self, skewed: Mapping[str, str] | None = None) -> None:
        """Start everybody; with `skewed`, the first worker and the first clock have that environment."""
        odd = dict(skewed or self._environment)
        for number in range(WORKERS):
            self._workers.append(self._house.start("worker", **(self._environment if number else odd)))
        for number in range(CLOCKS):
            self._clocks.append(self._house.start("clock", **(self._environment if number else odd)))

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
        victim.kill()
        victim.wait()
        place[place.index(victim)] = self._house.start(what, **environment)

    def _signal(self, pids: Sequence[int], number: signal.Signals) -> frozenset[int]:
        hit = set()
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
                hit.add(pid)
        return frozenset(hit)


def _picked(of: Sequence[T], pick: float) -> T:
    return of[min(int(pick * len(of)), len(of) - 1)]
