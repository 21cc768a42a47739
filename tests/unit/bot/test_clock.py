"""The clock: every tick is tried again, whatever it raises, and a signal ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from structlog.testing import capture_logs

from bot.clock import Clock, Tick

SOON = timedelta(milliseconds=20)
DEADLINE = 45.0


class Counter:
    """Counts its calls, and lets a test wait for the next ones."""

    def __init__(self, do: Callable[[int], object] = lambda _: None) -> None:
        self.count = 0
        self._do = do
        self._more = threading.Condition()

    def __call__(self) -> None:
        with self._more:
            self.count += 1
            self._more.notify_all()
        self._do(self.count)

    def reach(self, count: int) -> None:
        with self._more:
            assert self._more.wait_for(lambda: self.count >= count, DEADLINE)


@contextmanager
def ticking(*ticks: Tick, grace: timedelta = timedelta(seconds=5)) -> Iterator[Clock]:
    """The body runs beside the clock, which has the main thread."""
    clock = Clock(ticks, grace=grace)
    scheduler = clock._schedule()
    scheduler.start()
    try:
        yield clock
    finally:
        scheduler.shutdown(wait=True)


def test_each_tick_comes_at_once_and_again() -> None:
    often, rarely = Counter(), Counter()
    with ticking(Tick("often", SOON, often), Tick("rarely", timedelta(hours=1), rarely)):
        often.reach(3)
        rarely.reach(1)
    assert rarely.count == 1


def test_a_failing_tick_is_said_once_and_goes_on() -> None:
    def fail(count: int) -> None:
        if count <= 3:
            raise ConnectionError("the database is away")

    counter = Counter(fail)
    with capture_logs() as logs, ticking(Tick("rescue", SOON, counter)):
        counter.reach(6)
    assert [(entry["log_level"], entry["event"]) for entry in logs] == [
        ("warning", "tick rescue is failing"),
        ("info", "tick rescue is fine again"),
    ]
    assert logs[0]["error"] == "ConnectionError: the database is away"


def test_a_slow_tick_never_runs_twice_at_a_time_and_holds_up_no_other() -> None:
    release = threading.Event()
    slow, quick = Counter(lambda _: release.wait(DEADLINE)), Counter()
    with ticking(Tick("slow", SOON, slow), Tick("quick", SOON, quick)):
        slow.reach(1)
        quick.reach(quick.count + 3)
        assert slow.count == 1
        release.set()
        slow.reach(2)


def test_stop_waits_for_a_running_tick() -> None:
    ended = threading.Event()

    def tick() -> None:
        clock.stop()
        ended.wait(0.05)
        ended.set()

    clock = Clock([Tick("last", timedelta(hours=1), tick)])
    assert clock.run() == 0
    assert ended.is_set()


def test_stop_leaves_a_tick_that_hangs() -> None:
    release = threading.Event()

    def hang() -> None:
        clock.stop()
        release.wait(DEADLINE)

    clock = Clock([Tick("hangs", timedelta(hours=1), hang)], grace=timedelta(milliseconds=10))
    with capture_logs() as logs:
        assert clock.run() == 0
    release.set()
    assert "clock left while a tick was still running" in [entry["event"] for entry in logs]


PROGRAM = """
import sys
from datetime import timedelta
from bot.clock import Clock, Tick
sys.exit(Clock([Tick("t", timedelta(milliseconds=10), lambda: print("tick", flush=True))]).run())
"""


def test_sigterm_ends_the_process_well() -> None:
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, env=env, text=True) as process:
        assert process.stdout
        while process.stdout.readline() != "tick\n":
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        process.stdout.read()
        assert process.wait(DEADLINE) == 0
