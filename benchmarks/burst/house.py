"""Baton as it is deployed: web, worker and clock in processes of their own, over a real database and Redis."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.burst.slack import Addresses
from bot.parts import parts
from bot.runtime import Runtime
from bot.settings import Settings, read_settings
from bot.web.serving import listen
from workflows.engine.model import OPEN, Run
from workflows.engine.ports import RunQuery

FLOWS = Path(__file__).parent / "flows"
ROOT = Path(__file__).parents[2]
ORDER, LOAD = "burst_order", "burst_load"
ROUNDS = 100
"""Steps of one run of the load."""
BY = "cli:burst"


class Asked:
    """Another process that answers questions, one at a time."""

    def __init__(self, main: Callable[..., None], *arguments: Any) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._connection, theirs = spawn.Pipe()
        self._process = spawn.Process(target=main, args=(theirs, *arguments), daemon=True)
        self._process.start()
        theirs.close()

    @property
    def connection(self) -> Connection:
        return self._connection

    def ask(self, name: str, *arguments: Any) -> Any:
        """Ask a question by its name and wait for the answer."""
        self._connection.send((name, arguments))
        return self._connection.recv()

    def close(self) -> None:
        self._connection.close()
        self._process.join(15)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


class House:
    """The processes; all are ended with the block. What they say goes to files in `home`."""

    def __init__(self, home: Path, database: str, redis: str, slack: Addresses, *, socket: bool) -> None:
        self._listening = listen("127.0.0.1", 0)
        self.port = int(self._listening.getsockname()[1])
        self._home = home
        self._redis = redis
        tokens = {"slack_app_token": slack.app_token} if socket else {"slack_signing_secret": slack.signing_secret}
        given = {
            "database_url": database, "redis_url": redis, "baton_home": str(home), "baton_workflows": str(FLOWS),
            "baton_roles": f"burst={','.join(slack.people)}", "slack_bot_token": slack.bot_token,
            "slack_api_url": slack.api_url, **tokens,
        }  # fmt: skip
        kept = {"PATH": os.environ["PATH"], "HOME": str(home), "BATON_LOG": "json"}
        self._environment = kept | {name.upper(): value for name, value in given.items()}
        self.settings: Settings = read_settings(_env_file=None, **given)
        self.runtime = Runtime(self.settings)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        self.runtime.migrate()
        for part in parts(self.settings, self._redis, self._listening):
            with (self._home / f"{part.name}.log").open("wb") as log:
                self.processes[part.name] = subprocess.Popen(
                    part.command, env={**self._environment, **part.env, "BATON_LOG": "json"}, cwd=self._home,
                    stdout=log, stderr=log, stdin=subprocess.DEVNULL, pass_fds=part.pass_fds, start_new_session=True,
                )  # fmt: skip
        self._listening.close()
        until(self._ready, "web answers", 60)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.runtime.close()

    def orders(self, keys: Sequence[str] | None = None) -> list[Run]:
        """All orders, or those that were started with these keys."""
        found: list[Run] = []
        query = RunQuery(workflow=ORDER, limit=500)
        while page := self.runtime.store.runs(query):
            found += page
            query = replace(query, before=page[-1].id)
        return found if keys is None else [run for run in found if run.dedupe in set(keys)]

    def idle(self) -> bool:
        """Whether no run can go on and everything is shown."""
        waiting = {"waiting"}
        going = [run for run in self.runtime.store.runs(RunQuery(states=OPEN, limit=500)) if run.state not in waiting]
        return not going and not self.runtime.outbox.behind()

    def state(self) -> list[str]:
        """Lines about orders that have not ended, and their cards."""
        store, outbox = self.runtime.store, self.runtime.outbox
        return [
            f"{run.id} is {run.state} with {len(store.records(run.id))} records, {outbox.card(run.id)}, "
            f"{[(row.key, row.state, row.error) for row in outbox.deliveries(run.id)]}"
            for run in self.orders()
            if run.state in OPEN
        ][:20]

    def trouble(self) -> list[str]:
        """Lines of errors that the processes wrote."""
        found = []
        for path in sorted(self._home.glob("*.log")):
            lines = path.read_text(errors="replace").splitlines()
            found += [f"{path.name}: {line[:2000]}" for line in lines if '"error"' in line or "Traceback" in line]
        return found

    def _ready(self) -> bool:
        ended = [name for name, process in self.processes.items() if process.poll() is not None]
        if ended:
            said = (self._home / f"{ended[0]}.log").read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{ended[0]} ended:\n{said}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


class Background:
    """Keeps so many runs of the load under way, as long as it is not stopped."""

    def __init__(self, house: House, at_once: int) -> None:
        self._house = house
        self._at_once = at_once
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._keep_up, name="load", daemon=True)
        self._started_at = 0.0
        self._seconds = 0.0
        self._started = 0

    def __enter__(self) -> Self:
        self._started_at = time.monotonic()
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()
        self._seconds = time.monotonic() - self._started_at

    @property
    def pace(self) -> float:
        """Finished steps per second, over the whole time; asked once the load has run out."""
        return self._started * ROUNDS / self._seconds

    def _keep_up(self) -> None:
        query = RunQuery(states=OPEN, workflow=LOAD, limit=self._at_once)
        while not self._stopped.wait(0.5):
            for _ in range(self._at_once - len(self._house.runtime.store.runs(query))):
                self._house.runtime.service.start(LOAD, {"rounds": ROUNDS}, by=BY)
                self._started += 1


def until(true: Callable[[], Any], what: str, seconds: float) -> None:
    """Wait for something to be true; TimeoutError that says what was not."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(f"Not within {seconds:.0f} s: {what}")
        time.sleep(0.05)
