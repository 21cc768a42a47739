"""A part of Baton as its row stands: who it is, since when, when it was last heard of, and how it ended."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

BEAT_EVERY = timedelta(seconds=15)
"""So often a part writes that it lives."""
KEPT = timedelta(days=1)
"""How long it is known of a part that it was there, after it was last heard of."""


class PartKind(enum.StrEnum):
    """What a part does. The words are stored."""

    WEB = "web"
    WORKER = "worker"
    """What `baton worker` starts: it looks after worker processes."""
    PROCESS = "process"
    """A worker process, which advances runs."""
    CLOCK = "clock"


class End(enum.StrEnum):
    """How a part ended, as far as anybody said. The words are stored."""

    UNTOLD = ""
    LEFT = "left"
    CRASHED = "crashed"


@dataclass(frozen=True)
class Beat:
    """One instance of a part. A new process is a new instance."""

    id: str
    kind: PartKind
    host: str
    pid: int
    """0 where nobody who writes it knows."""
    version: str
    began_at: datetime
    seen_at: datetime
    """When it was last heard of, or ended."""
    parent: str = ""
    """The worker that a worker process belongs to."""
    ending: End = End.UNTOLD

    @property
    def place(self) -> str:
        """Its kind and machine, as alerts name it."""
        return f"{self.kind.value}:{self.host}"
