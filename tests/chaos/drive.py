"""One chaos run over one database: start everything, do the plan, let it come to rest, judge it."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.chaos.audit import Ended, Facts, Findings, audit
from tests.chaos.collect import collect, put_right
from tests.chaos.crew import Crew
from tests.chaos.faults import Faults, Site
from tests.chaos.people import People
from tests.chaos.plan import Fault, Kind, make_plan
from tests.chaos.preload import Preload, environment
from tests.chaos.shapes import calls_of, workflow_of
from tests.servers.effects import EffectServer
from tests.servers.house import House
from tests.servers.postgres import Postgres, running_postgres
from tests.servers.redis import RedisServer
from workflows.engine.model import OPEN
from workflows.engine.ports import RunQuery

FLOWS = Path(__file__).parent / "flows"
FIRST_SKEW = 180
"""Seconds by which the clocks of one worker and one clock are off from the start, on PostgreSQL."""
LOOK = 0.05
"""Seconds between two looks at how far the work has come."""
STALLED = 20.0
"""Seconds without progress after which the next fault comes all the same."""
AT_REST = 90.0
"""Seconds without progress, and without a fault, after which what is still open is stuck."""


@dataclass(frozen=True)
class Order:
    """What is asked of a chaos run."""

    database: str
    """`sqlite` or `postgresql`"""
    runs: int
    faults: int
    seed: int
    without: frozenset[Kind] = frozenset()
    minutes: float = 12.0
    """After so long no more is started, and the rest comes to an end."""
    lease: float = 4.0
    processes: int = 2
    """Of each of the two workers."""
    lanes: int = 8
    """Of each process."""
    pace: float = 0.0
    """Seconds that the server takes for each answer, beside what it takes for some anyway."""
    beside: tuple[Path, ...] = ()
    """Folders of workflows that workers load beside the chaos run's own."""

    @property
    def postgres(self) -> bool:
        return self.database == "postgresql"

    def plan(self) -> list[Fault]:
        return make_plan(self.seed, self.faults, postgres=self.postgres, without=self.without)


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    order: Order
    findings: Findings
    parked: Sequence[Ended]
    """Before a person looked at them."""
    states: Mapping[tuple[str, str], int]
    """Workflow and final state."""
    faults: Counter[Kind]
    effects: Counter[str]
    """Places that took effect, by sort."""
    calls: int
    refused: int
    twice: Counter[str]
    skipped: int
    repeated: int
    in_transaction: int
    seconds: float
    at_work: float
    """Seconds until everything was at rest."""
    cut_short: str = ""
    notes: Sequence[str] = field(default_factory=tuple)


def chaos(
    order: Order, say: Callable[[str], None], *, postgres: Postgres | None = None, keep: Path | None = None
) -> Outcome:
    """Carry it out; `postgres` is a server that may be used, else one is started when it is needed.

    With `keep`, the logs go to that folder when something is wrong.
    """
    began = time.monotonic()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="baton-chaos-")))
        home.chmod(0o755)  # PostgreSQL may run as another user, and reads the preloaded library
        preload = _preload(order, home)
        variables = preload.environment() if preload else {}
        server = stack.enter_context(EffectServer(order.pace))
        if order.postgres and postgres is None:
            with environment(variables):
                postgres = stack.enter_context(running_postgres())
        url = f"sqlite:///{home / 'baton.db'}"
        if order.postgres and postgres is not None:
            url = stack.enter_context(postgres.database())
        redis = stack.enter_context(RedisServer(durable=True))
        house = stack.enter_context(_house(order, home, url, redis, server))
        crew = Crew(house, variables)
        stack.callback(crew.close)
        site = Site(house, crew, redis, order.lease, preload, postgres if order.postgres else None, url)
        skewed = order.postgres and Kind.SKEW not in order.without and preload is not None
        crew.start(preload.environment(FIRST_SKEW) if skewed and preload else None)
        if Kind.KILL_WEB not in order.without:
            crew.start_web()
        outcome = _Drive(order, site, server, say, began).go()
        if keep is not None and not outcome.findings.clean:
            shutil.copytree(home, keep / f"{order.database}-{order.seed}", dirs_exist_ok=True)
        return outcome


def _preload(order: Order, home: Path) -> Preload | None:
    if {Kind.SLOW_DISK, Kind.SKEW} <= order.without:
        return None
    preload = Preload(home)
    preload.build()
    return preload


