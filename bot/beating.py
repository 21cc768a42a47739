"""This process says now and then that it lives, and looks whether the others do.

Web and clock have a thread for it. For a worker its keeper does it, since the supervisor has no connections: one row
for the worker, and one for each of its processes.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from bot.outage import Outage
from bot.settings import program_version
from workflows.engine.beats.model import BEAT_EVERY, Beat, End, PartKind
from workflows.engine.beats.ports import Beats

if TYPE_CHECKING:
    from bot.runtime import Runtime

GOODBYE = 2.0
"""Seconds that a farewell gets."""
UNWRITTEN = datetime.min.replace(tzinfo=UTC)
"""The store puts its own time instead."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def this_part(kind: PartKind) -> Beat:
    """Who this process is."""
    host, pid = socket.gethostname(), os.getpid()
    return Beat(f"{host}-{pid}-{secrets.token_hex(4)}", kind, host, pid, program_version(), UNWRITTEN, UNWRITTEN)


class Pulse:
    """Writes that a part lives, and those that it looks after. No failure of it disturbs anybody.

    `look` is called after each beat, to find out about the others. A worker process counts as living for `trust`
    after it was seen. One thread calls the methods.
    """

    def __init__(
        self, me: Beat, beats: Beats, look: Callable[[], None], *, trust: timedelta = BEAT_EVERY,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._me = me
        self._beats = beats
        self._look = look
        self._trust = trust.total_seconds()
        self._seconds = seconds
        self._children: dict[str, float] = {}
        self._ended: dict[str, End] = {}
        self._due = 0.0
        self._outage = Outage("the table of beats")

    def saw(self, owner: str) -> None:
        """A worker process lives. A new one is written at once."""
        if owner not in self._children:
            self._due = 0.0
        self._children[owner] = self._seconds()

    def ended(self, owner: str, *, crashed: bool) -> None:
        """A worker process ended. It is written with the next beat, which is due now."""
        self._children.pop(owner, None)
        self._ended[owner] = End.CRASHED if crashed else End.LEFT
        self._due = 0.0

    def tick(self) -> None:
        """Write, if that is due."""
        now = self._seconds()
        if now < self._due:
            return
        self._due = now + BEAT_EVERY.total_seconds()
        try:
            self._write_ends()
            living = [owner for owner, seen in self._children.items() if now - seen <= self._trust]
            self._beats.beat([self._me, *map(self._child, living)])
            self._look()
        except Exception as error:  # noqa: BLE001  whatever the store says, there is a next time
            self._outage.failed(error)
        else:
            self._outage.worked()

    def leave(self) -> None:
        """Say farewell: nobody is to miss this part."""
        try:
            self._write_ends()
            self._beats.end(self._me, End.LEFT)
        except Exception as error:  # noqa: BLE001  leaving is no crash, even when the database doesn't hear of it
            log.warning("no farewell could be written", reason=f"{type(error).__name__}: {error}")

    def _write_ends(self) -> None:
        for owner, end in list(self._ended.items()):
            self._beats.end(self._child(owner), end)
            del self._ended[owner]

    def _child(self, owner: str) -> Beat:
        return replace(self._me, id=owner, kind=PartKind.PROCESS, pid=0, parent=self._me.id)


def pulse_of(runtime: Runtime, me: Beat) -> Pulse:
    """The pulse of a part with connections of its own."""
    return Pulse(me, runtime.store.beats, lambda: _look(runtime, me), trust=max(BEAT_EVERY, runtime.settings.lease))


def _look(runtime: Runtime, me: Beat) -> None:
    """Look at the others. While no worker delivers, who finds that out brings the alerts to Slack."""
    standing = runtime.part_watch.look()
    if runtime.settings.has_slack and not standing.living(PartKind.WORKER):
        runtime.bring_posts(me.id)


@contextlib.contextmanager
def beating(runtime: Runtime, kind: PartKind) -> Iterator[None]:
    """Beat in a thread meanwhile, and say farewell at the end."""
    over = threading.Event()
    thread = threading.Thread(target=_beat_until, args=(pulse_of(runtime, this_part(kind)), over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(GOODBYE)


def _beat_until(pulse: Pulse, over: threading.Event) -> None:
    while not over.is_set():
        pulse.tick()
        over.wait(BEAT_EVERY.total_seconds())
    pulse.leave()
