"""The command line as a program: what goes wrong is one line on standard error, and never a stack."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.house import until
from tests.unit.bot.cli_stage import Answer, Stage

STORE = {"redis", "rq", "sqlalchemy", "sqlmodel", "alembic", "psycopg"}
"""What a command that needs no database must not import."""
LIGHT = STORE | {"httpx", "pydantic_settings", "pydantic_ai", "structlog"}
"""What help must not import."""


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stage:
    return Stage(tmp_path, monkeypatch, capsys).set_up()


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port at which nobody listens, and nobody else will."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def one_line(answer: Answer) -> str:
    assert "Traceback" not in answer.out + answer.err
    assert re.fullmatch(r"baton: [^\n]+\n", answer.err), answer.err
    return answer.err


# wrong use -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "notise"), "Did you mean notice?"),
        (("run", "notice", "--txt", "a"), "Did you mean --text?"),
        (("run", "notice", "--input", "{"), "is no JSON"),
        (("run", "notice", "--input", "@nowhere.json"), "No such file"),
        (("show", "zzz"), "There is no run zzz"),
        (("frobnicate",), "There is no command frobnicate"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_use(stage: Stage, words: tuple[str, ...], said: str) -> None:
    answer = stage.alone(*words)
    assert (answer.code, answer.out) == (2, "")
    assert said in one_line(answer)


def test_settings_that_cant_be_used(stage: Stage) -> None:
    answer = stage.alone("runs", PORT="high")
    assert answer.code == 2
    assert "PORT" in one_line(answer)
    answer = stage.alone("runs", DATABASE_URL="mongodb://x/y")
    assert answer.code == 2
    assert "SQLite or PostgreSQL" in one_line(answer)
    answer = stage.alone("run", "plain", "--text", "a", REDIS_URL="localhost:6379")
    assert answer.code == 2
    assert "REDIS_URL" in one_line(answer)


def test_nobody_to_approve(stage: Stage) -> None:
    answer = stage.alone("run", "notice", "--text", "a", BATON_APPROVERS="")
    assert answer.code == 2
    assert "set BATON_APPROVERS" in one_line(answer)


# what is away --------------------------------------------------------------------------------------------


def test_a_database_that_cant_be_reached(stage: Stage, closed_port: int) -> None:
    answer = stage.alone("runs", DATABASE_URL=f"postgresql://u:hush@127.0.0.1:{closed_port}/x")
    assert answer.code == 1
    assert "hush" not in one_line(answer)
    answer = stage.alone("runs", DATABASE_URL="sqlite:////nowhere/at/all.db")
    assert answer.code == 1
    assert "/nowhere/at/all.db" in one_line(answer)


def test_a_database_that_is_not_migrated(stage: Stage) -> None:
    answer = stage.alone("runs", DATABASE_URL=f"sqlite:///{stage.folder / 'empty.db'}")
    assert answer.code == 1
    assert "run `baton migrate`" in one_line(answer)
    assert stage.alone("migrate", DATABASE_URL=f"sqlite:///{stage.folder / 'empty.db'}").code == 0
    assert stage.alone("runs", DATABASE_URL=f"sqlite:///{stage.folder / 'empty.db'}").code == 0


def test_a_home_that_is_a_file(stage: Stage) -> None:
    (stage.folder / "file").touch()
    answer = stage.alone("runs", BATON_HOME=str(stage.folder / "file"))
    assert answer.code == 1
    assert "set BATON_HOME" in one_line(answer)


def test_a_file_that_is_no_database(stage: Stage) -> None:
    (stage.folder / "home").mkdir()
    (stage.folder / "home" / "baton.db").write_text("not a database, but long enough to be looked at\n" * 100)
    answer = stage.alone("runs")
    assert answer.code == 1
    one_line(answer)


def test_redis_is_away_and_the_run_is_recorded(stage: Stage, closed_port: int) -> None:
    answer = stage.alone("run", "plain", "--text", "a", "--json", REDIS_URL=f"redis://127.0.0.1:{closed_port}/0")
    assert answer.code == 0
    assert "Redis can't be reached" in one_line(answer)
    assert [run["id"] for run in stage.alone("runs", "--json").json] == [answer.json["id"]]


# workflows that are broken -------------------------------------------------------------------------------


def test_a_module_that_does_not_import(stage: Stage) -> None:
    (stage.folder / "flows" / "broken.py").write_text("import nothing_of_that_name\n")
    answer = stage.alone("plan", "--check")
    assert answer.code == 1
    assert "broken.py could not be loaded: ModuleNotFoundError" in one_line(answer)
    listed = stage.alone("workflows", "--json")
    assert (listed.code, "broken.py could not be loaded" in one_line(listed)) == (0, True)
    assert "notice" in [workflow["name"] for workflow in listed.json]
    lost = stage.alone("run", "missing")
    assert (lost.code, "broken.py could not be loaded" in one_line(lost)) == (2, True)


def test_a_plan_that_cant_be_read(stage: Stage) -> None:
    (stage.folder / "flows" / "murky.py").write_text(
        "from workflows import Run, workflow\n\n\n"
        "@workflow('murky')\n"
        "def murky(run: Run, given: str) -> None:\n"
        "    run.step(globals()[given])\n"
    )
    answer = stage.alone("plan", "--check")
    assert answer.code == 1
    assert "murky.py:6:" in one_line(answer)
    shown = stage.alone("plan", "murky")
    assert (shown.code, "error: " in shown.out) == (0, True)
    assert stage.alone("run", "murky", "--input", '"x"').code == 0


# interruptions -------------------------------------------------------------------------------------------


def recorded(stage: Stage) -> int:
    """How many runs there are."""
    with contextlib.closing(sqlite3.connect(stage.folder / "home" / "baton.db", timeout=10)) as db:
        found: int = db.execute("SELECT count(*) FROM run").fetchone()[0]
    return found


def test_ctrl_c_ends_quietly(stage: Stage) -> None:
    command = [sys.executable, "-P", "-m", "bot.cli", "run", "plain", "--text", "a", "--wait"]
    env = os.environ | stage.env
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stderr is not None
        assert "Nothing is running here" in program.stderr.readline()
        until(lambda: recorded(stage), "the run is recorded")
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=20)
    assert (program.returncode, err) == (130, ""), out


def test_a_reader_that_leaves_is_no_error(stage: Stage) -> None:
    command = f"{sys.executable} -P -m bot.cli plan content_pipeline --json | head -c 10"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        env=os.environ | stage.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_fault_of_our_own_is_one_line_too(stage: Stage) -> None:
    stage.alone("runs")
    with sqlite3.connect(stage.folder / "home" / "baton.db") as db:
        db.execute("UPDATE alembic_version SET version_num = 'from-the-future'")
        db.execute("ALTER TABLE run RENAME COLUMN title TO heading")
    answer = stage.alone("runs")
    assert answer.code == 1
    one_line(answer)


# a terminal ----------------------------------------------------------------------------------------------


def test_a_terminal_shows_the_tree_once(stage: Stage) -> None:
    run_id = stage.started("plain", "--text", "a")
    parent, child = pty.openpty()
    command = [sys.executable, "-P", "-m", "bot.cli", "show", run_id, "--follow"]
    env = os.environ | stage.env | {"TERM": "xterm", "COLUMNS": "100", "LINES": "40"}
    done = subprocess.run(command, env=env, stdout=child, stderr=child, timeout=60, check=False)
    os.close(child)
    said = os.read(parent, 65_536).decode()
    os.close(parent)
    assert done.returncode == 0
    shown = said.rpartition("\x1b[2K")[2]  # what came before was a view that goes on, and was wiped away
    assert shown.count("Nothing to wait for") == 1
    assert "✓ Put up the notice" in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown)


# start-up ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("words", "heavy"), [("--help", LIGHT), ("--version", STORE), ("workflows", STORE)])
def test_start_up_imports_nothing_needless(stage: Stage, words: str, heavy: set[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-P", "-m", "bot.cli", words],
        env=os.environ | stage.env,
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert imported & heavy == set()
