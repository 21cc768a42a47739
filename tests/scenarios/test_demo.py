"""The demo, as somebody meets it: all of it real, and nothing of it left afterwards."""

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

import httpx
import pytest

from bot.embedded import embedded_redis
from bot.settings import read_settings
from tests.unit.bot.command_stage import eventually, started_for

COMMAND = (sys.executable, "-P", "-m", "bot.cli", "demo")
OFFLINE = dict.fromkeys(
    ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "TAVILY_API_KEY", "NOTION_TOKEN", "WORDPRESS_URL", "BATON_MODEL"), ""
)
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/site/posts/[\w-]+\.html")


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

    def type(self, keys: str) -> None:
        os.write(self._here, keys.encode())

    def ended(self) -> int:
        while self.process.poll() is None:
            if select.select([self._here], [], [], 0.1)[0]:
                with suppress(OSError):
                    self.seen += os.read(self._here, 65536).decode(errors="replace")
        os.close(self._here)
        return self.process.wait()


def test_alone_it_answers_itself_and_at_a_terminal_a_person_does(home: Path, tmp_path: Path) -> None:
    """The second demo in the same home writes again, about another topic."""
    first = alone(home, tmp_path)
    second = at_a_terminal(home, tmp_path)
    assert first.rpartition("/")[2] != second.rpartition("/")[2]


def alone(home: Path, folder: Path) -> str:
    """Without a terminal, and with a search that is away: it answers itself, falls back, and ends."""
    away = {"BATON_SEARCH": "wikipedia", "BATON_WIKIPEDIA_URL": "http://127.0.0.1:9"}
    done = subprocess.run(
        COMMAND, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=folder, timeout=110, check=False,
        env=environment(home, **away),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    for words in ("failed     Search", "succeeded  Search our own files", "answers: changes", "answers: approved"):
        assert words in done.stdout
    assert "The page is there" in done.stdout
    assert left_in(home) == []
    with embedded_redis(read_settings(baton_home=home / "demo", redis_url=""), start=False) as url:
        assert url is None
    found = ADDRESS.search(done.stdout)
    assert found
    return found[0]


def at_a_terminal(home: Path, folder: Path) -> str:
    """A person asks for changes, approves, reads the page, and ends it."""
    terminal = Terminal(home, folder)
    terminal.until("[a]pprove")
    terminal.type("c\n")
    terminal.until("What should change?")
    terminal.type("Shorter, please.\n")
    terminal.until("[a]pprove")
    terminal.type("a\n")
    terminal.until("stays up until ctrl-C")
    found = ADDRESS.search(terminal.seen)
    assert found
    page = httpx.get(found[0], timeout=10, trust_env=False)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.ended() == 0
    eventually(lambda: left_in(home) == [])
    return found[0]