@contextmanager
def _house(order: Order, home: Path, url: str, redis: RedisServer, server: EffectServer) -> Iterator[House]:
    with House(
        home, url, redis.url, FLOWS, COUNTING_URL=server.url, BATON_LEASE=str(order.lease),
        BATON_PROCESSES=str(order.processes), BATON_LANES=str(order.lanes), BATON_GRACE="5",
    ) as house:  # fmt: skip
        if order.beside:  # for the workers alone: this process stays as it is
            house.environment["BATON_WORKFLOWS"] = os.pathsep.join(map(str, (FLOWS, *order.beside)))
        yield house


class _Drive:
    """The course of one chaos run."""

    def __init__(
        self, order: Order, site: Site, server: EffectServer, say: Callable[[str], None], began: float
    ) -> None:
        self._order = order
        self._site = site
        self._store = site.house.store
        self._server = server
        self._say = say
        self._began = began
        self._faults = Faults(site)
        self._fired = 0
        self._cut_short = ""
        self._total = sum(calls_of(number) for number in range(order.runs))
        self._people = People(site.house.service, order.seed, order.runs, self._may_start)

    def go(self) -> Outcome:
        self._people.begin()
        self._do_the_plan()
        self._faults.end()
        self._rest()
        at_work = time.monotonic() - self._began
        first = audit(self._facts())
        skipped, repeated = put_right(first.parked, self._site.house.runtime.recovery, self._server)
        self._rest()
        self._people.end()
        facts = self._facts()
        last = audit(facts)
        findings = replace(last, causeless=first.causeless, parked=last.parked, starved=first.starved)
        if not self._site.crew.web_is_ready():
            findings = replace(findings, wrong=(*findings.wrong, "the web process does not say that it is ready"))
        if last.parked:
            findings = replace(
                findings,
                wrong=(*findings.wrong, *(f"{run.workflow} {run.number} is parked anew" for run in last.parked)),
            )
        return self._outcome(facts, findings, first.parked, skipped, repeated, at_work)

    def _may_start(self) -> int:
        """Work comes as the plan goes on, so that every fault finds some."""
        order = self._order
        if not order.faults:
            return order.runs
        window = max(40, min(300, order.runs // 4))
        return window + int(order.runs * self._fired / order.faults)

    def _do_the_plan(self) -> None:
        moved, seen = time.monotonic(), 0
        plan = self._order.plan()
        while self._fired < len(plan) or not self._people.all_started:
            self._faults.tend()
            if time.monotonic() > self._began + self._order.minutes * 60:
                self._cut_short = f"The time was over after {len(self._people.started)} runs and {self._fired} faults."
                return
            if self._server.places != seen:
                moved, seen = time.monotonic(), self._server.places
            stalled = time.monotonic() - moved > STALLED
            if self._fired < len(plan) and (stalled or seen >= plan[self._fired].at * self._total):
                self._do(plan[self._fired])
                moved = time.monotonic()
            elif self._people.broken is not None:
                return
            else:
                time.sleep(LOOK)

    def _do(self, fault: Fault) -> None:
        self._faults.do(fault)
        self._fired += 1
        if self._fired % 25 == 0:
            share = 100 * self._server.places / self._total
            self._say(f"  {time.monotonic() - self._began:5.0f} s: {self._fired} faults, {share:.0f} % of the work")

    def _rest(self) -> None:
        """Until nothing goes on by itself any more, or nothing moves."""
        moved, seen = time.monotonic(), (-1, -1)
        while time.monotonic() - moved < AT_REST:
            if self._people.all_started or self._cut_short or self._people.broken:
                waiting = self._store.runs(RunQuery(states=OPEN, limit=1))
                if not waiting:
                    return
            now = (self._server.count, len(self._people.started))
            if now != seen:
                moved, seen = time.monotonic(), now
            time.sleep(LOOK * 4)

    def _facts(self) -> Facts:
        asked = {number: workflow_of(number) for number in self._people.started}
        house = self._site.house
        return Facts(
            asked, collect(self._store), list(self._server.executions), self._faults.hits, house.owners(),
            house.outlived_leases(),
        )  # fmt: skip

    def _outcome(
        self, facts: Facts, findings: Findings, parked: Sequence[Ended], skipped: int, repeated: int, at_work: float
    ) -> Outcome:
        places = {(call.sort, call.number, call.place) for call in facts.executions}
        return Outcome(
            self._order,
            findings,
            parked,
            Counter((run.workflow, str(run.state)) for run in facts.runs),
            self._faults.done,
            Counter(sort for sort, _number, _place in places),
            len(facts.executions),
            self._server.refused.total(),
            self._people.twice,
            skipped,
            repeated,
            self._faults.in_transaction,
            time.monotonic() - self._began,
            at_work,
            self._cut_short,
        )


def kinds_from(words: Collection[str]) -> frozenset[Kind]:
    """Faults by their words; ValueError names what is none."""
    return frozenset(Kind(word) for word in words)
