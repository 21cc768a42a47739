"""Rings that nobody waits for: a thread of their own hands them to Redis, many at a time."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta

from redis import Redis

from workflows.engine.ports import Ring
from workflows.storage.rq_queue import RqQueue

PATIENCE = 3.0
"""Seconds that the last rings get when the process leaves."""


class RingsAside(RqQueue):
    """A doorbell for a process that answers people: what rings is in SQL already, and they need not wait for Redis.

    A ring that is lost with the process is rung again by the rescue tick, as any other. Not to be carried over a fork
    once used. Close it.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        result_ttl: timedelta = timedelta(seconds=10),
        failure_ttl: timedelta = timedelta(minutes=10),
    ) -> None:
        super().__init__(redis, result_ttl=result_ttl, failure_ttl=failure_ttl)
        self._changed = threading.Condition()
        self._rings: list[Ring] = []
        self._deliveries: dict[str, bool] = {}
        self._closed = False
        self._thread: threading.Thread | None = None

    def ring(self, rings: Sequence[Ring]) -> None:
        """Have a job queued for each ring, soon."""
        with self._changed:
            self._rings += rings
            self._wake()

    def ring_delivery(self, *run_ids: str, again: bool = False) -> None:
        """Have a job queued for the messages of each run, soon."""
        with self._changed:
            for run_id in run_ids:
                self._deliveries[run_id] = again or self._deliveries.get(run_id, False)
            self._wake()

    def close(self) -> None:
        """Hand over what waits, and stop."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(PATIENCE)

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="baton-rings", daemon=True)
            self._thread.start()
        self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not (self._rings or self._deliveries or self._closed):
                    self._changed.wait()
                rings, self._rings = self._rings, []
                deliveries, self._deliveries = self._deliveries, {}
                if not (rings or deliveries):
                    return
            self._queue([
                *((self._job(ring), ring.again) for ring in rings),
                *((self._delivery(run_id), again) for run_id, again in deliveries.items()),
            ])  # fmt: skip
