"""Connections to a server that ended while nobody used them: each is replaced as it is taken from the pool."""

from __future__ import annotations

import select
import time
from typing import Any

from psycopg import Connection as PostgresConnection
from psycopg import OperationalError
from psycopg.pq import ConnStatus
from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

BORN = "born"
"""Where a connection's entry in the pool keeps the moment at which it was opened."""
USED = "used"
"""Whether it was taken before: a fresh one is not looked at, since there is nothing to put in its place."""


class Soundness:
    """Looks at each connection that is taken from a pool, without asking the server.

    What a server says as it ends a connection lies in the socket, to be read. One that vanished said nothing: when a
    connection dies in use, all that are as old are replaced.
    """

    def __init__(self) -> None:
        self._doubted = float("-inf")

    def watch(self, engine: Engine) -> None:
        """Look at this engine's connections from now on."""

        @event.listens_for(engine, "connect")
        def opened(_dbapi: object, entry: ConnectionPoolEntry) -> None:
            entry.info[BORN] = time.monotonic()

        @event.listens_for(engine, "checkout")
        def taken(dbapi: Any, entry: ConnectionPoolEntry, _proxy: object) -> None:
            used = entry.info.setdefault(USED, False)
            entry.info[USED] = True
            if used and (entry.info[BORN] <= self._doubted or _ended(dbapi)):
                raise DisconnectionError("The server ended this connection.")

    def doubt(self) -> None:
        """A connection died in use: use none again that is open now."""
        self._doubted = time.monotonic()


def _ended(dbapi: PostgresConnection[Any]) -> bool:
    """Whether the other side has closed it; reads what else the server said meanwhile."""
    try:
        socket = select.poll()
        socket.register(dbapi.fileno(), select.POLLIN)
        while dbapi.pgconn.status == ConnStatus.OK and socket.poll(0):
            dbapi.pgconn.consume_input()
    except OperationalError:
        return True
    return dbapi.pgconn.status != ConnStatus.OK
