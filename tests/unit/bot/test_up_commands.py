"""`baton up` and its parts as real processes, over a real Redis, killed where it hurts."""

from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bot.embedded import embedded_redis, embedded_redis_url
from bot.living import PARTS
from bot.runtime import Runtime
from bot.settings import Settings, read_settings
from tests.unit.bot.command_stage import Baton, eventually, gone, started_for
from workflows.engine.model import Run, RunState

FLOWS = """
from pathlib import Path
from pydantic import BaseModel
from workflows import Run, StepContext, step, workflow

class Order(BaseModel):
    folder: str

@step(idempotent=True)
def begin(ctx: StepContext, folder: str) -> str:
    \"\"\"Begin.\"\"\"
    with (Path(folder) / "began").open("a") as file:
        file.write("x")
    return folder

@step(idempotent=True)
def finish(ctx: StepContext, folder: str) -> str:
    \"\"\"Finish.\"\"\"
    (Path(folder) / "finishing").touch()
    while not (Path(folder) / "go").exists():
        __import__("time").sleep(0.01)
    return "done"

@workflow("errand", title="An errand")
def errand(run: Run, order: Order) -> str:
    run.step(begin, order.folder)
    return run.step(finish, order.folder)
"""


opened: list[Runtime] = []
"""The test's own runtimes, closed after it."""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "errands.py").write_text(FLOWS)
    yield tmp_path
    while opened:
        opened.pop().close()
    for pid in started_for(tmp_path / "home"):  # what a failed test left
        os.kill(pid, signal.SIGKILL)
    with embedded_redis(home_of(tmp_path), start=False):
        pass  # the last to leave ends it


def home_of(folder: Path) -> Settings:
    return read_settings(baton_home=folder / "home", baton_workflows=str(folder / "flows"), redis_url="")


def started(folder: Path) -> tuple[Runtime, Run]:
    settings = home_of(folder)
    runtime = Runtime(settings, embedded_redis_url(settings) or "")
    opened.append(runtime)
    return runtime, runtime.service.start("errand", {"folder": str(folder)}, by="cli:test")


def succeeded(runtime: Runtime, run: Run) -> bool:
    return runtime.store.run(run.id).state is RunState.SUCCEEDED


def test_everything_runs_and_parts_that_are_killed_come_back(folder: Path) -> None:
    baton = Baton(folder, "up")
    eventually(baton.ready)
    url, parts = baton.url, baton.parts()
    assert set(parts) == {"web", "worker", "clock"}
    runtime, run = started(folder)
    eventually(lambda: {beat.kind for beat in runtime.store.beats.heard(limit=20)} >= set(PARTS))
    eventually(lambda: [record.key for record in runtime.store.records(run.id)] == ["begin#1"])

    os.kill(parts["worker"], signal.SIGKILL)
    os.kill(parts["web"], signal.SIGKILL)
    os.kill(next(pid for pid, command in baton.everybody().items() if "valkey-server" in command), signal.SIGKILL)
    (folder / "go").touch()
    eventually(lambda: succeeded(runtime, run))
    assert (folder / "began").read_text() == "x"
    assert httpx.get(f"{url}/healthz", timeout=10).status_code == 200  # nobody was refused meanwhile
    assert "worker ended by SIGKILL: starting it again now" in baton.text
    assert "redis ended: started it again" in baton.text
    assert re.search(r"^worker \| \d\d:\d\d:\d\d \[info\]", baton.text, re.MULTILINE)

    everybody = baton.everybody()
    assert baton.stop() == 0
    assert gone(everybody)
    assert embedded_redis_url(runtime.settings) is None
    runtime.close()


def test_killed_itself_its_parts_stop_and_its_redis_serves_the_next(folder: Path) -> None:
    first = Baton(folder, "up")
    eventually(first.ready)
    everybody, redis_url = first.everybody(), embedded_redis_url(home_of(folder))
    redis = [pid for pid, command in everybody.items() if "valkey-server" in command]
    first.process.kill()
    first.ended()
    eventually(lambda: gone([p for p in everybody if p not in redis]))
    assert redis_url
    assert embedded_redis_url(home_of(folder)) == redis_url

    second = Baton(folder, "up")
    eventually(second.ready)
    assert embedded_redis_url(home_of(folder)) == redis_url
    stopped_at_once(second, folder)
    eventually(lambda: gone(redis))


def stopped_at_once(baton: Baton, folder: Path) -> None:
    """A step that does not end is waited for, until a second signal comes."""
    runtime, _run = started(folder)
    eventually((folder / "finishing").exists)  # between two steps it could leave in peace
    parts = [pid for pid, command in baton.everybody().items() if "bot.cli" in command]
    baton.process.terminate()
    eventually(lambda: "stopping" in baton.text)

    def killed() -> bool:
        baton.process.send_signal(signal.SIGINT)
        return gone(parts)

    eventually(killed)
    assert baton.ended() in {1, -signal.SIGINT, 130}  # a further signal may meet it while it is leaving
    runtime.close()


def test_a_taken_port_is_told_in_one_line(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        baton = Baton(folder, "up", PORT=str(port))
        assert baton.ended() in {1, -signal.SIGINT}  # a further signal may meet it while it is leaving
    assert len(baton.lines) == 1
    assert f"127.0.0.1:{port}" in baton.text
    assert "set PORT" in baton.text


def test_where_there_is_no_redis_it_is_said_what_to_do(folder: Path) -> None:
    command = Baton(folder, "worker")
    assert command.ended() == 2
    assert len(command.lines) == 1
    assert "`baton up`" in command.text
    assert "REDIS_URL" in command.text


def test_parts_wait_for_a_database_that_was_not_migrated(folder: Path) -> None:
    with embedded_redis(home_of(folder)):
        web, worker, clock = (Baton(folder, name) for name in ("web", "worker", "clock"))
        eventually(lambda: "baton migrate" in worker.text and "baton migrate" in clock.text)
        assert worker.text.count("baton migrate") == 1
        answer = httpx.get(f"{web.url}/readyz", timeout=10)
        assert (answer.status_code, answer.json()["schema"]["ok"]) == (503, False)
        migrated = Baton(folder, "migrate")
        assert migrated.ended() == 0
        (folder / "go").touch()
        runtime, run = started(folder)
        eventually(lambda: succeeded(runtime, run))
        runtime.close()
        assert [command.stop() for command in (web, worker, clock)] == [0, 0, 0]


def test_they_stop_while_they_wait(folder: Path) -> None:
    gone_url = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    with embedded_redis(home_of(folder)):
        waiting = [Baton(folder, name, DATABASE_URL=gone_url) for name in ("worker", "clock")]
        for command in waiting:
            eventually(lambda command=command: "the database is failing" in command.text)  # type: ignore[misc]
            assert command.stop() == 0
