"""Processor time of processes and all that they started, read from Linux' /proc."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
KNOWN = Path("/proc/self/stat").exists()
"""Whether this system tells."""


def memory(roots: Iterable[int]) -> int:
    """Bytes that these processes and their descendants hold; what several share counts once (PSS)."""
    parents = {pid: parent for pid, (parent, _) in _table().items()}
    wanted, total = set(roots), 0
    for pid in parents:
        if _descends(pid, wanted, parents):
            with contextlib.suppress(OSError):
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
                total += sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total


def seconds(roots: Iterable[int]) -> float:
    """User and system time of these processes, their living descendants, and the ended ones that were waited for."""
    table = _table()
    parents = {pid: parent for pid, (parent, _) in table.items()}
    wanted = set(roots)
    return sum(spent for pid, (_, spent) in table.items() if _descends(pid, wanted, parents))


def _table() -> dict[int, tuple[int, float]]:
    """Each living process with its parent and what it spent."""
    found: dict[int, tuple[int, float]] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with contextlib.suppress(OSError):  # it ended just now
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            found[int(folder.name)] = int(fields[1]), sum(map(int, fields[11:15])) / TICK
    return found


def _descends(pid: int, roots: set[int], parents: dict[int, int]) -> bool:
    while pid > 0:
        if pid in roots:
            return True
        pid = parents.get(pid, 0)
    return False
