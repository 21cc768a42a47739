"""A real Tryton for tests, from PyPI: started when the session begins, beside the other tests, and waited for later.

What it takes a minute or two to make stays in `build/tryton`; test sessions at the same time get books of their own.
Tests that use it are marked `servers`, and share the xdist group `tryton`: by that mark the session knows that it is
wanted, and runs them last.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from integrations.http import UNLIMITED, Gate
from integrations.http.turns import MemoryTurns
from integrations.tryton.connector import Tryton
from integrations.tryton.models import TrytonSettings
from workflows.engine.testing.clock import ManualClock

SCRIPT = Path(__file__).with_name("tryton.sh")
HOME = Path(__file__).resolve().parents[2] / "build" / "tryton"
GROUP = "tryton"
PATIENCE = 360
"""Seconds that a first start may take on a busy machine."""
real = (pytest.mark.servers, pytest.mark.timeout(600), pytest.mark.xdist_group(GROUP))
"""The marks of what needs it."""


class TrytonServer:
    """Books of a company of its own on a free port, and the login of a user who is no administrator."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="baton-tryton-"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        self._said = self._folder / "start.log"
        with self._said.open("w") as said:
            self._starting = subprocess.Popen(
                [SCRIPT, "start", HOME, self._folder, port], stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                env={**os.environ, "PYTHON": sys.executable},
            )  # fmt: skip
        self._known: dict[str, str] | None = None

    @property
    def settings(self) -> TrytonSettings:
        """How a connector reaches it; waits until it answers."""
        if self._known is None:
            if self._starting.wait(PATIENCE):
                pytest.fail(f"Tryton did not start:\n{self._said.read_text()}", pytrace=False)
            lines = (self._folder / "env").read_text().splitlines()
            self._known = dict(line.split("=", 1) for line in lines)
        known = self._known
        return TrytonSettings(
            url=known["TRYTON_URL"],
            key=SecretStr(known["TRYTON_KEY"]),
            user=known["TRYTON_USER"],
            password=SecretStr(known["TRYTON_PASSWORD"]),
        )

    def stop(self) -> None:
        """Stop it, also while it starts, and remove its books."""
        if self._starting.poll() is None:
            self._starting.terminate()
            self._starting.wait()
        subprocess.run([SCRIPT, "stop", self._folder], check=True, stdin=subprocess.DEVNULL)
        shutil.rmtree(self._folder, ignore_errors=True)


SERVER = pytest.StashKey[TrytonServer]()


def last(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """The tests with those that need it at the end, so that it has time to start."""
    return sorted(items, key=_needs_it)


def begin(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """Start it in the background, where a test that will run needs it."""
    if any(map(_needs_it, items)) and not config.option.collectonly and not config.getoption("numprocesses", None):
        config.stash[SERVER] = TrytonServer()


def end(config: pytest.Config) -> None:
    """Stop it, where it was started."""
    server = config.stash.get(SERVER, None)
    if server is not None:
        server.stop()


def _needs_it(item: pytest.Item) -> bool:
    return any(mark.args == (GROUP,) for mark in item.iter_markers("xdist_group"))


@pytest.fixture(scope="session")
def tryton_server(request: pytest.FixtureRequest) -> Iterator[TrytonServer]:
    """The running Tryton; what is in its books is anybody's."""
    server = request.config.stash.get(SERVER, None)
    if server is not None:
        yield server
        return
    server = TrytonServer()
    try:
        yield server
    finally:
        server.stop()


def connected(
    settings: TrytonSettings, transport: httpx.BaseTransport | None = None, clock: ManualClock | None = None
) -> Tryton:
    """A connector without a pace, whose pauses pass on a clock that is set by hand."""
    gate = Gate(MemoryTurns((clock or ManualClock()).monotonic), {"tryton": UNLIMITED})
    return Tryton(settings, gate, transport)


class LosesAnswers(httpx.BaseTransport):
    """Loses what is answered to each request that changes something in Tryton, the first time that it is sent."""

    def __init__(self) -> None:
        self._inner = httpx.HTTPTransport()
        self._seen: set[bytes] = set()
        self.changes: list[str] = []
        """What was sent that changes something, each time."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._inner.handle_request(request)
        content = request.read()
        changes = request.method != "GET" and (b".execute" in content or not request.url.path.endswith("/rpc/"))
        sent = str(request.url).encode() + (b"" if b".execute" in content else content)
        if changes:
            self.changes.append(request.url.path)
        if changes and sent not in self._seen:
            self._seen.add(sent)
            response.read()
            response.close()
            raise httpx.ReadTimeout("the answer was lost", request=request)
        return response
