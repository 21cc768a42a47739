"""Several processes on one database, and what the hot path pays for cards."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from tests.contract.outbox.shown import Shown
from tests.contract.store.opened import record
from workflows.engine.model import Writes
from workflows.engine.outbox import Budget
from workflows.engine.testing.clock import ManualClock
from workflows.storage.store import SqlStore


@pytest.fixture
def opened(url: str, clock: ManualClock) -> Iterator[Callable[[], Shown]]:
    """Opens the same database once more, as another process does."""
    with ExitStack() as stack:

        def once_more() -> Shown:
            store = SqlStore(url, clock=clock)
            stack.callback(store.close)
            return Shown(store, store.outbox, clock)

        yield once_more


def together(*work: Callable[[], Any]) -> list[Any]:
    """Each in a thread of its own, begun at the same moment."""
    start = threading.Barrier(len(work))

    def begin(each: Callable[[], Any]) -> Any:
        start.wait(10)
        return each()

    with ThreadPoolExecutor(len(work)) as pool:
        return [future.result() for future in [pool.submit(begin, each) for each in work]]


@contextmanager
def statements(store: SqlStore, table: str) -> Iterator[list[str]]:
    """What is asked of a table meanwhile."""
    asked: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        if f" {table} " in statement.replace("\n", " "):
            asked.append(statement)

    event.listen(store._database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(store._database.engine, "before_cursor_execute", note)


def test_a_card_is_taken_once(opened: Callable[[], Shown]) -> None:
    places = [opened() for _ in range(4)]
    runs = [f"r{number}" for number in range(12)]
    for run_id in runs:
        places[0].seen(run_id)

    def compete(place: Shown, owner: str) -> list[str]:
        return [run_id for run_id in runs if place.outbox.claim(run_id, owner, timedelta(minutes=1))]

    won = together(*(lambda p=place, n=number: compete(p, f"w{n}") for number, place in enumerate(places)))
    assert sorted(run_id for each in won for run_id in each) == sorted(runs)


def test_the_pace_is_shared(opened: Callable[[], Shown]) -> None:
    budget = Budget("T1/chat.update", timedelta(seconds=2), burst=4)
    places = [opened() for _ in range(4)]

    def ask(place: Shown) -> int:
        return sum(place.outbox.reserve(budget).granted for _ in range(5))

    assert sum(together(*(lambda p=place: ask(p) for place in places))) == 5


def test_cards_grow_while_they_are_delivered(opened: Callable[[], Shown]) -> None:
    engine, deliverer = opened(), opened()
    runs = [f"r{number}" for number in range(4)]
    for run_id in runs:
        engine.seen(run_id)
    claims = {run_id: engine.claim(run_id) for run_id in runs}

    def work(run_id: str) -> None:
        for number in range(1, 11):
            engine.store.commit(claims[run_id].lease, Writes(records=(record(number, run_id=run_id),)))

    def deliver() -> int:
        shown = 0
        while shown < 30:
            for run_id in runs:
                if claim := deliverer.outbox.claim(run_id, "d", timedelta(minutes=1)):
                    deliverer.leave(claim)
                shown += 1
        return shown

    together(deliver, *(lambda r=run_id: work(r) for run_id in runs))
    for run_id in runs:
        assert engine.agrees(run_id)


def test_a_group_commit_updates_its_cards_at_one_go(opened: Callable[[], Shown]) -> None:
    place = opened()
    assert isinstance(place.store, SqlStore)
    for run_id in ("r1", "r2", "r3"):
        place.seen(run_id)
    claims = [place.claim(run_id) for run_id in ("r1", "r2", "r3")]
    with statements(place.store, "card") as asked:
        committer = place.store._committer
        with committer._lock:  # they line up, and the commit thread finds most of them together
            waiting = [
                threading.Thread(
                    target=place.store.commit, args=(claim.lease, Writes(records=(record(run_id=claim.run.id),)))
                )
                for claim in claims
            ]
            for thread in waiting:
                thread.start()
        for thread in waiting:
            thread.join(10)
    assert 1 <= len(asked) <= 3
    assert all(place.agrees(claim.run.id) for claim in claims)


def test_runs_without_a_card_ask_nothing_of_it(opened: Callable[[], Shown]) -> None:
    place = opened()
    assert isinstance(place.store, SqlStore)
    with statements(place.store, "card") as asked:
        claim = place.claimed("r1")
        for number in range(1, 4):
            place.store.commit(claim.lease, Writes(records=(record(number),)))
        place.end(claim)
    assert [one for one in asked if not one.startswith("WITH")] == []  # PostgreSQL's claim: its one statement holds all


def test_a_run_with_a_card_pays_one_update_a_commit(opened: Callable[[], Shown]) -> None:
    place = opened()
    assert isinstance(place.store, SqlStore)
    place.seen("r1")
    claim = place.claim("r1")
    with statements(place.store, "card") as asked:
        place.store.commit(claim.lease, Writes(records=tuple(record(number) for number in range(1, 9))))
    assert len(asked) == 1
