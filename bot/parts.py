"""What web, worker and clock are made of, and how `baton up` and `baton demo` start the three."""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import FrameType

import structlog
from redis import Redis

from bot.beating import pulse_of, this_part
from bot.clock import Tick
from bot.embedded import NoEmbeddedRedis, revive
from bot.forking import Line, fork
from bot.hooks.making import LazyWatch
from bot.hooks.standing import of_mailboxes
from bot.keeping import Keeping
from bot.outage import Outage
from bot.presence import LOOK_EVERY, Mourner
from bot.runtime import Runtime
from bot.settings import Settings
from bot.slack.delivery.ringing import DueCards
from bot.supervisor import WorkerParent
from bot.triggers import TopicsTrigger
from bot.up import PROGRAM, Part, Say
from bot.web.serving import LISTEN_FD
from bot.worker import WorkerSettings
from integrations.protocols import Topics
from workflows import catalog
from workflows.engine.beats.model import PartKind
from workflows.engine.errors import BatonError, StoreUnavailable
from workflows.engine.letters.tending import LetterTick

BATCH = 200
MOST_BATCHES = 25
"""Batches of lost rings that one tick rings at most."""
RECOUNT_EVERY = timedelta(minutes=10)
PRUNE_EVERY = timedelta(hours=1)
ALERT_EVERY = timedelta(seconds=20)
"""Between two looks for what may be wrong."""
AWAY_EVERY = timedelta(minutes=1)
"""Between two looks at whether those who are asked are there."""
MAIL_EVERY = timedelta(seconds=30)
"""Between two looks into a mailbox."""
POLL_EVERY = timedelta(seconds=5)
OLD_BULKS = 5
"""So many bulks are deleted in one transaction; one may be about thousands of runs."""
MOVING = 2.0
"""Seconds for which one tick carries out bulks."""
RING_EVERY = timedelta(seconds=0.25)
"""Between two looks for cards in Slack that are to be shown."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


# processes -----------------------------------------------------------------------------------------------


def parts(
    settings: Settings, redis_url: str, listening: socket.socket, env: Mapping[str, str] | None = None
) -> list[Part]:
    """The three processes; `env` is what they read beside this process's environment."""
    shared = {
        "REDIS_URL": redis_url,
        "BATON_HOME": str(settings.home),
        "PORT": str(listening.getsockname()[1]),
        "BATON_LOG": os.environ.get("BATON_LOG", "") or "console",
        **({"FORCE_COLOR": "1"} if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else {}),
        **(env or {}),
    }
    listen = {LISTEN_FD: str(listening.fileno())}
    return [
        Part("web", (*PROGRAM, "web"), shared | listen, (listening.fileno(),)),
        Part("worker", (*PROGRAM, "worker"), shared),
        Part("clock", (*PROGRAM, "clock"), shared),
    ]


def grace_of(settings: Settings) -> float:
    """Seconds after which a part that does not stop is killed: the worker's own patience comes first."""
    return settings.baton_grace + 8.0


def prefixed(name: str, line: str) -> None:
    """Print a part's line behind its name."""
    with contextlib.suppress(OSError):  # nobody may be there to read
        sys.stdout.write(f"{name:<6} | {line}\n")
        sys.stdout.flush()


def redis_keeper(settings: Settings, url: str, say: Say) -> Callable[[], None] | None:
    """What starts this home's own Redis again when it dies; None when Redis is somebody else's."""
    if settings.redis_url:
        return None
    outage = Outage("the embedded redis")

    def tend() -> None:
        try:
            if revive(settings, url):
                say("up", "redis ended: started it again")
        except NoEmbeddedRedis as error:
            if not outage.delay:
                say("up", str(error))
            outage.failed(error)
        else:
            outage.worked()

    return tend


# what they work on ---------------------------------------------------------------------------------------


def check_redis_url(url: str) -> None:
    """Raise BatonError for what is no address; nobody is asked."""
    try:
        Redis.from_url(url).close()
    except ValueError as error:
        raise BatonError(f"REDIS_URL is no address of a Redis server: {error}") from None


def database_is_ready(settings: Settings, line: Line) -> int:
    """Wait until the database is there and fit for this release, and tell what of the catalogue is broken."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    runtime = Runtime(settings)
    for broken in runtime.catalogue.broken:
        log.warning("a module of workflows could not be loaded", source=broken.source, reason=broken.reason)
    outage = Outage("the database")
    while line.receive(outage.delay) is not None:
        trouble = _trouble(runtime)
        if trouble is None:
            outage.worked()
            break
        outage.failed(trouble)
    return 0


def _trouble(runtime: Runtime) -> StoreUnavailable | None:
    """Why the database can't be worked with, if so."""
    try:
        old = runtime.needs_migration()
    except StoreUnavailable as error:
        return error
    return StoreUnavailable("Its tables are missing or of an older release: run `baton migrate`.") if old else None


def wait_in_child(run: Callable[[Line], int]) -> bool:
    """Wait for a child that waits for something, so that this process stays fit to fork; True when told to stop."""
    told = []

    def stop(number: int, _frame: FrameType | None) -> None:
        told.append(number)

    former = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    process = fork(run, [])
    code = None
    while code is None and not told:
        time.sleep(0.02)
        code = process.ended()
    if code is None:
        process.kill()
        while process.ended() is None:
            time.sleep(0.01)
    process.line.close()
    for number, handler in former.items():
        signal.signal(number, handler)
    return bool(told)


