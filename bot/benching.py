"""Measuring runs on the configured database and Redis, beside what goes on there: with an own queue and worker."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.runtime import Runtime
from bot.settings import Settings
from bot.up import PARENT, PROGRAM
from workflows.catalog import Catalogue
from workflows.engine.errors import BatonError, Refused
from workflows.engine.expiry import Expiry
from workflows.engine.model import OPEN, Kind, Run, RunState
from workflows.engine.ports import RunQuery
from workflows.engine.service import Service

FOLDER = Path(__file__).parent / "benched"
"""The folder of the workflow that is run when none is named."""
EIGHT = "bench_eight_steps"
MOST = 100_000
"""Runs of one bench, and more."""
WARM = 16
"""Runs of it that go before, so that the worker's processes are up and connected."""
LOOK_EVERY = 0.01
RESCUE_EVERY = 1.0
ENDING = 30.0
"""Seconds that runs get to end in after they were cancelled."""


@dataclass(frozen=True)
class Measured:
    """What the runs did. Times are in seconds; each run's from its start to its end."""

    runs: int
    succeeded: int
    steps: int
    seconds: float
    p50: float
    p99: float
    unfinished: int = 0
    """Those that had to be cancelled, since the patience was over."""
    left: int = 0
    """Those that could not be deleted afterwards."""


def with_bench(settings: Settings) -> Settings:
    """The settings with the built-in workflow in the catalogue."""
    folders = os.pathsep.join(filter(None, (settings.baton_workflows, str(FOLDER))))
    return settings.model_copy(update={"baton_workflows": folders})


class Bench:
    """One measurement: its queue, its worker, and its runs, which are deleted at the end."""

    def __init__(self, settings: Settings, redis_url: str, runtime: Runtime) -> None:
        """`runtime` is of settings that `with_bench` made."""
        self.queue = f"bench-{secrets.token_hex(4)}"
        self._settings = settings
        self._redis_url = redis_url
        self._runtime = runtime
        catalogue = _on_queue(runtime.catalogue, self.queue)
        self.service = Service(  # without a channel: nothing is shown in Slack
            runtime.store, runtime.queue, runtime.clock, catalogue, runtime.service.access, settings.baton_approvers
        )

    def run(self, name: str, given: Any, count: int, *, patience: float, tell: Callable[[str], None]) -> Measured:
        """Start so many runs and wait for them. Raises Refused for what can't be measured so."""
        self._check(name, given)
        try:
            with self._worker() as worker:
                try:
                    tell(f"Warming up with {WARM} runs of {EIGHT}.")
                    self._warm_up(worker)
                    tell(f"{count} runs of {name} are started.")
                    begun = time.monotonic()
                    mine = [self._started(name, given) for _ in range(count)]
                    self._wait(mine, patience, worker)
                    seconds = time.monotonic() - begun
                    measured = self._measured([self._runtime.store.run(run_id) for run_id in mine], seconds)
                finally:
                    self._cancel()
        finally:
            left = self._forget()
            self._runtime.queue.retire(self.queue)
        return replace(measured, left=left)

    def _check(self, name: str, given: Any) -> None:
        seen = self.service.preview(name, given, by=self._settings.actor)
        if seen.approvals:
            raise Refused(f"{name} waits for people ({seen.approvals[0].title}): it can't be measured by itself.")
        paused = [pause for pause in self.service.pauses() if pause.workflow in ("", name)]
        if paused:
            raise Refused(f"{paused[0].workflow or 'Everything'} is paused by {paused[0].by}: lift that first.")

    def _warm_up(self, worker: subprocess.Popen[bytes]) -> None:
        warm = [self._started(EIGHT, 0) for _ in range(WARM)]
        self._wait(warm, 60.0, worker)
        if any(self._runtime.store.run(run_id).state is not RunState.SUCCEEDED for run_id in warm):
            raise BatonError("The runs that go before did not end within a minute: `baton doctor` may say why.")

    def _started(self, name: str, given: Any) -> str:
        return self.service.start(name, given, by=self._settings.actor, labels={"bench": self.queue}).id

    def _wait(self, ids: Sequence[str], patience: float, worker: subprocess.Popen[bytes] | None) -> None:
        """Until all are over or the patience is; a lost ring is rung again, as a clock does."""
        begun, rescued, store = time.monotonic(), time.monotonic(), self._runtime.store
        for run_id in ids:
            while store.run(run_id).state in OPEN:
                now = time.monotonic()
                if worker is not None and worker.poll() is not None:
                    raise BatonError(
                        f"The bench's worker ended with code {worker.returncode}: `baton doctor` may help."
                    )
                if now - begun > patience:
                    return
                if now - rescued > RESCUE_EVERY:
                    self.service.rescue()
                    rescued = now
                time.sleep(LOOK_EVERY)

    def _measured(self, runs: Sequence[Run], seconds: float) -> Measured:
        over = [run for run in runs if run.ended_at is not None]
        if not over:
            raise BatonError("No run ended: give a longer --patience, or look at one of them with `baton runs`.")
        times = sorted((run.ended_at - run.created_at).total_seconds() for run in over if run.ended_at)
        records = [record for run in over for record in self._runtime.store.records(run.id)]
        return Measured(
            len(runs),
            sum(run.state is RunState.SUCCEEDED for run in over),
            sum(record.kind is Kind.STEP for record in records),
            seconds,
            times[len(times) // 2],
            times[min(len(times) * 99 // 100, len(times) - 1)],
            unfinished=len(runs) - len(over),
        )

    def _cancel(self) -> None:
        """End what is still open, while its worker is there; also what was started just as somebody broke it off."""
        still = [run.id for run in self._runtime.store.runs(self._mine(OPEN))]
        for run_id in still:
            with contextlib.suppress(Refused):  # it ended just now
                self.service.cancel(run_id, by=self._settings.actor, reason="the bench is over")
        self._wait(still, ENDING, None)

    def _mine(self, states: frozenset[RunState] = frozenset()) -> RunQuery:
        return RunQuery(states=states, labels=(("bench", self.queue),), limit=MOST)

    def _forget(self) -> int:
        """Delete the runs that are over; how many stay."""
        old = Expiry(self._runtime.clock.now() + timedelta(minutes=1), failed=True, queue=self.queue)
        while self._runtime.store.prune(old, limit=200, by=self._settings.actor).runs:
            pass
        return len(self._runtime.store.runs(self._mine()))

    @contextlib.contextmanager
    def _worker(self) -> Iterator[subprocess.Popen[bytes]]:
        environment = {
            **os.environ, PARENT: str(os.getpid()), "REDIS_URL": self._redis_url,
            "DATABASE_URL": self._settings.database, "BATON_HOME": str(self._settings.home), "BATON_LOG": "json",
            "BATON_WORKFLOWS": self._settings.baton_workflows,
        }  # fmt: skip
        worker = subprocess.Popen(  # noqa: S603 - our own program
            [*PROGRAM, "worker", "--queues", self.queue], env=environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0,
        )  # fmt: skip
        try:
            yield worker
        finally:
            worker.terminate()
            try:
                worker.wait(self._settings.baton_grace + 8)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()


def _on_queue(catalogue: Catalogue, queue: str) -> Catalogue:
    """The same workflows, whose runs go to this queue."""
    return Catalogue({one.name: replace(one, queue=queue) for one in catalogue.all()}, catalogue.broken)
