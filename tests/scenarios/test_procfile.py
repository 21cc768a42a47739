"""The Procfile, run as it stands."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx

from bot.runtime import Runtime
from bot.settings import read_settings
from tests.servers.house import ROOT, until
from tests.servers.redis import RedisServer
from workflows.engine.model import RunState

FLOW = """
from workflows import Run, StepContext, step, workflow

@step(idempotent=True)
def greet(ctx: StepContext, name: str) -> str:
    return f"Hello {name}"

@workflow("greeting")
def greeting(run: Run, name: str) -> str:
    return run.step(greet, name)
"""


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def test_honcho_runs_it_from_an_empty_database_to_a_finished_run(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "greetings.py").write_text(FLOW)
    database, port = f"sqlite:///{tmp_path / 'baton.db'}", free_port()
    with RedisServer() as redis, (tmp_path / "log").open("wb") as log:
        environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(tmp_path),
            "DATABASE_URL": database, "REDIS_URL": redis.url, "BATON_HOME": str(tmp_path),
            "BATON_WORKFLOWS": str(tmp_path / "flows"), "PORT": str(port), "BATON_PROCESSES": "1",
        }  # fmt: skip
        command = [sys.executable, "-m", "honcho", "-f", str(ROOT / "Procfile"), "-d", str(tmp_path), "start"]
        honcho = subprocess.Popen(
            command, env=environment, cwd=tmp_path, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            until(lambda: answers(f"http://127.0.0.1:{port}/readyz"), "everything is ready")
            settings = read_settings(
                _env_file=None, database_url=database, redis_url=redis.url, baton_home=tmp_path,
                baton_workflows=str(tmp_path / "flows"),
            )  # fmt: skip
            runtime = Runtime(settings)
            run = runtime.service.start("greeting", "Ana", by="test:ana")
            until(lambda: runtime.store.run(run.id).state is RunState.SUCCEEDED, "the run is done")
            runtime.close()
            assert honcho.poll() is None
        finally:
            honcho.send_signal(signal.SIGTERM)
            honcho.wait(30)
    said = (tmp_path / "log").read_text()
    assert "Traceback" not in said
