"""sleep: a recorded moment at which the run goes on."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

from workflows.engine.cursor import Cursor
from workflows.engine.errors import Interruption
from workflows.engine.model import Event, Kind, Record, Writes
from workflows.engine.operations.wait import Settled


class SleepWait:
    """Until a time that is recorded when the body first comes here."""

    kind = Kind.SLEEP
    name = "sleep"
    result = type(None)

    def __init__(self, delay: timedelta) -> None:
        self._delay = delay

    def input(self) -> str:
        return json.dumps(self._delay.total_seconds())

    def title(self) -> str:
        return f"Wait {self._delay}"

    def open(self, _cursor: Cursor, record: Record) -> tuple[Record, Writes, tuple[Event, ...]]:
        started = record.started_at
        assert started is not None
        return replace(record, due_at=started + self._delay), Writes(), ()

    def poll(self, _cursor: Cursor, record: Record, now: datetime) -> Settled | None:
        return Settled("null") if record.due_at is None or now >= record.due_at else None

    def withdraw(self, _cursor: Cursor, _record: Record) -> Writes:
        return Writes()

    def holds(self, _cursor: Cursor, _record: Record, _ending: Interruption) -> bool:
        return False
