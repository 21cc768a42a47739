"""A worker's books: what it runs, what it did, and what Redis has still to be told."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from redis.exceptions import RedisError
from rq.executions import Execution

from bot.claims import Birth, Claims, Ended, Room, Tally
from bot.outage import Outage


class Books:
    """Keeps what a worker shows of itself in Redis true, also after Redis was away or emptied.

    `describe` gives the worker as RQ describes it and `sweep` is called after each showing. Lanes write from
    their threads; `keep` has a thread of its own.
    """

    def __init__(
        self, claims: Claims, outage: Outage, describe: Callable[[], Birth], sweep: Callable[[], None], beat: float
    ) -> None:
        self._claims = claims
        self._outage = outage
        self._describe = describe
        self._sweep = sweep
        self._beat = beat
        self._lock = threading.Lock()
        self._running: dict[str, tuple[Execution, str]] = {}
        self._untold: deque[Ended] = deque(maxlen=10_000)
        self._closed = threading.Event()
        self._show_now = threading.Event()
        self.tally = Tally()

    def began(self, execution: Execution, queue: str) -> None:
        """An execution began."""
        self._running[execution.id] = (execution, queue)

    def ended(self, execution: Execution, *, succeeded: bool, seconds: float) -> None:
        """An execution ended; Redis hears of it from the lane."""
        with self._lock:
            tally = self.tally
            self.tally = Tally(tally.succeeded + succeeded, tally.failed + (not succeeded), tally.seconds + seconds)
        del self._running[execution.id]

    def owe(self, ended: Ended) -> None:
        """Remember an end that Redis could not be told."""
        self._untold.append(ended)

    def show_soon(self) -> None:
        """Show everything as soon as the keeping thread gets to it."""
        self._show_now.set()

    def keep(self) -> None:
        """Show the worker at each beat until the books are closed."""
        while not self._closed.is_set():
            self._show_now.clear()
            try:
                self._show()
                self.settle()
                self._sweep()
            except RedisError as error:
                self._outage.failed(error)
            self._show_now.wait(self._beat)

    def settle(self) -> None:
        """Tell Redis what it is owed; raises RedisError when it can't be told."""
        while self._untold:
            self._claims.turn(Room(), tally=self.tally, ended=self._untold[0])
            self._untold.popleft()

    def close(self) -> None:
        """Let `keep` return."""
        self._closed.set()
        self._show_now.set()

    def _show(self) -> None:
        shown = dict(self._running)
        self._claims.show(self._describe(), self.tally, list(shown.values()))
        over = [shown[execution_id] for execution_id in shown if execution_id not in self._running]
        if over:
            self._claims.hide(over)
