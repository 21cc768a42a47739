"""How Baton takes a burst from Slack: `python -m benchmarks.slack_burst`. See README.md beside this file."""

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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.burst.figures import HEADING, Row, Sent, Target
from benchmarks.burst.house import FLOWS, ORDER, Asked, Background, House, until
from benchmarks.burst.sending import Batch, sender_main
from benchmarks.burst.slack import Addresses, Minted, workspace_main
from bot.slack.manifest import EVENTS_PATH, manifest
from workflows import catalog
from workflows.engine.model import Outcome, RunState

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from tests.servers.postgres import running_postgres
    from tests.servers.redis import RedisServer

ACK_P99, ACK_MAX, GONE_MAX, RESUME_P99 = 300.0, 3000.0, 15.0, 250.0
COMMAND = f"run {ORDER} item=number"
PATIENCE = 120.0
"""Seconds that any one wait may take."""


@dataclass
class Report:
    """What one database showed."""

    database: str
    rows: list[Row] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def acks(self, what: str, sent: Sequence[Sent]) -> None:
        """Add the acknowledgements of a burst."""
        times = tuple(one.seconds for one in sent)
        span = max(one.answered for one in sent) - min(one.at for one in sent)
        row = Row(what, times, f"all within {span:.2f} s, {len(sent) / span:.0f}/s")
        self.rows.append(row)
        refused = [one for one in sent if one.status != 200]
        if refused:
            self.wrong.append(f"{what}: {len(refused)} were not taken, such as {refused[0].status} {refused[0].body}")
        self.targets.append(Target(f"{what}, p99", 1000 * row.p99, ACK_P99))
        self.targets.append(Target(f"{what}, longest", 1000 * max(times), ACK_MAX))

    def check(self, fine: bool, words: str) -> None:
        """Note what has to be so."""
        if not fine:
            self.wrong.append(words)

    def __str__(self) -> str:
        lines = ["", self.database, HEADING, *map(str, self.rows), ""]
        lines += [f"  {target}" for target in self.targets]
        lines += [f"  WRONG   {words}" for words in self.wrong]
        lines += [f"  {words}" for words in self.notes]
        return "\n".join(lines)

    @property
    def good(self) -> bool:
        return not self.wrong and all(target.met for target in self.targets)


