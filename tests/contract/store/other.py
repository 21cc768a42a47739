"""Another worker process on the same database, told what to do line by line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.contract.store.opened import claimant, record
from workflows.engine.errors import LeaseLost, StoreUnavailable
from workflows.engine.expiry import Expiry
from workflows.engine.model import Writes
from workflows.engine.ports import Lease
from workflows.storage.store import SqlStore

ROOT = Path(__file__).parents[3]


class Other:
    """The process, as the test sees it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def tell(self, *words: object) -> None:
        """Give an order without waiting for the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()

    def answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def ask(self, *words: object) -> str:
        self.tell(*words)
        return self.answer()

    def pause(self) -> None:
        """Stop it where it stands, as a machine that hangs does; returns when it has stopped."""
        self._process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED)

    def go_on(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def other_process(url: str, owner: str) -> Iterator[Other]:
    """Start a process that is another worker; it ends with the block."""
    command = [sys.executable, "-m", "tests.contract.store.other", url, owner]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Other(process)
        finally:
            process.kill()


def obey(store: SqlStore, owner: str, words: list[str]) -> str:
    """Carry out one order and say how it went."""
    verb, *arguments = words
    if verb == "claim":
        claim = store.claim(arguments[0], claimant(owner, ttl=timedelta(seconds=float(arguments[1]))))
        return str(claim.lease.token) if claim else "none"
    if verb == "commit":
        run_id, token, number = arguments[0], int(arguments[1]), int(arguments[2])
        try:
            store.commit(Lease(run_id, token, owner), Writes(records=(record(number, run_id=run_id),)))
        except (LeaseLost, StoreUnavailable) as error:
            return type(error).__name__
        return "done"
    if verb == "prune":
        return str(store.prune(Expiry(datetime(2100, 1, 1, tzinfo=UTC)), limit=int(arguments[0])).runs)
    if verb == "compete":
        won = [run_id for run_id in arguments if store.claim(run_id, claimant(owner))]
        return " ".join(won)
    return "ready"


def main() -> None:
    store = SqlStore(sys.argv[1])
    for line in sys.stdin:
        print(obey(store, sys.argv[2], line.split()), flush=True)  # noqa: T201 - the pipe is how it answers


if __name__ == "__main__":
    main()
