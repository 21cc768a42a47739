"""Connections and transactions: what is tried again, and what is told to people."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from sqlite3 import SQLITE_BUSY, OperationalError
from sqlite3 import Connection as SqliteConnection
from typing import Any, TypeVar, cast

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from workflows.engine.errors import StoreUnavailable
from workflows.engine.ports import Clock
from workflows.storage.address import parse, place
from workflows.storage.columns import Utc
from workflows.storage.faults import Fault, away, fault, refused, unknown
from workflows.storage.neighbours import Neighbours, Turnstile
from workflows.storage.pipelined import is_pipelined, pipelined, wait_where_needed
from workflows.storage.prepared import prepared
from workflows.storage.sound import Soundness
from workflows.storage.together import Savepoints, Together

T = TypeVar("T")
TRIES = 8
"""How often a transaction is tried that others got in the way of."""
REPLACED = 3
"""How often a transaction is begun anew on another connection when the one that it had died."""
ASK_EVERY = 0.0005
"""Seconds between two requests for SQLite's write lock."""
LITE_CONNECTIONS = 8
"""Connections to an SQLite file: opening one costs as much as ten reads, and more at a time read no faster."""
HUNG = 15
"""Seconds after which PostgreSQL ends a transaction whose process hangs, and with it the locks on its runs."""
LOST_LINE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}
"""A server that vanished without a word is noticed after some 20 seconds."""
CLOCK = select(func.clock_timestamp(type_=Utc()))


class Database:
    """One database as this process sees it. A process that forks opens its own after the fork."""

    def __init__(self, url: str, *, clock: Clock | None, lock_timeout: timedelta, pool_size: int) -> None:
        self.url = parse(url)
        self.place = place(self.url)
        self.lite = self.url.get_backend_name() == "sqlite"
        self._clock = clock
        self._turns: AbstractContextManager[None] = Turnstile() if self.lite else nullcontext()
        self.engine = _lite_engine(self.url, lock_timeout) if self.lite else _server_engine(self.url, pool_size)
        self._sound = Soundness()
        if not self.lite:
            self._sound.watch(self.engine)
        # READ COMMITTED gives reads no common view, so that BEGIN and COMMIT would be two round trips for nothing
        self._reading = self.engine if self.lite else self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._viewing = self.engine if self.lite else self.engine.execution_options(isolation_level="REPEATABLE READ")
        self.neighbours = Neighbours(self.url.database or "") if self.lite else None
        self._together = Together(
            Savepoints(lambda work: self._persist(self._fresh, work, writes=True), self._of_one_work), self._is_crowded
        )

    @property
    def server_clock(self) -> bool:
        """Whether the server's clock is the one that counts."""
        return self._clock is None and not self.lite

    def now(self, conn: Connection) -> datetime:
        """The clock that leases and timers are judged by: the database's, unless a test brought its own."""
        if self._clock is not None:
            return self._clock.now()
        return datetime.now(UTC) if self.lite else cast(datetime, prepared(conn, CLOCK).run(conn, {})[0][0])

    def insert(self, table: Any) -> Any:
        """An INSERT with the dialect's ON CONFLICT."""
        return sqlite.insert(table) if self.lite else postgresql.insert(table)

    def upsert(self, table: Any, only: Any = None) -> Insert:
        """An INSERT that replaces the row with the same primary key, if that row fulfils `only`."""
        stmt = self.insert(table)
        keys = [c.name for c in table.primary_key]
        return stmt.on_conflict_do_update(  # type: ignore[no-any-return]
            index_elements=keys,
            set_={c.name: stmt.excluded[c.name] for c in table.columns if c.name not in keys},
            where=only,
        )

    def read(self, work: Callable[[Connection], T]) -> T:
        """Do reading `work`: on one view of the data in SQLite, each statement on the newest in PostgreSQL."""
        return self._persist(self._read_only, work)

    def read_at_once(self, work: Callable[[Connection], T]) -> T:
        """Do reading `work` of several statements on one view of the data, in either database."""
        return self._persist(self._one_view, work)

    def write(self, work: Callable[[Connection], T], held: Held | None = None) -> T:
        """Do `work` in one transaction, again when others got in its way; durable on return.

        Raises StoreUnavailable, and InvalidInput for what the database will never hold. `work` may be called
        several times, and by another thread: SQLite has one writer at a time, so those who wait write together.
        """
        if held is None and self.lite:
            return cast(T, self._together.write(work))
        return self._persist(held.lend if held else self._fresh, work, writes=True)

    def close(self) -> None:
        self.engine.dispose()
        if self.neighbours is not None:
            self.neighbours.close()

    def _is_crowded(self) -> bool:
        return self.neighbours is not None and self.neighbours.any()

    def _of_one_work(self, error: Exception) -> Exception | None:
        """What an error means to the work that raised it; None when the whole transaction is hit."""
        kind = fault(error)
        if kind is None:
            return error
        return refused(error, self.place) if kind is Fault.REFUSED else None

    @contextmanager
    def _read_only(self) -> Iterator[Connection]:
        with self._reading.connect() as conn:
            yield conn

    @contextmanager
    def _one_view(self) -> Iterator[Connection]:
        with self._viewing.connect() as conn:
            yield conn if self.lite else conn.execution_options(postgresql_readonly=True)

    @contextmanager
    def _fresh(self) -> Iterator[Connection]:
        with self.engine.connect() as conn:
            yield conn

    def _persist(
        self,
        lend: Callable[[], AbstractContextManager[Connection]],
        work: Callable[[Connection], T],
        *,
        writes: bool = False,
    ) -> T:
        replaced = 0
        for tried in range(TRIES):
            ending: list[bool] = []
            try:
                with self._turns if writes else nullcontext(), lend() as conn:
                    return _transaction(conn, work, ending, writes=writes)
            except Exception as error:
                kind = fault(error)
                if kind is None:
                    raise
                if kind is Fault.REFUSED:
                    raise refused(error, self.place) from None
                if kind is Fault.GONE:
                    self._sound.doubt()
                    if ending:
                        raise unknown(self.place) from None
                if kind is Fault.GONE and replaced < REPLACED:
                    replaced += 1
                elif kind is not Fault.AGAIN or tried == TRIES - 1:
                    raise away(error, self.place) from None
                else:
                    time.sleep(random.uniform(0, 0.002 * 2**tried))
        raise StoreUnavailable(f"The database {self.place} is too busy: run fewer workers.")


