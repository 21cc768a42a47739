"""Deliveries to the app: over its sockets or by signed HTTP, with the retries that Slack makes for events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.sandbox.faults import Faults
from bot.sandbox.model import Payload
from bot.sandbox.world import World

RETRY_SECONDS = (0.0, 60.0, 300.0)
"""After a failed delivery of an event: at once, after one minute, after five more."""
NOT_CONNECTED = "not_connected"
TIMEOUT = "operation_timeout"


@dataclass(frozen=True)
class Delivery:
    """Something that the app has to hear: an event, an interaction or a command."""

    kind: str
    payload: Payload
    accepts_answer: bool = False


@dataclass(frozen=True)
class Ack:
    """What the app answered; `problem` is empty when it took the delivery."""

    problem: str = ""
    body: Any = None
    no_retry: bool = False


class Transport(Protocol):
    """One way to the app."""

    async def send(self, delivery: Delivery, attempt: int, reason: str) -> Ack:
        """Hand over and wait for the answer, as long as Slack waits."""
        ...


@dataclass(order=True)
class _Retry:
    due: float
    delivery: Delivery = field(compare=False)
    attempt: int = field(compare=False)
    reason: str = field(compare=False)


class Courier:
    """Takes deliveries from any thread and hands them over on the server's loop."""

    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self._faults = faults
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._retries: list[_Retry] = []
        self._held: list[Delivery] = []
        self._pending = 0
        self.transport: Transport | None = None
        self.on_answer: Callable[[Payload], None] = lambda _body: None
        """Shown every answer that is an object: a command's reply, a modal's errors or next view, options."""
        self.dropped: list[Delivery] = []
        """Events that were given up after the last retry."""

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin, on the server's loop."""
        self._loop = loop
        self._wake = asyncio.Event()
        self._keep(self._watch_retries())

    def event(self, delivery: Delivery) -> None:
        """Deliver an event in the background; any thread may call."""
        with self._world.changed:
            self._pending += 1
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._take, delivery)

    async def deliver(self, delivery: Delivery) -> Ack:
        """Deliver an interaction or a command once, and wait for the answer."""
        with self._world.changed:
            self._pending += 1
        try:
            ack = await self._send(delivery, 0, "")
            if isinstance(ack.body, Mapping):
                self.on_answer(ack.body)
            return ack
        finally:
            self._done()

    def settle(self, seconds: float) -> bool:
        """Wait until nothing is under way and no retry is due; False when that took too long."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._look)
        with self._world.changed:
            return self._world.changed.wait_for(self._is_settled, seconds)

    def _is_settled(self) -> bool:
        now = self._world.clock.monotonic()
        return not self._pending and not self._held and not any(one.due <= now for one in self._retries)

    def _look(self) -> None:
        assert self._wake is not None
        self._wake.set()
        self._release()

    def _take(self, delivery: Delivery) -> None:
        if self._faults.strikes("reorder"):
            self._held.append(delivery)
            if not self._faults.reordering:
                self._release()
            return
        self._hand_over(delivery)

    def _release(self) -> None:
        held, self._held = self._held, []
        for delivery in reversed(held):
            self._hand_over(delivery)

    def _hand_over(self, delivery: Delivery) -> None:
        self._keep(self._attempt(delivery, 0, ""))
        if self._faults.strikes("duplicate"):
            with self._world.changed:
                self._pending += 1
            self._keep(self._attempt(delivery, 1, "timeout"))

    async def _attempt(self, delivery: Delivery, attempt: int, reason: str) -> None:
        try:
            ack = await self._send(delivery, attempt, reason)
            if ack.problem and not ack.no_retry:
                self._again(delivery, attempt, ack.problem)
        finally:
            self._done()

    def _again(self, delivery: Delivery, attempt: int, problem: str) -> None:
        if attempt >= len(RETRY_SECONDS):
            self.dropped.append(delivery)
            return
        due = self._world.clock.monotonic() + RETRY_SECONDS[attempt]
        reason = {TIMEOUT: "timeout", NOT_CONNECTED: "connection_failed"}.get(problem, "http_error")
        with self._world.changed:
            self._retries.append(_Retry(due, delivery, attempt + 1, reason))
        assert self._wake is not None
        self._wake.set()

    async def _send(self, delivery: Delivery, attempt: int, reason: str) -> Ack:
        if self.transport is None:
            return Ack(NOT_CONNECTED)
        return await self.transport.send(delivery, attempt, reason)

    async def _watch_retries(self) -> None:
        assert self._wake is not None
        while True:
            self._wake.clear()
            now = self._world.clock.monotonic()
            with self._world.changed:
                due = [one for one in self._retries if one.due <= now]
                self._retries = [one for one in self._retries if one.due > now]
                self._pending += len(due)
                soonest = min((one.due - now for one in self._retries), default=3600.0)
            for one in due:
                self._keep(self._attempt(one.delivery, one.attempt, one.reason))
            try:
                async with asyncio.timeout(max(soonest, 0.01)):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _done(self) -> None:
        with self._world.changed:
            self._pending -= 1
            self._world.changed.notify_all()

    def _keep(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Give everything up."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
