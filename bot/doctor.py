"""`baton doctor`: looks at every part, and says in words what is wrong and what to do."""

from __future__ import annotations

import importlib
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from redis.exceptions import RedisError
from rq import Worker

from bot.alerts.rules import read_rules
from bot.embedded import embedded_redis_url
from bot.findings import Finding
from bot.hooks.standing import hook_standings
from bot.living import part_findings
from bot.runtime import Runtime
from bot.settings import Settings, read_settings
from bot.telling import count
from integrations.base import Connector, Health
from integrations.protocols import Topics
from workflows.engine.drafting import policies_in
from workflows.engine.errors import BatonError
from workflows.engine.model import OPEN
from workflows.engine.plan import plan_of
from workflows.engine.ports import RunQuery

PYTHON = (3, 11)
REDIS = (6, 2)
ENOUGH_ROOM = 200 * 1024 * 1024
"""Bytes below which a disk is about to be full."""
OVERDUE = timedelta(seconds=60)
"""After so long a run that nobody holds and nobody rang shows that no clock is running."""
PATIENCE = 10.0
"""Seconds that all connectors together get to answer."""


def examine(patience: float = PATIENCE) -> list[Finding]:
    """Check everything; no check keeps the others from being made."""
    findings = [_python()]
    try:
        settings = read_settings()
    except BatonError as error:
        return [*findings, Finding("Settings", False, str(error), "Correct the environment or .env.")]
    findings.append(Finding("Settings", True, f"command-line user {settings.actor}, data in {settings.home}"))
    redis_url = settings.redis_url or embedded_redis_url(settings) or ""
    runtime = Runtime(settings, redis_url)
    checks: Sequence[Callable[[], Iterator[Finding]]] = (
        lambda: _room(settings),
        lambda: _database(runtime),
        lambda: _redis(runtime, redis_url),
        lambda: _catalogue(runtime),
        lambda: _approvers(settings),
        lambda: _policies(runtime),
        lambda: _alerts(settings),
        lambda: _hooks(runtime),
        lambda: slack_findings(runtime),
        lambda: _connectors(runtime, patience),
    )
    for check in checks:
        findings += _made(check)
    runtime.close()
    return findings


def _alerts(settings: Settings) -> Iterator[Finding]:
    """Whether the file of alerts can be used, where there is one."""
    if settings.baton_alerts is None:
        return
    try:
        rules = read_rules(settings.baton_alerts)
    except BatonError as error:
        yield Finding("Alerts", False, str(error), "docs/howto/alerts.md shows how it is written.")
    else:
        yield Finding("Alerts", True, f"{count(len(rules.route), 'route')} in {settings.baton_alerts}")


def slack_findings(runtime: Runtime) -> Iterator[Finding]:
    """How Baton stands with Slack; without a bot token nobody is asked."""
    if not runtime.settings.has_slack:
        advice = "docs/howto/install-in-slack.md shows how; `baton demo` needs no account."
        yield Finding("Slack", None, "not set up", advice)
        return
    checking = importlib.import_module("bot.slack.checking")  # Slack's library is heavy, and most do without it
    for found in checking.checked(runtime.settings, runtime.slack_directory, runtime.slack_token):
        yield Finding(found.part, found.ok, found.words, found.advice)
    yield from _unseen(runtime)


def _unseen(runtime: Runtime) -> Iterator[Finding]:
    """Runs whose messages don't get where they should be seen."""
    try:
        troubled = runtime.outbox.troubled(limit=5)
    except BatonError:
        return  # the database's own finding says what is wrong with it
    for card in troubled:
        yield Finding(f"Run {card.run_id} in Slack", None, card.error, f"`baton show {card.run_id}` says more.")


def _made(check: Callable[[], Iterator[Finding]]) -> list[Finding]:
    found: list[Finding] = []
    try:
        found.extend(check())
    except BatonError as error:
        found.append(Finding("Settings", False, str(error), "Correct the environment or .env."))
    except Exception as error:  # noqa: BLE001 - a check that breaks is a finding, and the others are still made
        found.append(Finding("A check", False, f"could not be made: {type(error).__name__}: {error}"))
    return found


