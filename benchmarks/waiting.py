"""What waiting costs: `python -m benchmarks.waiting`. See README.md beside this file."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from benchmarks.burst.figures import Target
from benchmarks.durable_steps import processor
from benchmarks.durable_steps.place import Place, place
from benchmarks.waits.deployed import BY, processes, runtime_of, until
from benchmarks.waits.models import SlowModel
from benchmarks.waits.rows import copy_waiting
from bot.runtime import Runtime
from workflows.engine.model import Outcome, RunState
from workflows.engine.ports import RunQuery

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from tests.servers.postgres import Postgres, running_postgres

MEMORY_MB, SLOWER = 500.0, 1.10


# slow calls ----------------------------------------------------------------------------------------------


def slow_calls(here: Place, count: int, lanes: int) -> list[Target]:
    """So many runs whose step waits for an answer over HTTP, all at once: the worker's memory then."""
    runtime = runtime_of(here)
    with SlowModel() as model, processes(here, ("worker", "clock"), BATON_LANES=str(lanes)) as started:
        try:
            for _ in range(count):
                runtime.service.start("wait_model", model.url, by=BY)
            until(lambda: model.asked == count, f"{count} calls wait at once, and {model.asked} do", 180)
            memory = processor.memory([started["worker"].pid])
            print(f"  {count} calls wait at once: the worker's processes hold {memory / 2**20:.0f} MB (PSS)")
            model.answer()
            until(
                lambda: not runtime.store.runs(RunQuery(states=frozenset({RunState.RUNNING}), limit=1)), "all end", 180
            )
            ended = runtime.store.totals().runs.get(("wait_model", RunState.SUCCEEDED), 0)
        finally:
            runtime.close()
    if ended != count:
        raise SystemExit(f"{ended} of {count} runs ended well")
    return [Target(f"{count} slow calls at once, memory", memory / 2**20, MEMORY_MB, "MB")]


# waiting approvals ---------------------------------------------------------------------------------------


class Waiting:
    """A database with so many open approvals, and what people do beside them."""

    def __init__(self, here: Place, count: int) -> None:
        self._here = here
        self.runtime: Runtime = runtime_of(here)
        service = self.runtime.service
        run = service.start("wait_person", "an article", by=BY)
        with processes(here, ("worker",)):
            until(lambda: self.runtime.store.approvals(run_id=run.id), "the first run asks")
            until(lambda: self.runtime.store.run(run.id).state is RunState.WAITING, "the first run waits")
        (approval,) = self.runtime.store.approvals(run_id=run.id)
        begun = time.monotonic()
        self._open = copy_waiting(here.database, run.id, approval.id, count - 1)
        print(f"  {count} waiting approvals made in {time.monotonic() - begun:.1f} s")

    def start(self) -> None:
        self.runtime.service.start("wait_person", "another", by=BY)

    def decide(self) -> None:
        self.runtime.service.decide(self._open.pop(), Outcome.APPROVED, by="cli:ana")

    def approvals(self) -> None:
        if len(self.runtime.store.approvals(limit=20)) != 20:
            raise RuntimeError("not the first page of approvals")

    def runs(self) -> None:
        if len(self.runtime.service.listed(RunQuery(limit=20), by=BY)) != 20:
            raise RuntimeError("not the first page of runs")

    def waiting(self) -> None:
        found = self.runtime.service.listed(RunQuery(states=frozenset({RunState.WAITING}), limit=20), by=BY)
        if len(found) != 20:
            raise RuntimeError("not the first page of waiting runs")

    def rescue(self) -> None:
        self.runtime.store.rescue(limit=200, grace=self.runtime.settings.lease)

    def remind(self) -> None:
        self.runtime.store.remind(limit=200)

    def totals(self) -> None:
        self.runtime.store.totals()

    def slots(self) -> int:
        """Jobs in RQ and leases, with a worker and a clock beside."""
        with processes(self._here, ("worker", "clock")):
            going = RunQuery(states=frozenset({RunState.QUEUED, RunState.RUNNING}), limit=1)
            until(lambda: not self.runtime.store.runs(going), "what was started and decided comes to rest")
            time.sleep(3.0)  # a few ticks of the clock
            keys = self.runtime.redis.keys("rq:wip:*")
            held = sum(int(self.runtime.redis.zcard(key)) for key in keys)
            queued = int(self.runtime.redis.llen("rq:queue:default"))
        return held + queued


