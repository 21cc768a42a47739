"""What a run of eight steps asks of its database and of Redis, counted: it must not grow unseen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from redis import Redis
from sqlalchemy import event

from bot.lanes import LaneWorker, connect
from tests.servers import redis
from workflows import Run, StepContext, step, workflow
from workflows.engine.model import RunState
from workflows.engine.ports import Ring
from workflows.engine.testing.harness import Harness
from workflows.storage.rq_queue import ADVANCE, RqQueue
from workflows.storage.store import SqlStore

session_redis = redis.session_redis
redis_server = redis.redis_server
redis_url = redis.redis_url
STEPS = 8
JOBS = 20


@step(idempotent=True)
def add(_ctx: StepContext, number: int) -> int:
    """Add one"""
    return number + 1


@workflow("counted")
def counted(run: Run, number: int) -> int:
    for _ in range(STEPS):
        number = run.step(add, number)
    return number


class Asked:
    """Statements and commits of a store, in their order."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.commits = 0

    def statement(self, _conn: object, _cursor: object, statement: str, *_: object) -> None:
        words = statement.split()
        self.words.append(" ".join(words[: 3 if words[0] == "INSERT" else 2]))

    def commit(self, _conn: object) -> None:
        self.commits += 1


@contextmanager
def asking(store: SqlStore) -> Iterator[Asked]:
    asked, engine = Asked(), store._database.engine
    event.listen(engine, "before_cursor_execute", asked.statement)
    event.listen(engine, "commit", asked.commit)
    yield asked
    event.remove(engine, "before_cursor_execute", asked.statement)
    event.remove(engine, "commit", asked.commit)


@pytest.fixture
def store(url: str) -> Iterator[SqlStore]:
    """By the database's own clock, as in production."""
    opened = SqlStore(url)
    yield opened
    opened.close()


@pytest.fixture
def harness(store: SqlStore) -> Harness:
    made = Harness(counted, store=store)
    assert made.state(made.start("counted", 0)) is RunState.SUCCEEDED  # the first asks more than the others
    return made


def test_a_start_is_one_commit(harness: Harness, store: SqlStore) -> None:
    with asking(store) as asked:
        harness.service.start("counted", 0, by="test:ana")
    clock = [words for words in asked.words if words.startswith("SELECT clock")]
    assert [words for words in asked.words if words not in clock] == [
        "INSERT INTO run",
        "INSERT INTO event",
        "INSERT INTO audit",
    ]
    assert (asked.commits, len(clock)) == (1, int(store._database.server_clock))


def test_an_advance_of_eight_steps(harness: Harness, store: SqlStore) -> None:
    run = harness.service.start("counted", 0, by="test:ana")
    with asking(store) as asked:
        harness.work()
    assert harness.state(run.id) is RunState.SUCCEEDED
    assert asked.commits == STEPS + 2  # the claim, each step, the end
    counts = Counter(words.split()[0] for words in asked.words)
    assert counts["WITH"] == int(store._database.server_clock)  # PostgreSQL claims in one statement
    assert counts["INSERT"] + counts["WITH"] == STEPS + 2  # a record for each step; an event for begin and end
    assert counts["UPDATE"] <= STEPS + 3  # the run: twice at the claim, with each step, at the end
    assert counts["SELECT"] <= STEPS + 3  # its lock with each write; the history and the clock at the claim
    assert set(counts) <= {"INSERT", "UPDATE", "SELECT", "WITH"}


def test_a_busy_lane_costs_redis_one_round_trip_a_job(redis_url: str) -> None:
    done: list[str] = []
    with connect(redis_url) as client:
        RqQueue(client).ring([Ring(f"r{number}", 0) for number in range(JOBS)])
        worker = LaneWorker(["default"], connection=connect(redis_url), functions={ADVANCE: done.append}, lanes=1)
        before = _scripts(client)
        worker.work(burst=True)
        assert worker.drained(10)
        asked = _scripts(client) - before
        worker.close()
    assert len(done) == JOBS
    assert asked <= JOBS + 8  # one ends a job and takes the next; some for the worker itself and the empty queue


def _scripts(client: Redis) -> int:
    """How many scripts Redis has run."""
    found: dict[str, dict[str, int]] = client.info("commandstats")
    calls: Callable[[str], int] = lambda name: found.get(f"cmdstat_{name}", {"calls": 0})["calls"]  # noqa: E731
    return calls("evalsha") + calls("eval")
