"""For the tests of worker processes: a real parent with children, started as a program, and what they wrote."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from workflows.engine.ports import Ring
from workflows.storage.rq_queue import RqQueue, connect

ROOT = Path(__file__).parents[3]
DEADLINE = 60.0


class Stage:
    """A running parent, and what its processes wrote."""

    def __init__(self, folder: Path, redis_url: str) -> None:
        self.folder = folder
        self._url = redis_url
        self._options: dict[str, Any] = {
            "redis_url": redis_url,
            "processes": 1,
            "lanes": 4,
            "lease": 0.6,
            "beat": 0.05,
            "tolerance": 5,
            "grace": 5,
        }

    def start(self, **options: Any) -> None:
        program = Path(__file__).with_name("worker_stage.py")
        self.parent = subprocess.Popen(
            [sys.executable, str(program), str(self.folder), json.dumps(self._options | options)],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )

    def ring(self, *runs: str) -> None:
        with connect(self._url) as redis:
            RqQueue(redis).ring([Ring(run, 0) for run in runs])

    def touch(self, name: str) -> Path:
        path = self.folder / name
        path.touch()
        return path

    def lines(self, file: str, event: str, **facts: object) -> list[dict[str, Any]]:
        """What was written to a file of JSON lines about an event with these facts."""
        with suppress(FileNotFoundError):
            text = (self.folder / file).read_text()
            lines = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
            return [line for line in lines if line["event"] == event and facts.items() <= line.items()]
        return []

    def events(self, event: str, **facts: object) -> list[dict[str, Any]]:
        return self.lines("events", event, **facts)

    def wait_for(self, event: str, times: int = 1, **facts: object) -> dict[str, Any]:
        """The latest such event, once there are as many."""
        self.until(lambda: len(self.events(event, **facts)) >= times)
        return self.events(event, **facts)[-1]

    def until(self, condition: Callable[[], object]) -> None:
        end = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < end, self.report()
            time.sleep(0.01)

    def until_gone(self, pid: int) -> None:
        self.until(lambda: not alive(pid))

    def report(self) -> str:
        files = [self.folder / "events", self.folder / "log"]
        return "it did not happen:\n" + "\n".join(file.read_text() for file in files if file.exists())

    def lease(self, run: str) -> tuple[str | None, int, int]:
        """Owner, renewals and crashes of a run."""
        with closing(sqlite3.connect(self.folder / "leases.db", timeout=10)) as db:
            row: tuple[str | None, int, int] = db.execute(
                "SELECT owner, renewals, crashes FROM lease WHERE run = ?", [run]
            ).fetchone()
            return row

    def end(self) -> None:
        if self.parent.poll() is None:
            self.parent.kill()
        self.parent.wait(DEADLINE)
        for process in self.lines("log", "worker process started") + self.events("keeper"):
            self.until_gone(process["pid"])


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with suppress(OSError):
        # A zombie that init has not fetched yet. While another thread of it is still on its way out, its sockets
        # are open, and Redis would give the next job to it.
        zombie = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        return not zombie or len(os.listdir(f"/proc/{pid}/task")) > 1
    return not Path("/proc").exists()
