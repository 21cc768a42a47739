"""DBOS: eight steps of a workflow, in one of the ways in which DBOS can run many of them.

Ways: `direct` calls the workflow in threads, `start` hands all of them to DBOS's own threads, `async` runs
coroutines, `queue` enqueues them for DBOS to take. With several processes each runs its share, on one database.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from dbos import DBOS, DBOSConfig, SetWorkflowID
from dbos._dbos import _get_dbos_instance
from sqlalchemy import create_engine, text
from telling import STEPS, Answer, serve

QUEUE = "eight"


@DBOS.step()
def add(number: int) -> int:
    return number + 1


@DBOS.workflow()
def eight(number: int) -> int:
    for _ in range(STEPS):
        number = add(number)
    return number


@DBOS.step()
async def add_async(number: int) -> int:
    return number + 1


@DBOS.workflow()
async def eight_async(number: int) -> int:
    for _ in range(STEPS):
        number = await add_async(number)
    return number


def launch(options: argparse.Namespace, number: int) -> None:
    """Connect this process as an executor of its own."""
    config: DBOSConfig = {
        "name": "steps",
        "system_database_url": options.database,
        "executor_id": f"bench-{number}",
        "application_version": "1",
        "log_level": "ERROR",
        "max_executor_threads": max(options.threads, 1),
        "sys_db_pool_size": min(max(options.threads, 4), 32),
    }
    DBOS(config=config)
    DBOS.launch()
    if options.way == "queue":
        DBOS.register_queue(QUEUE, polling_interval_sec=options.poll, worker_concurrency=options.threads)


class Ways:
    """The ways to run so many workflows to their ends."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.threads = options.threads
        self._pool = ThreadPoolExecutor(self.threads)
        self._loop = asyncio.new_event_loop()

    def direct(self, prefix: str, numbers: range) -> list[int]:
        def one(number: int) -> int:
            with SetWorkflowID(f"{prefix}-{number}"):
                return eight(number)

        return list(self._pool.map(one, numbers))

    def start(self, prefix: str, numbers: range) -> list[int]:
        handles = []
        for number in numbers:
            with SetWorkflowID(f"{prefix}-{number}"):
                handles.append(DBOS.start_workflow(eight, number))
        return [handle.get_result() for handle in handles]

    def queue(self, prefix: str, numbers: range) -> list[int]:
        handles = []
        for number in numbers:
            with SetWorkflowID(f"{prefix}-{number}"):
                handles.append(DBOS.enqueue_workflow(QUEUE, eight, number))
        return [handle.get_result(polling_interval_sec=0.01) for handle in handles]

    def in_loop(self, prefix: str, numbers: range) -> list[int]:
        async def one(number: int, room: asyncio.Semaphore) -> int:
            async with room:
                with SetWorkflowID(f"{prefix}-{number}"):
                    return await eight_async(number)

        async def all_of_them() -> list[int]:
            room = asyncio.Semaphore(self.threads)
            return await asyncio.gather(*(one(number, room) for number in numbers))

        return self._loop.run_until_complete(all_of_them())


def how() -> str:
    """What this process's connections do for durability."""
    with _get_dbos_instance()._sys_db.engine.connect() as conn:  # noqa: SLF001 - nothing public tells
        lite = conn.dialect.name == "sqlite"
        words = ("PRAGMA journal_mode", "PRAGMA synchronous") if lite else ("SHOW fsync", "SHOW synchronous_commit")
        return " ".join(f"{word.split()[1]}={conn.execute(text(word)).scalar_one()}" for word in words)


def share(connection: Any, options: argparse.Namespace, number: int) -> None:
    """One process: run the numbers that it is told, and answer with start, end and results."""
    launch(options, number)
    ways = Ways(options)
    run = {"direct": ways.direct, "start": ways.start, "async": ways.in_loop, "queue": ways.queue}[options.way]
    connection.send(how())
    while (asked := connection.recv()) is not None:
        prefix, first, last = asked
        start = time.monotonic()
        results = run(prefix, range(first, last))
        connection.send((start, time.monotonic(), results))


class Driver:
    """The processes, and the answers that they give together."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._engine = create_engine(options.database.replace("postgresql:", "postgresql+psycopg:"))
        if options.wal:
            with self._engine.connect() as conn:
                conn.execute(text("PRAGMA journal_mode=WAL"))
        spawn = multiprocessing.get_context("spawn")
        self._lines = []
        self._asked, self._count = 0, 0
        for number in range(options.processes):
            mine, theirs = spawn.Pipe()
            spawn.Process(target=share, args=(theirs, options, number), daemon=True).start()
            self.how = mine.recv()  # one after the other: the first makes the tables
            self._lines.append(mine)

    def run(self, count: int) -> Answer:
        self._asked, self._count = self._asked + 1, count
        bounds = [count * number // len(self._lines) for number in range(len(self._lines) + 1)]
        for line, first, last in zip(self._lines, bounds, bounds[1:], strict=False):
            line.send((f"r{self._asked}", first, last))
        answers = [line.recv() for line in self._lines]
        results = [result for *_, part in answers for result in part]
        return {
            "seconds": max(end for _, end, _ in answers) - min(start for start, _, _ in answers),
            "right": results == [number + STEPS for number in range(count)],
        }

    def look(self) -> Answer:
        schema = "" if self._engine.dialect.name == "sqlite" else "dbos."
        mine = {"mine": f"r{self._asked}-%"}
        runs = f"SELECT count(*) FROM {schema}workflow_status WHERE status = 'SUCCESS' AND workflow_uuid LIKE :mine"
        steps = f"SELECT count(*) FROM {schema}operation_outputs WHERE output IS NOT NULL AND workflow_uuid LIKE :mine"
        with self._engine.connect() as conn:
            return {
                "runs": conn.execute(text(runs), mine).scalar_one(),
                "steps": conn.execute(text(steps), mine).scalar_one(),
            }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", required=True)
    parser.add_argument("--way", choices=("direct", "start", "async", "queue"), default="direct")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--threads", type=int, default=8, help="of each process; coroutines where they are")
    parser.add_argument("--poll", type=float, default=0.05, help="seconds between two looks at a queue")
    parser.add_argument("--wal", action="store_true", help="put the SQLite file into WAL mode, which DBOS does not")
    parser.add_argument("--warm", type=int, default=32, help="runs before the first answer")
    options = parser.parse_args()
    driver = Driver(options)
    driver.run(options.warm)
    serve(driver.run, driver.look, detail=driver.how)


if __name__ == "__main__":
    main()
