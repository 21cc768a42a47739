"""Alerts on their way to people: a line in the log, and a post where the rules say."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from bot.alerts.rules import Rules
from bot.telling import length
from workflows.engine.alerts.model import Alert, Severity
from workflows.engine.outbox import POSTS, DeliveryBell, Outbox

SIGNS = {Severity.INFO: ":information_source:", Severity.WARNING: ":warning:", Severity.ERROR: ":rotating_light:"}

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class AlertPosting:
    """Tells of alerts. `channel` is where those go that no route names; "" where only the log is told."""

    rules: Rules
    outbox: Callable[[], Outbox]
    bell: Callable[[], DeliveryBell]
    now: Callable[[], datetime]
    channel: str

    def __call__(self, alert: Alert, over: bool) -> None:
        """Tell that it began, or is over. Under one key each, so that a repeat adds nothing."""
        say = log.info if over else log.warning
        say("an alert is over" if over else "an alert began", kind=alert.kind, subject=alert.subject, words=alert.words)
        channel = self.rules.channel(alert, self.channel) if self.channel else ""
        if not channel:
            return
        posts: Any = importlib.import_module("bot.slack.delivery.posts")
        quoted: Callable[[str], str] = importlib.import_module("bot.slack.mrkdwn").line
        key = f"alert/{alert.id}/{'over' if over else 'begin'}"
        for row in posts.deliveries_for(POSTS, key, channel, words_of(alert, quoted, over=over), self.now()):
            self.outbox().post(row)
        self.bell().ring_delivery(POSTS)


def words_of(alert: Alert, quoted: Callable[[str], str] = str, *, over: bool = False) -> str:
    """What people read: what happened and what to do, or that it is over and how long it took.

    `quoted` takes the style from what others wrote; the advice is Baton's own.
    """
    name, words = quoted(alert.name), quoted(alert.words)
    if over:
        took = length((alert.over_at or alert.seen_at) - alert.began_at)
        return f":white_check_mark: *{name}*: it is over, after {took}. It was: {words}."
    return f"{SIGNS[alert.severity]} *{name}*: {words}.\n{alert.advice}"
