"""What threads of one process write together comes to the same as if each had written alone; on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, event

from tests.contract.store.opened import Opened, message, run
from tests.contract.store.test_postgres import cut
from tests.contract.store.test_twins import NAMES, Story, everything
from workflows.engine.errors import InvalidInput, LeaseLost, OutcomeUnknown, Refused, UnknownRun
from workflows.engine.model import Decision, NewRun, Outcome, RunState, Writes
from workflows.engine.ports import Committed, Store, View
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.memory import MemoryStore
from workflows.storage.group import ALONE, Change, Start
from workflows.storage.store import SqlStore
from workflows.storage.together import Item

LONG = 60
"""Seconds after which something hangs."""


@pytest.fixture
def store(postgres_url: str) -> Iterator[SqlStore]:
    opened = SqlStore(postgres_url)
    yield opened
    opened.close()


@pytest.fixture
def opened(store: SqlStore) -> Opened:
    return Opened(store)


def together(store: SqlStore, works: Sequence[Callable[[], Any]]) -> list[Any]:
    """Have threads do works while another's transaction is under way, so that they gather; their answers or errors."""
    line = store._gathered._line
    begun, go = threading.Event(), threading.Event()

    def hold(_view: View) -> Writes:
        begun.set()
        assert go.wait(LONG)
        return Writes()

    Opened(store).create("held")
    with ThreadPoolExecutor(len(works) + 1) as pool:
        leader = pool.submit(store.transact, "held", hold)
        assert begun.wait(LONG)
        futures: list[Future[Any]] = []
        for number, work in enumerate(works, 1):
            futures.append(pool.submit(work))
            while len(line._waiting) < number:
                threading.Event().wait(0.002)
        go.set()
        leader.result(LONG)
        wait(futures, LONG)
    return [one.exception() or one.result() for one in futures]


def sent_to(store: SqlStore, name: str) -> Callable[[], Committed]:
    return lambda: store.transact(name, lambda _view: Writes(messages=(message(f"m-{name}", name),)))


def part_of(story: Story) -> Start | Change:
    if story.chance(0.4):
        return Start(story.new_run(), story.writes())
    writes = story.writes()
    return Change(story.name(), lambda _view: writes)


def told(store: Store, part: Start | Change) -> Any:
    try:
        return store.create(part.new, part.writes) if isinstance(part, Start) else store.transact(*of(part))
    except UnknownRun:
        return UnknownRun


def of(part: Change) -> tuple[str, Callable[[View], Writes]]:
    return part.run_id, part.change


def turn(part: Start | Change) -> tuple[int, str]:
    """The place of a part in its transaction."""
    new = part.new.run if isinstance(part, Start) else None
    return (0, f"{new.workflow} {new.dedupe or new.id}") if new else (1, "")


@pytest.mark.parametrize("seed", range(3))
def test_a_group_comes_to_the_same_as_its_parts_one_by_one(postgres_url: str, clock: ManualClock, seed: int) -> None:
    twin, real = MemoryStore(clock), SqlStore(postgres_url, clock=clock)
    story, shared = Story(seed, clock), 0
    for number in range(40):
        parts = [part_of(story) for _ in range(story.dice.randrange(1, 7))]
        items = [Item(part) for part in parts]
        real._gathered._carry_out(items)
        written = [item for item in items if item.value is not ALONE]
        shared += len(written) > 1
        for item in [*sorted(written, key=lambda one: turn(one.work)), *(i for i in items if i.value is ALONE)]:
            expected = told(twin, item.work)
            found = told(real, item.work) if item.value is ALONE else item.value
            assert found == expected, f"group {number}"
        for name in NAMES:  # some of them have a lease when the next group comes
            if story.chance(0.3):
                claim = story.claim()
                assert claim(real) == claim(twin), name
        clock.advance(timedelta(seconds=story.dice.choice([0, 1, 3, 12])))
        if number % 5 == 4:
            assert everything(real) == everything(twin), f"after group {number}"
    real.close()
    assert shared > 3


def test_those_who_wait_share_one_transaction(opened: Opened, store: SqlStore) -> None:
    names = [f"r{number}" for number in range(8)]
    for name in names:
        opened.create(name)
    commits: list[object] = []
    event.listen(store._database.engine, "commit", commits.append)
    answers = together(store, [sent_to(store, name) for name in names])
    assert [answer.inbox for answer in answers] == [1] * 8
    assert len(commits) == 3  # the held run's start, the change that held the line, and everybody else's
    assert [store.run(name).inbox for name in names] == [1] * 8


