"""A program for the tests of worker processes: a real parent with real children, and hands that write what they do.

`python worker_stage.py FOLDER SETTINGS` (JSON). A run's id says what its advance does: `quick-…` ends, `block-…`
waits for the file FOLDER/go or for a drain, `deaf-…` waits for FOLDER/go alone, `die-…` kills its process the
first time. Leases are rows of FOLDER/leases.db; the file FOLDER/away makes that database unreachable.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import structlog

from bot import supervisor
from bot.presence import Roster
from bot.supervisor import WorkerParent
from bot.worker import WorkerSettings
from workflows.engine.ports import Queue, Ring
from workflows.storage.rq_queue import RqQueue, connect

LEASES = """
CREATE TABLE IF NOT EXISTS lease (run TEXT PRIMARY KEY, owner TEXT, renewals INT DEFAULT 0, crashes INT DEFAULT 0)
"""


@contextlib.contextmanager
def database(folder: Path) -> Iterator[sqlite3.Connection]:
    if (folder / "away").exists():
        raise ConnectionError("the database is away")
    with contextlib.closing(sqlite3.connect(folder / "leases.db", timeout=10)) as connection, connection:
        connection.execute(LEASES)
        yield connection


def say(folder: Path, event: str, **facts: object) -> None:
    line = json.dumps({"event": event, "pid": os.getpid(), **facts}) + "\n"
    with (folder / "events").open("a") as file:
        file.write(line)


class StageLeases:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        say(folder, "keeper")

    def renew(self, owner: str, ttl: timedelta) -> None:
        with database(self._folder) as db:
            db.execute("UPDATE lease SET renewals = renewals + 1 WHERE owner = ?", [owner])

    def release(self, owner: str, *, crashed: bool) -> Sequence[Ring]:
        with database(self._folder) as db:
            rows = db.execute("SELECT run FROM lease WHERE owner = ? ORDER BY run", [owner]).fetchall()
            db.execute("UPDATE lease SET owner = NULL, crashes = crashes + ? WHERE owner = ?", [crashed, owner])
        say(self._folder, "released", owner=owner, crashed=crashed, runs=[row[0] for row in rows])
        return [Ring(row[0], 0) for row in rows]


class StageHeart:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._beat = False

    def saw(self, owner: str) -> None:
        """Renewals are shown by the leases."""

    def ended(self, owner: str, *, crashed: bool) -> None:
        say(self._folder, "missed", owner=owner, crashed=crashed)

    def tick(self) -> None:
        if not self._beat:
            say(self._folder, "beat")
        self._beat = True

    def leave(self) -> None:
        say(self._folder, "farewell")


class StageHands:
    def __init__(self, folder: Path, owner: str) -> None:
        if (folder / "broken").exists():
            say(folder, "broken")
            raise RuntimeError("these hands are broken")
        self.owner = owner
        self._folder = folder
        self._draining = threading.Event()
        say(folder, "child", owner=owner)

    def advance(self, run_id: str) -> None:
        with database(self._folder) as db:
            db.execute("INSERT OR IGNORE INTO lease (run) VALUES (?)", [run_id])
            took = db.execute("UPDATE lease SET owner = ? WHERE run = ? AND owner IS NULL", [self.owner, run_id])
            crashes = db.execute("SELECT crashes FROM lease WHERE run = ?", [run_id]).fetchone()[0]
        if took.rowcount == 0:
            return
        say(self._folder, "began", run=run_id, owner=self.owner)
        match run_id.partition("-")[0]:
            case "die" if not crashes:
                os.kill(os.getpid(), signal.SIGKILL)
            case "block":
                self._wait(drained=True)
            case "deaf":
                self._wait(drained=False)
        with database(self._folder) as db:
            db.execute("UPDATE lease SET owner = NULL WHERE run = ?", [run_id])
        say(self._folder, "ended", run=run_id, owner=self.owner, drained=self._draining.is_set())

    def deliver(self, run_id: str) -> None:
        say(self._folder, "delivered", run=run_id, owner=self.owner)

    def _wait(self, *, drained: bool) -> None:
        while not (self._folder / "go").exists() and not (drained and self._draining.is_set()):
            time.sleep(0.01)

    def leases_renewed(self, until: float) -> None:
        say(self._folder, "until", owner=self.owner, ahead=until - time.monotonic())

    def drain(self) -> None:
        self._draining.set()

    def worn_out(self) -> bool:
        worn = self._folder / "worn"
        with contextlib.suppress(FileNotFoundError):
            worn.unlink()
            return True
        return False

    def close(self) -> None:
        say(self._folder, "closed", owner=self.owner)


def main() -> int:
    folder, options = Path(sys.argv[1]), json.loads(sys.argv[2])
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.JSONRenderer()],
        logger_factory=structlog.WriteLoggerFactory((folder / "log").open("a", buffering=1)),
    )
    supervisor.SECOND_SIGNAL = 0.1
    supervisor.MARGIN = options.pop("margin", 1.0)
    for name in ("lease", "beat", "tolerance", "grace"):
        options[name] = timedelta(seconds=options[name])
    settings = WorkerSettings(**options)

    def queue() -> Queue:
        return RqQueue(connect(settings.redis_url))

    roster = Roster(folder / "workers", "leases.db")
    hands = lambda owner: StageHands(folder, owner)  # noqa: E731
    return WorkerParent(settings, hands, lambda: StageLeases(folder), queue, roster, lambda: StageHeart(folder)).run()


if __name__ == "__main__":
    sys.exit(main())
