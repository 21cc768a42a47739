"""The preloaded library does what it says, and a missing compiler is told in words."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.chaos.preload import Preload, ToolMissing

PROGRAM = """
import json, os, sys, time
with open(sys.argv[1], "w") as file:
    began = time.monotonic()
    os.fsync(file.fileno())
    slow = time.monotonic() - began
time.sleep(0.01)
print(json.dumps({"fsync": slow, "now": time.time(), "monotonic": time.monotonic()}))
"""


def seen(preload: Preload, file: Path, clock_off: int = 0) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, file], env=preload.environment(clock_off), capture_output=True, check=True
    )
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


@pytest.mark.chaos
def test_fsync_waits_as_long_as_it_is_told_to(tmp_path: Path) -> None:
    preload = Preload(tmp_path)
    preload.build()
    preload.slow_disk(700)
    assert seen(preload, tmp_path / "file")["fsync"] >= 0.7
    preload.slow_disk(0)
    assert seen(preload, tmp_path / "file")["fsync"] < 0.7


@pytest.mark.chaos
def test_the_wall_clock_is_off_and_monotonic_time_is_not(tmp_path: Path) -> None:
    preload = Preload(tmp_path)
    preload.build()
    before, monotonic = time.time(), time.monotonic()
    there = seen(preload, tmp_path / "file", clock_off=-300)
    assert before - 301 <= there["now"] <= time.time() - 299
    assert monotonic <= there["monotonic"] <= time.monotonic()


def test_a_missing_compiler_is_told_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing, match=r"apt-get install gcc.*--without slow-disk skew"):
        Preload(tmp_path).build()
