"""Who lives, who is missing, and how often parts died."""

from __future__ import annotations

from datetime import timedelta

from workflows.engine.beats.judging import Standing
from workflows.engine.beats.model import Beat, End, PartKind
from workflows.engine.testing.clock import START

NOW = START
SILENT = timedelta(seconds=90)


def beat(
    name: str,
    *,
    began: float,
    seen: float,
    host: str = "one",
    kind: PartKind = PartKind.WORKER,
    ending: End = End.UNTOLD,
) -> Beat:
    """A part that began and was heard so many minutes ago."""
    ago = [NOW - timedelta(minutes=minutes) for minutes in (began, seen)]
    return Beat(name, kind, host, 7, "1", ago[0], ago[1], ending=ending)


def missing(*beats: Beat) -> list[str]:
    return [one.id for one in Standing(beats, NOW, SILENT).missing()]


def test_who_is_silent_without_a_farewell_is_missing() -> None:
    assert missing(beat("a", began=60, seen=0), beat("b", began=60, seen=1)) == []
    assert missing(beat("a", began=60, seen=2)) == ["a"]
    assert missing(beat("a", began=60, seen=2, ending=End.LEFT)) == []


def test_who_was_started_again_is_missed_by_nobody() -> None:
    assert missing(beat("a", began=60, seen=5), beat("b", began=4.9, seen=0)) == []
    assert missing(beat("a", began=60, seen=5), beat("b", began=50, seen=0)) == ["a"]
    died_again = [beat("a", began=60, seen=20), beat("b", began=19, seen=10), beat("c", began=9, seen=0)]
    assert missing(*died_again) == []
    assert missing(*died_again[:2]) == ["b"]


def test_a_new_machine_takes_the_place_of_a_lost_one_but_of_one_alone() -> None:
    lost = [beat("a", began=60, seen=5, host="one"), beat("b", began=60, seen=5, host="two")]
    assert missing(*lost, beat("c", began=4, seen=0, host="three")) == ["b"]
    assert missing(*lost, beat("c", began=4, seen=0, host="two")) == ["a"]


def test_a_deploy_elsewhere_replaces_nobody_that_died() -> None:
    died = beat("a", began=60, seen=30, host="one")
    deployed = [beat("b", began=60, seen=5, host="two", ending=End.LEFT), beat("c", began=4, seen=0, host="two")]
    assert missing(died, *deployed) == ["a"]
    assert missing(*deployed) == []


def test_kinds_do_not_stand_in_for_each_other() -> None:
    assert missing(beat("a", began=60, seen=5), beat("b", began=4, seen=0, kind=PartKind.CLOCK)) == ["a"]


def test_a_process_is_stuck_only_while_its_worker_lives() -> None:
    process = Beat("p", PartKind.PROCESS, "one", 0, "1", NOW, NOW - 2 * SILENT, parent="w")
    parent = beat("w", began=60, seen=0)
    assert [one.id for one in Standing((parent, process), NOW, SILENT).stuck()] == ["p"]
    assert Standing((beat("w", began=60, seen=5), process), NOW, SILENT).stuck() == []


def test_deaths_are_those_of_the_last_hour_and_processes_go_with_their_worker() -> None:
    crashed = Beat("p", PartKind.PROCESS, "one", 0, "1", NOW, NOW, parent="w", ending=End.CRASHED)
    went_along = Beat("q", PartKind.PROCESS, "one", 0, "1", NOW, NOW - 2 * SILENT, parent="w")
    standing = Standing(
        (crashed, went_along, beat("w", began=60, seen=5), beat("x", began=90, seen=61), beat("y", began=9, seen=0)),
        NOW, SILENT,
    )  # fmt: skip
    assert standing.deaths() == {"process:one": 1, "worker:one": 1}
