"""One contender in one round: its driver is started, warmed up, measured, looked at, and ended."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.durable_steps import processor
from benchmarks.durable_steps.drivers.telling import STEPS
from benchmarks.durable_steps.place import Place

ROOT = Path(__file__).parents[2]
DRIVERS = Path(__file__).parent / "drivers"
PEERS = ROOT / "build" / "peers" / "bin" / "python"
"""The interpreter of the peers' environment."""


class Failed(Exception):
    """A contender could not be measured; the text says why."""


@dataclass(frozen=True)
class Contender:
    """A name, the words of its driver's command, and what it needs around it."""

    name: str
    command: Callable[[Place], list[str]]
    database: str = ""
    """`sqlite`, `postgres`, or empty: it has a place of its own, or none."""
    redis: bool = False
    records: bool = True
    """Whether it keeps each step's result, so that a killed run goes on after its last step."""
    missing: Callable[[], str] = field(default=lambda: "")
    """What has to be installed first, in words; empty when nothing is."""


@dataclass(frozen=True)
class Taken:
    """What one contender did in one round."""

    name: str
    steps: int
    seconds: float
    processor: float
    """Seconds of all its processes and servers, without PostgreSQL."""
    detail: str

    @property
    def pace(self) -> float:
        """Steps a second."""
        return self.steps / self.seconds

    @property
    def cost(self) -> float:
        """Seconds of processor time per 1,000 steps."""
        return 1000 * self.processor / self.steps


def measure(contender: Contender, place: Place, count: int) -> Taken:
    """Let a contender carry out so many runs, and check that it did. Raises Failed."""
    log = place.folder / "driver.log"
    with log.open("wb") as said:
        driver = subprocess.Popen(
            contender.command(place), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True,
            env={"PATH": os.environ["PATH"], "HOME": str(place.folder), "PYTHONDONTWRITEBYTECODE": "1"},
            start_new_session=True,
        )  # fmt: skip
    try:
        detail = str(_told(driver, log)["detail"])
        roots = (driver.pid, *place.servers)
        before = processor.seconds(roots)
        answer = _asked(driver, log, f"run {count}")
        spent = processor.seconds(roots) - before
        look = _asked(driver, log, "look")
    finally:
        _end(driver)
    if not answer["right"]:
        raise Failed(f"{contender.name} did not bring every run to the right result")
    expected = {"runs": count, "steps": count * STEPS if contender.records else look["steps"]}
    if look != expected:
        raise Failed(f"{contender.name} holds {look}, to be {expected}")
    return Taken(contender.name, count * STEPS, float(answer["seconds"]), spent, detail)


def own(module: str, *words: str) -> list[str]:
    """The command of a driver in Baton's own environment."""
    return [sys.executable, "-m", f"benchmarks.durable_steps.drivers.{module}", *words]


def peer(module: str, *words: str) -> list[str]:
    """The command of a driver in the peers' environment."""
    return [str(PEERS), str(DRIVERS / f"{module}.py"), *words]


def no_peers() -> str:
    """Why there is no environment for the peers, if so."""
    return "" if PEERS.exists() else "it is not installed: `make bench-durable` installs it into build/peers"


def _asked(driver: subprocess.Popen[str], log: Path, words: str) -> dict[str, Any]:
    if driver.stdin is None:
        raise Failed("The driver has no line")
    with contextlib.suppress(BrokenPipeError):  # it ended: what it said last is told
        driver.stdin.write(words + "\n")
        driver.stdin.flush()
    return _told(driver, log)


def _told(driver: subprocess.Popen[str], log: Path) -> dict[str, Any]:
    line = driver.stdout.readline() if driver.stdout else ""
    if not line:
        raise Failed(f"The driver ended:\n{log.read_text(errors='replace')[-3000:]}")
    said: dict[str, Any] = json.loads(line)
    return said


def _end(driver: subprocess.Popen[str]) -> None:
    """Let it leave in peace, then end its whole session: its servers must not live on."""
    if driver.stdin:
        driver.stdin.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        driver.wait(20)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()
    if driver.stdout:
        driver.stdout.close()