# this machine --------------------------------------------------------------------------------------------


def _python() -> Finding:
    has = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info[:2] >= PYTHON:
        return Finding("Python", True, has)
    wanted = ".".join(map(str, PYTHON))
    return Finding(
        "Python", False, f"{has} is too old", f"Install Python {wanted} or newer, then make a new environment."
    )


def _room(settings: Settings) -> Iterator[Finding]:
    home = settings.home
    there = next(path for path in (home, *home.parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        advice = "Give this user the right to write there, or set BATON_HOME to another folder."
        yield Finding("Home", False, f"{there} can't be written", advice)
        return
    free = shutil.disk_usage(there).free
    words = f"{home} can be written, {free // 1024**2:,} MB are free"
    if free < ENOUGH_ROOM:
        yield Finding("Home", False, words, "Free some space, or delete old runs with `baton prune --older-than 90d`.")
    else:
        yield Finding("Home", True, words)


# the database --------------------------------------------------------------------------------------------


def _database(runtime: Runtime) -> Iterator[Finding]:
    settings = runtime.settings
    if not settings.database_url and not Path(settings.home / "baton.db").exists():
        yield Finding("Database", True, "not made yet: the first command makes it")
        return
    try:
        old = runtime.needs_migration()
        words = runtime.store.ping()
    except BatonError as error:
        yield Finding("Database", False, str(error), "Start it, or correct DATABASE_URL.")
        return
    if old:
        yield Finding("Database", False, f"{words}, of an older release or empty", "Run `baton migrate`.")
        return
    yield Finding("Database", True, words)
    yield _clock(runtime)
    yield from part_findings(runtime)
    yield from _schedules(runtime)


def _clock(runtime: Runtime) -> Finding:
    """A running clock rings what is due, so that nothing stays overdue."""
    now = runtime.clock.now()
    late = [
        run
        for run in runtime.store.runs(RunQuery(states=OPEN, limit=1000))
        if run.wake_at is not None
        and now - run.wake_at > OVERDUE
        and (run.lease_until is None or run.lease_until < now)
    ]
    if not late:
        return Finding("Clock", True, "no run is overdue")
    some = f"{len(late)} run{'' if len(late) == 1 else 's'}"
    return Finding(
        "Clock", False, f"{some} should have gone on by now", "Start `baton clock` and `baton worker`, or `baton up`."
    )


# Redis and workers ---------------------------------------------------------------------------------------


def _redis(runtime: Runtime, url: str) -> Iterator[Finding]:
    if not url:
        yield Finding(
            "Redis", None, "nothing is running here", "`baton up` starts everything, with a Redis of its own."
        )
        return
    try:
        said = str(runtime.redis.info("server").get("redis_version", ""))
    except ValueError as error:
        yield Finding("Redis", False, str(error), "Correct REDIS_URL, for instance redis://127.0.0.1:6379/0.")
        return
    except (RedisError, OSError) as error:
        yield Finding("Redis", False, f"can't be reached: {error}", "Start it, or correct REDIS_URL.")
        return
    if _version(said) < REDIS:
        wanted = ".".join(map(str, REDIS))
        yield Finding("Redis", False, f"version {said} is too old", f"Use Redis {wanted} or newer, or Valkey.")
        return
    yield Finding("Redis", True, f"version {said}")
    yield _workers(runtime)


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2] if part.isdigit())


def _workers(runtime: Runtime) -> Finding:
    workers = Worker.all(connection=runtime.redis)
    served = {name for worker in workers for name in worker.queue_names()}
    unserved = sorted({workflow.queue for workflow in runtime.catalogue.all()} - served)
    if not workers:
        return Finding("Workers", False, "none is alive", "Start `baton worker`, or `baton up` for everything.")
    some = f"{len(workers)} worker process{'' if len(workers) == 1 else 'es'}"
    if unserved:
        advice = "Start a worker with them in BATON_QUEUES."
        return Finding("Workers", False, f"{some}, but nobody works on: {', '.join(unserved)}", advice)
    return Finding("Workers", True, some)


# workflows, people, connectors ---------------------------------------------------------------------------


