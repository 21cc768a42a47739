"""Statements to PostgreSQL whose answer nobody reads: they travel with the next one, in one round trip.

These are the prepared ones that return no rows. Their errors are raised by whatever is waited for next, at COMMIT at
the latest. SQLAlchemy reads the answer of all that it executes itself.
"""

from __future__ import annotations

import logging
import select
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

from psycopg import Connection as PostgresConnection
from psycopg import Error as PostgresError
from psycopg import Pipeline
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError

# A connection that died in a pipeline is told of by the store, in words; psycopg would tell it too, on standard error.
logging.getLogger("psycopg").setLevel(logging.ERROR)

PIPELINE = "pipeline"
"""Where a connection's `info` keeps the pipeline that it is in."""


def wait_where_needed(engine: Engine) -> None:
    """Have the answer waited for of each statement that SQLAlchemy executes within a pipeline."""

    @event.listens_for(engine, "after_cursor_execute")
    def executed(conn: Connection, *_statement: Any) -> None:
        pipeline: Pipeline | None = conn.info.get(PIPELINE)
        if pipeline is not None:
            sent(conn)
            pipeline.sync()

    @event.listens_for(engine, "rollback")
    def answered(conn: Connection) -> None:
        """What failed was raised already; what was sent after it only says that it was left out."""
        sent(conn)
        pipeline: Pipeline | None = None if conn.invalidated else conn.info.get(PIPELINE)
        if pipeline is not None:
            with suppress(PostgresError):
                pipeline.sync()

    @event.listens_for(engine, "commit")
    def sent(conn: Connection) -> None:
        """Before anything is waited for: psycopg would wait for answers to what still lies in libpq's buffer."""
        if conn.invalidated or conn.info.get(PIPELINE) is None:
            return
        dbapi = conn.connection.dbapi_connection
        if isinstance(dbapi, PostgresConnection) and not dbapi.closed:
            _drain(dbapi)


def is_pipelined(conn: Connection) -> bool:
    """Whether a connection is in a pipeline."""
    return PIPELINE in conn.info


@contextmanager
def pipelined(conn: Connection) -> Iterator[None]:
    """Send what is executed here through one of libpq's pipelines; BEGIN and COMMIT take no round trip of their own."""
    dbapi: Any = conn.connection.dbapi_connection
    block = dbapi.pipeline()
    try:
        conn.info[PIPELINE] = block.__enter__()
    except PostgresError as error:
        conn.invalidate(error)
        raise DBAPIError.instance(None, None, error, PostgresError, connection_invalidated=True) from None
    try:
        yield
    finally:
        if not conn.invalidated:
            conn.info.pop(PIPELINE, None)
        if not dbapi.closed:
            _end(dbapi, block)


def _end(dbapi: PostgresConnection[Any], block: AbstractContextManager[Pipeline]) -> None:
    """Leave a pipeline whose transaction is over, whatever became of it; a connection that dies here is closed."""
    try:
        block.__exit__(None, None, None)
        if dbapi.info.transaction_status is not TransactionStatus.IDLE:  # COMMIT fell to an error before it
            dbapi.rollback()
    except PostgresError:
        dbapi.close()


def _drain(dbapi: PostgresConnection[Any]) -> None:
    """Hand everything to the system that libpq still holds, and wait until there is room for some bytes more."""
    writable = select.poll()
    writable.register(dbapi.fileno(), select.POLLOUT)
    while dbapi.pgconn.flush():
        writable.poll(1000)
    writable.poll(1000)
