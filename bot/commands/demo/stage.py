"""Where the demo plays: web, worker and clock of its own, and a local Slack workspace in this process."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from bot import printing
from bot.commands.session import Session
from bot.embedded import embedded_redis
from bot.parts import grace_of, parts, redis_keeper
from bot.runtime import Runtime
from bot.sandbox import LocalWorkspace
from bot.sandbox.seed import DEFAULT_SEED, SeedPerson
from bot.sandbox.serving import NotHere, refuse_real_tokens
from bot.settings import Settings, read_settings
from bot.slack.manifest import manifest
from bot.up import Group
from bot.web.serving import PortTaken, listen
from integrations.local_topics.front_matter import changed
from integrations.protocols import TopicStatus
from workflows.engine.errors import BatonError

TOPICS = Path(__file__).parents[2] / "demo" / "topics"
CHANNEL = "#content"
OPS = "#ops"
PAGE_PORT = 8012
"""Where the workspace's page is, if that port is free."""
GUIDE = SeedPerson("guide", "Guide", color="d9822b")
"""Who says at the page what to do next."""
SEED = replace(DEFAULT_SEED, people=(*DEFAULT_SEED.people, GUIDE))
PATIENCE = 90.0
"""Seconds that the parts get to be ready."""


class DemoFailed(BatonError):
    """The demo can't go on; the text says why."""


@dataclass(frozen=True)
class Stage:
    """A running demo."""

    session: Session
    workspace: LocalWorkspace

    @property
    def settings(self) -> Settings:
        return self.session.settings

    @property
    def page(self) -> str:
        """The address at which Ana sees the channel."""
        ana, channel = self.workspace.user("ana"), self.workspace.channel(CHANNEL)
        return f"{self.workspace.address}/?user={ana.id}#/{channel.id}"


@contextlib.contextmanager
def stage() -> Iterator[Stage]:
    """Everything up and ready, with data of its own; afterwards all of it has ended."""
    settings = _own_settings()
    with (
        _only_one(settings),
        _listening(settings.baton_host, settings.port) as listening,
        _workspace(settings) as workspace,
        embedded_redis(settings) as redis_url,
    ):
        os.environ["PORT"] = str(listening.getsockname()[1])
        _join(workspace)
        with _running(read_settings(), redis_url or "", listening) as session:
            yield Stage(session, workspace)


def _own_settings() -> Settings:
    """Settings of the demo's own, for this process and those it starts: its home, database and Redis."""
    settings = read_settings()
    _refuse_real_slack(settings)
    home = settings.home / "demo"
    os.environ.update(
        BATON_HOME=str(home),
        DATABASE_URL="",
        REDIS_URL="",
        BATON_URL="",
        BATON_HOST="127.0.0.1",
        BATON_TRIGGER="",
        BATON_TOPICS=str(home / "topics"),
        BATON_QUEUES="default,slack",
        BATON_PROCESSES="1",
    )
    home.mkdir(parents=True, exist_ok=True)
    return read_settings()


def _refuse_real_slack(settings: Settings) -> None:
    """Never play beside tokens of a real workspace, whether they come from the environment or from `.env`."""
    tokens = {"SLACK_BOT_TOKEN": settings.slack_bot_token, "SLACK_APP_TOKEN": settings.slack_app_token}
    try:
        refuse_real_tokens({name: token.get_secret_value() for name, token in tokens.items() if token is not None})
    except NotHere as refused:
        raise DemoFailed(str(refused)) from None


@contextlib.contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    with (settings.home / "lock").open("a+b") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoFailed(f"A demo runs in {settings.home} already. End it, or set BATON_HOME.") from None
        yield


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """The usual port, or any if that is taken."""
    try:
        listening = listen(host, port)
    except PortTaken:
        listening = listen(host, 0)
    with listening:
        yield listening


@contextlib.contextmanager
def _workspace(settings: Settings) -> Iterator[LocalWorkspace]:
    made = manifest(Runtime(settings).catalogue.all())
    with contextlib.ExitStack() as stack:
        try:
            workspace = stack.enter_context(LocalWorkspace(made, port=PAGE_PORT if settings.port else 0, seed=SEED))
        except NotHere:
            workspace = stack.enter_context(LocalWorkspace(made, seed=SEED))
        yield workspace


def _join(workspace: LocalWorkspace) -> None:
    """Let the bot that is started here be the workspace's, Ben its editor, and Ben and Carla its finance."""
    ben, carla = (f"slack:{workspace.team_id}:{workspace.user(name).id}" for name in ("ben", "carla"))
    os.environ.update(
        SLACK_API_URL=workspace.api_url,
        SLACK_BOT_TOKEN=workspace.bot_token,
        SLACK_APP_TOKEN=workspace.app_token,
        SLACK_SIGNING_SECRET="",
        BATON_CHANNEL=CHANNEL,
        BATON_OPS_CHANNEL=OPS,
        BATON_APPROVERS=ben,
        BATON_ROLES=f"finance={ben},{carla}; lead={carla}",
    )


@contextlib.contextmanager
def _running(settings: Settings, redis_url: str, listening: socket.socket) -> Iterator[Session]:
    """The parts, whose log is a file."""
    _lay_out_topics(settings)
    _forget_former_runs(settings)
    runtime = Runtime(settings, redis_url)
    runtime.migrate()
    with (settings.home / "log").open("w", buffering=1) as log:

        def write(name: str, line: str) -> None:
            log.write(f"{name:<6} | {line}\n")

        tend = redis_keeper(settings, redis_url, write)
        group = Group(parts(settings, redis_url, listening), write, grace=grace_of(settings), tend=tend)
        thread = threading.Thread(target=group.run, name="parts")
        thread.start()
        try:
            printing.say(f"Starting web, worker and clock. What they say is in {settings.home / 'log'}")
            _await_ready(settings)
            yield Session(settings, runtime, redis_url)
        finally:
            _end(group, thread)
            runtime.close()


def _end(group: Group, thread: threading.Thread) -> None:
    """Let everything leave in peace, or at once when asked again."""
    group.stop()
    while thread.is_alive():
        try:
            thread.join()
        except KeyboardInterrupt:
            group.stop(at_once=True)


def _await_ready(settings: Settings) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{settings.address}/readyz", timeout=5, trust_env=False).status_code == 200:
                return
        time.sleep(0.1)
    raise DemoFailed(f"Not everything came up within {PATIENCE:.0f} seconds. {settings.home / 'log'} says why.")


def _forget_former_runs(settings: Settings) -> None:
    """Begin with an empty database, as the workspace begins with empty channels; what was published stays."""
    for path in settings.home.glob("baton.db*"):
        path.unlink()


def _lay_out_topics(settings: Settings) -> None:
    """Copy the shipped topics; those that are there stay as they were edited, and become ready again."""
    folder = settings.home / "topics"
    folder.mkdir(exist_ok=True)
    for shipped in sorted(TOPICS.glob("*.md")):
        there = folder / shipped.name
        text = (there if there.exists() else shipped).read_text(encoding="utf-8")
        there.write_text(changed(text, {"status": TopicStatus.READY.value}), encoding="utf-8")
