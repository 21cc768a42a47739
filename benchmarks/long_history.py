"""What a step costs as the history grows, and what replay costs: `python -m benchmarks.long_history`. See README.md."""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import BaseModel, Field

from workflows import Run, StepContext, step, workflow
from workflows.engine.advance import Engine
from workflows.engine.model import Message, MessageKind, NewRun, RunState, Writes
from workflows.engine.model import Run as RunRow
from workflows.engine.ports import Claimant, any_tools
from workflows.engine.testing.harness import Installed
from workflows.engine.testing.queue import MemoryQueue
from workflows.engine.threads import StepThreads
from workflows.engine.turn import Means
from workflows.storage.schema import migrate
from workflows.storage.store import SqlStore

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from tests.servers.postgres import running_postgres

LENGTHS = (10, 100, 1_000, 10_000)
STEPS_EACH = 2_000
"""Steps that are measured of each length at least: short runs are repeated."""
MOST = 1.5
"""How much dearer a step of the longest run may be than one of the shortest."""
LEASE = timedelta(minutes=10)
PART = 1_000


class Order(BaseModel):
    """How long a history to make."""

    steps: int = Field(ge=1)


moments: list[float] = []
"""When each step was taken."""


@step(idempotent=True)
def note(_ctx: StepContext, number: int) -> int:
    """Note a number"""
    moments.append(time.perf_counter())
    return number


@workflow("long_history", title="Make a long history")
def long_history(run: Run, given: Order) -> int:
    """Steps, one after the other, then a wait."""
    total = 0
    for number in range(given.steps):
        total += run.step(note, number)
    run.signal("go")
    return total


class WallClock:
    """The machine's time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, delay: timedelta) -> None:
        time.sleep(delay.total_seconds())


@dataclass(frozen=True)
class Took:
    """What one run took, in seconds."""

    steps: int
    advance: float
    """From the claim to the wait, with all its steps."""
    replay: float
    """The second advance: claim, replay and end."""
    parts: tuple[float, ...]
    """A step's cost in each thousand of steps."""

    @property
    def step(self) -> float:
        return self.advance / self.steps


class Bench:
    """One store and one engine, in this thread."""

    def __init__(self, url: str, carded: bool) -> None:
        self.store = SqlStore(url)
        self._carded = carded
        self._numbers = iter(range(10**9))
        means = Means(self.store, MemoryQueue(), WallClock(), any_tools({}), StepThreads(), worker="bench")
        self._engine = Engine(means, Installed([long_history]), Claimant("bench", LEASE, 1, frozenset()))

    def measure(self, steps: int) -> Took:
        """Start a run, advance it to its wait, let it end."""
        run_id, now = f"run-{next(self._numbers):06}", datetime.now(UTC)
        row = RunRow(
            run_id, "long_history", "Make a long history", RunState.QUEUED, f'{{"steps": {steps}}}', now,
            channel="C1" if self._carded else "",
        )  # fmt: skip
        self.store.create(NewRun(row), Writes())
        moments.clear()
        advance = self._advance(run_id)
        parts = tuple((moments[at + PART] - moments[at]) / PART for at in range(0, len(moments) - PART, PART))
        sent = Message(f"go-{run_id}", run_id, MessageKind.SIGNAL, "go", "null", now)
        self.store.transact(run_id, lambda _view: Writes(messages=(sent,)))
        replay = self._advance(run_id)
        ended = self.store.run(run_id)
        if ended.state is not RunState.SUCCEEDED or len(moments) != steps:
            raise RuntimeError(f"Run {run_id} is {ended.state} after {len(moments)} of {steps} steps: {ended.error}")
        return Took(steps, advance, replay, parts)

    def _advance(self, run_id: str) -> float:
        began = time.perf_counter()
        self._engine.advance(run_id)
        return time.perf_counter() - began


def report(name: str, lengths: Sequence[int], found: dict[int, list[Took]]) -> bool:
    """Print what one database showed; whether the target was met."""
    print(f"\n{name}\n{'steps':>7} {'runs':>5} {'a step, µs':>11} {'replay, ms':>11} {'replay a record, µs':>20}")
    cost = {steps: statistics.median(took.step for took in found[steps]) for steps in lengths}
    replay = {steps: statistics.median(took.replay for took in found[steps]) for steps in lengths}
    for steps in lengths:
        a_record = (
            f"{1e6 * (replay[steps] - replay[lengths[0]]) / (steps - lengths[0]):.1f}" if steps > lengths[0] else ""
        )
        print(
            f"{steps:>7,} {len(found[steps]):>5} {1e6 * cost[steps]:>11.0f} {1e3 * replay[steps]:>11.1f} {a_record:>20}"
        )
    parts = found[lengths[-1]][-1].parts
    if parts:
        print("a step, µs, in each thousand: " + " ".join(f"{1e6 * part:.0f}" for part in parts))
    ratio = cost[lengths[-1]] / cost[lengths[0]]
    met = ratio <= MOST
    print(
        f"  {'met   ' if met else 'MISSED'}  a step of {lengths[-1]:,} costs {ratio:.2f} of one of {lengths[0]}"
        f" (up to {MOST})"
    )
    return met


@contextmanager
def database(name: str, home: Path) -> Iterator[str]:
    """The address of a fresh database."""
    if name == "sqlite":
        yield f"sqlite:///{home / 'baton.db'}"
    else:
        with running_postgres() as postgres, postgres.database() as url:
            yield url


def measured(url: str, lengths: Sequence[int], carded: bool) -> dict[int, list[Took]]:
    """Each length as often as it takes, in turn, so that a busy moment hits no length alone."""
    migrate(url)
    bench = Bench(url, carded)
    with closing(bench.store):
        for _ in range(20):
            bench.measure(lengths[0])
        found: dict[int, list[Took]] = {steps: [] for steps in lengths}
        for steps in [*lengths, *lengths[-2::-1]]:
            found[steps] += [bench.measure(steps) for _ in range(max(STEPS_EACH // 2 // steps, 1))]
    return found


def main() -> int:
    """Measure, and print what was seen; 1 when the target was missed and `--check` is given."""
    parser = argparse.ArgumentParser(prog="long_history", description=__doc__)
    parser.add_argument("--database", action="append", choices=("sqlite", "postgres"), help="default: both")
    parser.add_argument("--longest", type=int, default=LENGTHS[-1], help="steps of the longest run")
    parser.add_argument("--no-card", action="store_true", help="runs that no card shows")
    parser.add_argument("--check", action="store_true", help="exit code 1 when the target is missed")
    options = parser.parse_args()
    lengths = [*(steps for steps in LENGTHS if steps < options.longest), options.longest]
    print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    good = True
    for name in options.database or ("sqlite", "postgres"):
        with tempfile.TemporaryDirectory(prefix="baton-long-") as folder, database(name, Path(folder)) as url:
            title = "SQLite (synchronous=FULL)" if name == "sqlite" else "PostgreSQL"
            good = report(title, lengths, measured(url, lengths, not options.no_card)) and good
    return 0 if good or not options.check else 1


if __name__ == "__main__":
    sys.exit(main())