def _catalogue(runtime: Runtime) -> Iterator[Finding]:
    installed = runtime.catalogue.all()
    for broken in runtime.catalogue.broken:
        yield Finding(
            "Workflows", False, f"{broken.source} could not be loaded: {broken.reason}", "Mend it, then restart."
        )
    for workflow in installed:
        for problem in plan_of(workflow).errors:
            advice = "It runs, but its card grows as steps happen. Mend it for a whole plan."
            yield Finding("Workflows", False, f"the plan of {workflow.name} is not whole: {problem}", advice)
    yield Finding("Workflows", True, f"{len(installed)} installed")


def _approvers(settings: Settings) -> Iterator[Finding]:
    if settings.baton_approvers:
        yield Finding("Approvers", True, ", ".join(settings.baton_approvers))
    else:
        advice = (
            f"Set BATON_APPROVERS, for instance to {settings.actor}. Workflows that name nobody can't start without."
        )
        yield Finding("Approvers", None, "nobody is set", advice)


def _policies(runtime: Runtime) -> Iterator[Finding]:
    """Whether the file of policies can be used, and whether every policy that a workflow names is there."""
    try:
        book = runtime.book
    except BatonError as error:
        yield Finding("Policies", False, str(error), "Correct the file: no worker starts with it.")
        return
    for name, (code, users) in policies_in(runtime.catalogue.all()).items():
        try:
            book.policy(code or name)
        except BatonError as error:
            yield Finding("Policies", False, f"{', '.join(users)}: {error}", "Its approvals can't be asked for.")
    if book.policies or book.quiet:
        quiet = ", quiet hours are kept" if book.quiet else ""
        yield Finding("Policies", True, f"{', '.join(sorted(book.policies)) or 'none'} in the settings{quiet}")


def _hooks(runtime: Runtime) -> Iterator[Finding]:
    """Hooks that the settings name, and what keeps them from being called."""
    settings = runtime.settings
    named = settings.baton_hooks.keys() | settings.baton_hook_secrets.keys()
    for one in (one for one in hook_standings(settings, runtime.catalogue) if one.name in named):
        yield Finding(f"Hook {one.name}", not one.trouble, one.trouble or f"open at {one.address}")


def _schedules(runtime: Runtime) -> Iterator[Finding]:
    """Schedules whose ticks start nothing although nobody paused anything."""
    for schedule in (one for one in runtime.store.schedules.all() if one.trouble):
        advice = f"Put it right, or `baton schedule pause {schedule.name}`."
        yield Finding(f"Schedule {schedule.name}", False, schedule.trouble, advice)


def _connectors(runtime: Runtime, patience: float) -> Iterator[Finding]:
    """Ask every connector at once; who does not answer in time is not waited for."""
    bound = list(runtime.connectors.bound())
    settings = runtime.settings
    if settings.notion_token is None and settings.baton_topics is None and not (settings.home / "topics").exists():
        bound = [cls for cls in bound if cls is not Topics]
        advice = "Put topics there as Markdown files, name another folder in BATON_TOPICS, or set NOTION_TOKEN."
        yield Finding("Topics", None, f"none yet: there is no folder {settings.home / 'topics'}", advice)
    answers: dict[type[Connector], Health] = {}
    threads = [threading.Thread(target=_ask, args=(runtime, cls, answers), daemon=True) for cls in bound]
    for thread in threads:
        thread.start()
    deadline = runtime.clock.monotonic() + patience
    for thread in threads:
        thread.join(max(deadline - runtime.clock.monotonic(), 0))
    silent = Health(False, f"did not answer within {patience:.0f} seconds")
    alike: dict[Health, list[str]] = {}
    for cls in bound:
        alike.setdefault(answers.get(cls, silent), []).append(cls.__name__)
    for health, names in alike.items():
        yield Finding(", ".join(names), health.ok, health.words)


def _ask(runtime: Runtime, cls: type[Any], answers: dict[type[Connector], Health]) -> None:
    try:
        answers[cls] = runtime.connectors.health(cls)
    except Exception as error:  # noqa: BLE001 - whatever a connector raises, it can't work
        answers[cls] = Health(False, f"{type(error).__name__}: {error}")
