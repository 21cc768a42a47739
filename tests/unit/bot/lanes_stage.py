"""For the tests of the worker with lanes: a worker in a thread, jobs that wait at a gate, and patience."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from redis import Redis
from rq.registry import StartedJobRegistry

from bot.lanes import LaneWorker, connect
from workflows.engine.ports import Ring
from workflows.storage import rq_queue
from workflows.storage.rq_queue import ADVANCE, RqQueue

DEADLINE = 45.0


def until(condition: Callable[[], object]) -> None:
    """Wait for what threads or processes are about to do."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


@contextmanager
def running(
    url: str,
    function: Callable[[str], None],
    *,
    queues: Sequence[str] = ("default",),
    lanes: int = 4,
    beat: float = 10.0,
    name: str = "w1",
    functions: Mapping[str, Callable[[str], None]] | None = None,
    apart: Mapping[str, int] | None = None,
) -> Iterator[LaneWorker]:
    worker = LaneWorker(
        queues, name, connection=connect(url), functions=functions or {ADVANCE: function}, lanes=lanes, apart=apart,
        beat=beat, patience=0.05,
    )  # fmt: skip
    thread = threading.Thread(target=worker.work)
    thread.start()
    try:
        yield worker
    finally:
        worker.stop()
        thread.join(DEADLINE)
        assert worker.drained(DEADLINE)
        worker.close()


def ring(url: str, *runs: str, queue: str = "default", inbox: int = 0) -> None:
    with rq_queue.connect(url) as redis:
        RqQueue(redis).ring([Ring(run, inbox, queue) for run in runs])


def started(redis: Redis, queue: str = "default") -> list[str]:
    return StartedJobRegistry(queue, connection=redis).get_job_ids()


class Gate:
    """A job that tells when it has begun, and ends when the gate is opened."""

    def __init__(self) -> None:
        self.inside: list[str] = []
        self.done: list[str] = []
        self.open = threading.Event()

    def __call__(self, run_id: str) -> None:
        self.inside.append(run_id)
        assert self.open.wait(DEADLINE)
        self.done.append(run_id)
