"""`baton` commands as real processes for tests, and the processes below them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import httpx

DEADLINE = 60.0


def eventually(true: Callable[[], object], seconds: float = DEADLINE) -> None:
    """Wait until it is true; fail when it never is."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError("it never came true")
        time.sleep(0.02)


def lives(pid: int) -> bool:
    return _status(pid) is not None


def gone(pids: Iterable[int]) -> bool:
    return not any(lives(pid) for pid in pids)


def _status(pid: int) -> int | None:
    """The parent of a living process."""
    with suppress(OSError):
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
        return None if state == "Z" else int(parent)
    return None


def below(pid: int) -> dict[int, str]:
    """The living processes that descend from one, with their command lines."""
    parents = {int(path.name): _status(int(path.name)) for path in Path("/proc").iterdir() if path.name.isdigit()}
    found: dict[int, str] = {}
    level = [pid]
    while level:
        level = [child for child, parent in parents.items() if parent in level]
        for child in level:
            with suppress(OSError):
                found[child] = Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ").strip()
    return found


def started_for(home: Path) -> list[int]:
    """The living processes that were started with this BATON_HOME."""
    mark, found = f"BATON_HOME={home}\0".encode(), []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes():
                found.append(int(entry.name))
    return [pid for pid in found if lives(pid)]


class Baton:
    """A command as a process, and what it printed."""

    def __init__(self, folder: Path, *arguments: str, **env: str) -> None:
        self.folder = folder
        self.lines: list[str] = []
        settings = {"BATON_HOME": str(folder / "home"), "BATON_WORKFLOWS": str(folder / "flows"), "REDIS_URL": ""}
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "bot.cli", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder,
            env=os.environ | settings | {"PORT": "0", "BATON_LEASE": "2", "BATON_PROCESSES": "1"} | env,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def url(self) -> str:
        eventually(lambda: re.search(r"http://127[\d.:]+", self.text))
        found = re.search(r"http://127[\d.:]+", self.text)
        assert found
        return found[0]

    def ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def parts(self) -> dict[str, int]:
        """The processes of web, worker and clock."""
        children = {pid: command for pid, command in self.everybody().items() if _status(pid) == self.process.pid}
        return {command.split()[-1]: pid for pid, command in children.items() if "bot.cli" in command}

    def everybody(self) -> dict[int, str]:
        return below(self.process.pid)

    def ended(self) -> int:
        code = self.process.wait(60)
        self._reader.join(5)
        assert self.process.stdout
        self.process.stdout.close()
        return code

    def stop(self) -> int:
        self.process.terminate()
        return self.ended()
