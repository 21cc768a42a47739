"""Channels in Slack, as workflows post to them: through the outbox, so that each post is made once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot.slack.delivery.posts import deliveries_for
from integrations.base import Health, action
from integrations.errors import InvalidRequest
from integrations.protocols import Channel, Posted
from workflows.engine.ids import new_id
from workflows.engine.outbox import POSTS, DeliveryBell, Outbox
from workflows.engine.policy import current_call

LONGEST = 40_000
"""Characters of a post; what is longer belongs into a document."""


class SlackChannel(Channel):
    """Channels in Slack. A post is written down, and delivered soon after, also when Slack is away just now."""

    def __init__(self, outbox: Callable[[], Outbox], bell: Callable[[], DeliveryBell], now: Callable[[], datetime]):
        self._outbox = outbox
        self._bell = bell
        self._now = now

    @action(idempotent=True)
    def post(self, channel: str, text: str) -> Posted:
        """Post a message to Slack."""
        if not text.strip():
            raise InvalidRequest("There is nothing to post: the text is empty.")
        if len(text) > LONGEST:
            raise InvalidRequest(f"A post of {len(text):,} characters is too long for Slack: {LONGEST:,} at most.")
        if not channel.strip():
            raise InvalidRequest("There is no channel to post to: give #name or a channel's id.")
        call = current_call()
        run_id, key = (call.run_id, call.key) if call else (POSTS, new_id())
        outbox = self._outbox()
        rows = deliveries_for(run_id, key, channel.strip(), text, self._now())
        posted = [outbox.post(row) for row in rows]
        self._bell().ring_delivery(run_id)
        return Posted(channel=channel, id=posted[0].id)

    def health(self) -> Health:
        """Whether posts get through."""
        behind = self._outbox().behind()
        return Health(True, f"Posts go to Slack through the outbox; {behind} cards wait to be shown")
