"""A workspace, the edge, the engine and the deliverer in one process, driven to rest by a test."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import uvicorn

from bot.runtime import Runtime
from bot.sandbox import ApiCall, LocalUser, LocalWorkspace, Message
from bot.settings import Settings, read_settings
from bot.slack.manifest import EVENTS_PATH, manifest
from bot.web.app import create_app
from bot.web.slack import SlackSide, slack_side
from tests.payloads import check_message, check_view
from tests.scenarios.slack.workflows import ALL, Shop
from workflows import catalog
from workflows.engine.model import Run
from workflows.engine.ports import Clock, RunQuery
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.harness import MappedTools
from workflows.engine.testing.queue import MemoryQueue
from workflows.storage.schema import migrate
from workflows.storage.store import SqlStore

ENOUGH = 500
"""Rounds after which a stage that does not come to rest is ended."""
MESSAGES = frozenset({"chat.postMessage", "chat.update", "chat.postEphemeral"})
VIEWS = frozenset({"views.open", "views.update", "views.push", "views.publish"})


class StageQueue(MemoryQueue):
    """Remembers who rang for a run, and for its messages."""

    def __init__(self) -> None:
        super().__init__()
        self.deliveries: set[str] = set()

    def ring_delivery(self, *run_ids: str, again: bool = False) -> None:
        self.deliveries.update(run_ids)


class StageRuntime(Runtime):
    """The real wiring over a clock that stands still, an open shop, and a doorbell in this process."""

    def __init__(self, settings: Settings, clock: ManualClock) -> None:
        super().__init__(settings, "unix:///dev/null")
        self._time = clock
        self.shop = Shop()

    @cached_property
    def clock(self) -> Clock:
        return self._time

    @cached_property
    def store(self) -> SqlStore:
        return SqlStore(self.settings.database, clock=self._time)

    @cached_property
    def queue(self) -> Any:
        return StageQueue()

    @cached_property
    def catalogue(self) -> catalog.Catalogue:
        return catalog.Catalogue({one.name: one for one in ALL})

    @cached_property
    def connectors(self) -> Any:
        return MappedTools({Shop: self.shop})


class Stage:
    """What a story is played on."""

    def __init__(self, workspace: LocalWorkspace, runtime: StageRuntime, side: SlackSide, clock: ManualClock) -> None:
        self.workspace = workspace
        self.runtime = runtime
        self.side = side
        self.clock = clock
        self.shop = runtime.shop
        self._hands = runtime.hands("stage")
        self._hands.leases_renewed(float("inf"))

    def user(self, name: str) -> LocalUser:
        return self.workspace.user(name)

    def actor(self, name: str) -> str:
        person = self.user(name).person
        return f"slack:{person.team_id}:{person.id}"

    def settle(self) -> None:
        """Until everything that was said is answered, every run waits or is over, and everything is shown."""
        for _ in range(ENOUGH):
            self.quiet()
            moved = self._advance()
            self.runtime.service.rescue()
            moved = moved or bool(len(self.runtime.queue))
            moved = self._deliver() or moved
            if not moved:
                if not self.runtime.outbox.behind():
                    return
                self.clock.advance(timedelta(seconds=0.5))
        raise AssertionError(f"The stage does not come to rest: {self.runtime.outbox.troubled(limit=10)}")

    def round(self, *, advance: bool = True) -> None:
        """What can be done at this moment: runs that were rung for go on, then what is due is delivered."""
        self.quiet()
        if advance:
            self._advance()
        self._deliver()

    def quiet(self) -> None:
        """Until nothing is on its way between Slack and the edge, and nothing is left to do."""
        self.workspace.settle()
        assert self.side.app.idle(10)
        self.workspace.settle()

    def skip(self, **time: float) -> None:
        """Let time pass, then come to rest."""
        self.clock.advance(timedelta(**time))
        self.runtime.store.remind(limit=100)
        self.settle()

    def runs(self, workflow: str = "") -> list[Run]:
        """The runs, oldest first."""
        return sorted(self.runtime.store.runs(RunQuery(workflow=workflow)), key=lambda run: run.id)

    def run(self, workflow: str = "") -> Run:
        """The one run."""
        (found,) = self.runs(workflow)
        return found

    def current(self, message: Message) -> Message:
        """A message as it stands now."""
        found = self.workspace.current(message)
        assert found is not None, "It was deleted"
        return found

    def _advance(self) -> bool:
        moved = False
        while (ring := self.runtime.queue.take()) is not None:
            moved = True
            self._hands.advance(ring.run_id)
        return moved

    def _deliver(self) -> bool:
        due = [*self.runtime.outbox.due(limit=100)]
        self.runtime.queue.deliveries.clear()
        for run_id in due:
            self._hands.deliver(run_id)
        return bool(due)


def check(call: ApiCall) -> None:
    """Every payload that goes to Slack fits."""
    arguments = call.arguments
    if call.method in MESSAGES:
        check_message(arguments)
    elif call.method in VIEWS:
        check_view(arguments["view"])


@contextlib.contextmanager
def opened_stage(folder: Path, transport: str, **settings: Any) -> Iterator[Stage]:
    """A stage; `transport` is `socket` or `http`."""
    clock = ManualClock()
    described = manifest(ALL)
    with LocalWorkspace(described, clock=clock) as workspace:
        workspace.on_call(check)
        made = _settings(workspace, folder, transport, settings)
        migrate(made.database)
        runtime = StageRuntime(made, clock)
        side = slack_side(runtime)
        assert side is not None
        try:
            with _connected(workspace, runtime, side, transport):
                stage = Stage(workspace, runtime, side, clock)
                yield stage
                stage.quiet()
        finally:
            side.close()
            runtime.close()


def _settings(workspace: LocalWorkspace, folder: Path, transport: str, more: dict[str, Any]) -> Settings:
    people = {name: f"slack:{workspace.team_id}:{workspace.user(name).id}" for name in ("ana", "ben", "carla")}
    tokens: dict[str, Any] = (
        {"slack_app_token": workspace.app_token, "slack_signing_secret": None}
        if transport == "socket"
        else {"slack_signing_secret": workspace.signing_secret, "slack_app_token": None}
    )
    given: dict[str, Any] = {
        "baton_home": folder / "home", "database_url": f"sqlite:///{folder / 'baton.db'}", "redis_url": "",
        "baton_workflows": "", "slack_bot_token": workspace.bot_token, "slack_api_url": workspace.api_url,
        "baton_roles": f"editors={people['ben']},{people['carla']}; admins={people['carla']}",
        "baton_admins": ("role:admins",), "baton_approvers": ("role:editors",), "baton_ops_channel": "#ops",
        "baton_channel": "",
    }  # fmt: skip
    return read_settings(**{**given, **tokens, **more})


@contextlib.contextmanager
def _connected(workspace: LocalWorkspace, runtime: Runtime, side: SlackSide, transport: str) -> Iterator[None]:
    side.start()
    if transport == "socket":
        workspace.wait_connected()
        yield
        return
    with serving(create_app(runtime, slack=side)) as address:
        url = f"{address}{EVENTS_PATH}"
        assert workspace.verify(url)
        workspace.deliver_to(url)
        yield


@contextlib.contextmanager
def serving(app: Any) -> Iterator[str]:
    """An application on a free port of this machine; its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="stage-web", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
