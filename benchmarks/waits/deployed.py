"""Baton's processes over a real database and Redis, for benchmarks that look at them from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.durable_steps.place import Place
from bot.runtime import Runtime
from bot.settings import read_settings
from bot.up import PROGRAM

FLOWS = Path(__file__).parent / "flows"
BY = "cli:bench"


def runtime_of(place: Place) -> Runtime:
    """The parts for a place, its database brought up to this release."""
    runtime = Runtime(
        read_settings(
            _env_file=None, database_url=place.database, redis_url=place.redis, baton_home=str(place.folder),
            baton_workflows=str(FLOWS), baton_roles="editors=cli:ana,cli:ben",
        )
    )  # fmt: skip
    runtime.migrate()
    return runtime


@contextmanager
def processes(place: Place, names: Sequence[str], **settings: str) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Some of worker and clock, until the block ends; what they say goes to files in the place's folder."""
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(place.folder), "DATABASE_URL": place.database,
        "REDIS_URL": place.redis, "BATON_HOME": str(place.folder), "BATON_WORKFLOWS": str(FLOWS), "BATON_LOG": "json",
        "BATON_ROLES": "editors=cli:ana,cli:ben", **settings,
    }  # fmt: skip
    started = {}
    for name in names:
        with (place.folder / f"{name}.log").open("wb") as log:
            started[name] = subprocess.Popen(
                [*PROGRAM, name], env=environment, cwd=place.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
    try:
        yield started
    finally:
        for process in started.values():
            process.send_signal(signal.SIGTERM)
        for process in started.values():
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def until(true: Callable[[], object], what: str, seconds: float = 120.0, pause: float = 0.02) -> None:
    """Wait for something to be true; TimeoutError that says what was not."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(f"Not within {seconds:.0f} s: {what}")
        time.sleep(pause)
