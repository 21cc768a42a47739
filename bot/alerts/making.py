"""Alerts in one process, made from its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.alerts.rules import read_rules
from bot.alerts.telling import AlertPosting
from workflows.engine.alerts.watching import Alerts

if TYPE_CHECKING:
    from bot.runtime import Runtime


def alerts(runtime: Runtime) -> Alerts:
    """What is wrong, told where the rules say. Raises BatonError for a file that can't be used."""
    settings = runtime.settings
    rules = read_rules(settings.baton_alerts)
    channel = (settings.baton_ops_channel or settings.baton_channel) if settings.has_slack else ""
    posting = AlertPosting(rules, lambda: runtime.outbox, lambda: runtime.queue, runtime.clock.now, channel)
    return Alerts(runtime.store.alerts, runtime.store.happenings, posting, rules.limits)
