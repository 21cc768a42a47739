"""What can happen to a server and the way to it."""

from __future__ import annotations

import re
import select
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import Connection, QueuePool, event

from tests.contract.store.opened import Opened, approval, message, record
from tests.contract.store.opened import event as fact
from tests.servers.postgres import Postgres
from workflows.catalog import Catalogue
from workflows.engine.errors import CodecError, InvalidInput, StoreUnavailable
from workflows.engine.model import Audit, Decision, Outcome, Writes
from workflows.engine.ports import View
from workflows.engine.service import Service
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.queue import MemoryQueue
from workflows.storage.store import SqlStore
from workflows.storage.view import SqlView


@pytest.fixture
def store(postgres_url: str) -> Iterator[SqlStore]:
    opened = SqlStore(postgres_url)
    yield opened
    opened.close()


@pytest.fixture
def opened(store: SqlStore) -> Opened:
    return Opened(store)


def cut(conn: Connection, url: str) -> None:
    """End a connection on the server's side, as an administrator or a failover does."""
    driver = conn.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    with psycopg.connect(url) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [driver.info.backend_pid])


def test_a_connection_cut_in_mid_transaction_is_replaced(opened: Opened, postgres_url: str) -> None:
    opened.create()
    calls = []

    def change(view: View) -> Writes:
        calls.append(view)
        if len(calls) == 1:
            assert isinstance(view, SqlView)
            cut(view._conn, postgres_url)
        return Writes(run={"version": f"call {len(calls)}"})

    opened.store.transact("r1", change)
    assert (len(calls), opened.store.run("r1").version) == (2, "call 2")


def test_the_commit_thread_replaces_its_connection(opened: Opened, store: SqlStore, postgres_url: str) -> None:
    claim = opened.claimed()
    store.commit(claim.lease, Writes(records=(record(1),)))
    held = store._committer._held._conn
    assert held is not None
    cut(held, postgres_url)
    store.commit(claim.lease, Writes(records=(record(2),)))
    assert len(store.records("r1")) == 2


def test_a_connection_lost_in_commit_is_not_reported_as_done(
    opened: Opened, store: SqlStore, postgres_url: str
) -> None:
    claim = opened.claimed()
    store.commit(claim.lease, Writes(records=(record(1),)))
    cuts: list[Connection] = []

    @event.listens_for(store._database.engine, "commit")
    def before(conn: Connection) -> None:
        if not cuts:
            cuts.append(conn)
            cut(conn, postgres_url)

    with pytest.raises(StoreUnavailable):
        store.commit(claim.lease, Writes(records=(record(2),)))
    store.commit(claim.lease, Writes(records=(record(2),)))
    assert store.records("r1") == [record(1), record(2)]


def test_a_restarted_server_is_found_again(opened: Opened, store: SqlStore, postgres: Postgres) -> None:
    claim = opened.claimed()
    store.commit(claim.lease, Writes(records=(record(1),)))
    postgres.stop()
    try:
        with pytest.raises(StoreUnavailable, match="can't be reached") as caught:
            store.commit(claim.lease, Writes(records=(record(2),)))
        assert "\n" not in str(caught.value)
        for call in (lambda: store.run("r1"), lambda: opened.create("r2"), store.ping):
            with pytest.raises(StoreUnavailable):
                call()
    finally:
        postgres.start()
    assert store.records("r1") == [record(1)]
    store.commit(claim.lease, Writes(records=(record(2),)))
    opened.create("r2")
    assert store.records("r1") == [record(1), record(2)]


def test_a_restart_between_two_calls_is_not_noticed(opened: Opened, store: SqlStore, postgres: Postgres) -> None:
    claim = opened.claimed()
    store.commit(claim.lease, Writes(records=(record(1),)))
    postgres.stop()
    postgres.start()
    store.commit(claim.lease, Writes(records=(record(2),)))
    assert len(store.records("r1")) == 2


def test_a_deadlock_is_tried_again(opened: Opened, store: SqlStore, postgres_url: str) -> None:
    opened.create("r1")
    opened.create("r2")
    calls = []

    def change(view: View) -> Writes:
        calls.append(view)
        return Writes(cancels=(("r1", "x"),))

    with psycopg.connect(postgres_url) as other, ThreadPoolExecutor(1) as pool:
        other.execute("SET deadlock_timeout = '10s'")  # so that the store's transaction is the victim
        other.execute("SELECT 1 FROM run WHERE id = 'r1' FOR UPDATE")
        done = pool.submit(store.transact, "r2", change)
        with psycopg.connect(postgres_url, autocommit=True) as watcher:
            while not watcher.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone():
                pass
        other.execute("SELECT 1 FROM run WHERE id = 'r2' FOR UPDATE")
        other.rollback()
        assert done.result().applied
    assert len(calls) > 2  # in a group, alone since it reaches another run, and again
    assert store.run("r1").cancel == "x"


