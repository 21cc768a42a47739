"""How long a history is, and from where on that is too long.

Every advance reads the whole history and replays it, so a run that goes on for ever gets dearer with each step it
ever took. From these lengths on people are told.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from workflows.engine.model import Record

LONG_RECORDS = 5_000
"""Replay takes some 20 microseconds a record: here it is a tenth of a second at each wake-up."""
LONG_BYTES = 16 * 1024 * 1024
"""What each lane holds in memory, more than once, while it advances such a run."""


@dataclass(frozen=True)
class Length:
    """How much a replay has to read."""

    records: int = 0
    size: int = 0
    """Characters of JSON in inputs and outputs."""

    @property
    def long(self) -> bool:
        return self.records >= LONG_RECORDS or self.size >= LONG_BYTES

    def warning(self) -> str:
        """One line: what is long, and what helps."""
        return (
            f"The history is long: {self.records:,} records, {self.size / 1_048_576:.1f} MB. "
            "Every advance reads all of it. Let the workflow call run.continue_as_new() after each round, "
            "give parts of it to child runs, or return less from its steps."
        )


def size_of(record: Record) -> int:
    """Characters of JSON that a record brings along."""
    return len(record.input or "") + len(record.output or "")


def length_of(records: Iterable[Record]) -> Length:
    """The length of what is replayed of these records."""
    replayed = [size_of(record) for record in records if not record.superseded]
    return Length(len(replayed), sum(replayed))
