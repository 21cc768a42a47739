"""What people have to know of schedules and services: a line in the log, and a post in the channel of operations."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable
from datetime import datetime

import structlog

from workflows.engine.alerts.model import AlertKind
from workflows.engine.alerts.watching import Alerts
from workflows.engine.errors import BatonError, StoreUnavailable
from workflows.engine.outbox import POSTS, DeliveryBell, Outbox
from workflows.engine.schedules.passing import Told

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Notices:
    """Posts to the channel of operations. `channel` is where in Slack; "" where only the log is told."""

    def __init__(
        self, outbox: Callable[[], Outbox], bell: Callable[[], DeliveryBell], now: Callable[[], datetime], channel: str
    ) -> None:
        self._outbox = outbox
        self._bell = bell
        self.now = now
        self._channel = channel

    def post(self, key: str, text: str, *names: str) -> None:
        """Post once for a key; `names` and other words from outside stand in the text as {0}, {1}."""
        if not self._channel:
            return
        escape: Callable[[str], str] = importlib.import_module("bot.slack.mrkdwn").line
        rows = importlib.import_module("bot.slack.delivery.posts").deliveries_for
        try:
            for row in rows(POSTS, key, self._channel, text.format(*map(escape, names)), self.now()):
                self._outbox().post(row)
        except StoreUnavailable as error:
            log.warning("a notice could not be posted", notice=key, reason=str(error))
        else:
            self._bell().ring_delivery(POSTS)


class ScheduleNews:
    """Tells of schedules. What can't be posted just now is in the log, and in `baton schedule list`.

    Trouble that goes on is an alert, which the clock's next look finds in the schedule's row.
    """

    def __init__(self, notices: Notices) -> None:
        self._notices = notices

    def __call__(self, told: Told) -> None:
        """Tell it."""
        schedule = told.schedule
        log.warning("a schedule needs a look", schedule=schedule.name, reason=told.words)
        if told.trouble:
            return
        digest = hashlib.blake2b(told.words.encode(), digest_size=8).hexdigest()
        key = f"schedule/{schedule.id}/{schedule.ticked_to.timestamp():.0f}/{digest}"
        self._notices.post(key, ":warning: The schedule *{0}*: {1}", schedule.name, told.words)


class ServiceNews:
    """Tells that a service is down, and that it is back: as an alert, so once each, whichever worker sees it."""

    def __init__(self, alerts: Callable[[], Alerts]) -> None:
        self._alerts = alerts

    def __call__(self, service: str, *, down: bool) -> None:
        """Tell it. What can't be recorded just now is in the log."""
        if down:
            log.warning("a service fails again and again: it is left alone, and tried by one call", service=service)
        else:
            log.info("a service answers again", service=service)
        try:
            self._record(service, down=down)
        except BatonError as error:  # the database is away, or the file of alerts can't be used
            log.warning("an alert could not be recorded", service=service, reason=str(error))

    def _record(self, service: str, *, down: bool) -> None:
        alerts, subject = self._alerts(), f"connector:{service}"
        if down:
            words = f"{service} fails again and again: Baton leaves it alone, and tries it by itself"
            advice = "Steps that need it wait, or go another way. See what its service says of itself."
            alerts.raise_(AlertKind.CIRCUIT, subject, words, advice)
        else:
            alerts.over(AlertKind.CIRCUIT, subject)
        alerts.tell()