class Bench:
    """The phases against one house."""

    def __init__(
        self, house: House, slack: Asked, sender: Asked | None, database: str, options: argparse.Namespace
    ) -> None:
        self._house = house
        self._slack = slack
        self._sender = sender
        self._options = options
        self._asked = 0
        self.report = Report(database)

    def run(self) -> Report:
        """All phases; what they showed."""
        options = self._options
        self._warm_up()
        self._idle(options.idle)
        with Background(self._house, options.load) as load:
            time.sleep(3.0)
            first = self._commands("commands in a burst", options.count, 0.0)
            second = self._commands("commands, open loop", options.count, float(options.count))
            self._clicks("clicks in a burst", first, 0.0)
            self._clicks("clicks, open loop", second, float(options.count))
        self.report.notes.append(f"The load: {options.load} runs at a time, {load.pace:.0f} steps a second.")
        self.report.notes += self._house.trouble()[:10]
        return self.report

    # phases ----------------------------------------------------------------------------------------------

    def _warm_up(self) -> None:
        """Go the whole way a few times, so that everything is loaded and connected."""
        sent = self._send(self._slack.ask("commands", 4, COMMAND), 4, 0.0)
        self.report.check(all(one.status == 200 for one in sent), f"warming up: {sent}")
        self._buttons(4)
        self._send(self._slack.ask("clicks", 4), 4, 0.0)
        until(lambda: all(run.state is RunState.SUCCEEDED for run in self._house.orders()), "the first runs end", 60)

    def _idle(self, count: int) -> None:
        """One click at a time, with nothing else to do: how soon the run goes on."""
        house, slack = self._house, self._slack
        channels = slack.ask("addresses").channels
        people = slack.ask("addresses").people
        for number in range(count):
            at = number % len(channels)
            house.runtime.service.start(ORDER, {"item": f"idle{number}"}, by=people[at], channel=channels[at])
        house.runtime.queue.ring_delivery(*(run.id for run in house.orders() if run.state is RunState.QUEUED))
        self._buttons(count)
        with _late(self.report, "everything is shown before the idle clicks"):
            until(house.idle, "everything is shown", PATIENCE)
        acks, resumed = [], []
        for _ in range(count):
            (click,) = slack.ask("clicks", 1)
            run_id = self._run_of(click)
            before = len(house.runtime.store.records(run_id))
            self._post([click], 1, 0.0)
            seen = self._next_record(run_id, before)
            (sent,) = self._posted()
            acks.append(sent)
            resumed.append(seen - sent.at)
            time.sleep(0.5)
        self.report.acks("one click at a time", acks)
        self.report.rows.append(Row("one click → the run's next record", tuple(resumed)))
        self.report.targets.append(
            Target("idle click to resumed run, p99", 1000 * self.report.rows[-1].p99, RESUME_P99)
        )

    def _commands(self, what: str, count: int, per_second: float) -> list[str]:
        minted: list[Minted] = self._slack.ask("commands", count, COMMAND)
        sent = self._send(minted, self._options.callers, per_second)
        self.report.acks(what, sent)
        keys = [one.key for one in minted]
        self._asked += count
        self._buttons(self._asked)
        runs = self._house.orders(keys)
        self.report.check(
            len(runs) == count == len({run.dedupe for run in runs}), f"{what}: {len(runs)} runs, not {count}"
        )
        return [run.id for run in runs]

    def _clicks(self, what: str, run_ids: Sequence[str], per_second: float) -> None:
        house, count = self._house, len(run_ids)
        self._asked -= count
        minted: list[Minted] = self._slack.ask("clicks", count)
        self._slack.ask("watch", [one.key for one in minted], PATIENCE)
        sent = self._send(minted, self._options.callers, per_second)
        gone: list[float] = self._slack.ask("gone")
        self.report.acks(what, sent)
        start = min(one.at for one in sent)
        self.report.check(len(gone) == count, f"{what}: {count - len(gone)} messages kept their buttons")
        self.report.rows.append(
            Row(f"{what} → buttons gone", tuple(moment - start for moment in gone), "from the first")
        )
        last = max(moment for moment in gone) - start
        self.report.targets.append(Target(f"{what}, all buttons gone", last, GONE_MAX, "s"))
        clicked = {self._run_of(one) for one in minted}
        with _late(self.report, f"{what}: every run goes on"):
            until(lambda: self._succeeded(clicked), "every run that was clicked ends", PATIENCE)
        for run_id in clicked:
            (approval,) = house.runtime.store.approvals(run_id=run_id, state=None, limit=2)
            decisions = house.runtime.store.decisions(approval.id)
            self.report.check(
                len(decisions) == 1 and approval.outcome is Outcome.APPROVED,
                f"{what}: run {run_id} has {len(decisions)} decisions",
            )

    # -----------------------------------------------------------------------------------------------------

    def _send(self, minted: Sequence[Minted], callers: int, per_second: float) -> list[Sent]:
        self._post(minted, callers, per_second)
        return self._posted()

    def _post(self, minted: Sequence[Minted], callers: int, per_second: float) -> None:
        """Begin to send; `_posted` gives what became of it."""
        batch = Batch(tuple(one.body for one in minted), callers, per_second)
        if self._sender is not None:
            self._sender.connection.send(batch)
        else:
            self._slack.connection.send(("send", ([one.number for one in minted], batch)))

    def _posted(self) -> list[Sent]:
        answering = self._sender if self._sender is not None else self._slack
        sent: list[Sent] = answering.connection.recv()
        return sent

    def _buttons(self, count: int) -> None:
        there = self._slack.ask("buttons", count, PATIENCE)
        if there < count:
            raise TimeoutError(f"Only {there} of {count} approvals were shown within {PATIENCE:.0f} s")

    def _run_of(self, click: Minted) -> str:
        channel, _, ts = click.key.partition(" ")
        row = self._house.runtime.outbox.at(channel, ts)
        if row is None:
            raise LookupError(f"No message of ours stands at {click.key}")
        return row.run_id

    def _next_record(self, run_id: str, before: int) -> float:
        """When the run has one record more, looked at about every millisecond."""
        until_then = time.monotonic() + 30
        while len(self._house.runtime.store.records(run_id)) <= before:
            if time.monotonic() > until_then:
                raise TimeoutError(f"Run {run_id} did not go on within 30 s")
            time.sleep(0.001)
        return time.monotonic()

    def _succeeded(self, run_ids: set[str]) -> bool:
        return {run.id for run in self._house.orders() if run.state is RunState.SUCCEEDED} >= run_ids


