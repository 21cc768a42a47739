"""Celery: a chain of eight tasks a run, over Redis; its worker is started here. It records no steps."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from celery import Celery, chain
from telling import STEPS, Answer, serve

REDIS = os.environ.get("BENCH_REDIS", "")
app = Celery("steps")
app.conf.update(
    broker_url=REDIS.replace("unix://", "redis+socket://"),
    result_backend=REDIS.replace("unix://", "redis+socket://"),
    worker_prefetch_multiplier=int(os.environ.get("BENCH_PREFETCH", "16")),
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    task_ignore_result=True,
    worker_send_task_events=False,
    worker_enable_remote_control=False,
)


@app.task(name="add")
def add(number: int) -> int:
    return number + 1


@app.task(name="last", ignore_result=False)
def last(number: int) -> int:
    return number + 1


class Driver:
    """Starts the chains and waits for their last tasks."""

    def __init__(self) -> None:
        self._results: list[int] = []

    def run(self, count: int) -> Answer:
        start = time.monotonic()
        asked = [chain(add.s(number), *([add.s()] * (STEPS - 2)), last.s()).apply_async() for number in range(count)]
        self._results = [int(one.get(timeout=120)) for one in asked]
        seconds = time.monotonic() - start
        return {"seconds": seconds, "right": self._results == [number + STEPS for number in range(count)]}

    def look(self) -> Answer:
        return {"runs": len(self._results), "steps": sum(self._results) - sum(range(len(self._results)))}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--redis", required=True)
    parser.add_argument("--pool", default="prefork", choices=("prefork", "threads", "solo"))
    parser.add_argument("--concurrency", type=int, default=2)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--prefetch", type=int, default=16)
    parser.add_argument("--warm", type=int, default=64, help="chains before the first answer")
    options = parser.parse_args()
    app.conf.update(
        broker_url=options.redis.replace("unix://", "redis+socket://"),
        result_backend=options.redis.replace("unix://", "redis+socket://"),
    )
    celery = [sys.executable, "-m", "celery", "-A", "celery_driver", "worker", "--loglevel", "ERROR"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    environment = {**os.environ, "BENCH_REDIS": options.redis, "BENCH_PREFETCH": str(options.prefetch)}
    workers = [
        subprocess.Popen(
            [*celery, *quiet, "--pool", options.pool, "--concurrency", str(options.concurrency), "-n", f"w{number}@%h"],
            cwd=Path(__file__).parent, env=environment, stdout=sys.stderr,
        )
        for number in range(options.workers)
    ]  # fmt: skip
    try:
        driver = Driver()
        driver.run(options.warm)
        serve(driver.run, driver.look, detail=f"{options.workers} worker(s), {options.pool}, {options.concurrency}")
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait(15)


if __name__ == "__main__":
    main()
