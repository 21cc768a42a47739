"""`baton bench` as a real command: its own worker, a real Redis and an SQLite file that also holds other runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from tests.servers import databases, redis
from tests.unit.bot.command_stage import Baton, eventually, gone, started_for
from workflows.engine.ports import RunQuery
from workflows.storage.store import SqlStore

templates, postgres_url = databases.templates, databases.postgres_url
session_redis, redis_server = redis.session_redis, redis.redis_server
redis_url, redis_client = redis.redis_url, redis.redis_client

FLOWS = '''
from datetime import timedelta
from workflows import Failed, Run, StepContext, step, workflow

@step(idempotent=True)
def note(_ctx: StepContext, text: str) -> str:
    """Note it"""
    with open("noted", "a") as file:
        file.write(text + "\\n")
    return text

@workflow("notes")
def notes(run: Run, text: str) -> str:
    return run.step(note, text)

@workflow("fails")
def fails(run: Run, text: str) -> str:
    raise Failed("as it should")

@workflow("sleeps")
def sleeps(run: Run, text: str) -> str:
    run.sleep(timedelta(hours=1))
    return run.step(note, text)

@workflow("asks")
def asks(run: Run, text: str) -> str:
    run.approval("ok", show=text, approvers=("cli:ana",)).require_approved()
    return text
'''


class Home:
    """A folder with workflows and data, and `baton` in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        (folder / "flows").mkdir()
        (folder / "flows" / "own.py").write_text(FLOWS)

    def baton(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        given = {"BATON_HOME": str(self.home), "BATON_WORKFLOWS": str(self.folder / "flows"), "REDIS_URL": ""}
        return subprocess.run(
            [sys.executable, "-P", "-m", "bot.cli", *arguments], capture_output=True, text=True, cwd=self.folder,
            env=os.environ | given | {"DATABASE_URL": "", "BATON_PROCESSES": "1"}, stdin=subprocess.DEVNULL,
            check=False, timeout=250,
        )  # fmt: skip

    def bench(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        done = self.baton("bench", *arguments, "--json")
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    def listed(self, command: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.baton(command, "--json").stdout)
        return found


pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_trivial_steps_are_measured_and_leave_no_run_and_no_process(home: Home) -> None:
    home.baton("run", "notes", "--input", '"mine"')
    code, seen = home.bench("--runs", "20")
    assert (code, seen["runs"], seen["succeeded"], seen["steps"], seen["left"]) == (0, 20, 20, 160, 0)
    assert 0 < seen["p50"] <= seen["p99"]
    assert [(run["workflow"], run["state"]) for run in home.listed("runs")] == [("notes", "queued")]
    eventually(lambda: gone(started_for(home.home)))


def test_a_workflow_of_ones_own_really_runs_and_has_to_be_meant(home: Home) -> None:
    refused = home.baton("bench", "notes", "--input", '"a"', "--runs", "3")
    assert (refused.returncode, "notes would really run 3 times" in refused.stderr) == (2, True)
    assert not (home.folder / "noted").exists()
    code, seen = home.bench("notes", "--input", '"a"', "--runs", "3", "--yes")
    assert (code, seen["workflow"], seen["succeeded"], seen["steps"]) == (0, "notes", 3, 3)
    assert (home.folder / "noted").read_text() == "a\n" * 3
    assert home.listed("runs") == []


def test_failed_and_waiting_runs_are_told_and_leave_nothing_on_the_lists(home: Home) -> None:
    code, seen = home.bench("fails", "--input", '"a"', "--runs", "3", "--yes")
    assert (code, seen["succeeded"], seen["unfinished"], seen["left"]) == (1, 0, 0, 0)
    done = home.baton("bench", "sleeps", "--input", '"a"', "--runs", "2", "--yes", "--patience", "1")
    assert (done.returncode, "No run ended" in done.stderr) == (2, True)
    assert home.listed("runs") == home.listed("dead-letters") == []


def test_what_waits_for_people_is_not_measured(home: Home) -> None:
    done = home.baton("bench", "asks", "--input", '"a"', "--yes")
    assert (done.returncode, "asks waits for people" in done.stderr) == (2, True)
    assert home.listed("runs") == []


def test_a_bench_on_postgresql_that_is_broken_off_leaves_nothing_behind(
    tmp_path: Path, postgres_url: str, redis_url: str, redis_client: Redis
) -> None:
    (tmp_path / "flows").mkdir()
    bench = Baton(tmp_path, "bench", "--runs", "5000", DATABASE_URL=postgres_url, REDIS_URL=redis_url)
    eventually(lambda: "5000 runs of bench_eight_steps are started" in bench.text)
    bench.process.send_signal(signal.SIGINT)
    assert bench.ended() != 0
    assert "Traceback" not in bench.text
    store = SqlStore(postgres_url)
    left = [run.id for run in store.runs(RunQuery())]
    store.close()
    assert left == []
    assert [key for key in redis_client.keys("*") if b"bench" in key] == [], bench.text
    assert redis_client.smembers("rq:queues") == set()
    assert gone(started_for(tmp_path / "home"))
