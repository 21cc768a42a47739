"""A Slack workspace, Baton and a worker in one process, for tests of workflows: nothing sleeps, nothing needs a server.

Time stands still until a test skips some of it. Everything between is real: Slack's protocols, the database, the
engine, the messages.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar

import uvicorn

from bot.runtime import NOWHERE, Runtime
from bot.sandbox import ApiCall, LocalUser, LocalWorkspace, Message
from bot.settings import Settings, read_settings
from bot.slack.manifest import EVENTS_PATH, manifest
from bot.web.app import create_app
from bot.web.slack import SlackSide, slack_side
from workflows import catalog
from workflows.digests.posting import post_digest
from workflows.engine.definition import Workflow
from workflows.engine.letters.tending import LetterTick
from workflows.engine.model import Run
from workflows.engine.ports import Clock, RunQuery
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.installed import MappedTools
from workflows.engine.testing.queue import MemoryQueue

ENOUGH = 500
"""Rounds after which a rehearsal that does not come to rest is ended."""

Transport = Literal["socket", "http"]
R = TypeVar("R", bound="Rehearsal")


More = Callable[[LocalWorkspace], Mapping[str, Any]]


def _no_more(_workspace: LocalWorkspace) -> Mapping[str, Any]:
    return {}


class Bell(MemoryQueue):
    """A doorbell in this process. Who delivers looks by itself, so those rings are not kept."""

    def ring_delivery(self, *run_ids: str, again: bool = False) -> None:
        """Nothing is lost: the outbox knows what is due."""
        del run_ids, again


class RehearsalRuntime(Runtime):
    """The real wiring over a clock that stands still, given workflows and tools, and a doorbell in this process."""

    def __init__(
        self,
        settings: Settings,
        clock: ManualClock,
        workflows: Sequence[Workflow[Any, Any]],
        tools: Mapping[type[Any], Any],
    ) -> None:
        super().__init__(settings, NOWHERE)
        self._time = clock
        self._workflows = {one.name: one for one in (*workflows, post_digest)}
        self._tools = tools

    @property
    def judge(self) -> Clock:
        return self._time

    @cached_property
    def clock(self) -> Clock:
        return self._time

    @cached_property
    def queue(self) -> Any:
        return Bell()

    @cached_property
    def catalogue(self) -> catalog.Catalogue:
        return catalog.Catalogue(self._workflows, digests=catalog.load().digests)

    @cached_property
    def connectors(self) -> Any:
        return MappedTools(self._tools)


class Rehearsal:
    """What a test works with: people to act as, runs to look at, time to skip."""

    def __init__(
        self,
        workspace: LocalWorkspace,
        runtime: RehearsalRuntime,
        side: SlackSide,
        clock: ManualClock,
        tools: Mapping[type[Any], Any],
    ) -> None:
        self.workspace = workspace
        self.runtime = runtime
        self.side = side
        self.clock = clock
        self.tools = tools
        self._hands = runtime.hands("rehearsal")
        self._hands.leases_renewed(float("inf"))
        self._letters = LetterTick(runtime.store.letters, clock.monotonic)

    def user(self, name: str) -> LocalUser:
        """One person, to act as."""
        return self.workspace.user(name)

    def actor(self, name: str) -> str:
        """The same person as the engine knows them."""
        person = self.user(name).person
        return f"slack:{person.team_id}:{person.id}"

    def settle(self) -> None:
        """Until everything that was said is answered, every run waits or is over, and everything is shown."""
        for _ in range(ENOUGH):
            if self.round():
                continue
            if not self.runtime.outbox.behind():
                return
            self.clock.advance(timedelta(seconds=0.5))
        raise AssertionError(f"It does not come to rest: {self.runtime.outbox.troubled(limit=10)}")

    def round(self, *, advance: bool = True) -> bool:
        """One turn in which no time passes: runs go on (unless `advance` is False), and what is due is shown.

        Whether anything moved.
        """
        self.quiet()
        moved = advance and self._advance()
        if advance:
            self.runtime.service.rescue()
            moved = moved or bool(len(self.runtime.queue))
            moved = self.runtime.mover.carry_on() is not None or moved
        return self._deliver() or moved

    def quiet(self) -> None:
        """Until nothing is on its way between Slack and the edge, and nothing is left to do."""
        self.workspace.settle()
        assert self.side.app.idle(10), "Something that was sent is still being answered after ten seconds"
        self.workspace.settle()

    def skip(self, **time: float) -> None:
        """Let time pass (`hours=3`), then come to rest."""
        self.clock.advance(timedelta(**time))
        self.runtime.store.remind(limit=100)
        self.runtime.schedule_pass.look()
        self.settle()

    def runs(self, workflow: str = "") -> list[Run]:
        """The runs, oldest first."""
        return sorted(self.runtime.store.runs(RunQuery(workflow=workflow)), key=lambda run: run.id)

    def run(self, workflow: str = "") -> Run:
        """The one run."""
        found = self.runs(workflow)
        assert len(found) == 1, f"There are {len(found)} runs"
        return found[0]

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
        self._letters.tick()
        due = [*self.runtime.outbox.due(limit=100)]
        for run_id in due:
            self._hands.deliver(run_id)
        return bool(due)


@contextlib.contextmanager
def rehearsing(
    *workflows: Workflow[Any, Any],
    folder: Path,
    tools: Mapping[type[Any], Any] | None = None,
    over: Transport = "socket",
    on_call: Callable[[ApiCall], None] | None = None,
    settings: More = _no_more,
) -> Iterator[Rehearsal]:
    """A rehearsal of these workflows; its database is in `folder`, `tools` are connectors by class.

    `over` says how Slack and Baton speak with each other, `on_call` sees every call to Slack, `settings` gives more
    settings by their names.
    """
    with rehearsing_as(Rehearsal, *workflows, folder=folder, tools=tools, over=over, on_call=on_call,
                       settings=settings) as rehearsal:  # fmt: skip
        yield rehearsal


@contextlib.contextmanager
def rehearsing_as(
    kind: type[R],
    *workflows: Workflow[Any, Any],
    folder: Path,
    tools: Mapping[type[Any], Any] | None = None,
    over: Transport = "socket",
    on_call: Callable[[ApiCall], None] | None = None,
    settings: More = _no_more,
) -> Iterator[R]:
    """The same with a rehearsal of your own kind."""
    clock = ManualClock()
    with LocalWorkspace(manifest(workflows), clock=clock) as workspace:
        if on_call is not None:
            workspace.on_call(on_call)
        made = _settings(workspace, folder, over, settings(workspace))
        runtime = RehearsalRuntime(made, clock, workflows, tools or {})
        runtime.migrate()
        side = slack_side(runtime)
        assert side is not None
        try:
            with _connected(workspace, runtime, side, over):
                rehearsal = kind(workspace, runtime, side, clock, tools or {})
                yield rehearsal
                rehearsal.quiet()
        finally:
            side.close()
            runtime.close()


def _settings(workspace: LocalWorkspace, folder: Path, over: Transport, more: Mapping[str, Any]) -> Settings:
    """Settings that nothing of this machine's environment has a part in, as far as Slack and the data go."""
    given: dict[str, Any] = {
        "baton_home": folder / "home", "database_url": f"sqlite:///{folder / 'baton.db'}", "redis_url": "",
        "baton_workflows": "", "slack_bot_token": workspace.bot_token, "slack_api_url": workspace.api_url,
        "slack_app_token": workspace.app_token if over == "socket" else None,
        "slack_signing_secret": workspace.signing_secret if over == "http" else None,
        "baton_roles": {}, "baton_admins": (), "baton_approvers": (), "baton_channel": "", "baton_ops_channel": "",
    }  # fmt: skip
    return read_settings(**(given | dict(more)))


@contextlib.contextmanager
def _connected(workspace: LocalWorkspace, runtime: Runtime, side: SlackSide, over: Transport) -> Iterator[None]:
    side.start()
    if over == "socket":
        workspace.wait_connected()
        yield
        return
    with serving(create_app(runtime, slack=side)) as address:
        url = f"{address}{EVENTS_PATH}"
        assert workspace.verify(url), "The web application does not answer Slack's challenge"
        workspace.deliver_to(url)
        yield


@contextlib.contextmanager
def serving(app: Any, port: socket.socket | None = None) -> Iterator[str]:
    """An application on this port of this machine, or on a free one; its address."""
    with port or socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="rehearsal-web", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
