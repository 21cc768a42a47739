"""Whether the audit finds a bug that was put in on purpose: `python -m tests.chaos.intended_bug --seeds 5`.

Workers run without their fence (`sabotage/no_fence.py`), and are stopped past their leases again and again, while the
server takes its time, so that there is something in flight at each stop, and the other worker has lanes free to go on
with it. With the fence, the same plan finds nothing.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from collections.abc import Sequence

import structlog

from tests.chaos.drive import FLOWS, Order, chaos
from tests.chaos.plan import Kind

SABOTAGE = FLOWS.parent / "sabotage"
ONLY = frozenset({Kind.STOP_WORKER})
ENOUGH = 0.8
"""The share of the seeds in which the bug has to be found."""


def order(database: str, seed: int, *, fence: bool) -> Order:
    """A short run of stops, with the fence or without."""
    return Order(
        database, runs=120, faults=4, seed=seed, without=frozenset(Kind) - ONLY, minutes=2.0, lease=2.0, processes=1,
        lanes=40, pace=0.25, beside=() if fence else (SABOTAGE,),
    )  # fmt: skip


def found(database: str, seed: int, *, fence: bool) -> str:
    """What the audit finds in a run, in one line; "" when it finds nothing."""
    outcome = chaos(order(database, seed, fence=fence), lambda _: None)
    wrongs = {kind: len(words) for kind, words in outcome.findings.wrongs().items() if words}
    return ", ".join(f"{count} {kind}" for kind, count in wrongs.items())


def main(arguments: Sequence[str]) -> int:
    """Exit code 0: found often enough without the fence, and nothing with it."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything that was started is ended
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.intended_bug", description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="how many seeds, from 1 on")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    asked = parser.parse_args(arguments)
    hits = 0
    for seed in range(1, asked.seeds + 1):
        words = found(asked.database, seed, fence=False)
        hits += bool(words)
        print(f"  seed {seed}, without the fence: {words or 'nothing was found'}", flush=True)
    words = found(asked.database, 1, fence=True)
    print(f"  seed 1, with the fence: {words or 'nothing was found'}")
    print(f"{asked.database}: the missing fence was found in {hits} of {asked.seeds} seeds")
    return int(hits < ENOUGH * asked.seeds or bool(words))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
