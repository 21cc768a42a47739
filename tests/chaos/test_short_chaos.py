"""The short form of the chaos run, with the faults that need nothing but what PyPI brings."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.drive import Order, chaos
from tests.chaos.plan import Kind
from tests.chaos.report import report

SEED = int(os.environ.get("CHAOS_SEED", "20261125"))
COSTLY = frozenset({Kind.SLOW_DISK, Kind.SKEW, Kind.POSTGRES_RESTART, Kind.KILL_WEB})
"""These need a compiler or more of the processor, or many seconds: they belong to the long form."""


@pytest.mark.timeout(300)
@pytest.mark.xdist_group("chaos")
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_nothing_is_lost_and_nothing_done_twice_whatever_is_killed(
    database: str, request: pytest.FixtureRequest, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    order = Order(database, runs=80, faults=11, seed=SEED, without=COSTLY, processes=1)
    postgres = request.getfixturevalue("postgres") if order.postgres else None
    outcome = chaos(order, lambda _: None, postgres=postgres, keep=tmp_path)
    record_property("chaos", report(outcome))
    assert outcome.faults.total() == 11
    assert outcome.findings.clean, f"seed {SEED}\n{report(outcome)}"
    assert outcome.effects.total() > 80 * 7
