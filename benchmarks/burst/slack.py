"""Slack: the local workspace in a process of its own, and what the benchmark asks of it."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import urlencode

from benchmarks.burst.figures import Sent
from benchmarks.burst.sending import Batch
from bot.sandbox import LocalWorkspace, Message, Seed, SeedChannel, SeedPerson
from bot.sandbox.courier import Delivery
from bot.sandbox.reading import elements

APPROVE = "Approve"
LOOK_EVERY = 0.02
"""Seconds between two looks at what the workspace shows."""


@dataclass(frozen=True)
class Addresses:
    """How the workspace is reached."""

    api_url: str
    bot_token: str
    app_token: str
    signing_secret: str
    people: tuple[str, ...]
    """Actors, as in `slack:T1:U1`."""
    channels: tuple[str, ...]


@dataclass(frozen=True)
class Minted:
    """Something that Slack sends, ready to be sent over HTTP; the workspace keeps it for Socket Mode too."""

    number: int
    body: str
    key: str
    """A command's trigger id, a click's message (channel and timestamp)."""


def seed(people: int) -> Seed:
    """A workspace with a channel for each person, in which all of them are."""
    return Seed(
        people=tuple(SeedPerson(f"person{number}", f"Person {number}") for number in range(people)),
        channels=tuple(SeedChannel(f"orders{number}") for number in range(people)),
    )


class Workspace:
    """What the other processes may ask; runs in the workspace's own process."""

    def __init__(self, workspace: LocalWorkspace) -> None:
        self._workspace = workspace
        self._site = workspace.site
        self._world = workspace.world
        self._people = [one for one in self._world.people.values() if one.name.startswith("person")]
        self._channels = [one for one in self._world.channels.values() if one.name.startswith("orders")]
        self._kept: dict[int, Delivery] = {}
        self._numbers = itertools.count()
        self._clicked: set[tuple[str, str]] = set()
        self._watching: threading.Thread | None = None
        self._gone: list[float] = []

    def addresses(self) -> Addresses:
        """How it is reached, and who is there."""
        place, team = self._workspace, self._workspace.team_id
        people = tuple(f"slack:{team}:{one.id}" for one in self._people)
        channels = tuple(f"slack:{team}:{one.id}" for one in self._channels)
        return Addresses(place.api_url, place.bot_token, place.app_token, place.signing_secret, people, channels)

    def connected(self) -> None:
        """Wait for the app's socket."""
        self._workspace.wait_connected(within=60)

    def commands(self, count: int, text: str) -> list[Minted]:
        """So many slash commands, by everybody in turn, each in a channel of their own."""
        made = []
        for number in range(count):
            person = self._people[number % len(self._people)]
            channel = self._channels[number % len(self._channels)]
            told, _ = self._site.gestures.typed(person, channel, "/baton", f"{text}{number}")
            made.append(self._keep(told, urlencode(told.payload), str(told.payload["trigger_id"])))
        return made

    def clicks(self, count: int) -> list[Minted]:
        """Clicks on so many of the Approve buttons that nobody has clicked; never by the channel's own person."""
        made = []
        for message, block, element in itertools.islice(self._approvals(), count):
            self._clicked.add((message.channel, message.ts))
            action = {key: element[key] for key in ("type", "text", "value", "style") if key in element}
            action |= {"action_id": element["action_id"], "block_id": block["block_id"]}
            starter = [one.id for one in self._channels].index(message.channel)
            person = self._people[(starter + 1) % len(self._people)]
            told = self._site.gestures.pressed(person, message, action, {})
            body = urlencode({"payload": json.dumps(told.payload)})
            made.append(self._keep(told, body, f"{message.channel} {message.ts}"))
        return made

    def buttons(self, count: int, seconds: float) -> int:
        """Wait until so many approvals can be clicked; how many there are then."""
        until = time.monotonic() + seconds
        while True:
            there = sum(1 for _ in self._approvals())
            if there >= count or time.monotonic() > until:
                return there
            time.sleep(10 * LOOK_EVERY)

    def watch(self, messages: Sequence[str], seconds: float) -> None:
        """Begin to watch these messages, for so long at most."""
        self._watching = threading.Thread(target=self._watch, args=(tuple(messages), seconds), daemon=True)
        self._gone = []
        self._watching.start()

    def gone(self) -> list[float]:
        """Wait until the watched messages have no Approve button any more; when each was seen so."""
        if self._watching is not None:
            self._watching.join()
        return self._gone

    def _watch(self, messages: tuple[str, ...], seconds: float) -> None:
        until = time.monotonic() + seconds
        watched: dict[str, Message | None] = dict.fromkeys(messages)
        while watched and time.monotonic() < until:
            now = time.monotonic()
            with self._world.changed:
                found = {key: self._world.timeline.find(*key.split(" ")) for key in watched}
            for key, message in found.items():
                if message is not watched[key]:
                    watched[key] = message
                    if message is None or APPROVE not in message.buttons:
                        self._gone.append(now)
                        del watched[key]
            time.sleep(LOOK_EVERY)

    def send(self, numbers: Sequence[int], batch: Batch) -> list[Sent]:
        """Send what was minted over Socket Mode; `batch` says how fast."""
        return self._workspace.run(self._send([self._kept[number] for number in numbers], batch))

    async def _send(self, deliveries: Sequence[Delivery], batch: Batch) -> list[Sent]:
        limit = asyncio.Semaphore(len(deliveries) if batch.per_second else batch.callers)
        start, step = time.monotonic() + 0.05, 1 / batch.per_second if batch.per_second else 0.0

        async def one(number: int, delivery: Delivery) -> Sent:
            async with limit:
                await asyncio.sleep(max(start + step * number - time.monotonic(), 0.0))
                at = time.monotonic()
                ack = await self._site.courier.deliver(delivery)
                return Sent(at, time.monotonic(), 0 if ack.problem else 200, json.dumps(ack.problem or ack.body))

        return list(await asyncio.gather(*(one(number, each) for number, each in enumerate(deliveries))))

    def _approvals(self) -> Iterator[tuple[Message, Any, Any]]:
        """What can be approved, oldest first, channel by channel."""
        with self._world.changed:
            shown = [message for one in self._channels for message in self._world.timeline.of(one.id)]
        for message in shown:
            if (message.channel, message.ts) not in self._clicked and APPROVE in message.buttons:
                for block, element in elements(message.blocks):
                    if (element.get("text") or {}).get("text") == APPROVE:
                        yield message, block, element

    def _keep(self, delivery: Delivery, body: str, key: str) -> Minted:
        number = next(self._numbers)
        self._kept[number] = delivery
        return Minted(number, body, key)


def workspace_main(connection: Connection, manifest: dict[str, Any], people: int) -> None:
    """The process: it takes the name of a question with arguments, until the connection ends."""
    with LocalWorkspace(manifest, seed=seed(people)) as local:
        workspace = Workspace(local)
        while True:
            try:
                name, arguments = connection.recv()
            except EOFError:
                return
            connection.send(getattr(workspace, name)(*arguments))
