"""Runs on their way in."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workflows.engine.copying import replace
from workflows.engine.model import OPEN, NewRun, Record, Run
from workflows.engine.ports import RING_GRACE
from workflows.storage.blobs import Blobs
from workflows.storage.rows import to_row
from workflows.storage.standing import is_later


@dataclass(frozen=True)
class Arrival:
    """A run that is about to be inserted, and its row."""

    run: Run
    """As it will be in the database."""
    row: dict[str, Any]
    blobs: Blobs
    records: tuple[Record, ...]
    revision: int
    """The run's revision before its first events."""
    ready: bool
    """Whether it can go on at once."""


def arrival(new: NewRun, now: datetime, events: Sized = ()) -> Arrival:
    """A run as it will be inserted, ready to be rung.

    Its row gets the revision that its first `events` bring, so that it is written once; without any, the insertion
    is a revision of its own.
    """
    later = is_later(new.run, now)
    ready = new.run.state in OPEN and not later
    wake_at = now + RING_GRACE if ready else new.run.due_at if later else new.run.wake_at
    carded = new.run.carded or (new.shown and bool(new.run.channel))
    revision = new.run.revision + int(not events)
    run = replace(new.run, wake_at=wake_at, revision=revision + len(events), carded=carded)
    row, blobs = to_row(run), Blobs()
    blobs.pack(run.id, row, ("input", "output"))
    return Arrival(run, row, blobs, new.records, revision, ready)
