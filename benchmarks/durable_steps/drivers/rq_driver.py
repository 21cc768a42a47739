"""RQ as it comes: a job for each step, which queues the next one; its simple workers are started here.

It records no steps: a job's result lives in Redis for a while.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from redis import Redis
from rq import Queue, get_current_job
from rq.serializers import JSONSerializer
from telling import STEPS, Answer, serve

DONE = "done"
TTL = 60
"""Seconds that a result is kept; without it RQ takes an extra way to forget each job."""


def add(number: int, left: int) -> int:
    """One step; the last one says that the run is over."""
    job = get_current_job()
    if job is None:
        raise RuntimeError("Not called by a worker")
    if left > 1:
        Queue("steps", connection=job.connection, serializer=JSONSerializer).enqueue(
            "rq_driver.add", number + 1, left - 1, result_ttl=TTL
        )
    else:
        job.connection.rpush(DONE, number + 1)
    return number + 1


class Driver:
    """Queues the first jobs and waits for the last ones."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._queue = Queue("steps", connection=redis, serializer=JSONSerializer)
        self._results: list[int] = []

    def run(self, count: int) -> Answer:
        start = time.monotonic()
        jobs = [Queue.prepare_data("rq_driver.add", args=(number, STEPS), result_ttl=TTL) for number in range(count)]
        self._queue.enqueue_many(jobs)
        self._results = [self._next() for _ in range(count)]
        seconds = time.monotonic() - start
        return {"seconds": seconds, "right": sorted(self._results) == [number + STEPS for number in range(count)]}

    def look(self) -> Answer:
        return {"runs": len(self._results), "steps": sum(self._results) - sum(range(len(self._results)))}

    def _next(self) -> int:
        popped = self._redis.blpop([DONE], 120)
        if popped is None:
            raise SystemExit("The runs do not come to their end")
        return int(popped[1])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--redis", required=True)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--warm", type=int, default=64, help="runs before the first answer")
    options = parser.parse_args()
    rq = [sys.executable, "-m", "rq.cli", "worker", "steps", "--url", options.redis, "--quiet"]
    how = ["--worker-class", "rq.worker.SimpleWorker", "--serializer", "rq.serializers.JSONSerializer"]
    workers = [
        subprocess.Popen([*rq, *how], cwd=Path(__file__).parent, env=os.environ, stdout=sys.stderr)
        for _ in range(options.workers)
    ]
    try:
        with Redis.from_url(options.redis, socket_timeout=None) as redis:
            driver = Driver(redis)
            driver.run(options.warm)
            serve(driver.run, driver.look, detail=f"{options.workers} simple workers")
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait(15)


if __name__ == "__main__":
    main()
