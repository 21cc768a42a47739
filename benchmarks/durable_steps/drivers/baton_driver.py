"""Baton as it is deployed: a worker and a clock as processes of their own; this process starts the runs.

Ways: `start` starts runs through the service while the workers take them, `queued` records all of them first, and
the clock begins when the workers are rung.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.durable_steps.drivers.telling import STEPS, Answer, serve
from bot.runtime import Runtime
from bot.settings import Settings, read_settings
from bot.up import PROGRAM
from workflows.engine.model import OPEN, Kind, Run, RunState, StepState
from workflows.engine.ports import Ring, RunQuery
from workflows.engine.service import Service

FLOWS = Path(__file__).parents[1] / "flows"
EIGHT = "bench_eight"
BY = "cli:bench"
LOOK_EVERY = 0.02
"""Seconds between two looks whether all runs are over; so much too long is measured at most."""
PATIENCE = 120.0


class Kept:
    """A doorbell that remembers who is to be rung."""

    def __init__(self) -> None:
        self.rings: list[Ring] = []

    def ring(self, rings: Sequence[Ring]) -> None:
        self.rings += rings


class Driver:
    """Starts runs and waits for their ends."""

    def __init__(self, runtime: Runtime, way: str, threads: int) -> None:
        self._runtime = runtime
        self._way = way
        self._threads = threads
        self._kept = Kept()
        self._aside = Service(runtime.store, self._kept, runtime.clock, runtime.catalogue)
        self._ids: list[str] = []

    def run(self, count: int) -> Answer:
        begun = self._queued(count) if self._way == "queued" else self._started(count)
        self._wait()
        seconds = time.monotonic() - begun  # not by `ended_at`, which is taken before the last commit
        runs = self._runs(count)
        self._ids = [run.id for run in runs]
        results = sorted(int(run.output or 0) for run in runs if run.state is RunState.SUCCEEDED)
        return {
            "seconds": seconds,
            "right": results == [number + STEPS for number in range(count)],
        }

    def look(self) -> Answer:
        """What the store holds of the last runs."""
        store = self._runtime.store
        records = [record for run_id in self._ids for record in store.records(run_id)]
        done = [one for one in records if one.kind is Kind.STEP and one.state is StepState.SUCCEEDED]
        return {"runs": len(self._ids), "steps": len(done)}

    def _started(self, count: int) -> float:
        self._runtime.service.listed(RunQuery(limit=1), by=BY)
        begun = time.monotonic()
        self._start(self._runtime.service, count)
        return begun

    def _queued(self, count: int) -> float:
        first = time.monotonic()
        self._start(self._aside, count)
        if time.monotonic() - first > 4:
            raise SystemExit("Recording the runs took so long that the clock rings them already: take fewer")
        begun = time.monotonic()
        self._runtime.queue.ring(self._kept.rings)
        self._kept.rings.clear()
        return begun

    def _start(self, service: Service, count: int) -> None:
        def one(number: int) -> None:
            service.start(EIGHT, number, by=BY)

        if self._threads == 1:
            for number in range(count):
                one(number)
        else:
            with ThreadPoolExecutor(self._threads) as pool:
                list(pool.map(one, range(count)))

    def _wait(self) -> None:
        end = time.monotonic() + PATIENCE
        while self._runtime.store.runs(RunQuery(states=OPEN, workflow=EIGHT, limit=1)):
            if time.monotonic() > end:
                raise SystemExit("The runs do not come to their end")
            time.sleep(LOOK_EVERY)

    def _runs(self, count: int) -> list[Run]:
        """The last runs, newest first."""
        found: list[Run] = []
        query = RunQuery(workflow=EIGHT, limit=500)
        while len(found) < count and (page := self._runtime.store.runs(query)):
            found += page
            query = replace(query, before=page[-1].id)
        return found[:count]


@contextmanager
def deployed(settings: Settings, folder: Path) -> Iterator[None]:
    """Worker and clock, until the block ends; what they say goes to files in the folder."""
    given = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url, "BATON_HOME": str(folder)}
    more = {"BATON_WORKFLOWS": str(FLOWS), "BATON_LOG": "json"}
    tuned = {"BATON_PROCESSES": str(settings.baton_processes), "BATON_LANES": str(settings.baton_lanes)}
    processes = [_spawned(part, folder, {**given, **more, **tuned}) for part in ("worker", "clock")]
    try:
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _spawned(part: str, folder: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    with (folder / f"{part}.log").open("wb") as log:
        return subprocess.Popen(
            [*PROGRAM, part], env={"PATH": os.environ["PATH"], "HOME": str(folder), **environment},
            cwd=folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
        )  # fmt: skip


def main() -> None:
    """Serve until stdin ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", required=True)
    parser.add_argument("--redis", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--way", choices=("start", "queued"), default="start")
    parser.add_argument("--threads", type=int, default=1, help="that start runs")
    parser.add_argument("--processes", type=int, default=2, help="of the worker")
    parser.add_argument("--lanes", type=int, default=16, help="of each process")
    parser.add_argument("--warm", type=int, default=64, help="runs before the first answer")
    options = parser.parse_args()
    settings = read_settings(
        _env_file=None, database_url=options.database, redis_url=options.redis, baton_home=str(options.folder),
        baton_workflows=str(FLOWS), baton_processes=options.processes, baton_lanes=options.lanes,
    )  # fmt: skip
    runtime = Runtime(settings)
    runtime.migrate()
    try:
        with deployed(settings, options.folder):
            driver = Driver(runtime, options.way, options.threads)
            driver.run(options.warm)
            serve(driver.run, driver.look, detail=runtime.store.ping())
    finally:
        runtime.close()


if __name__ == "__main__":
    main()
