"""Several threads, stores and processes at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import TypeVar

import pytest

from tests.contract.store.opened import Opened, approval, claimant, message, record, run
from tests.contract.store.other import other_process
from workflows.engine.errors import LeaseLost
from workflows.engine.model import NewRun, RunState, Writes
from workflows.engine.ports import Claim, Store
from workflows.engine.testing.clock import START, ManualClock
from workflows.storage.store import SqlStore

T = TypeVar("T")
SHORT = timedelta(milliseconds=300)


def at_once(works: list[Callable[[], T]]) -> list[T]:
    """Do all in threads that start together; results in the order given."""
    start = threading.Barrier(len(works))

    def begin(work: Callable[[], T]) -> T:
        start.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(begin, works))


@contextmanager
def several(url: str, count: int) -> Iterator[list[Store]]:
    """Stores on one database, as several processes have them."""
    stores = [SqlStore(url) for _ in range(count)]
    yield list(stores)
    for store in stores:
        store.close()


def test_one_of_many_threads_gets_the_run(made: Opened) -> None:
    for number in range(5):
        made.create(f"r{number}")

        def claim(owner: int, run_id: str = f"r{number}") -> Claim | None:
            return made.store.claim(run_id, claimant(str(owner)))

        claims = at_once([lambda owner=owner: claim(owner) for owner in range(6)])  # type: ignore[misc]
        assert sum(found is not None for found in claims) == 1


def test_one_of_many_processes_gets_each_run(real: Opened, url: str) -> None:
    names = [f"r{number:02}" for number in range(40)]
    for name in names:
        real.create(name)
    with ExitStack() as stack:
        others = [stack.enter_context(other_process(url, owner)) for owner in "xyz"]
        for other in others:
            assert other.ask("hello") == "ready"
        for other in others:
            other.tell("compete", *names)
        won = [name for other in others for name in other.answer().split()]
    assert sorted(won) == names


def test_a_message_is_never_lost_to_a_suspend(made: Opened) -> None:
    for number in range(25):
        name = f"r{number}"
        claim = made.claimed(name)

        def suspend(claim: Claim = claim) -> bool:
            writes = Writes(run={"state": RunState.WAITING})
            return made.store.commit(claim.lease, writes, leave=True, expect_inbox=0).applied

        def send(name: str = name) -> bool:
            made.send(message(f"m-{name}", run_id=name))
            return True

        both: list[Callable[[], bool]] = [suspend, send]
        if at_once(both)[0]:
            assert [m.id for m in made.claim(name, owner="b").inbox.messages] == [f"m-{name}"]
        else:
            assert made.store.inbox(name).counter == 1
            made.store.commit(claim.lease, Writes(records=(record(run_id=name),)))


def test_one_of_many_starts_with_a_key_makes_a_run(made: Opened) -> None:
    def start(number: int) -> bool:
        return made.store.create(NewRun(run(f"r{number}", dedupe="same")), Writes()).new

    assert sum(at_once([lambda number=number: start(number) for number in range(6)])) == 1  # type: ignore[misc]


def test_a_limit_holds_against_stores_that_race(real: Opened, url: str) -> None:
    names = [f"r{number}" for number in range(6)]
    for number, name in enumerate(names):
        real.create(name, limit_key="k", limit_runs=2, created_at=START + timedelta(seconds=number))
    with several(url, 2) as stores:
        for name in names:
            at_once([lambda store=store, name=name: store.claim(name, claimant()) for store in stores])  # type: ignore[misc]
        at_once(
            [lambda name=name: stores[0].claim(name, claimant()) for name in names]  # type: ignore[misc]
        )
    assert [name for name in names if real.store.run(name).admitted] == names[:2]


def test_several_clocks_remind_and_rescue_once(url: str, clock: ManualClock) -> None:
    stores = [SqlStore(url, clock=clock) for _ in range(3)]
    opened = Opened(stores[0], clock)
    for number in range(10):
        claim = opened.claimed(f"r{number}")
        asked = approval(f"a{number}", remind_at=START)
        opened.store.commit(
            claim.lease, Writes(approvals=(asked,), run={"state": RunState.WAITING, "due_at": START}), leave=True
        )
    assert sum(at_once([lambda store=store: store.remind(limit=100) for store in stores])) == 10  # type: ignore[misc]
    rings = at_once([lambda store=store: store.rescue(limit=100, grace=SHORT) for store in stores])  # type: ignore[misc]
    assert sorted(ring.run_id for each in rings for ring in each) == [f"r{number}" for number in range(10)]
    for number in range(10):
        assert [e.kind for e in opened.store.events(f"r{number}")].count("approval.reminded") == 1
    for store in stores:
        store.close()


def test_a_worker_that_hung_past_its_lease_is_refused(real: Opened, url: str) -> None:
    real.create()
    with other_process(url, "sleeper") as other:
        assert other.ask("claim", "r1", SHORT.total_seconds()) == "1"
        assert other.ask("commit", "r1", 1, 1) == "done"
        other.pause()
        claim = None
        while claim is None:  # until the database's clock says that the lease has run out
            claim = real.store.claim("r1", claimant("heir"))
        assert (claim.run.crashes, claim.records) == (1, (record(1),))
        other.tell("commit", "r1", 1, 2)
        real.store.commit(claim.lease, Writes(records=(record(2, output='"the heir\'s"'),)))
        other.go_on()
        assert other.answer() == "LeaseLost"
        assert other.ask("commit", "r1", 1, 3) == "LeaseLost"
    assert [r.output for r in real.store.records("r1")] == ["1", '"the heir\'s"']


def test_a_killed_worker_s_commits_are_there(real: Opened, url: str) -> None:
    real.create()
    with other_process(url, "victim") as other:
        other.ask("claim", "r1", 60)
        assert other.ask("commit", "r1", 1, 1) == "done"
        other.kill()
    assert real.store.records("r1") == [record(1)]
    real.store.release("victim", crashed=True)
    assert real.claim(owner="heir").run.crashes == 1


def test_many_lanes_write_at_once(made: Opened) -> None:
    claims = [made.claimed(f"r{number}") for number in range(8)]

    def work(claim: Claim) -> None:
        for number in range(1, 11):
            made.store.commit(claim.lease, Writes(records=(record(number, run_id=claim.run.id),)))

    at_once([lambda claim=claim: work(claim) for claim in claims])  # type: ignore[misc]
    for claim in claims:
        assert len(made.store.records(claim.run.id)) == 10


def test_commits_are_ordered_within_a_run_with_branches(made: Opened) -> None:
    claim = made.claimed()

    def branch(number: int) -> None:
        for step in range(5):
            made.store.commit(claim.lease, Writes(records=(record(number * 10 + step + 1),)))

    at_once([lambda number=number: branch(number) for number in range(4)])  # type: ignore[misc]
    assert len(made.store.records("r1")) == 20
    assert made.store.run("r1").revision == 1 + 1 + 20


def test_a_lost_lease_is_lost_for_every_thread(made: Opened) -> None:
    claim = made.claimed()
    made.store.release("a", crashed=False)

    def write() -> bool:
        with pytest.raises(LeaseLost):
            made.store.commit(claim.lease, Writes(records=(record(),)))
        return True

    assert all(at_once([write] * 4))
