"""The command: prepares the stage, and lets a person or the story play on it."""

from __future__ import annotations

import signal
import sys
import time
from typing import Annotated, NoReturn

import typer

from bot import printing
from bot.commands import DONE, FAILED
from bot.commands.demo.guide import Guide
from bot.commands.demo.stage import DemoFailed, Stage, stage
from bot.commands.demo.story import play, read
from bot.commands.session import quiet
from bot.embedded import NoEmbeddedRedis
from bot.web.serving import PortTaken
from integrations.errors import ConnectorError
from integrations.protocols import Topics, TopicStatus

LOOK_EVERY = 0.3
"""Seconds between two looks of the guide."""

Topic = Annotated[
    str,
    typer.Option(
        help="What to write about: a topic's file without .md, or a page in Notion.", show_default="one of the topics"
    ),
]


def demo(topic: Topic = "") -> int:
    """Try Baton in a local Slack workspace: write an article, decide on it, and read it.

    Prints the address of a page, and stays up until ctrl-C. Without a terminal it plays the story by itself, and ends.
    Everything is in `demo` in BATON_HOME, with a database and a Redis of its own. With keys in .env it uses Notion,
    WordPress and a language model instead of local ones.
    """
    quiet()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    try:
        with stage() as on:
            topic = topic or _some_topic(on)
            if sys.stdin.isatty() and sys.stdout.isatty():
                return _guided(on, topic)
            read(on, play(on, topic))
            return DONE
    except (DemoFailed, NoEmbeddedRedis, PortTaken) as error:
        typer.echo(f"baton: {error}", err=True)
        return FAILED


def _leave(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _some_topic(on: Stage) -> str:
    """Another one each time."""
    try:
        ready = on.session.runtime.connectors.get(Topics).find(TopicStatus.READY, limit=50).items
    except ConnectorError as error:
        raise DemoFailed(str(error)) from None
    if not ready:
        raise DemoFailed("No topic is ready. Set one to ready, or name one: baton demo --topic …")
    published = len(list((on.settings.home / "site" / "public" / "posts").glob("*.html")))
    names = sorted((ref.id for ref in ready), reverse=True)
    return names[published % len(names)]


def _guided(on: Stage, topic: str) -> int:
    """Show the way to the page, and stay until the person leaves."""
    printing.say("", "Open this page. It says what to do:", "", f"    {on.page}", "")
    printing.say("Everything stays up until ctrl-C. `baton demo` again writes about another topic.")
    guide = Guide(on, topic)
    try:
        while True:
            guide.look()
            time.sleep(LOOK_EVERY)
    except KeyboardInterrupt:
        return DONE