def test_an_error_is_told_to_whom_it_belongs_alone(opened: Opened, store: SqlStore) -> None:
    for name in ("r1", "r2", "r3"):
        opened.create(name)

    def refuse(_view: View) -> Writes:
        raise Refused("not yours")

    orphan = Decision("nobody", "ada", Outcome.APPROVED, opened.now())  # the database will never take it
    answers = together(
        store,
        [
            sent_to(store, "r1"),
            lambda: store.transact("r2", refuse),
            lambda: store.transact("r3", lambda _view: Writes(decisions=(orphan,))),
            lambda: store.transact("gone", lambda _view: Writes()),
            lambda: store.create(NewRun(run("r4", dedupe="k")), Writes()),
            lambda: store.create(NewRun(run("r5", dedupe="k")), Writes()),
        ],
    )
    assert [type(one) for one in answers[1:4]] == [Refused, InvalidInput, UnknownRun]
    assert store.run("r1").inbox == 1
    assert (store.run("r2").revision, store.decisions("nobody")) == (1, [])
    assert sorted(one.new for one in answers[4:]) == [False, True]
    assert len({one.run.id for one in answers[4:]}) == 1


def test_a_run_that_another_transaction_holds_keeps_nobody_else(
    opened: Opened, store: SqlStore, postgres_url: str
) -> None:
    for name in ("r1", "r2"):
        opened.create(name)
    with psycopg.connect(postgres_url) as other, ThreadPoolExecutor(2) as pool:
        other.execute("SELECT id FROM run WHERE id = 'r1' FOR UPDATE")
        waits = pool.submit(sent_to(store, "r1"))
        assert pool.submit(sent_to(store, "r2")).result(LONG).inbox == 1
        assert not waits.done()
        other.rollback()
        assert waits.result(LONG).inbox == 1


def test_two_processes_with_the_same_runs_end(opened: Opened, store: SqlStore, postgres_url: str) -> None:
    """Each takes the runs in another order, and starts runs with the same keys."""
    names = [f"r{number}" for number in range(6)]
    for name in names:
        opened.create(name)
    beside = SqlStore(postgres_url)

    def work(mine: SqlStore, who: str, name: str, turn: int) -> None:
        sent = message(f"{who}-{name}-{turn}", name)
        mine.transact(name, lambda _view: Writes(messages=(sent,)))
        mine.create(NewRun(run(f"{who}-{name}-{turn}", dedupe=f"{name}-{turn}")), Writes())

    with ThreadPoolExecutor(12) as pool:
        futures = []
        for turn in range(3):
            futures += [pool.submit(work, store, "a", name, turn) for name in names]
            futures += [pool.submit(work, beside, "b", name, turn) for name in reversed(names)]
        for one in futures:
            one.result(LONG)
    beside.close()
    assert [store.run(name).inbox for name in names] == [6] * 6
    assert sum(store.totals().runs.values()) == len(names) + 3 * len(names)


def test_a_connection_that_dies_before_the_end_is_replaced(opened: Opened, store: SqlStore, postgres_url: str) -> None:
    for name in ("r1", "r2"):
        opened.create(name)
    cuts: list[object] = []

    def change(view: View) -> Writes:
        if not cuts:
            cuts.append(view)
            held = store._gathered._held._conn
            assert held is not None
            cut(held, postgres_url)
        return Writes(messages=(message("m-r1", "r1"),))

    answers = together(store, [lambda: store.transact("r1", change), sent_to(store, "r2")])
    assert [one.inbox for one in answers] == [1, 1]
    assert [store.run(name).inbox for name in ("r1", "r2")] == [1, 1]


def test_nobody_is_told_that_a_lost_transaction_was_kept(opened: Opened, store: SqlStore, postgres_url: str) -> None:
    for name in ("r1", "r2"):
        opened.create(name)
    armed: list[Connection] = []

    def arm(_view: View) -> Writes:
        armed[:] = [held] if (held := store._gathered._held._conn) is not None else []
        return Writes(messages=(message("m-r1", "r1"),))

    @event.listens_for(store._database.engine, "commit")
    def before(conn: Connection) -> None:
        if conn in armed:
            armed.clear()
            cut(conn, postgres_url)

    answers = together(store, [lambda: store.transact("r1", arm), sent_to(store, "r2")])
    assert [type(one) for one in answers] == [OutcomeUnknown, OutcomeUnknown]
    assert [store.run(name).inbox for name in ("r1", "r2")] == [0, 0]
    assert sent_to(store, "r2")().inbox == 1


def test_who_holds_a_run_that_others_ended_writes_no_more(opened: Opened, store: SqlStore) -> None:
    claim = opened.claimed("r1")
    opened.create("r2")
    ended = Writes(run={"state": RunState.CANCELLED, "ended_at": opened.now()})
    together(store, [lambda: store.transact("r1", lambda _view: ended), sent_to(store, "r2")])
    with pytest.raises(LeaseLost):
        store.commit(claim.lease, Writes())