# the worker and the clock --------------------------------------------------------------------------------


def worker_parent(settings: Settings, redis_url: str) -> WorkerParent:
    """The parent of this machine's worker processes. All that opens something is made in the process that uses it."""
    for name in catalog.SHIPPED:
        with contextlib.suppress(Exception):  # its children say what is wrong with it
            importlib.import_module(name)
    worker = WorkerSettings(
        redis_url,
        processes=settings.baton_processes,
        lanes=settings.baton_lanes,
        queues=settings.baton_queues,
        lease=settings.lease,
        grace=timedelta(seconds=settings.baton_grace),
    )
    make, me = functools.partial(Runtime, settings, redis_url), this_part(PartKind.WORKER)
    return WorkerParent(
        worker, lambda owner: make().hands(owner), lambda: make().store, lambda: make().queue, make().roster,
        lambda: pulse_of(make(), me),
    )  # fmt: skip


def _look_at_schedules(runtime: Runtime) -> None:
    runtime.schedule_pass.look()


def _look_for_trouble(runtime: Runtime) -> None:
    runtime.schedule_alarms.look()
    runtime.alerts.look()


def _look_who_is_away(runtime: Runtime) -> None:
    runtime.hastening.look()


def _forget_alerts(runtime: Runtime) -> None:
    runtime.alerts.forget()
    runtime.part_watch.forget()


def _forget_drafts(runtime: Runtime) -> None:
    """Delete what people were shown and did not save."""
    while runtime.store.drafts.forget(limit=BATCH) == BATCH:
        pass
    while runtime.store.bulks.forget(limit=OLD_BULKS) == OLD_BULKS:
        pass


def _move_bulks(runtime: Runtime) -> None:
    """Carry out moves of whole groups, for a moment: a clock that is told to stop does not keep others waiting."""
    until = runtime.clock.monotonic() + MOVING
    while runtime.mover.carry_on() is not None and runtime.clock.monotonic() < until:
        pass


def _forget_inbound(runtime: Runtime) -> None:
    """Delete what hooks told of long ago."""
    while runtime.store.inbound.forget(runtime.settings.hook_keep, limit=BATCH) == BATCH:
        pass


def _mailbox_ticks(runtime: Runtime) -> list[Tick]:
    """A look into each mailbox whose hook is open; one that can't be read is told of, and looked into again."""
    watches = [LazyWatch(runtime, hook) for hook in of_mailboxes(runtime.settings, runtime.catalogue)]
    return [Tick(f"mailbox {watch.name}", MAIL_EVERY, watch.look) for watch in watches]


def clock_ticks(runtime: Runtime) -> list[Tick]:
    """What the clock does again and again."""
    every = timedelta(seconds=runtime.settings.baton_tick)
    service = runtime.service

    def rescue() -> None:
        for _ in range(MOST_BATCHES):
            if service.rescue(limit=BATCH) < BATCH:
                return

    def remind() -> None:
        for _ in range(MOST_BATCHES):
            if runtime.store.remind(limit=BATCH) < BATCH:
                return

    ticks = [
        Tick("rescue", every, rescue),
        Tick("dead", timedelta(seconds=LOOK_EVERY), Mourner(runtime.roster, runtime.store, runtime.queue).look),
        Tick("remind", every, remind),
        Tick("schedules", every, functools.partial(_look_at_schedules, runtime)),
        Tick("recount", RECOUNT_EVERY, runtime.store.recount),
        Tick("letters", RING_EVERY, LetterTick(runtime.store.letters, runtime.clock.monotonic).tick),
    ]
    ticks.append(Tick("bulks", every, functools.partial(_move_bulks, runtime)))
    ticks.append(Tick("alerts", ALERT_EVERY, functools.partial(_look_for_trouble, runtime)))
    ticks.append(Tick("old alerts", PRUNE_EVERY, functools.partial(_forget_alerts, runtime)))
    ticks.append(Tick("drafts", PRUNE_EVERY, functools.partial(_forget_drafts, runtime)))
    ticks.append(Tick("old hook events", PRUNE_EVERY, functools.partial(_forget_inbound, runtime)))
    ticks += _mailbox_ticks(runtime)
    ticks += _pruning(runtime)
    if runtime.settings.has_slack:
        ticks.append(Tick("away", AWAY_EVERY, functools.partial(_look_who_is_away, runtime)))
        ticks.append(Tick("deliver", RING_EVERY, DueCards(runtime.outbox, runtime.queue, runtime.clock.monotonic).tick))
    if runtime.settings.baton_trigger == "topics":
        connectors, channel = runtime.connectors, runtime.settings.baton_trigger_channel
        trigger = TopicsTrigger(lambda: connectors.get(Topics), lambda: service, runtime.store, channel)

        def poll() -> None:
            trigger.tick()

        ticks.append(Tick("topics", POLL_EVERY, poll))
    return ticks


def _pruning(runtime: Runtime) -> list[Tick]:
    """Deleting old runs, where the settings say how old."""
    keep = runtime.settings.keep
    return [Tick("prune", PRUNE_EVERY, Keeping(runtime.retention, runtime.clock.now, keep).tick)] if keep else []
