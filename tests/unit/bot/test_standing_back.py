"""A worker process gives way, and tells the kernel of its session when that is the worker's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.standing_back import NICENESS

CHILD = "from pathlib import Path; from bot.standing_back import stand_back; stand_back(Path({autogroup!r}))"
PARENT = """
import os, subprocess, sys
code = subprocess.run([sys.executable, "-c", sys.argv[1] + "; import os; print(os.nice(0))"]).returncode
sys.exit(code)
"""


@pytest.mark.parametrize("leads", [True, False])
def test_a_session_that_the_parent_leads_is_put_back_too(tmp_path: Path, leads: bool) -> None:
    autogroup = tmp_path / "autogroup"
    asked = [sys.executable, "-c", PARENT, CHILD.format(autogroup=str(autogroup))]
    done = subprocess.run(asked, start_new_session=leads, capture_output=True, text=True, timeout=60, check=True)
    assert int(done.stdout) == min(os.nice(0) + NICENESS, 19)
    assert (autogroup.read_text() if autogroup.exists() else "") == (str(NICENESS) if leads else "")


def test_where_there_are_no_groups_of_sessions_nothing_else_happens(tmp_path: Path) -> None:
    asked = [sys.executable, "-c", PARENT, CHILD.format(autogroup=str(tmp_path / "none" / "autogroup"))]
    done = subprocess.run(asked, start_new_session=True, capture_output=True, text=True, timeout=60, check=True)
    assert (int(done.stdout), done.stderr) == (min(os.nice(0) + NICENESS, 19), "")
