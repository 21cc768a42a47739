"""What came from outside, as its row stands."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime


class InboundState(enum.StrEnum):
    """What became of something that came in."""

    STARTED = "started"
    """A run was started, or was there already under the same key."""
    SIGNALLED = "signalled"
    IGNORED = "ignored"
    """Nothing was to be done, or nothing can be done any more."""
    FAILED = "failed"
    """Somebody has to mend something; it is taken when it comes again."""


@dataclass(frozen=True)
class Inbound:
    """Something that came in, and what was done about it. One row by (source, event), so it acts once."""

    source: str
    """Whence, such as `hook:stripe`."""
    event_id: str
    type: str
    state: InboundState
    at: datetime
    """When it was dealt with, by the database's clock."""
    run_id: str = ""
    words: str = ""
    """Why nothing was done, for people."""
