"""The group that keeps parts running, with small parts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from bot import up
from bot.up import Group, Part
from tests.unit.bot.command_stage import eventually, lives

OBEDIENT = "import signal, time; print('here', flush=True); time.sleep(60)"
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('deaf', flush=True)
time.sleep(60)
"""
PARENTING = """
import subprocess, sys
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])
print(child.pid, flush=True)
child.wait()
"""


def python(program: str) -> tuple[str, ...]:
    return (sys.executable, "-c", program)


class Running:
    """A group in a thread, and what was said."""

    def __init__(self, *parts: Part, grace: float = 10.0) -> None:
        self.said: list[tuple[str, str]] = []
        self.codes: list[int] = []
        self.group = Group(parts, lambda name, line: self.said.append((name, line)), grace=grace)
        self._thread = threading.Thread(target=lambda: self.codes.append(self.group.run()))
        self._thread.start()

    def lines(self, name: str) -> list[str]:
        return [line for who, line in list(self.said) if who == name]

    def stop(self, *, at_once: bool = False) -> int:
        self.group.stop(at_once=at_once)
        self._thread.join(20)
        assert self.codes, "it did not stop"
        return self.codes[0]


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(up, "PAUSE", 0.01)


def test_what_parts_say_comes_line_by_line_with_their_names() -> None:
    running = Running(Part("a", python("print('one\\ntwo'); " + OBEDIENT)), Part("b", python(OBEDIENT)))
    eventually(lambda: len(running.said) == 4)
    assert running.lines("a") == ["one", "two", "here"]
    assert running.lines("b") == ["here"]
    assert running.stop() == 0


def test_a_part_reads_its_environment() -> None:
    running = Running(Part("a", python("import os; print(os.environ['GREETING']); " + OBEDIENT), {"GREETING": "hi"}))
    eventually(lambda: running.lines("a") == ["hi", "here"])
    assert running.stop() == 0


def test_a_part_that_dies_is_started_again_ever_more_slowly() -> None:
    running = Running(Part("a", python("print('ended'); raise SystemExit(3)")))
    eventually(lambda: len(running.lines("up")) == 3)
    assert [line.rpartition(": ")[2] for line in running.lines("up")] == [
        "starting it again now",
        "starting it again in 0.5 s",
        "starting it again in 1 s",
    ]
    assert "a ended with exit code 3" in running.lines("up")[0]
    assert len(running.lines("a")) == 3
    assert running.stop() == 0


def test_a_part_that_was_killed_is_named_with_the_signal() -> None:
    running = Running(Part("a", python(OBEDIENT)))
    eventually(lambda: running.lines("a"))
    os.kill(running.group.pids()["a"], signal.SIGKILL)
    eventually(lambda: len(running.lines("a")) == 2)
    assert running.lines("up") == ["a ended by SIGKILL: starting it again now"]
    assert running.stop() == 0


def test_a_part_that_does_not_leave_is_killed_after_the_grace() -> None:
    running = Running(Part("a", python(STUBBORN)), grace=0.1)
    eventually(lambda: running.lines("a") == ["deaf"])
    pid = running.group.pids()["a"]
    assert running.stop() == 1
    assert not lives(pid)


def test_stopped_at_once_nobody_is_waited_for() -> None:
    running = Running(Part("a", python(STUBBORN)), grace=60)
    eventually(lambda: running.lines("a") == ["deaf"])
    assert running.stop(at_once=True) == 1


def test_what_a_dead_part_left_running_is_ended() -> None:
    running = Running(Part("a", python(PARENTING)))
    eventually(lambda: running.lines("a"))
    child = int(running.lines("a")[0])
    os.kill(running.group.pids()["a"], signal.SIGKILL)
    eventually(lambda: not lives(child))
    assert running.stop() == 0


def test_a_line_without_an_end_is_passed_on_in_pieces() -> None:
    running = Running(Part("a", python("print('x' * 300_000, end='', flush=True); " + OBEDIENT)))
    eventually(lambda: sum(len(line) for line in running.lines("a")) > 200_000)
    assert max(len(line) for line in running.lines("a")) <= 2 * up.LONGEST_LINE
    assert running.stop() == 0


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_a_part_ends_when_its_parent_is_killed(platform: str) -> None:
    child = f"""
import os, sys, time
from bot import up
up.sys = type('Sys', (), {{'platform': {platform!r}}})
up.follow_parent()
assert 'BATON_PARENT' not in os.environ
print(os.getpid(), flush=True)
time.sleep(60)
"""
    parent = f"""
import os, subprocess, sys, time
subprocess.Popen([sys.executable, '-c', {child!r}], env=os.environ | {{'BATON_PARENT': str(os.getpid())}})
time.sleep(60)
"""
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    pid = int(process.stdout.readline())
    process.kill()
    process.wait()
    process.stdout.close()
    eventually(lambda: not lives(pid))
