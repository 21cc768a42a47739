"""`baton web` as it is started for real: connected to Slack, and done in peace when it is told to leave."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.runtime import Runtime
from bot.sandbox import LocalWorkspace
from bot.settings import read_settings
from bot.slack.manifest import manifest
from bot.up import PROGRAM
from tests.servers import redis as servers

session_redis, redis_server = servers.session_redis, servers.redis_server
redis_url = servers.redis_url


@pytest.fixture
def workspace() -> Iterator[LocalWorkspace]:
    with LocalWorkspace(manifest([])) as made:
        yield made


def _environment(workspace: LocalWorkspace, folder: Path, redis_url: str) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("BATON_", "SLACK_"))}
    return {
        **plain, "REDIS_URL": redis_url, "BATON_HOME": str(folder / "home"), "BATON_LOG": "json", "PORT": "0",
        "DATABASE_URL": f"sqlite:///{folder / 'baton.db'}", "SLACK_API_URL": workspace.api_url,
        "SLACK_BOT_TOKEN": workspace.bot_token, "SLACK_APP_TOKEN": workspace.app_token,
    }  # fmt: skip


def test_web_answers_over_socket_mode(workspace: LocalWorkspace, tmp_path: Path, redis_url: str) -> None:
    runtime = Runtime(read_settings(database_url=f"sqlite:///{tmp_path / 'baton.db'}", baton_home=tmp_path / "home"))
    runtime.migrate()
    runtime.close()
    environment = _environment(workspace, tmp_path, redis_url)
    with subprocess.Popen((*PROGRAM, "web"), env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as web:
        try:
            workspace.wait_connected(within=60)
            ana = workspace.user("ana")
            assert "content_pipeline" in ana.command("/baton workflows").shown
            ana.dm("help")
            ana.see("What Baton understands", channel="dm")
        finally:
            web.send_signal(signal.SIGTERM)
            _, said = web.communicate(timeout=30)
    assert web.returncode in (0, -signal.SIGTERM), said
    assert "Traceback" not in said
    assert workspace.bot_token not in said
