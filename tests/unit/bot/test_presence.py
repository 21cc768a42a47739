"""Locked files that say who lives, over processes that are really killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from bot import presence
from bot.presence import FORGOTTEN, Mourner, Roster
from tests.unit.bot.lanes_stage import until
from workflows.engine.ports import Ring
from workflows.engine.testing.queue import MemoryQueue

ROOT = Path(__file__).parents[3]
HOLDER = """
import os, sys, time
from pathlib import Path
from bot.presence import Roster
presence = Roster(Path(sys.argv[1]), "db").enter(sys.argv[2])
child = os.fork() if "fork" in sys.argv else 0
if child or "fork" not in sys.argv:
    print(child, flush=True)
sys.stdin.readline()
presence.leave()
"""


class Holder:
    """A process that lives under a name until it is killed or told to leave."""

    def __init__(self, folder: Path, owner: str, *how: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(folder), owner, *how],
            env=os.environ | {"PYTHONPATH": str(ROOT)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.child = int(self.process.stdout.readline())

    def leave(self) -> None:
        self.process.communicate("\n")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class Leases:
    """What was given up; `away` makes it fail."""

    def __init__(self) -> None:
        self.released: list[tuple[str, bool]] = []
        self.away = False

    def renew(self, owner: str, ttl: timedelta) -> None:
        raise AssertionError("nobody asked for it")

    def release(self, owner: str, *, crashed: bool) -> Sequence[Ring]:
        if self.away:
            raise ConnectionError("the database is away")
        self.released.append((owner, crashed))
        return [Ring(f"run of {owner}", 0)]


class Place:
    """A folder of processes, and somebody who looks for the dead."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.leases = Leases()
        self.queue = MemoryQueue()
        self.mourner = Mourner(Roster(folder, "db"), self.leases, self.queue)
        self.holders: list[Holder] = []

    def holder(self, owner: str, *how: str) -> Holder:
        self.holders.append(Holder(self.folder, owner, *how))
        return self.holders[-1]

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path / "workers")
    yield made
    for holder in made.holders:
        holder.process.kill()
        holder.process.communicate()


def test_the_dead_are_found_and_the_living_and_the_stopped_are_not(place: Place) -> None:
    dead, living, stopped = (place.holder(name) for name in ("dead", "living", "stopped"))
    stopped.process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, stopped.process.pid, os.WSTOPPED)
    place.mourner.look()
    assert place.leases.released == []

    dead.kill()
    place.mourner.look()
    place.mourner.look()

    assert place.leases.released == [("dead", True)]
    assert place.queue.take() == Ring("run of dead", 0, again=True)
    assert place.names() == ["living", "stopped"]
    living.leave()
    place.mourner.look()
    assert (len(place.leases.released), place.names()) == (1, ["stopped"])


def test_a_database_that_is_away_is_asked_again_at_the_next_look(place: Place) -> None:
    place.holder("dead").kill()
    place.leases.away = True
    with pytest.raises(ConnectionError):
        place.mourner.look()
    assert place.leases.released == []
    place.leases.away = False
    place.mourner.look()
    assert place.leases.released == [("dead", True)]


def test_a_forked_process_that_lives_on_does_not_hide_a_death(place: Place) -> None:
    """As one of an author's own pools does."""
    holder = place.holder("dead", "fork")

    def found() -> bool:
        place.mourner.look()
        return bool(place.leases.released)

    try:
        holder.kill()
        until(found)  # the forked one closes the file as soon as it runs at all
        assert place.leases.released == [("dead", True)]
        os.kill(holder.child, 0)  # it lives
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(holder.child, signal.SIGKILL)


def test_what_is_ended_on_purpose_is_no_news(place: Place) -> None:
    holder = place.holder("struck")
    Roster(place.folder, "db").strike("struck")
    holder.kill()
    place.mourner.look()
    assert (place.leases.released, place.names()) == ([], [])


def test_another_database_or_machine_is_left_alone_until_nobody_can_want_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.holder("dead").kill()
    elsewhere = Mourner(Roster(place.folder, "another db"), place.leases, place.queue)
    elsewhere.look()
    monkeypatch.setattr(presence, "BOOT", place.folder / "nothing")
    rebooted = Mourner(Roster(place.folder, "db"), place.leases, place.queue)
    rebooted.look()
    assert (place.leases.released, place.names()) == ([], ["dead"])

    long_ago = time.time() - FORGOTTEN - 60
    os.utime(place.folder / "dead", (long_ago, long_ago))
    rebooted.look()
    assert (place.leases.released, place.names()) == ([], [])


def test_where_no_file_can_be_had_a_process_works_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    shown = Roster(tmp_path / "file" / "workers", "db").enter("me")
    shown.leave()


def test_two_who_look_at_once_give_up_once(place: Place) -> None:
    place.holder("dead").kill()
    roster = Roster(place.folder, "db")
    given_up: list[str] = []

    def first(owner: str) -> None:
        roster.bury(given_up.append)
        assert given_up == []
        given_up.append(owner)

    roster.bury(first)
    assert given_up == ["dead"]
