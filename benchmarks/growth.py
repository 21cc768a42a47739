"""What people wait for when there are many runs: their questions at two sizes, and how fast old runs are deleted."""

from __future__ import annotations

import argparse
import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from benchmarks.grown.questions import PEOPLE_ASK
from benchmarks.grown.rows import GOING, Grown, grow
from tests.servers.postgres import running_postgres
from workflows.engine.expiry import Expiry
from workflows.engine.retention import BATCH
from workflows.storage.schema import migrate
from workflows.storage.store import SqlStore

WRITES = frozenset({"a decision, as a transaction", "a press's address", "a message's address"})
"""Questions that write; they wait for the disk."""


@dataclass(frozen=True)
class Measured:
    """How long each question took, in milliseconds, and how fast runs were deleted."""

    database: str
    made: Grown
    growing: float
    size: int
    answers: dict[str, tuple[float, float]]
    recount: float
    pruned: int
    batches: tuple[float, ...]


def main() -> None:
    """Print a table for each database."""
    given = _arguments()
    for database in given.database:
        measured = [_at(database, runs, given.rounds, given.prune) for runs in given.runs]
        _show(measured)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, nargs="+", default=[2_000, 20_000], help="sizes, in runs")
    parser.add_argument("--database", nargs="+", choices=["sqlite", "postgres"], default=["sqlite", "postgres"])
    parser.add_argument("--rounds", type=int, default=50, help="how often each question is asked")
    parser.add_argument("--prune", type=int, default=5_000, help="how many runs are deleted")
    return parser.parse_args()


def _at(database: str, runs: int, rounds: int, prune: int) -> Measured:
    with _empty(database) as url:
        migrate(url)
        begun = time.perf_counter()
        made = grow(url, runs)
        growing = time.perf_counter() - begun
        return measure(database, url, made, rounds, prune, growing)


def measure(database: str, url: str, made: Grown, rounds: int, prune: int, growing: float = 0.0) -> Measured:
    """Ask everything of a database that is full."""
    store = SqlStore(url)
    begun = time.perf_counter()
    store.recount()
    recount = time.perf_counter() - begun
    answers = {name: _timed(store, made, name, rounds) for name in PEOPLE_ASK}
    size = store.room().size
    batches, gone = [], 0
    old = Expiry(made.now - timedelta(days=1))
    while gone < min(prune, made.runs // 2):
        begun = time.perf_counter()
        gone += store.prune(old, limit=BATCH, by="benchmark").runs
        batches.append(time.perf_counter() - begun)
    store.close()
    return Measured(database, made, growing, size, answers, recount, gone, tuple(batches))


def _timed(store: SqlStore, made: Grown, name: str, rounds: int) -> tuple[float, float]:
    """The median and the 99th percentile."""
    taken = []
    for _ in range(rounds):
        begun = time.perf_counter()
        PEOPLE_ASK[name](store, made)
        taken.append((time.perf_counter() - begun) * 1000)
    taken.sort()
    return taken[len(taken) // 2], taken[min(int(len(taken) * 0.99), len(taken) - 1)]


@contextlib.contextmanager
def _empty(database: str) -> Iterator[str]:
    if database == "postgres":
        with running_postgres() as server, server.database() as url:
            yield url
        return
    folder = Path(tempfile.mkdtemp(prefix="baton-growth-"))
    try:
        yield f"sqlite:///{folder / 'baton.db'}"
    finally:
        shutil.rmtree(folder)


def _show(measured: Sequence[Measured]) -> None:
    name = measured[0].database
    heads = [f"{one.made.runs:,} runs: p50, p99" for one in measured]
    print(f"\n{name}, milliseconds; {GOING:,} runs go on at each size\n")
    print("| asked | " + " | ".join(heads) + " |\n|---|" + "---|" * len(measured))
    for asked in PEOPLE_ASK:
        cells = [f"{one.answers[asked][0]:.1f}, {one.answers[asked][1]:.1f}" for one in measured]
        print(f"| {asked}{' (writes)' if asked in WRITES else ''} | " + " | ".join(cells) + " |")
    for one in measured:
        taken = sorted(one.batches)
        print(
            f"\n{one.made.runs:,} runs: {one.size / 2**20:,.0f} MB, made in {one.growing:,.0f} s; a tally took "
            f"{one.recount * 1000:,.0f} ms; {one.pruned:,} runs deleted at {one.pruned / sum(taken):,.0f} a second of "
            f"work, a batch of {BATCH} in {taken[len(taken) // 2] * 1000:,.0f} ms (longest {taken[-1] * 1000:,.0f})"
        )


if __name__ == "__main__":
    main()
