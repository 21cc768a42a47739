"""What people have to know of schedules: a line in the log, and a post in the channel of operations."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable
from datetime import datetime

import structlog

from workflows.engine.errors import StoreUnavailable
from workflows.engine.outbox import POSTS, DeliveryBell, Outbox
from workflows.engine.schedules.passing import Told

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class ScheduleNews:
    """Tells of schedules. `channel` is where in Slack; "" where only the log is told."""

    def __init__(
        self, outbox: Callable[[], Outbox], bell: Callable[[], DeliveryBell], now: Callable[[], datetime], channel: str
    ) -> None:
        self._outbox = outbox
        self._bell = bell
        self._now = now
        self._channel = channel

    def __call__(self, told: Told) -> None:
        """Tell it. What can't be posted just now is in the log, and in `baton schedule list`."""
        log.warning("a schedule needs a look", schedule=told.schedule.name, reason=told.words)
        if not self._channel:
            return
        try:
            self._post(told)
        except StoreUnavailable as error:
            log.warning("it could not be posted", schedule=told.schedule.name, reason=str(error))

    def _post(self, told: Told) -> None:
        escape: Callable[[str], str] = importlib.import_module("bot.slack.mrkdwn").line
        rows = importlib.import_module("bot.slack.delivery.posts").deliveries_for
        schedule = told.schedule
        text = f":warning: The schedule *{escape(schedule.name)}*: {escape(told.words)}"
        digest = hashlib.blake2b(told.words.encode(), digest_size=8).hexdigest()
        key = f"schedule/{schedule.id}/{schedule.ticked_to.timestamp():.0f}/{digest}"
        for row in rows(POSTS, key, self._channel, text, self._now()):
            self._outbox().post(row)
        self._bell().ring_delivery(POSTS)
