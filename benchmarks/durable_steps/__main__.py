"""Eight durable steps, hundreds of times, beside others: `python -m benchmarks.durable_steps`. See ../README.md."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import warnings
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.durable_steps import figures
from benchmarks.durable_steps.contender import Contender, Failed, Taken, measure
from benchmarks.durable_steps.figures import Round
from benchmarks.durable_steps.lineup import lineup
from benchmarks.durable_steps.place import place
from benchmarks.durable_steps.probe import fsyncs

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from tests.servers.postgres import Postgres, running_postgres


def measured(contenders: Sequence[Contender], home: Path, postgres: Postgres | None, count: int, number: int) -> Round:
    """One round: every contender once, another one first each time."""
    disk = fsyncs(home)
    shift = number % len(contenders)
    taken: list[Taken] = []
    failed: list[str] = []
    for contender in [*contenders[shift:], *contenders[:shift]]:
        with place(home, contender.database, redis=contender.redis, postgres=postgres) as here:
            try:
                taken.append(measure(contender, here, count))
                print(figures.line(number, taken[-1]), flush=True)
            except Failed as error:
                failed.append(f"{contender.name}: {error}")
                print(f"round {number + 1}  {failed[-1]}", flush=True)
    return Round(disk, tuple(taken), tuple(failed))


def main() -> int:
    """Measure, and print what was seen; 1 when a target was missed and `--check` is given."""
    options = _options()
    everybody = lineup(dict(way.split("=", 1) for way in options.way))
    wanted = [one for one in everybody if not options.only or one.name in options.only]
    absent = {one.name: one.missing() for one in wanted if one.missing()}
    present = [one for one in wanted if one.name not in absent]
    print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    print(f"{options.runs} runs of 8 steps each, {options.rounds} rounds")
    for name, why in absent.items():
        print(f"NOT MEASURED  {name}: {why}")
    rounds: list[Round] = []
    with tempfile.TemporaryDirectory(prefix="baton-steps-", dir=options.folder) as home, ExitStack() as stack:
        needs = any(one.database == "postgres" for one in present)
        postgres = stack.enter_context(running_postgres()) if needs else None
        rounds += (measured(present, Path(home), postgres, options.runs, number) for number in range(options.rounds))
    print(figures.table(rounds))
    targets = figures.targets(rounds)
    print(*targets, sep="\n")
    good = all(target.met for target in targets) and not absent and not any(one.failed for one in rounds)
    return 0 if good or not options.check else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="durable_steps", description=__doc__)
    parser.add_argument("--runs", type=int, default=300, help="runs of each contender in each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", action="append", help="measure this contender and no others; may be given again")
    parser.add_argument(
        "--way", action="append", default=[], metavar="NAME=OPTIONS",
        help="another way for a contender, or a further one: dbos-sqlite-wal='--way direct --threads 4 --wal'",
    )  # fmt: skip
    parser.add_argument("--folder", help="where the SQLite files lie; default: the system's temporary folder")
    parser.add_argument("--check", action="store_true", help="exit code 1 when a target is missed")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
