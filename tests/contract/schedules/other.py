"""Another clock process on the same database, told when to look."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection

from tests.contract.schedules.stage import CALENDAR, report
from workflows.engine.ports import Ring
from workflows.engine.schedules.passing import Passing
from workflows.engine.schedules.ports import TickWrite
from workflows.engine.testing.harness import Harness
from workflows.storage.schedules import SqlSchedules
from workflows.storage.store import SqlStore

ROOT = Path(__file__).parents[3]


@contextmanager
def other_clock(url: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Start a process that looks each time it is told a line; with `dies`, it kills itself between tick and run."""
    command = [sys.executable, "-m", "tests.contract.schedules.other", url, *words]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


class Dying(SqlSchedules):
    """Its process dies when ticks are written and their runs are about to be."""

    def _start(self, conn: Connection, writes: Sequence[TickWrite]) -> tuple[Ring, ...]:
        os.kill(os.getpid(), signal.SIGKILL)
        return super()._start(conn, writes)


def main() -> None:
    store = SqlStore(sys.argv[1])
    book = Dying(store._database, store._statements) if "dies" in sys.argv else store.schedules
    passing = Passing(Harness(report, store=store).service, book, CALENDAR, print)
    print("ready", flush=True)  # noqa: T201 - the pipe is how it answers
    for _ in sys.stdin:
        print(passing.look(), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
