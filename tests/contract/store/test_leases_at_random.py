"""Lease, suspend and wake-up under random interleavings, on every store; and stores that break a promise are found.

`pytest -m chaos --hypothesis-seed=N` repeats a long run.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.contract.store.leases.grounds import Fresh, in_memory, on_database
from tests.contract.store.leases.machine import LeaseMachine
from tests.contract.store.leases.sabotaged import SABOTAGED
from workflows.engine.testing.memory import MemoryStore

SAME_EACH_TIME = settings(
    max_examples=200,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
FEW = settings(SAME_EACH_TIME, max_examples=100, phases=(Phase.generate,))
"""A failing story stays as long as it was: to cut it short takes minutes on a database."""
UNTIL_FOUND = settings(SAME_EACH_TIME, max_examples=1000, phases=(Phase.generate,), report_multiple_bugs=False)
LONG = settings(SAME_EACH_TIME, max_examples=2000, derandomize=False, print_blob=True)


def machine_on(ground: Fresh) -> type[LeaseMachine]:
    return type("LeaseMachineHere", (LeaseMachine,), {"fresh": staticmethod(ground)})


def test_in_memory() -> None:
    run_state_machine_as_test(machine_on(in_memory), settings=SAME_EACH_TIME)


def test_on_sqlite(sqlite_url: str) -> None:
    with on_database(sqlite_url) as fresh:
        run_state_machine_as_test(machine_on(fresh), settings=FEW)


def test_on_postgres_by_its_own_clock(postgres_url: str) -> None:
    with on_database(postgres_url, own_clock=True) as fresh:
        run_state_machine_as_test(machine_on(fresh), settings=settings(FEW, max_examples=50))


@pytest.mark.parametrize("kind", SABOTAGED, ids=lambda kind: kind.__name__)
def test_a_store_that_breaks_a_promise_is_found(kind: type[MemoryStore]) -> None:
    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine_on(lambda: in_memory(kind)), settings=UNTIL_FOUND)


@pytest.mark.chaos
@pytest.mark.timeout(600)
def test_long_in_memory() -> None:
    run_state_machine_as_test(machine_on(in_memory), settings=LONG)


@pytest.mark.chaos
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("database", "own_clock"), [("sqlite_url", False), ("postgres_url", False), ("postgres_url", True)]
)
def test_long_on_a_database(request: pytest.FixtureRequest, database: str, own_clock: bool) -> None:
    with on_database(request.getfixturevalue(database), own_clock=own_clock) as fresh:
        run_state_machine_as_test(machine_on(fresh), settings=settings(LONG, max_examples=200))
