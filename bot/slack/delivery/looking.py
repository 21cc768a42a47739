"""Finding out whether a post of unknown outcome is there: the one time that Slack is read."""

from __future__ import annotations

from datetime import datetime

from bot.slack.delivery.poster import Denied, Poster
from bot.slack.views.messages import Message
from workflows.engine.outbox import Delivery


def look(poster: Poster, row: Delivery, message: Message) -> tuple[str, ...] | None:
    """Where a message stands, the oldest first; nothing when it is not there, None when the bot may not look."""
    since: datetime = row.unclear or row.created_at
    try:
        if message.file is None:
            return poster.find(row.channel, row.id, thread_ts=row.thread_ts, since=since)
        there = poster.find_file(row.channel, message, thread_ts=row.thread_ts, since=since)
    except Denied:
        return None
    return (there,) if there else ()
