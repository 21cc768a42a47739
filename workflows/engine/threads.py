"""Threads that run steps. One past its time-out can't be killed, so it is left behind and replaced."""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


class Abandoned(Exception):
    """The call did not end in time; its thread still runs and its result is refused."""


@dataclass
class _Call:
    do: Callable[[], Any]
    context: contextvars.Context
    ended: threading.Lock = field(default_factory=threading.Lock)
    """Held until the call has ended: the cheapest way for one thread to wait for another."""
    value: Any = None
    error: BaseException | None = None


class StepThreads:
    """A pool that grows with demand; `abandoned` counts the threads that were left behind."""

    def __init__(self) -> None:
        self._idle: queue.SimpleQueue[queue.SimpleQueue[_Call | None]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self.abandoned = 0

    def run(self, do: Callable[[], Any], seconds: float) -> Any:
        """Call `do` in a thread; raises what it raises, or Abandoned after `seconds`."""
        call = _Call(do, contextvars.copy_context())
        call.ended.acquire()
        hand = self._take()
        hand.put(call)
        if not call.ended.acquire(timeout=min(max(seconds, 0.0), threading.TIMEOUT_MAX)):
            with self._lock:
                self.abandoned += 1
            hand.put(None)  # should it ever come back, it ends
            raise Abandoned
        self._idle.put(hand)
        if call.error is not None:
            raise call.error
        return call.value

    def _take(self) -> queue.SimpleQueue[_Call | None]:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            hand: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
            threading.Thread(target=_serve, args=(hand,), name="baton-step", daemon=True).start()
            return hand


def _serve(hand: queue.SimpleQueue[_Call | None]) -> None:
    while (call := hand.get()) is not None:
        try:
            call.value = call.context.run(call.do)
        except BaseException as error:  # noqa: BLE001 - handed to the caller, who raises it
            call.error = error
        call.ended.release()
        del call