def test_an_unreachable_server_is_named_without_its_password() -> None:
    store = SqlStore("postgres://ada:s3cret@127.0.0.1:1/baton")
    with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:1/baton can't be reached") as caught:
        store.ping()
    assert "s3cret" not in str(caught.value)
    store.close()


def test_a_wrong_user_is_named(postgres: Postgres) -> None:
    store = SqlStore(postgres.url().replace("postgres:@", "nobody:@"))
    with pytest.raises(StoreUnavailable, match="refused this user"):
        store.ping()
    store.close()


def test_a_missing_database_is_named(postgres: Postgres) -> None:
    store = SqlStore(postgres.url("nowhere"))
    with pytest.raises(StoreUnavailable, match="no such database"):
        store.ping()
    store.close()


def test_a_database_without_tables_says_what_to_do(postgres: Postgres) -> None:
    store = SqlStore(postgres.url())
    with pytest.raises(StoreUnavailable, match="tables are missing: run"):
        store.run("r1")
    store.close()


def test_text_that_postgres_refuses_parks_instead_of_looping(opened: Opened, store: SqlStore) -> None:
    claim = opened.claimed()
    with pytest.raises(CodecError, match="NUL"):
        store.commit(claim.lease, Writes(records=(record(output='"\x00"'),)))
    store.commit(claim.lease, Writes(records=(record(),)))


def test_the_database_in_words(store: SqlStore) -> None:
    assert re.fullmatch(r"PostgreSQL \d+\.\d+, .+/test_\d+", store.ping())


def test_waiting_runs_hold_no_connection(opened: Opened, store: SqlStore) -> None:
    for number in range(20):
        opened.waiting(f"r{number}")
    pool = store._database.engine.pool
    assert isinstance(pool, QueuePool)
    assert pool.checkedout() == 2  # the commit thread's own, and that of whoever writes from outside


def test_a_process_that_hangs_in_a_transaction_gives_its_locks_up(store: SqlStore) -> None:
    with store._database.engine.connect() as conn:
        assert conn.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar() == "15s"


def test_errors_carry_no_values(opened: Opened, store: SqlStore) -> None:
    claim = opened.claimed()
    secret = "private output".replace(" ", "\x00")
    with pytest.raises(CodecError) as caught:
        store.commit(claim.lease, Writes(records=(record(output=secret),)))
    assert "private\x00" not in "".join(traceback.format_exception(caught.value))


def statements(store: SqlStore) -> list[str]:
    """What is sent from here on, each statement's first words."""
    sent: list[str] = []

    @event.listens_for(store._database.engine, "before_cursor_execute")
    def note(_conn: object, _cursor: object, text: str, *_more: object) -> None:
        sent.append(" ".join(text.split()[:3]))

    return sent


def test_a_start_is_a_few_statements(opened: Opened, store: SqlStore) -> None:
    told = Writes(events=(fact("run.queued"),), audit=(Audit(opened.now(), "ada", "start", "r1"),))
    sent = statements(store)
    opened.create(channel="slack:T1:C1", writes=told)
    assert sent == [
        "SELECT clock_timestamp() AS", "INSERT INTO run", "INSERT INTO event", "INSERT INTO audit", "INSERT INTO card",
    ]  # fmt: skip


def test_a_decision_is_a_few_statements(opened: Opened, store: SqlStore) -> None:
    opened.waiting(channel="slack:T1:C1")
    asked = approval(approvers=("cli:ada",))
    store.transact("r1", lambda _: Writes(approvals=(asked,)))
    service = Service(store, MemoryQueue(), ManualClock(), Catalogue({}))
    sent = statements(store)
    service.decide("a1", Outcome.APPROVED, by="cli:ada", seen=asked)
    assert len(sent) == 12, sent
    assert store.approval("a1") is not None
    assert len(store.decisions("a1")) == 1


@pytest.mark.parametrize("early", [False, True])
def test_an_error_of_a_statement_that_nobody_waited_for_is_told_and_nothing_is_written(
    opened: Opened, store: SqlStore, early: bool
) -> None:
    """`early`: the driver hears of it while the next statement goes out, not at COMMIT."""

    @event.listens_for(store._database.engine, "before_cursor_execute")
    def hear(conn: Connection, _cursor: object, text: str, *_more: object) -> None:
        driver = conn.connection.driver_connection
        if early and text.startswith("UPDATE run") and isinstance(driver, psycopg.Connection):
            assert select.select([driver.fileno()], [], [], 10)[0]

    opened.create()
    orphan = Decision("nobody", "ada", Outcome.APPROVED, opened.now())  # of an approval that is not there
    with pytest.raises(InvalidInput):
        store.transact("r1", lambda _: Writes(decisions=(orphan,), messages=(message("m1"),)))
    early = False
    assert (store.run("r1").inbox, store.decisions("nobody")) == (0, [])
    store.transact("r1", lambda _: Writes(messages=(message("m2"),)))
    assert store.run("r1").inbox == 1
