"""The long chaos run: `python -m tests.chaos --runs 10000 --faults 500 --seed 1 --database both`."""

from __future__ import annotations

import argparse
import logging
import random
import signal
import sys
from contextlib import ExitStack
from pathlib import Path

import structlog

from tests.chaos.drive import Order, chaos, kinds_from
from tests.chaos.plan import Kind, told
from tests.chaos.preload import ToolMissing
from tests.chaos.report import report
from tests.chaos.slack import slack_chaos, slack_report
from tests.servers.postgres import running_postgres


def main() -> int:
    """Exit code 0: nothing is wrong; 1: something is; 2: it can't be done here."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))  # it is all expected
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything that was started is ended
    asked = _parser().parse_args()
    try:
        without = kinds_from(asked.without)
    except ValueError:
        print(f"--without takes any of: {', '.join(Kind)}.", file=sys.stderr)
        return 2
    databases = ["sqlite", "postgresql"] if asked.database == "both" else [asked.database]
    bad = False
    try:
        for database in databases:
            order = Order(database, asked.runs, asked.faults, asked.seed, without, asked.minutes)
            bad = _one(order, asked.keep) or bad
            if asked.slack_runs:
                bad = _in_slack(order, asked.slack_runs, asked.slack_faults) or bad
    except ToolMissing as missing:
        print(missing, file=sys.stderr)
        return 2
    return int(bad)


def _one(order: Order, keep: Path | None) -> bool:
    print(f"{order.database}: seed {order.seed}; the plan: {told(order.plan())}", flush=True)
    outcome = chaos(order, lambda words: print(words, flush=True), keep=keep)
    print(report(outcome), flush=True)
    return bool(outcome.cut_short) or not outcome.findings.clean


def _in_slack(order: Order, runs: int, faults: int) -> bool:
    with ExitStack() as stack:
        url = stack.enter_context(stack.enter_context(running_postgres()).database()) if order.postgres else ""
        transport = "http" if order.postgres else "socket"
        outcome = slack_chaos(url, runs=runs, blows=faults, seed=order.seed, transport=transport)
    print(slack_report(outcome), flush=True)
    return not outcome.clean


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000, help="how many runs are started")
    parser.add_argument("--faults", type=int, default=500, help="how many faults are done meanwhile")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="the same seed, the same plan")
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--minutes", type=float, default=12.0, help="the most that a database gets")
    parser.add_argument("--without", nargs="*", default=[], metavar="FAULT", help="faults to leave out")
    parser.add_argument("--slack-runs", type=int, default=60, help="how many runs are started and decided in Slack")
    parser.add_argument("--slack-faults", type=int, default=30, help="how many faults are done to those")
    parser.add_argument("--keep", type=Path, help="a folder for the processes' logs when something is wrong")
    return parser


if __name__ == "__main__":
    sys.exit(main())
