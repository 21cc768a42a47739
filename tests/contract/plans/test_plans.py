"""Nobody waits for a table to be read through: every question is answered from an index, on both databases.

The statements are those that the real code sends. On SQLite, which decides by its indexes alone, the plan of each
question is written down here, so that another statement or another plan is noticed. PostgreSQL decides by statistics
as well: there it is looked how many rows each part of a plan met.
"""

from __future__ import annotations

import pytest
from sqlalchemy import text

from benchmarks.grown.questions import MACHINES_ASK, PEOPLE_ASK, Ask
from benchmarks.grown.rows import Grown
from tests.contract.plans.conftest import RUNS
from tests.contract.plans.expected import PLANS, WALKS
from tests.contract.plans.reading import SMALL, listening, lite_plan, met, server_nodes
from workflows.engine.bulks.ports import Bulks
from workflows.engine.letters.ports import Letters
from workflows.engine.outbox import Outbox
from workflows.engine.ports import Store
from workflows.storage import lists
from workflows.storage.store import SqlStore

ASKED = PEOPLE_ASK | MACHINES_ASK
MOST = 2_500
"""Rows that a part of a plan may meet: what goes on and what is listed, far from the 20,000 runs that there are."""
LOOKED_THROUGH = 1_000
LOOKING = {"words in runs of a workflow": RUNS}
"""Where PostgreSQL may meet more: looking for words it may rather walk along the states."""
UNASKED = {
    "prunable": "a dry run counts everything, and says so",
    "recount": "counts from an index alone, in the clock",
    "room": "asks the database how large it is",
    "compact": "writes the whole file anew, on request",
    "ping": "",
    "close": "",
}
"""Methods that no question calls, and why."""
WRITES = ("Insert", "Update", "Delete", "ModifyTable")


@pytest.fixture(autouse=True)
def few_are_looked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "LOOKED_THROUGH", LOOKED_THROUGH)


def plan_of(store: SqlStore, made: Grown, ask: Ask) -> set[str]:
    with listening(store) as sent:
        ask(store, made)
    with store._database.engine.connect() as conn:
        return {line for one in sent for line in lite_plan(conn, one)}


def test_sqlite_answers_each_question_by_the_plan_that_is_written_down(
    sqlite_full: tuple[SqlStore, Grown],
) -> None:
    store, made = sqlite_full
    store.recount()
    found = {name: plan_of(store, made, ask) for name, ask in ASKED.items()}
    told = {name: (sorted(plan), sorted(PLANS.get(name, ()))) for name, plan in found.items()}
    wrong = {name: both for name, both in told.items() if both[0] != both[1]}
    assert wrong == {}, "found, and expected"


def test_the_plans_that_are_written_down_read_no_table_through() -> None:
    for name, plan in PLANS.items():
        scans = [line.split() for line in plan if line.startswith("SCAN")]
        for _, table, *index in scans:
            assert index or table in SMALL, f"{name}: {table} is read through"
            assert table in SMALL or WALKS.get(" ".join(index)), f"{name}: {' '.join(index)} is walked along"


@pytest.mark.parametrize("name", ASKED)
def test_postgres_meets_few_rows(postgres_shared: tuple[SqlStore, Grown], name: str) -> None:
    store, made = postgres_shared
    store.recount()
    with listening(store) as sent:
        ASKED[name](store, made)
    assert sent
    with store._database.engine.connect() as conn:
        for one in sent:
            for node in server_nodes(conn, one):
                where = f"{name}: {node['Node Type']} of {node.get('Relation Name', '')} in {one.statement}"
                table = node.get("Relation Name", "")
                if table and node["Node Type"] not in WRITES:
                    assert met(node) <= LOOKING.get(name, MOST), where
                    assert node["Node Type"] != "Seq Scan" or table in SMALL or met(node) == 0, where
                if node["Node Type"] == "Sort":
                    assert node.get("Actual Rows", 0) <= MOST, where


@pytest.mark.parametrize("index", ["ix_run_workflow_state_id", "ix_run_wake_at", "ix_audit_run_id", "ix_run_tail"])
def test_a_lost_index_is_noticed(sqlite_full: tuple[SqlStore, Grown], index: str) -> None:
    store, made = sqlite_full
    store.recount()
    with store._database.engine.begin() as conn:
        conn.execute(text(f"DROP INDEX {index}"))
    wrong = [name for name, ask in ASKED.items() if plan_of(store, made, ask) != set(PLANS[name])]
    assert wrong


def methods(port: type[object]) -> list[str]:
    """What a port can be asked; what it holds are ports of their own."""
    return [name for name, what in vars(port).items() if not name.startswith("_") and callable(what)]


def test_every_method_is_asked_something(sqlite_full: tuple[SqlStore, Grown], monkeypatch: pytest.MonkeyPatch) -> None:
    store, made = sqlite_full
    called: set[str] = set()

    def watched(of: object, port: type[object]) -> None:
        for name in methods(port):
            method = getattr(of, name)

            def call(*args: object, name: str = name, method: object = method, **more: object) -> object:
                called.add(f"{port.__name__}.{name}")
                return method(*args, **more)  # type: ignore[operator]

            monkeypatch.setattr(of, name, call)

    watched(store, Store)
    watched(store.outbox, Outbox)
    watched(store.letters, Letters)
    watched(store.bulks, Bulks)
    for ask in ASKED.values():
        ask(store, made)
    every = {f"{port.__name__}.{name}" for port in (Store, Outbox, Letters, Bulks) for name in methods(port)}
    missed = {name.partition(".")[2] for name in every - called}
    assert missed - set(UNASKED) == set()
    assert set(UNASKED) - missed == set()


def test_there_are_as_many_runs_as_are_spoken_of(sqlite_full: tuple[SqlStore, Grown]) -> None:
    store, _ = sqlite_full
    with store._database.engine.connect() as conn:
        assert conn.execute(text("SELECT count(*) FROM run")).scalar_one() == RUNS