@contextmanager
def _late(report: Report, what: str) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        report.wrong.append(f"{what}: {error}")


def measure(name: str, database: str, home: Path, options: argparse.Namespace) -> Report:
    """One database, with a Redis, a workspace and a sender of its own."""
    described: dict[str, Any] = manifest(catalog.load((FLOWS,)).all())
    slack = Asked(workspace_main, described, options.people)
    sender: Asked | None = None
    try:
        addresses: Addresses = slack.ask("addresses")
        with RedisServer() as redis, House(home, database, redis.url, addresses, socket=options.socket) as house:
            if options.socket:
                slack.ask("connected")
            else:
                sender = Asked(sender_main, house.port, EVENTS_PATH, addresses.signing_secret)
            if options.hold:
                print({name: process.pid for name, process in house.processes.items()}, file=sys.stderr)
            try:
                return Bench(house, slack, sender, name, options).run()
            except TimeoutError as late:
                raise TimeoutError("\n".join([str(late), *house.state(), *house.trouble()])) from None
    finally:
        if sender is not None:
            sender.close()
        slack.close()


def databases(wanted: Sequence[str], home: Path) -> Iterator[tuple[str, str, Path]]:
    """The addresses of fresh databases, and a folder for each."""
    for name in wanted:
        folder = home / name
        folder.mkdir()
        if name == "sqlite":
            yield "SQLite (synchronous=FULL)", f"sqlite:///{folder / 'baton.db'}", folder
        else:
            with running_postgres() as postgres, postgres.database() as url:
                yield "PostgreSQL", url, folder


def main() -> int:
    """Measure, and print what was seen; 1 when a target was missed and `--check` is given."""
    parser = argparse.ArgumentParser(prog="slack_burst", description=__doc__)
    parser.add_argument("--database", action="append", choices=("sqlite", "postgres"), help="default: both")
    parser.add_argument("--socket", action="store_true", help="Socket Mode instead of signed HTTP")
    parser.add_argument("--count", type=int, default=200, help="commands and clicks in each burst")
    parser.add_argument("--callers", type=int, default=50, help="requests under way at a time in a burst")
    parser.add_argument("--people", type=int, default=50, help="people, each with a channel")
    parser.add_argument("--idle", type=int, default=50, help="clicks one at a time")
    parser.add_argument("--load", type=int, default=8, help="runs that keep the worker busy meanwhile")
    parser.add_argument("--check", action="store_true", help="exit code 1 when a target is missed")
    parser.add_argument("--hold", action="store_true", help="say the process ids, for a profiler")
    options = parser.parse_args()
    reports = []
    with tempfile.TemporaryDirectory(prefix="baton-burst-") as home:
        way = "Socket Mode" if options.socket else "signed HTTP"
        print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}, {way}")
        for name, database, folder in databases(options.database or ["sqlite", "postgres"], Path(home)):
            reports.append(measure(name, database, folder, options))
            print(reports[-1], flush=True)
    good = all(report.good for report in reports)
    print("\nEvery target was met." if good else "\nNot every target was met: see MISSED and WRONG above.")
    return 0 if good or not options.check else 1


if __name__ == "__main__":
    sys.exit(main())
