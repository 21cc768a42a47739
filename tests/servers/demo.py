"""A demo that runs for a test, with a terminal of its own."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bot.embedded import embedded_redis
from bot.settings import read_settings
from tests.unit.bot.command_stage import started_for

COMMAND = (sys.executable, "-P", "-m", "bot.cli", "demo")
OFFLINE = dict.fromkeys(
    ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "TAVILY_API_KEY", "NOTION_TOKEN", "WORDPRESS_URL", "BATON_MODEL"), ""
)
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/site/posts/[\w-]+\.html")
PAGE = re.compile(r"(http://127\.0\.0\.1:\d+)/\?user=(U\w+)#/(C\w+)")


def environment(home: Path, **more: str) -> dict[str, str]:
    return os.environ | OFFLINE | {"BATON_HOME": str(home), "PORT": "0", "BATON_ACTOR": "cli:editor"} | more


def left_in(home: Path) -> list[int]:
    """The living processes that were started for the demo in a home."""
    return started_for(home / "demo")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "home"
    for pid in [*left_in(tmp_path / "home"), *started_for(tmp_path / "home")]:
        os.kill(pid, signal.SIGKILL)
    with embedded_redis(read_settings(baton_home=tmp_path / "home" / "demo", redis_url=""), start=False):
        pass  # the last to leave ends it


class Terminal:
    """A demo with a person at its keyboard."""

    def __init__(self, home: Path, folder: Path) -> None:
        self._here, there = pty.openpty()
        self.seen = ""
        self.process = subprocess.Popen(
            COMMAND, stdin=there, stdout=there, stderr=there, cwd=folder, start_new_session=True,
            env=environment(home, TERM="dumb", COLUMNS="120", LINES="50", PAGER="cat"),
        )  # fmt: skip
        os.close(there)

    def until(self, words: str) -> None:
        deadline = time.monotonic() + 60
        start = len(self.seen)
        while words not in self.seen[start:]:
            assert time.monotonic() < deadline, f"{words!r} was not seen in {self.seen[-2000:]}"
            if select.select([self._here], [], [], 0.2)[0]:
                self.seen += os.read(self._here, 65536).decode(errors="replace")

    def ended(self) -> int:
        while self.process.poll() is None:
            if select.select([self._here], [], [], 0.1)[0]:
                with suppress(OSError):
                    self.seen += os.read(self._here, 65536).decode(errors="replace")
        os.close(self._here)
        return self.process.wait()
