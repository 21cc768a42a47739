"""A local Slack workspace with Baton beside it in real processes, for tests that kill them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from typing import Any

from bot.sandbox import AppFailed, LocalWorkspace, NoAppConnected, OperationTimeout
from bot.slack.manifest import EVENTS_PATH
from tests.servers.counting import CountingServer
from tests.servers.house import ROOT, House, until
from tests.servers.redis import RedisServer

WITHIN = 60.0
UNANSWERED = (NoAppConnected, OperationTimeout, AppFailed)
"""What Slack itself tells a person when nobody took their press."""


class Premises:
    """Web, worker and clock, each with its children, started and killed as a test wants it."""

    def __init__(self, house: House, workspace: LocalWorkspace, redis: RedisServer, listening: socket.socket) -> None:
        self.house = house
        self.workspace = workspace
        self.redis = redis
        self._listening = listening
        self._parts: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, *names: str, wait: bool = True) -> None:
        """Start web, worker or clock; with `wait`, return when web can be reached."""
        for name in names:
            environment = dict(self.house.environment)
            if name == "web":
                environment["BATON_LISTEN_FD"] = str(self._listening.fileno())
            path = self.house.home / f"{name}-{len(self.house.processes)}.log"
            with path.open("wb") as log:
                process = subprocess.Popen(
                    [sys.executable, "-m", "tests.servers.slack_main", name], env=environment, cwd=ROOT, stdout=log,
                    stderr=subprocess.STDOUT, start_new_session=True, pass_fds=(self._listening.fileno(),),
                )  # fmt: skip
            self.house.processes.append(process)
            self._parts[name] = process
        if "web" in names and wait:
            self._is_reached()

    def _is_reached(self) -> None:
        if self.house.environment.get("SLACK_SIGNING_SECRET"):
            until(lambda: self.workspace.verify(self.url), "the web process answers", WITHIN)
        else:
            self.workspace.wait_connected(within=WITHIN)

    @property
    def url(self) -> str:
        """Where Slack's requests are taken."""
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}{EVENTS_PATH}"

    def kill(self, *names: str) -> None:
        """End parts with all their children at once, without a word."""
        for name in names:
            process = self._parts.pop(name)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)

    def running(self) -> tuple[str, ...]:
        return tuple(self._parts)


def environment_of(workspace: LocalWorkspace, transport: str, counting: CountingServer) -> dict[str, Any]:
    """What Baton's processes are told; `transport` is `socket` or `http`."""
    own = (
        {"SLACK_APP_TOKEN": workspace.app_token}
        if transport == "socket"
        else {"SLACK_SIGNING_SECRET": workspace.signing_secret}
    )
    ben = f"slack:{workspace.team_id}:{workspace.user('ben').id}"
    return own | {
        "SLACK_BOT_TOKEN": workspace.bot_token, "SLACK_API_URL": workspace.api_url, "BATON_ROLES": f"editors={ben}",
        "COUNTING_URL": counting.url, "BATON_LEASE": "2", "BATON_PROCESSES": "1", "BATON_OPS_CHANNEL": "#ops",
    }  # fmt: skip