PEOPLE = ("start", "decide", "approvals", "runs", "waiting")
OTHERS = ("rescue", "remind", "totals")


def beside(few: Waiting, many: Waiting, counts: tuple[int, int], rounds: int) -> list[Target]:
    """The same things beside few and many, turn by turn; medians are compared."""
    print(f"  {'ms, p50':<28}{counts[0]:>10}{counts[1]:>10}{'ratio':>9}")
    targets = []
    for name in (*PEOPLE, *OTHERS):
        asked: list[Callable[[], None]] = [getattr(few, name), getattr(many, name)]
        repeats = rounds if name != "totals" else max(rounds // 10, 3)
        if name == "decide":
            repeats = min(repeats, counts[0] // 2)
        for one in asked:
            one()  # once before the clock runs
        times = [[_seconds(one) for one in asked] for _ in range(repeats)]
        small, big = (1000 * median(column) for column in zip(*times, strict=True))
        print(f"  {name:<28}{small:10.2f}{big:10.2f}{big / small:9.2f}")
        if name in PEOPLE:
            targets.append(
                Target(f"{name} beside {counts[1]} approvals / beside {counts[0]}", big / small, SLOWER, "times")
            )
    return targets


def _seconds(act: Callable[[], None]) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def approvals(home: Path, database: str, postgres: Postgres | None, options: argparse.Namespace) -> list[Target]:
    """One database kind: few and many, each in a database of its own."""
    counts = (options.few, options.many)
    with (
        place(home, database, redis=True, postgres=postgres) as one,
        place(home, database, redis=True, postgres=postgres) as other,
    ):
        few, many = Waiting(one, counts[0]), Waiting(other, counts[1])
        targets = beside(few, many, counts, options.rounds)
        slots = many.slots()
        few.runtime.close()
        many.runtime.close()
    print(f"  {slots} jobs in RQ while {counts[1]} wait, with a worker and a clock beside")
    return [*targets, Target(f"worker slots that {counts[1]} waiting approvals take", slots, 0.5, "jobs")]


# -----------------------------------------------------------------------------------------------------------


@contextmanager
def servers(databases: Sequence[str]) -> Iterator[tuple[Path, Postgres | None]]:
    """A folder, and a PostgreSQL where one is needed."""
    with tempfile.TemporaryDirectory(prefix="baton-waiting-") as home, ExitStack() as stack:
        yield Path(home), stack.enter_context(running_postgres()) if "postgres" in databases else None


def main() -> int:
    """Measure, and print what was seen; 1 when a target was missed and `--check` is given."""
    parser = argparse.ArgumentParser(prog="waiting", description=__doc__)
    parser.add_argument("--database", action="append", choices=("sqlite", "postgres"), help="default: both")
    parser.add_argument("--part", action="append", choices=("calls", "approvals"), help="default: both")
    parser.add_argument("--calls", type=int, default=1000, help="slow calls at once")
    parser.add_argument("--lanes", type=int, default=500, help="lanes of each of the worker's two processes")
    parser.add_argument("--few", type=int, default=100, help="waiting approvals to compare with")
    parser.add_argument("--many", type=int, default=100_000, help="waiting approvals")
    parser.add_argument("--rounds", type=int, default=100, help="how often each thing is done")
    parser.add_argument("--check", action="store_true", help="exit code 1 when a target is missed")
    options = parser.parse_args()
    wanted, parts = options.database or ["sqlite", "postgres"], options.part or ["calls", "approvals"]
    print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    targets = []
    with servers(wanted) as (home, postgres):
        for database in wanted:
            print(f"\n{database}")
            found = []
            if "calls" in parts:
                with place(home, database, redis=True, postgres=postgres) as here:
                    found += slow_calls(here, options.calls, options.lanes)
            if "approvals" in parts:
                found += approvals(home, database, postgres, options)
            print(*(f"  {target}" for target in found), sep="\n", flush=True)
            targets += found
    return 0 if all(target.met for target in targets) or not options.check else 1


if __name__ == "__main__":
    sys.exit(main())
