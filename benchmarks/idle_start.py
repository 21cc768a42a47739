"""How soon an idle worker begins a run: `python -m benchmarks.idle_start`. See README.md beside this file."""

from __future__ import annotations

import sys
import time

from benchmarks.burst.figures import Row, Target
from benchmarks.durable_steps.place import Place
from benchmarks.waits.deployed import BY, processes, runtime_of, until
from benchmarks.waits.each import on_each_database
from workflows.engine.model import RunState

P50 = 10.0


def measure(here: Place, count: int) -> tuple[list[Row], list[Target]]:
    """One run at a time, with nothing else to do: until its first step runs, and until it is over."""
    runtime = runtime_of(here)
    begun, over = [], []
    with processes(here, ("worker", "clock")):
        try:
            for number in range(count + 5):  # the first ones load what is loaded once
                run = runtime.service.start("wait_nothing", "x", by=BY)
                until(lambda run=run: runtime.store.run(run.id).state is RunState.SUCCEEDED, "it ends", pause=0.001)
                ended = runtime.store.run(run.id)
                if number >= 5 and ended.ended_at and ended.output:
                    begun.append(float(ended.output) - run.created_at.timestamp())
                    over.append(ended.ended_at.timestamp() - run.created_at.timestamp())
                time.sleep(0.1)
        finally:
            runtime.close()
    rows = [Row("start → its first step runs", tuple(begun)), Row("start → it is over", tuple(over))]
    half = sorted(begun)[len(begun) // 2]
    return rows, [Target("idle start to first step, p50", 1000 * half, P50)]


def main() -> int:
    """Measure, and print what was seen; 1 when a target was missed and `--check` is given."""
    return on_each_database("idle_start", __doc__, "--count", 100, measure)


if __name__ == "__main__":
    sys.exit(main())
