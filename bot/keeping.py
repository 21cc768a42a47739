"""The clock deletes old runs by itself where BATON_KEEP says how long they are kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from workflows.engine.expiry import Expiry
from workflows.engine.retention import Retention

ACTOR = "clock"
MOST = 10_000
"""Runs of one tick at most; the next tick goes on."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Keeping:
    """Deletes what is older than it is to be kept: dead letters, open runs and the audit stay."""

    def __init__(self, retention: Retention, now: Callable[[], datetime], keep: timedelta) -> None:
        self._retention = retention
        self._now = now
        self._keep = keep

    def tick(self) -> None:
        """Delete once. Any number of clocks may do so at once."""
        gone = self._retention.round(Expiry(self._now() - self._keep), by=ACTOR, most=MOST)
        if gone.runs:
            log.info("old runs were deleted", runs=gone.runs, keep_days=self._keep.days, whole=gone.whole)
