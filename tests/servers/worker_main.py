"""A real worker and clock in processes of their own, for tests that kill them.

`python -m tests.servers.worker_main worker|clock`: as `baton worker` and `baton clock`, but a child kills itself with
SIGKILL when it passes the checkpoint named in the file CRASH_FILE ("checkpoint key"), which it takes away first.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from datetime import timedelta

from bot.clock import Clock, Tick
from bot.runtime import Runtime
from bot.settings import read_settings
from bot.supervisor import WorkerParent
from bot.worker import Hands, WorkerSettings


def checkpoint(name: str, key: str) -> None:
    crash_file = os.environ.get("CRASH_FILE")
    if not crash_file:
        return
    try:  # many times a run, so without a Path: it interns names, and CPython's table of those would grow
        with open(crash_file) as wanted:
            text = wanted.read()
    except FileNotFoundError:
        return
    if text == f"{name} {key}":
        with contextlib.suppress(FileNotFoundError):
            os.unlink(crash_file)
        os.kill(os.getpid(), signal.SIGKILL)


def worker() -> int:
    settings = read_settings()
    limits = WorkerSettings(
        settings.redis_url,
        processes=settings.baton_processes,
        lanes=settings.baton_lanes,
        lease=settings.lease,
        grace=timedelta(seconds=settings.baton_grace),
    )

    def hands(owner: str) -> Hands:
        return Runtime(settings).hands(owner, checkpoint=checkpoint)

    runtime = Runtime(settings)  # in this process it names a folder, and opens nothing
    roster = runtime.roster
    return WorkerParent(limits, hands, lambda: Runtime(settings).store, lambda: Runtime(settings).queue, roster).run()


def clock() -> int:
    runtime = Runtime(read_settings())
    every = timedelta(seconds=runtime.settings.baton_tick)

    def rescue() -> None:
        runtime.service.rescue()

    return Clock([Tick("rescue", every, rescue), Tick("remind", every, lambda: _remind(runtime))]).run()


def _remind(runtime: Runtime) -> None:
    runtime.store.remind(limit=100)


if __name__ == "__main__":
    sys.exit({"worker": worker, "clock": clock}[sys.argv[1]]())
