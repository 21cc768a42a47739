"""What memory a worker has after many runs: `python -m benchmarks.worker_memory`. See README.md beside this file."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from workflows.engine.model import OPEN

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from tests.servers.house import House, until
    from tests.servers.postgres import running_postgres
    from tests.servers.redis import RedisServer

FLOWS = Path(__file__).parent / "memory_flows"
WARM_UP = 0.2
"""The part of the runs after which caches, pools and threads are there."""
ALLOWED = 5.0
"""MB that the fitted line may rise from the end of the warm-up to the last run."""
UNDER_WAY = 400
"""Runs that are open at a time, about."""
STUCK = 120.0
"""Seconds without a run that ends."""


@dataclass(frozen=True)
class Sample:
    """What the worker's processes held when so many runs had ended."""

    runs: int
    child: float
    others: float
    """The parent, and the process that keeps the leases."""
    threads: int


def status(pid: int) -> dict[str, int]:
    """Figures of a process; memory in kB."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return {name: int(fields[name].split()[0]) for name in ("VmRSS", "Threads")}


def rise(samples: Sequence[Sample]) -> float:
    """How many MB the straight line that fits the child's samples best rises over them."""
    runs = [sample.runs for sample in samples]
    middle, level = sum(runs) / len(runs), sum(sample.child for sample in samples) / len(samples)
    spread = sum((each - middle) ** 2 for each in runs)
    if not spread:
        raise ValueError("All samples were taken at once: ask for more runs.")
    slope = sum((s.runs - middle) * (s.child - level) for s in samples) / spread
    return slope * (runs[-1] - runs[0])


class Bench:
    """One worker with one process for runs, fed until it has had enough of them."""

    def __init__(self, house: House, wanted: int, every: int) -> None:
        self._house = house
        self._wanted = wanted
        self._every = every
        self._worker = house.start("worker")
        house.start("clock")
        self._started = 0
        self.samples: list[Sample] = []

    def run(self) -> list[Sample]:
        """Start runs as fast as they end, and look at the worker now and then."""
        until(lambda: "worker process started" in self._house.logs(), "the worker has a child")
        processes, logs = self._house.children(self._worker), self._house.logs()
        pid = next(each for each in processes if f"pid={each}\n" in logs)
        rest = [each for each in processes if each != pid]
        ended, moved = 0, time.monotonic()
        while ended < self._wanted:
            self._feed(ended)
            now = self._ended()
            moved = time.monotonic() if now > ended else moved
            if time.monotonic() - moved > STUCK:
                raise TimeoutError(f"No run ended for {STUCK:.0f} s, {ended} had.\n{self._house.logs()}")
            ended = now
            self._look(pid, [*rest, self._worker.pid], ended)
            time.sleep(0.05)
        if sorted(self._house.children(self._worker)) != sorted(processes):
            raise RuntimeError(f"The worker replaced its process, so this measures nothing.\n{self._house.logs()}")
        return self.samples

    def _feed(self, ended: int) -> None:
        while self._started < min(self._wanted, ended + UNDER_WAY):
            self._house.service.start("memory_order", {"number": self._started}, by="test:ana")
            self._started += 1

    def _ended(self) -> int:
        return sum(count for (_, state), count in self._house.store.totals().runs.items() if state not in OPEN)

    def _look(self, pid: int, others: Sequence[int], ended: int) -> None:
        if self.samples and ended < self.samples[-1].runs + self._every and ended < self._wanted:
            return
        child = status(pid)
        rest = sum(status(each)["VmRSS"] for each in others)
        last = Sample(ended, child["VmRSS"] / 1024, rest / 1024, child["Threads"])
        self.samples.append(last)
        print(f"{last.runs:>9,}  {last.child:>9.1f}  {last.others:>10.1f}  {last.threads:>7}", flush=True)


@contextmanager
def database(name: str, home: Path) -> Iterator[str]:
    """The address of a fresh database."""
    if name == "sqlite":
        yield f"sqlite:///{home / 'baton.db'}"
    else:
        with running_postgres() as postgres, postgres.database() as url:
            yield url


def main() -> int:
    """Measure, and print what was seen; 1 when the memory grew and `--check` is given."""
    parser = argparse.ArgumentParser(prog="worker_memory", description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000, help="how many runs the worker takes")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--check", action="store_true", help="exit code 1 when the memory grew")
    options = parser.parse_args()
    if options.runs < 1000:
        parser.error("--runs must be 1000 at least: with fewer, all is warm-up")
    print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}, {options.database}")
    print(f"{'runs':>9}  {'child, MB':>9}  {'others, MB':>10}  {'threads':>7}")
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="baton-memory-") as folder,
        database(options.database, Path(folder)) as url,
        RedisServer() as redis,
        House(Path(folder), url, redis.url, FLOWS, BATON_PROCESSES="1") as house,
    ):
        samples = Bench(house, options.runs, options.runs // 40).run()
    settled = [sample for sample in samples if sample.runs >= options.runs * WARM_UP]
    grown = rise(settled)
    flat = grown <= ALLOWED
    print(
        f"{time.monotonic() - began:.0f} s. From {settled[0].runs:,} to {settled[-1].runs:,} runs the line through the "
        f"child's memory rises {grown:+.1f} MB, {grown * 1024 / (settled[-1].runs - settled[0].runs) * 1000:+.0f} kB a "
        f"thousand runs: {'flat' if flat else 'GROWS'} (up to {ALLOWED:.0f} MB are allowed)."
    )
    return 0 if flat or not options.check else 1


if __name__ == "__main__":
    sys.exit(main())
