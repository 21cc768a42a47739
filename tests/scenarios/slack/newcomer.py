"""A stage on which Baton is in no workspace yet: it comes in by OAuth."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from bot.rehearsal import RehearsalRuntime, serving
from bot.sandbox import LocalWorkspace
from bot.settings import read_settings
from bot.slack.manifest import EVENTS_PATH, INSTALL_PATH, REDIRECT_PATH, manifest
from bot.web.app import create_app
from bot.web.slack import slack_side
from tests.scenarios.slack.stage import Stage, check
from tests.scenarios.slack.workflows import ALL, Shop
from workflows.engine.testing.clock import ManualClock


@contextlib.contextmanager
def not_yet_installed(folder: Path, **more: Any) -> Iterator[Stage]:
    """Baton serves, the workspace is there, and nobody has let the one into the other."""
    clock, port = ManualClock(), socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{port.getsockname()[1]}"
    app = manifest(ALL)
    app["oauth_config"]["redirect_urls"] = [f"{address}{REDIRECT_PATH}"]
    with LocalWorkspace(app, clock=clock, installed=False) as workspace:
        workspace.on_call(check)
        given: dict[str, Any] = {
            "baton_home": folder / "home", "database_url": f"sqlite:///{folder / 'baton.db'}", "redis_url": "",
            "baton_workflows": "", "baton_channel": "#content", "baton_ops_channel": "", "baton_url": address,
            "slack_bot_token": None, "slack_app_token": None, "slack_signing_secret": workspace.signing_secret,
            "slack_api_url": workspace.api_url, "slack_client_id": workspace.client_id,
            "slack_client_secret": workspace.client_secret, "slack_team": workspace.team_id,
            "baton_secret_keys": (SecretStr("A" * 43 + "="),),
        }  # fmt: skip
        shop = {Shop: Shop()}
        runtime = RehearsalRuntime(read_settings(**(given | more)), clock, ALL, shop)
        runtime.migrate()
        side = slack_side(runtime)
        assert side is not None
        side.start()
        try:
            with serving(create_app(runtime, slack=side), port):
                workspace.deliver_to(f"{address}{EVENTS_PATH}")
                stage = Stage(workspace, runtime, side, clock, shop)
                yield stage
                stage.quiet()
        finally:
            side.close()
            runtime.close()


class Visitor:
    """A browser, as far as an installation needs one."""

    def __init__(self, stage: Stage) -> None:
        self._start = f"{stage.runtime.settings.address}{INSTALL_PATH}"
        self.cookie = ""

    def begin(self) -> httpx.URL:
        """Follow the link; the address of Slack's page."""
        answer = httpx.get(self._start)
        assert answer.status_code == 302
        self.cookie = answer.headers["set-cookie"].partition(";")[0]
        return httpx.URL(answer.headers["location"])

    def press(self, page: httpx.URL, answer: str = "allow") -> httpx.URL:
        """Press a button on Slack's page; the address to which that leads back."""
        assert httpx.get(page).status_code == 200
        return httpx.URL(httpx.post(page, data={"answer": answer}).headers["location"])

    def back(self, address: httpx.URL) -> httpx.Response:
        """Follow it, showing the cookie there is."""
        return httpx.get(address, headers={"cookie": self.cookie} if self.cookie else {})

    def install(self) -> httpx.Response:
        """All of it."""
        return self.back(self.press(self.begin()))
