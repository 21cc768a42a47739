"""Giving way to other programs of this machine."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

NICENESS = 10
"""How much a worker process stands back for others of its machine: people who wait for an answer of web, the
database, and the keeper of leases come first. It costs nothing where processors are free."""
AUTOGROUP = Path("/proc/self/autogroup")


def stand_back(autogroup: Path = AUTOGROUP) -> None:
    """Let this process run when others have nothing to do.

    Where Linux shares processors between sessions first (its autogroups), niceness counts within a session alone. So
    the kernel is told of the session too, when it is the one of this process's parent and nobody else's.
    """
    os.nice(NICENESS)
    if os.getsid(0) == os.getppid():
        with contextlib.suppress(OSError):  # there are no such groups, or they may not be changed here
            autogroup.write_text(str(NICENESS))
