"""How often Slack may be asked, and who goes first.

Slack lets an app change some 50 messages a minute, and post about one message a second into a channel. Changes that
people wait for may take turns ahead of the even pace; progress keeps to it.
"""

from __future__ import annotations

from datetime import timedelta

from bot.slack.views.messages import Priority
from workflows.engine.outbox import Budget

UPDATE = "slack/update"
UPDATE_EVERY = timedelta(seconds=1.5)
UPDATE_AHEAD = {Priority.DECISION: 9, Priority.APPROVAL: 6, Priority.PROGRESS: 2}
"""With ten turns at once there are at most 50 in any minute."""
POST_EVERY = timedelta(seconds=1)
POST_AHEAD = 2


def update_budget(priority: Priority) -> Budget:
    """For changing a message."""
    return Budget(UPDATE, UPDATE_EVERY, UPDATE_AHEAD[priority], int(priority))


def post_budget(channel: str) -> Budget:
    """For posting into a channel."""
    return Budget(f"slack/post/{channel}", POST_EVERY, POST_AHEAD, int(Priority.APPROVAL), channel)
