"""What the small scripts share: the same measurement on each database, its table, and whether its targets were met."""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Callable

from benchmarks.burst.figures import HEADING, Row, Target
from benchmarks.durable_steps.place import Place, place
from benchmarks.waiting import servers

Measure = Callable[[Place, int], tuple[list[Row], list[Target]]]


def on_each_database(name: str, about: str | None, count: str, times: int, measure: Measure) -> int:
    """Read the options (`count` is the one that says how often), measure and print; the exit code."""
    parser = argparse.ArgumentParser(prog=name, description=about)
    parser.add_argument("--database", action="append", choices=("sqlite", "postgres"), help="default: both")
    parser.add_argument(count, dest="count", type=int, default=times, help="how often")
    parser.add_argument("--check", action="store_true", help="exit code 1 when a target is missed")
    options = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    met = True
    wanted = options.database or ["sqlite", "postgres"]
    with servers(wanted) as (home, postgres):
        for database in wanted:
            with place(home, database, redis=True, postgres=postgres) as here:
                rows, targets = measure(here, options.count)
            print("", database, HEADING, *rows, *(f"  {target}" for target in targets), sep="\n", flush=True)
            met = met and all(target.met for target in targets)
    return 0 if met or not options.check else 1
