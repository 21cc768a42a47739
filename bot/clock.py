"""The clock process: at each tick it rings or records that something is due, and never does the work itself.

Any number of clocks may run: what a tick does is decided by rows, so a second clock finds it done.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from bot.outage import Outage

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Tick:
    """Something to do again and again; `do` may raise, and is called by one thread at a time."""

    name: str
    every: timedelta
    do: Callable[[], None]


class Clock:
    """Runs ticks until it is stopped: each at once, then at its interval, missed ones never made up for."""

    def __init__(self, ticks: Sequence[Tick], *, grace: timedelta = timedelta(seconds=5)) -> None:
        self._ticks = ticks
        self._grace = grace
        self._stopped = threading.Event()
        self._quiet = threading.Condition()
        self._running = 0

    def run(self) -> int:
        """Tick until SIGTERM, ctrl-C or `stop`, and return the exit code. A second signal ends the process at once."""
        former = {number: signal.signal(number, self._on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
        logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a tick that outlasts its interval is no news
        scheduler = self._schedule()
        scheduler.start()
        log.info("clock started", ticks={tick.name: tick.every.total_seconds() for tick in self._ticks})
        try:
            self._stopped.wait()
        finally:
            scheduler.shutdown(wait=False)
            for number, handler in former.items():
                signal.signal(number, handler)
        with self._quiet:
            if not self._quiet.wait_for(lambda: not self._running, self._grace.total_seconds()):
                log.warning("clock left while a tick was still running")
        log.info("clock stopped")
        return 0

    def stop(self) -> None:
        """Let `run` return, once the ticks that are running end or their grace is over."""
        self._stopped.set()

    def _on_signal(self, number: int, _: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        self._stopped.set()

    def _schedule(self) -> BackgroundScheduler:
        pool = ThreadPoolExecutor(max_workers=max(len(self._ticks), 1))
        scheduler = BackgroundScheduler(timezone=UTC, executors={"default": pool}, daemon=True)
        for tick in self._ticks:
            scheduler.add_job(
                self._guard(tick),
                "interval",
                seconds=tick.every.total_seconds(),
                next_run_time=datetime.now(UTC),
                coalesce=True,
                max_instances=1,
                misfire_grace_time=None,
                name=tick.name,
            )
        return scheduler

    def _guard(self, tick: Tick) -> Callable[[], None]:
        outage = Outage(f"tick {tick.name}")

        def do() -> None:
            with self._quiet:
                self._running += 1
            try:
                tick.do()
            except Exception as error:  # noqa: BLE001  whatever a tick raises, there is a next one
                outage.failed(error)
            else:
                outage.worked()
            finally:
                with self._quiet:
                    self._running -= 1
                    self._quiet.notify_all()

        return do
