"""Real clocks on real databases: several at once, killed between tick and run, and a database that was away."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.contract.schedules.other import other_clock
from tests.contract.schedules.stage import ANA, CALENDAR, CatchUp, Overlap, report
from tests.contract.store.test_races import at_once
from tests.servers.postgres import Postgres, running_postgres
from workflows.engine.errors import StoreUnavailable
from workflows.engine.ports import RunQuery
from workflows.engine.schedules.keeping import Schedules, Wanted
from workflows.engine.schedules.passing import Passing
from workflows.engine.schedules.ports import ScheduleWrites
from workflows.engine.testing.harness import Harness
from workflows.storage.schema import migrate
from workflows.storage.store import SqlStore

COUNT = 40


class Office:
    """A database judged by its own clock, with schedules that are late."""

    def __init__(self, url: str) -> None:
        self.store = SqlStore(url)
        self.passing = clock_on(self.store)
        service = Harness(report, store=self.store).service
        self.schedules = Schedules(service, self.store.schedules, CALENDAR, self.passing)

    def add_late(self, name: str, minutes: int) -> None:
        """A schedule of every minute whose last ticks nobody dealt with."""
        wanted = Wanted(name, "report", "* * * * *", {"topic": "tea"}, overlap=Overlap.ALLOW, catch_up=CatchUp.ALL)
        made = self.schedules.add(wanted, by=ANA).schedule
        now = datetime.now(UTC)
        past = now.replace(second=0, microsecond=0) - timedelta(minutes=minutes)
        late = replace(made, ticked_to=past, wake_at=past)
        self.store.schedules.change(made.id, lambda _view: ScheduleWrites(late))

    def ticks(self) -> Counter[tuple[str, str]]:
        """How many runs each tick started."""
        labels = [json.loads(run.labels) for run in self.store.runs(RunQuery(limit=1000))]
        return Counter((label["schedule"], label["tick"]) for label in labels)


def clock_on(store: SqlStore) -> Passing:
    return Passing(Harness(report, store=store).service, store.schedules, CALENDAR, print)


@pytest.fixture
def office(url: str) -> Iterator[Office]:
    opened = Office(url)
    yield opened
    opened.store.close()


def test_threads_of_several_clocks_start_one_run_for_each_tick(office: Office, url: str) -> None:
    stores = [SqlStore(url) for _ in range(4)]
    for number in range(6):
        office.add_late(f"s{number}", 15)
    clocks = [clock_on(store) for store in stores]
    at_once([lambda clock=clock: [clock.look() for _ in range(3)] for clock in clocks])  # type: ignore[misc]
    for store in stores:
        store.close()
    ticks = office.ticks()
    assert set(ticks.values()) == {1}
    assert all(15 <= count <= 17 for count in Counter(name for name, _ in ticks).values())


def test_processes_of_several_clocks_start_one_run_for_each_tick(office: Office, url: str) -> None:
    for number in range(6):
        office.add_late(f"s{number}", 15)
    with ExitStack() as stack:
        clocks = [stack.enter_context(other_clock(url)) for _ in range(3)]
        for clock in clocks:
            assert clock.stdout is not None
            assert clock.stdout.readline() == "ready\n"
        for clock in clocks:
            assert clock.stdin is not None
            clock.stdin.write("look\nlook\n")
            clock.stdin.flush()
        started = sum(int(clock.stdout.readline()) for clock in clocks for _ in range(2) if clock.stdout)
    ticks = office.ticks()
    assert set(ticks.values()) == {1}
    assert started == len(ticks) >= 6 * 15


def test_a_clock_killed_between_tick_and_run_leaves_neither(office: Office, url: str) -> None:
    office.add_late("often", 1)
    with other_clock(url, "dies") as clock:
        assert clock.stdin is not None
        clock.stdin.write("look\n")
        clock.stdin.flush()
        assert clock.wait(30) == -signal.SIGKILL
    assert office.ticks() == Counter()
    assert office.schedules.ticks("often", by=ANA) == []
    assert office.passing.look() >= 1
    assert set(office.ticks().values()) == {1}


def test_a_tick_that_was_written_starts_no_second_run(office: Office) -> None:
    office.add_late("often", 1)
    before = office.store.schedules.named("often")
    assert before is not None
    office.passing.look()
    again = replace(before, wake_at=before.ticked_to)  # as if the mark of how far it came were lost
    office.store.schedules.change(before.id, lambda _view: ScheduleWrites(again))
    office.passing.look()
    assert set(office.ticks().values()) == {1}


# a database that is away --------------------------------------------------------------------------------


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.mark.xdist_group("own_postgres")
def test_a_database_that_was_away_is_caught_up_with(own_postgres: Postgres) -> None:
    own_postgres.run("CREATE DATABASE away")
    url = own_postgres.url("away")
    migrate(url)
    office = Office(url)
    office.add_late("often", 3)
    own_postgres.stop()
    try:
        with pytest.raises(StoreUnavailable):
            office.passing.look()
    finally:
        own_postgres.start()
    assert office.passing.look() >= 3
    while office.passing.look():  # a minute may have passed meanwhile
        pass
    assert set(office.ticks().values()) == {1}
    office.store.close()
    own_postgres.run("DROP DATABASE away WITH (FORCE)")
