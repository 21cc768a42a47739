"""A schedule that does not fire is told once, and once that it fires again."""

from __future__ import annotations

import pytest

from bot.news import Notices, ScheduleNews
from tests.contract.schedules.stage import ANA, HOUR, MINUTE, House
from workflows.engine.alerts.model import Alert
from workflows.engine.alerts.watching import Alerts
from workflows.engine.schedules.alarming import ScheduleAlarms
from workflows.engine.schedules.passing import Told
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.memory import MemoryStore
from workflows.engine.testing.memory_alerts import MemoryAlerts
from workflows.engine.testing.memory_happenings import MemoryHappenings
from workflows.engine.testing.memory_schedules import MemorySchedules


class Watched:
    """An installation whose schedules are looked after."""

    def __init__(self) -> None:
        store = MemoryStore(ManualClock())
        self.house = House(store, MemorySchedules(store), store.shared[2])  # type: ignore[arg-type]  # it is that clock
        self.book = MemoryAlerts(store)
        self.told: list[str] = []
        self.alerts = Alerts(self.book, MemoryHappenings(store), self._tell)
        self.alarms = self.clock_process()
        self.house.add()

    def clock_process(self) -> ScheduleAlarms:
        return ScheduleAlarms(self.house.book, self.book, self.alerts)

    def _tell(self, alert: Alert, over: bool) -> None:
        self.told.append(f"{alert.subject} {'is over' if over else 'began'}")

    def look(self, times: int = 1) -> list[str]:
        """What is told by so many looks."""
        already = len(self.told)
        for _ in range(times):
            self.alarms.look()
            self.alerts.tell()
        return self.told[already:]


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_a_workflow_that_is_gone_is_told_and_that_it_is_back(watched: Watched) -> None:
    house = watched.house
    assert watched.look(2) == []
    report = house.harness.catalogue._workflows.pop("report")
    house.pass_(HOUR + 10 * MINUTE)
    assert watched.look(2) == ["schedule:hourly began"]
    [alert] = watched.book.open("schedule")
    assert alert.words.startswith("The schedule can't start report: There is no workflow report")
    assert "`/baton schedule now hourly`" in alert.advice
    house.harness.catalogue._workflows["report"] = report
    house.pass_(MINUTE)
    assert watched.look() == ["schedule:hourly is over"]


def test_one_that_no_clock_deals_with_is_told_at_the_second_look(watched: Watched) -> None:
    house = watched.house
    house.harness.clock.advance(HOUR + 4 * MINUTE)
    assert watched.look(2) == []
    house.harness.clock.advance(2 * MINUTE)
    assert watched.look() == []  # the clock that looks may be about to deal with it
    assert watched.look() == ["schedule:hourly began"]
    assert "was due at 2026-01-05 10:00 UTC" in watched.book.open("schedule")[0].words
    watched.alarms = watched.clock_process()
    assert watched.look() == []
    house.look()
    assert watched.look() == ["schedule:hourly is over"]


def test_who_pauses_it_is_not_told(watched: Watched) -> None:
    house = watched.house
    house.harness.clock.advance(2 * HOUR)
    assert watched.look(2) == ["schedule:hourly began"]
    house.schedules.pause("hourly", by=ANA)
    assert watched.look(2) == ["schedule:hourly is over"]


def test_trouble_that_goes_on_is_left_to_the_alert_and_missed_ticks_are_posted(watched: Watched) -> None:
    posted: list[str] = []

    class Channel(Notices):
        def __init__(self) -> None: ...

        def post(self, key: str, text: str, *names: str) -> None:
            posted.append(text.format(*names))

    house, tell = watched.house, ScheduleNews(Channel())
    house.harness.catalogue._workflows.pop("report")
    house.pass_(HOUR + 10 * MINUTE)
    for told in house.told:
        tell(told)
    assert (len(house.told), posted) == (1, [])
    tell(Told(house.row(), "Ticks were missed."))
    assert posted == [":warning: The schedule *hourly*: Ticks were missed."]
