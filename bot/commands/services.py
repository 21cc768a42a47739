"""The commands that keep running: web, worker and clock, all of them at once, and the migration before them."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from bot import logs
from bot.beating import beating
from bot.clock import Clock
from bot.embedded import NoEmbeddedRedis, embedded_redis
from bot.parts import (
    check_redis_url,
    clock_ticks,
    database_is_ready,
    grace_of,
    parts,
    prefixed,
    redis_keeper,
    wait_in_child,
    worker_parent,
)
from bot.runtime import Runtime
from bot.settings import Settings, read_settings
from bot.up import Group, StopSignals, follow_parent
from bot.web.app import create_app
from bot.web.serving import PortTaken, inherited, listen, serve
from bot.web.slack import SlackSide, slack_side
from workflows.engine.beats.model import PartKind
from workflows.engine.errors import BatonError

NO_REDIS = "No Redis is set and none runs here. Start everything with `baton up`, or set REDIS_URL."

UNDER_HONCHO = "HONCHO_PROCESS_NAME"
"""Set by honcho for the processes that it starts."""

Port = Annotated[int | None, typer.Option(help="Where to listen; 0 takes a free port.", show_default="PORT, or 8010")]


def up(port: Port = None) -> int:
    """Run everything here: web, worker and clock, with Redis when none is set.

    Stays in front until ctrl-C or SIGTERM, then lets running steps finish; a second ctrl-C stops at once. A part
    that dies is started again.
    """
    settings = _settings(port=port)
    with (
        _failing(),
        StopSignals() as signals,
        listen(settings.baton_host, settings.port) as listening,
        _redis(settings, start=True) as redis_url,
    ):
        with _closing(Runtime(settings, redis_url)) as runtime:
            runtime.migrate()
        tend = redis_keeper(settings, redis_url, prefixed)
        group = Group(parts(settings, redis_url, listening), prefixed, grace=grace_of(settings), tend=tend)
        bound = listening.getsockname()[1]
        prefixed("up", f"Baton runs at http://{settings.baton_host}:{bound} with its data in {settings.home}")
        prefixed("up", "ctrl-C stops it; `baton --help` in another terminal lists what it can do")
        signals.group = group
        code = group.run()
    prefixed("up", "stopped" if code == 0 else "stopped, and had to kill what did not stop by itself")
    return code


def web(
    port: Port = None,
    *,
    open_metrics: Annotated[
        bool, typer.Option("--open-metrics", help="Show /metrics to other machines too, not to this one alone.")
    ] = False,
) -> int:
    """Run the web process: Slack, hooks, health, metrics and the local site.

    It listens on this machine alone unless BATON_HOST names another address.
    """
    follow_parent()
    settings = _settings(port=port)
    with _failing(), _redis(settings) as redis_url, _closing(Runtime(settings, redis_url, rings_aside=True)) as runtime:
        listening = inherited() or listen(settings.baton_host, settings.port)
        with _slack(runtime) as slack, beating(runtime, PartKind.WEB):
            return serve(create_app(runtime, open_metrics=open_metrics, slack=slack), listening)


def worker(
    processes: Annotated[int | None, typer.Option(min=1, help="Processes.", show_default="BATON_PROCESSES")] = None,
    lanes: Annotated[int | None, typer.Option(min=1, help="Runs at a time.", show_default="BATON_LANES")] = None,
    queues: Annotated[str | None, typer.Option(help="Queues, by commas.", show_default="BATON_QUEUES")] = None,
) -> int:
    """Run a worker: it advances runs until SIGTERM or ctrl-C, then lets running steps finish.

    Without the database or Redis it waits until they are there.
    """
    follow_parent()
    settings = _settings(baton_processes=processes, baton_lanes=lanes, baton_queues=queues)
    with _redis(settings) as redis_url:
        os.environ["REDIS_URL"] = redis_url  # for the processes that it starts
        stopped = wait_in_child(functools.partial(database_is_ready, settings))
        return 0 if stopped else worker_parent(settings, redis_url).run()


def clock() -> int:
    """Run the clock: it rings what is due, starts scheduled runs, reminds approvers, and polls for BATON_TRIGGER.

    Any number of clocks may run.
    """
    follow_parent()
    settings = _settings()
    with _redis(settings) as redis_url:
        stopped = wait_in_child(functools.partial(database_is_ready, settings))
        if stopped:
            return 0
        with _closing(Runtime(settings, redis_url)) as runtime, beating(runtime, PartKind.CLOCK):
            return Clock(clock_ticks(runtime)).run()


def migrate() -> None:
    """Bring the database up to this release. Nothing happens when it is there already.

    Under honcho, which ends every process when one ends, it stays until it is told to go.
    """
    settings = _settings()
    with _closing(Runtime(settings)) as runtime:
        typer.echo(f"The database is at revision {runtime.migrate()}.")
    if UNDER_HONCHO in os.environ:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.pause()


@contextlib.contextmanager
def _failing() -> Iterator[None]:
    """End with exit code 1, and the reason in one line, where the machine is at fault and not the command."""
    try:
        yield
    except (PortTaken, NoEmbeddedRedis) as error:
        typer.echo(f"baton: {error}", err=True)
        raise typer.Exit(1) from None


def _settings(**given: Any) -> Settings:
    settings = read_settings(**{name: value for name, value in given.items() if value is not None})
    logs.configure(settings)
    return settings


@contextlib.contextmanager
def _redis(settings: Settings, *, start: bool = False) -> Iterator[str]:
    """The address of Redis: as set, or this home's own. Raises BatonError where there is none."""
    if settings.redis_url:
        check_redis_url(settings.redis_url)
        yield settings.redis_url
        return
    with embedded_redis(settings, start=start) as url:
        if url is None:
            raise BatonError(NO_REDIS)
        yield url


@contextlib.contextmanager
def _slack(runtime: Runtime) -> Iterator[SlackSide | None]:
    """The Slack side, connected or connecting; None where Slack is not set up."""
    side = slack_side(runtime)
    if side is None:
        yield None
        return
    side.start()
    try:
        yield side
    finally:
        side.close()


@contextlib.contextmanager
def _closing(runtime: Runtime) -> Iterator[Runtime]:
    try:
        yield runtime
    finally:
        runtime.close()
