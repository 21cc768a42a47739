"""What would be undone of a run, in words, for the command line and Slack."""

from __future__ import annotations

import json

from bot.telling import one_line
from workflows.engine.detail import detail_of
from workflows.engine.model import Record

SHOWN = 100
"""Characters of the arguments that are shown."""


def in_words(record: Record) -> str:
    """One compensation: what it does, and with what."""
    values = json.loads(record.input or "[]")
    given = [*values[:-1], *values[-1].values()] if detail_of(record).named and values else values
    what = one_line(", ".join(one if isinstance(one, str) else json.dumps(one) for one in given), SHOWN)
    title = record.title or record.name.removeprefix("undo.")
    return f"{title}{f': {what}' if what else ''} ({record.key})"
