"""How soon a run goes on after a kill: `python -m benchmarks.recovery`. See README.md beside this file."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.burst.figures import Row, Target
from benchmarks.durable_steps.place import Place
from benchmarks.waits.deployed import BY, processes, runtime_of, until
from benchmarks.waits.each import on_each_database
from bot.runtime import Runtime
from workflows.engine.model import OPEN, RunState

CHILD, PARENT, LIMIT = "child", "parent", 2.0
STEPS = 10


@dataclass(frozen=True)
class Mark:
    """A step that ran: which, in which process, when."""

    number: int
    pid: int
    at: float


def marks(folder: Path) -> list[Mark]:
    """What the run's steps left, in the order of their writing."""
    path = folder / "marks"
    lines = path.read_text().splitlines() if path.exists() else []
    return [Mark(int(number), int(pid), float(at)) for number, pid, at in map(str.split, lines)]


def killed(runtime: Runtime, here: Place, victim: str, number: int) -> float:
    """Kill what runs a step by SIGKILL; seconds until the next step runs in another process."""
    folder = here.folder / f"{victim}{number}"
    folder.mkdir()
    with processes(here, ("worker", "clock")) as started, processes(here, ("worker",)) as others:
        run = runtime.service.start("wait_marks", str(folder), by=BY)
        until(lambda: len(marks(folder)) >= 2, "the second step runs", pause=0.005)
        mine = marks(folder)[-1].pid
        parent = next(one for one in (started["worker"], others["worker"]) if mine in _children(one.pid))
        at = time.time()
        os.kill(mine if victim == CHILD else parent.pid, signal.SIGKILL)
        until(lambda: any(mark.pid != mine for mark in marks(folder)), "another process goes on", 90, pause=0.005)
        until(lambda: runtime.store.run(run.id).state not in OPEN, "the run ends", 60)
    _check(runtime, run.id, marks(folder))
    return next(mark.at for mark in marks(folder) if mark.pid != mine) - at


def _check(runtime: Runtime, run_id: str, seen: Sequence[Mark]) -> None:
    """The run is whole, and no step ran twice but the one that was killed."""
    numbers = [mark.number for mark in seen]
    twice = sum(numbers.count(number) > 1 for number in range(STEPS))
    if runtime.store.run(run_id).state is not RunState.SUCCEEDED or set(numbers) != set(range(STEPS)) or twice > 1:
        raise SystemExit(f"WRONG  run {run_id} is {runtime.store.run(run_id).state}, its steps ran {numbers}")


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def measure(here: Place, kills: int) -> tuple[list[Row], list[Target]]:
    """So many kills of a worker's child, and of a whole worker beside a second one."""
    runtime = runtime_of(here)
    try:
        child = tuple(killed(runtime, here, CHILD, number) for number in range(kills))
        parent = tuple(killed(runtime, here, PARENT, number) for number in range(max(kills // 3, 1)))
    finally:
        runtime.close()
    rows = [Row("a worker's process → the next step", child), Row("a whole worker → the next step", parent)]
    return rows, [
        Target("after SIGKILL of a worker's process, longest", max(child), LIMIT, "s"),
        Target("after SIGKILL of a whole worker, longest", max(parent), LIMIT, "s"),
    ]


def main() -> int:
    """Measure, and print what was seen; 1 when a target was missed and `--check` is given."""
    return on_each_database("recovery", __doc__, "--kills", 6, measure)


if __name__ == "__main__":
    sys.exit(main())
