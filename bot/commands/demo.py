"""`baton demo`: everything on this machine, with an article to write, decide on and read."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NoReturn

import httpx
import typer

from bot import printing
from bot.commands import DONE, FAILED
from bot.commands.documents import reason
from bot.commands.editor import Editor, editor
from bot.commands.outcome import asks
from bot.commands.session import Session, quiet
from bot.commands.watching import Watch
from bot.embedded import NoEmbeddedRedis, embedded_redis
from bot.parts import grace_of, parts, redis_keeper
from bot.runtime import Runtime
from bot.settings import Settings, read_settings
from bot.up import Group
from bot.web.serving import PortTaken, listen
from integrations.errors import ConnectorError
from integrations.local_topics.front_matter import changed
from integrations.protocols import Topics, TopicStatus
from workflows.engine.errors import BatonError
from workflows.engine.model import OVER, Outcome, Run, RunState
from workflows.engine.ports import RunQuery
from workflows.library.content_pipeline import Order, Published, content_pipeline

TOPICS = Path(__file__).parent.parent / "demo" / "topics"
STARTER = "demo:ana"
"""Who starts the run, so that the person at the terminal is another and may decide."""
PATIENCE = 90.0
"""Seconds that the parts get to be ready."""

Topic = Annotated[
    str,
    typer.Option(
        help="What to write about: a topic's file without .md, or a page in Notion.", show_default="one of the topics"
    ),
]


class DemoFailed(BatonError):
    """The demo can't go on; the text says why."""


def demo(topic: Topic = "") -> int:
    """Try Baton: write an article, decide on it, and read it on a site on this machine.

    Everything is in `demo` in BATON_HOME, with a database and a Redis of its own. With keys in .env it uses Notion,
    WordPress and a language model instead of local ones.
    """
    quiet()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    settings = _demo_settings()
    try:
        with _only_one(settings), _listening(settings) as listening, embedded_redis(settings) as redis_url:
            settings = read_settings()  # now with the port
            with _running(settings, redis_url or "", listening) as session:
                return _show(session, topic)
    except (DemoFailed, NoEmbeddedRedis, PortTaken) as error:
        typer.echo(f"baton: {error}", err=True)
        return FAILED


def _leave(*_: object) -> NoReturn:
    raise KeyboardInterrupt


# the stage -----------------------------------------------------------------------------------------------


def _demo_settings() -> Settings:
    """Settings of the demo's own, for this process and those it starts: its home, database, Redis and editor."""
    settings = read_settings()
    home = settings.home / "demo"
    os.environ.update(
        BATON_HOME=str(home),
        DATABASE_URL="",
        REDIS_URL="",
        BATON_URL="",
        BATON_HOST="127.0.0.1",
        BATON_APPROVERS=settings.actor,
        BATON_ACTOR=settings.actor,
        BATON_TRIGGER="",
        BATON_TOPICS=str(home / "topics"),
        BATON_QUEUES="default",
        BATON_PROCESSES="1",
    )
    home.mkdir(parents=True, exist_ok=True)
    return read_settings()


@contextlib.contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    with (settings.home / "lock").open("a+b") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoFailed(f"A demo runs in {settings.home} already. End it, or set BATON_HOME.") from None
        yield


@contextlib.contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    """The usual port, or any if that is taken."""
    try:
        listening = listen(settings.baton_host, settings.port)
    except PortTaken:
        listening = listen(settings.baton_host, 0)
    with listening:
        os.environ["PORT"] = str(listening.getsockname()[1])
        yield listening


@contextlib.contextmanager
def _running(settings: Settings, redis_url: str, listening: socket.socket) -> Iterator[Session]:
    """Everything up and ready; its log is a file. Afterwards all of it has ended."""
    _lay_out_topics(settings)
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
            printing.say(f"Baton is at {settings.address}")
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


def _lay_out_topics(settings: Settings) -> None:
    """Copy the shipped topics; those that are there stay as they were edited, and become ready again."""
    folder = settings.home / "topics"
    folder.mkdir(exist_ok=True)
    for shipped in sorted(TOPICS.glob("*.md")):
        there = folder / shipped.name
        text = (there if there.exists() else shipped).read_text(encoding="utf-8")
        there.write_text(changed(text, {"status": TopicStatus.READY.value}), encoding="utf-8")


# the play ------------------------------------------------------------------------------------------------


def _show(session: Session, topic: str) -> int:
    order = Order(topic=topic or _some_topic(session), channel="#content")
    run = session.runtime.service.start(content_pipeline.name, order, by=STARTER)
    printing.say(f"{STARTER} asks for an article about {order.topic}. You are {session.actor}, the editor.", "")
    run = _played(session, run, editor())
    if run.state is not RunState.SUCCEEDED:
        return _told_end(session, run)
    published = Published.model_validate_json(run.output or "{}")
    printing.say("", f"Published: {published.title}", published.url)
    _prove(session, published)
    if not sys.stdin.isatty() or not sys.stdout.isatty():
        return DONE
    printing.say("", "Everything stays up until ctrl-C. `baton demo` again writes about another topic.")
    return _stay()


def _some_topic(session: Session) -> str:
    """Another one each time."""
    try:
        ready = session.runtime.connectors.get(Topics).find(TopicStatus.READY, limit=50).items
    except ConnectorError as error:
        raise DemoFailed(str(error)) from None
    if not ready:
        raise DemoFailed("No topic is ready. Set one to ready, or name one: baton demo --topic …")
    former = session.runtime.store.runs(RunQuery(workflow=content_pipeline.name, started_by=STARTER, limit=1000))
    names = sorted((ref.id for ref in ready), reverse=True)
    return names[len(former) % len(names)]


def _played(session: Session, run: Run, by: Editor) -> Run:
    """Watch the run, and answer what it asks, until it is over."""
    watch = Watch(session, quiet=False)
    store = session.runtime.store
    while True:
        run = watch.until_it_rests(run.id)
        if run.state in OVER or run.state is RunState.PARKED or not asks(session, run):
            return run
        for approval in store.approvals(run_id=run.id):
            answer = by.decide(approval)
            session.runtime.service.decide(approval.id, answer.outcome, by=session.actor, comment=answer.comment)


def _told_end(session: Session, run: Run) -> int:
    made = [
        d
        for a in session.runtime.store.approvals(run_id=run.id, state=None)
        for d in session.runtime.store.decisions(a.id)
    ]
    if made and made[-1].outcome is Outcome.REJECTED:
        printing.say("", "You rejected it, so nothing was published. The topic is ready again at the next demo.")
        return DONE
    printing.say("", f"The run is {run.state}: {reason(run)}")
    return FAILED


def _prove(session: Session, published: Published) -> None:
    """Read the page as any visitor would; only a site of our own is asked."""
    if not published.url.startswith(f"{session.settings.address}/site/"):
        return
    page = httpx.get(published.url, timeout=10, trust_env=False)
    if page.status_code != 200 or "<article>" not in page.text:
        raise DemoFailed(f"{published.url} is not served: the answer was {page.status_code}.")
    printing.say(f"The page is there: {len(page.content):,} bytes.")


def _stay() -> int:
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return DONE
