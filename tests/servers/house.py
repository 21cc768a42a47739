"""A whole Baton in real processes, for tests that end some of them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bot.runtime import Runtime
from bot.settings import read_settings
from workflows.engine.model import OPEN, Run
from workflows.engine.ports import RunQuery

ROOT = Path(__file__).parents[2]
LOST = re.compile(r"(?P<owner>[\w.-]+) no longer holds run (?P<run>\w+)")
STARTED = re.compile(r"worker process started.*?owner\W+(?P<owner>[\w.-]+).*?pid\W+(?P<pid>\d+)")


def until(true: Callable[[], Any], what: str, seconds: float = 60.0) -> Any:
    """Wait for something to be true; AssertionError that says what was not, after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = true()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


class House:
    """A database, a Redis, and as many workers and clocks as a test starts; all ended with the block."""

    def __init__(self, home: Path, database: str, redis: str, folder: Path, **environment: str) -> None:
        self.home = home
        self.crash_file = home / "crash-at"
        self.processes: list[subprocess.Popen[bytes]] = []
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "DATABASE_URL": database,
            "REDIS_URL": redis,
            "BATON_HOME": str(home),
            "BATON_WORKFLOWS": str(folder),
            "BATON_APPROVERS": "test:editor",
            "BATON_TICK": "0.2",
            "CRASH_FILE": str(self.crash_file),
            "PYTHONPATH": str(ROOT),
            **environment,
        }
        named = {key.lower(): value for key, value in environment.items() if key.startswith("BATON_")}
        self.runtime = Runtime(
            read_settings(
                _env_file=None, database_url=database, redis_url=redis, baton_home=home, baton_workflows=str(folder),
                baton_approvers="test:editor", **named,
            )
        )  # fmt: skip
        self.runtime.migrate()
        self.store = self.runtime.store
        self.service = self.runtime.service

    def start(self, what: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start a worker or a clock, with these variables beside those of all."""
        log = (self.home / f"{what}-{len(self.processes)}.log").open("wb")
        with log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.servers.worker_main", what], env=self.environment | environment,
                cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def children(self, parent: subprocess.Popen[bytes]) -> list[int]:
        """The processes that a worker runs advances in, those that hold leases first."""
        listed = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(parent.pid)], capture_output=True, text=True, check=False
        )
        return [int(pid) for pid in listed.stdout.split()]

    def holder(self, run_id: str) -> int:
        """The process that holds a run's lease."""
        owner = until(lambda: self.store.run(run_id).lease_owner, f"run {run_id} is held")
        return until(lambda: self._pid_of(owner), f"the process of {owner} is logged")  # type: ignore[no-any-return]

    def _pid_of(self, owner: str) -> int | None:
        return self.owners().get(owner)

    def owners(self) -> dict[str, int]:
        """Every worker process that was ever started, by the name that it has in leases."""
        found = {}
        for path in self.home.glob("worker-*.log"):
            for line in path.read_text(errors="replace").splitlines():
                if (started := STARTED.search(line)) is not None:
                    found[started["owner"]] = int(started["pid"])
        return found

    def outlived_leases(self) -> frozenset[tuple[str, str]]:
        """Runs whose lease ran out under a worker that lived and said so: run and owner."""
        found = set()
        for path in self.home.glob("worker-*.log"):
            for line in path.read_text(errors="replace").splitlines():
                if (lost := LOST.search(line)) is not None:
                    found.add((lost["run"], lost["owner"]))
        return frozenset(found)

    def settled(self, ids: list[str], seconds: float = 120.0) -> dict[str, Run]:
        """Wait until none of the runs goes on by itself."""

        def over() -> dict[str, Run] | None:
            if self.store.runs(RunQuery(states=OPEN, limit=1)):
                return None
            return {run_id: self.store.run(run_id) for run_id in ids}

        try:
            runs: dict[str, Run] = until(over, f"{len(ids)} runs have settled", seconds)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.logs()}") from None
        return runs

    def logs(self) -> str:
        """The end of every process's log, for a failure's report."""
        paths = sorted(self.home.glob("*.log"))
        return "\n".join(f"== {path.name}\n{path.read_text(errors='replace')[-3000:]}" for path in paths)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
        self.runtime.close()