class Held:
    """A connection that one thread keeps, and replaces after any trouble; on PostgreSQL it stays in its pipeline."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._conn: Connection | None = None
        self._kept = ExitStack()

    @contextmanager
    def lend(self) -> Iterator[Connection]:
        if self._conn is None:
            self._conn = self._kept.enter_context(self._engine.connect())
            if self._conn.dialect.name == "postgresql":
                self._kept.enter_context(pipelined(self._conn))
        try:
            yield self._conn
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._conn = None
        self._kept.close()


def _transaction(conn: Connection, work: Callable[[Connection], T], ending: list[bool], *, writes: bool) -> T:
    """One transaction; `ending` says whether COMMIT was sent, after which a lost connection leaves the outcome open."""
    conn.info["writes"] = writes
    serving = writes and conn.dialect.name == "postgresql" and not is_pipelined(conn)
    with pipelined(conn) if serving else nullcontext(), conn.begin() as transaction:
        result = work(conn)
        if writes:
            ending.append(True)
        transaction.commit()
    return result


def _lite_engine(url: URL, lock_timeout: timedelta) -> Engine:
    Path(url.database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=LITE_CONNECTIONS,
        max_overflow=0,
        connect_args={"timeout": lock_timeout.total_seconds()},
    )

    @event.listens_for(engine, "connect")
    def opened(dbapi: SqliteConnection, _record: object) -> None:
        dbapi.isolation_level = None  # transactions are begun below, not by the driver
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "case_sensitive_like=ON"):
            dbapi.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begun(conn: Connection) -> None:
        if conn.info.get("writes"):
            _begin_writing(conn, lock_timeout)
        else:
            conn.exec_driver_sql("BEGIN")

    return engine


def _begin_writing(conn: Connection, lock_timeout: timedelta) -> None:
    """BEGIN IMMEDIATE, asked for every half millisecond: SQLite's own waiting sleeps ever longer, up to 0.1 s."""
    dbapi: Any = conn.connection.dbapi_connection
    until = time.monotonic() + lock_timeout.total_seconds()
    dbapi.execute("PRAGMA busy_timeout = 0")
    try:
        while time.monotonic() < until:
            try:
                dbapi.execute("BEGIN IMMEDIATE")
            except OperationalError as error:
                if error.sqlite_errorcode & 0xFF != SQLITE_BUSY:
                    break
                time.sleep(ASK_EVERY)
            else:
                return
        conn.exec_driver_sql("BEGIN IMMEDIATE")  # raises what is the matter as all other statements do
    finally:
        dbapi.execute(f"PRAGMA busy_timeout = {int(lock_timeout.total_seconds() * 1000)}")


def _server_engine(url: URL, pool_size: int) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=max(pool_size // 2, 2),
        pool_timeout=10,
        isolation_level="READ COMMITTED",
        hide_parameters=True,
        connect_args={"connect_timeout": 5, "application_name": "baton", **LOST_LINE},
    )

    @event.listens_for(engine, "connect")
    def opened(dbapi: Any, _record: object) -> None:
        dbapi.execute(f"SET idle_in_transaction_session_timeout = '{HUNG}s'")
        dbapi.execute("SET random_page_cost = 1.1")
        dbapi.commit()

    wait_where_needed(engine)
    return engine


def described(conn: Connection, place: str) -> str:
    """Name, version and place of the database in words."""
    if conn.dialect.name == "sqlite":
        version = ".".join(str(conn.execute(text("SELECT sqlite_version()")).scalar_one()).split(".")[:2])
        return f"SQLite {version}, {place}"
    version = str(conn.execute(text("SHOW server_version")).scalar_one()).split()[0]
    return f"PostgreSQL {version}, {place}"
