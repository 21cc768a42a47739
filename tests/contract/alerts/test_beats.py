"""Parts that die are told once, and once that they are back; a farewell, a deploy and an outage are no news."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.contract.alerts.stage import BOSS, House
from workflows.engine.alerts.model import Severity
from workflows.engine.beats.model import BEAT_EVERY, KEPT, Beat, End, PartKind
from workflows.engine.beats.watching import Missed, PartWatch
from workflows.engine.testing.clock import START


def part(name: str, kind: PartKind, host: str = "one") -> Beat:
    return Beat(name, kind, host, 7, "1.0", START, START)


WEB, WORKER, CLOCK = (part(kind.value, kind) for kind in (PartKind.WEB, PartKind.WORKER, PartKind.CLOCK))
CHILD = replace(part("child", PartKind.PROCESS), parent=WORKER.id)

USUAL = Missed()
STEP = 3 * BEAT_EVERY
"""As seldom as a part may be heard that listens all along."""


class Watching:
    """Who looks on in a test, and whose beats go on meanwhile."""

    def __init__(self, house: House, missed: Missed = USUAL) -> None:
        self.house = house
        self.watch = PartWatch(house.beats, house.book, house.alerts, house.happenings, missed)

    def for_(self, minutes: float, *living: Beat) -> list[str]:
        """What is told while so much time passes in which these live."""
        already = len(self.house.told)
        for _ in range(round(timedelta(minutes=minutes) / STEP)):
            self.house.clock.advance(STEP)
            self.house.beats.beat(living)
            self.watch.look()
        return self.house.told[already:]


def test_first_and_last_are_kept_and_an_end_stays(house: House) -> None:
    house.beats.beat([WORKER, CHILD, WEB])
    house.clock.advance(BEAT_EVERY)
    house.beats.beat([WORKER, CHILD])
    heard = {one.id: one for one in house.beats.heard(limit=9)}
    worker, child, web = (heard[one.id] for one in (WORKER, CHILD, WEB))
    assert (worker.began_at, worker.seen_at, worker.kind) == (START, START + BEAT_EVERY, PartKind.WORKER)
    assert (child.parent, web.seen_at) == (WORKER.id, START)
    assert [one.id for one in house.beats.heard(limit=2)] == [WORKER.id, CHILD.id]

    house.beats.end(CHILD, End.CRASHED)
    house.beats.end(WORKER, End.LEFT)
    house.beats.beat([WORKER, CHILD])
    assert {one.id: one.ending for one in house.beats.heard(limit=9)} == {
        WORKER.id: End.LEFT, CHILD.id: End.CRASHED, WEB.id: End.UNTOLD,
    }  # fmt: skip
    house.beats.end(replace(CHILD, id="young"), End.CRASHED)  # it died before its first beat
    assert len(house.beats.heard(limit=9)) == 4
    house.clock.advance(KEPT)
    assert house.beats.forget(house.clock.now() - KEPT) == 1
    assert len(house.beats.heard(limit=9)) == 3


def test_a_worker_that_dies_is_told_once_and_once_that_it_is_back(house: House) -> None:
    watching = Watching(house)
    assert watching.for_(3, WEB, CLOCK, WORKER, CHILD) == []
    assert watching.for_(3, WEB, CLOCK) == ["worker:one began"]
    [alert] = house.book.open("part")
    assert alert.words.startswith(
        "The worker on one (process 7, version 1.0) died without a farewell, last heard 09:03"
    )
    assert alert.severity is Severity.ERROR
    assert watching.for_(1, WEB, CLOCK, replace(WORKER, id="next")) == ["worker:one is over"]


def test_a_farewell_and_a_deploy_that_replaces_everything_are_no_news(house: House) -> None:
    watching = Watching(house)
    watching.for_(3, WEB, CLOCK, WORKER, CHILD)
    for one in (CLOCK, WORKER):
        house.beats.end(one, End.LEFT)
    assert watching.for_(1, WEB) == []
    after = [replace(one, id=f"{one.id}-2", version="2.0") for one in (WEB, CLOCK, WORKER)]
    house.beats.end(WEB, End.LEFT)
    assert Watching(house).for_(4, *after) == []


def test_who_did_not_listen_believes_no_silence(house: House) -> None:
    watching = Watching(house)
    watching.for_(3, WEB, CLOCK, WORKER, CHILD)
    house.clock.advance(timedelta(minutes=20))  # the database was away, and nobody could write
    assert watching.for_(3, WEB, CLOCK, WORKER, CHILD) == []
    house.clock.advance(timedelta(hours=8))  # the machine was off
    assert Watching(house).for_(1, WEB) == []


def test_a_clock_that_stops_is_told_by_who_lives_and_so_is_one_that_never_was(house: House) -> None:
    watching = Watching(house)
    assert watching.for_(3, WEB, CLOCK, WORKER) == []
    assert watching.for_(3, WEB, WORKER) == ["clock began"]
    assert "since 09:03 UTC (the last was on one" in house.book.open("clock")[0].words
    assert watching.for_(1, WEB, WORKER, replace(CLOCK, id="next")) == ["clock is over"]

    there, other = replace(CLOCK, id="next"), replace(CLOCK, id="far", host="two")
    assert watching.for_(1, WEB, WORKER, there, other) == []
    assert watching.for_(3, WEB, WORKER, other) == ["clock:one began"]  # another does its work


def test_no_worker_is_told_only_while_runs_wait(house: House) -> None:
    watching = Watching(house)
    assert watching.for_(4, CLOCK) == []
    house.harness.service.start("errand", "a book", by=BOSS)
    assert watching.for_(4, CLOCK) == ["worker began"]
    assert house.book.open("worker")[0].words == "Runs wait, and no worker runs"
    house.harness.work()
    assert watching.for_(1, CLOCK) == ["worker is over"]


def test_a_crash_loop_is_told_once_and_is_over_when_it_calmed_down(house: House) -> None:
    watching = Watching(house, Missed(crashes=3))
    told = watching.for_(3, CLOCK, WORKER)
    for number in range(3):
        house.beats.end(replace(CHILD, id=f"child-{number}"), End.CRASHED)
        told += watching.for_(1, CLOCK, WORKER)
    assert told == ["process:one began"]
    assert house.book.open("crashes")[0].words == "3 worker processes died on one within an hour"
    assert watching.for_(50, CLOCK, WORKER) == []
    assert watching.for_(10, CLOCK, WORKER) == ["process:one is over"]


def test_a_process_that_is_stuck_is_told_although_its_worker_lives(house: House) -> None:
    watching = Watching(house)
    watching.for_(3, CLOCK, WORKER, CHILD)
    assert watching.for_(3, CLOCK, WORKER) == ["process:child began"]
    house.beats.end(CHILD, End.CRASHED)
    assert watching.for_(1, CLOCK, WORKER) == ["process:child is over"]


def test_nobody_is_missed_where_that_is_off(house: House) -> None:
    watching = Watching(house, Missed(silent=timedelta(0), crashes=0))
    watching.for_(3, WEB, CLOCK, WORKER)
    house.beats.end(CHILD, End.CRASHED)
    assert watching.for_(5, WEB) == []
