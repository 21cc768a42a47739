"""What a limit at a service costs: `python -m benchmarks.limited`. See README.md beside this file."""

from __future__ import annotations

import sys
import threading
import time
from typing import Self

from benchmarks.burst.figures import Row, Target, percentile
from benchmarks.durable_steps.place import Place
from benchmarks.waits.deployed import BY, processes, runtime_of, until
from benchmarks.waits.each import on_each_database
from benchmarks.waits.services import CountedService
from bot.runtime import Runtime
from workflows.engine.model import OPEN, RunState
from workflows.engine.ports import RunQuery

PER_SECOND = 10
WINDOW, MOST_IN_WINDOW = 2.0, 22
OVER_IDEAL, SLOWER = 1.10, 1.5
LANES = 32
"""Of each of the worker's two processes."""
EACH = 0.25
"""Seconds between two runs that ask the other service."""


class Beside:
    """Starts runs that ask the other service, one after another, until the block ends."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._keep_on, daemon=True)
        self._ids: list[str] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def times(self) -> tuple[float, ...]:
        """Seconds from the start of each run to its end."""
        runs = [self._runtime.store.run(run_id) for run_id in self._ids]
        return tuple((run.ended_at - run.created_at).total_seconds() for run in runs if run.ended_at)

    def _keep_on(self) -> None:
        while not self._stopped.wait(EACH):
            self._ids.append(self._runtime.service.start("unlimited_read", "7", by=BY).id)


def measure(here: Place, count: int) -> tuple[list[Row], list[Target]]:
    """So many runs that each send one request, all started at once; others beside them, and the same alone."""
    post = '{"id": 7, "link": "", "slug": "cats", "status": "publish", "title": {"raw": "Cats"}}'
    with (
        CountedService('{"pages": []}', most=PER_SECOND + 1) as service,
        CountedService(post, seconds=0.02) as other,
    ):
        runtime = runtime_of(here)
        settings = {
            "BATON_LANES": str(LANES), "BATON_SEARCH": "wikipedia", "BATON_WIKIPEDIA_URL": service.url,
            "BATON_LIMITS": f"wikipedia={PER_SECOND}/s", "WORDPRESS_URL": other.url, "WORDPRESS_USER": "ana",
            "WORDPRESS_APP_PASSWORD": "made-up-for-benchmarks",
        }  # fmt: skip
        with processes(here, ("worker", "clock"), **settings):
            try:
                _ended(runtime, [runtime.service.start("unlimited_read", "7", by=BY).id for _ in range(8)])
                with Beside(runtime) as alone:
                    time.sleep(count / PER_SECOND / 4)
                with Beside(runtime) as beside:
                    ids = [runtime.service.start("limited_search", f"cats {n}", by=BY).id for n in range(count)]
                    _ended(runtime, ids)
                until(lambda: not runtime.store.runs(RunQuery(states=OPEN, limit=1)), "all end")
                rows = [Row("other service, alone", alone.times()), Row("other service, beside", beside.times())]
            finally:
                failed = runtime.store.totals().runs.get(("limited_search", RunState.FAILED), 0)
                runtime.close()
    took = service.arrivals[-1] - service.arrivals[0]
    ideal = (count - 1) / PER_SECOND
    print(f"  {count} runs on {2 * LANES} lanes, {PER_SECOND}/s: {took:.1f} s, ideal {ideal:.1f} s")
    return rows, [
        Target("runs that failed", failed, 1, "runs"),
        Target("answers with 429", service.refused, 1, "answers"),
        Target(f"most requests in {WINDOW:.0f} s", service.most_within(WINDOW), MOST_IN_WINDOW + 1, "requests"),
        Target("total time / ideal", took / ideal, OVER_IDEAL, "times"),
        Target("other service's p50 beside / alone", _p50(rows[1]) / _p50(rows[0]), SLOWER, "times"),
    ]


def _ended(runtime: Runtime, ids: list[str]) -> None:
    last = RunQuery(states=OPEN, limit=1, workflow=runtime.store.run(ids[0]).workflow)
    until(lambda: not runtime.store.runs(last), f"{len(ids)} runs end", 300, pause=0.2)


def _p50(row: Row) -> float:
    return percentile(row.times, 50)


def main() -> int:
    """Measure, and print what was seen; 1 when a target was missed and `--check` is given."""
    return on_each_database("limited", __doc__, "--runs", 500, measure)


if __name__ == "__main__":
    sys.exit(main())
