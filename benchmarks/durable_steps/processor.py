"""Processor time of processes and all that they started, read from Linux' /proc."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
KNOWN = Path("/proc/self/stat").exists()
"""Whether this system tells."""


def seconds(roots: Iterable[int]) -> float:
    """User and system time of these processes, their living descendants, and the ended ones that were waited for."""
    spent: dict[int, float] = {}
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it ended just now
            continue
        pid = int(folder.name)
        parents[pid] = int(fields[1])
        spent[pid] = sum(map(int, fields[11:15])) / TICK
    wanted = set(roots)
    return sum(time for pid, time in spent.items() if _descends(pid, wanted, parents))


def _descends(pid: int, roots: set[int], parents: dict[int, int]) -> bool:
    while pid > 0:
        if pid in roots:
            return True
        pid = parents.get(pid, 0)
    return False
