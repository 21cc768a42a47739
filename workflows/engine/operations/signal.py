"""signal: a named message from outside."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from workflows.engine import codec
from workflows.engine.cursor import Cursor
from workflows.engine.errors import Interruption, WaitTimeout
from workflows.engine.model import Event, Kind, MessageKind, Record, Writes
from workflows.engine.operations.wait import Settled


class SignalWait:
    """The oldest signal of this name that no other wait took, sent before or after the body came here."""

    kind = Kind.SIGNAL

    def __init__(self, name: str, payload: Any, timeout: timedelta | None) -> None:
        self.name = name
        self.result = payload
        self._timeout = timeout

    def input(self) -> str:
        return json.dumps(self.name)

    def title(self) -> str:
        return f"Wait for {self.name}"

    def open(self, _cursor: Cursor, record: Record) -> tuple[Record, Writes, tuple[Event, ...]]:
        started = record.started_at
        assert started is not None
        due = started + self._timeout if self._timeout is not None else None
        return replace(record, due_at=due), Writes(), ()

    def poll(self, cursor: Cursor, record: Record, now: datetime) -> Settled | None:
        message = cursor.turn.message(lambda m: m.kind is MessageKind.SIGNAL and m.name == self.name)
        if message is not None:
            codec.decode(message.payload, self.result, f"The payload of the signal {self.name}")
            return Settled(message.payload, message=message)
        if record.due_at is not None and now >= record.due_at:
            return Settled(error=WaitTimeout(self.name), only_if_unchanged=True)
        return None

    def withdraw(self, _cursor: Cursor, _record: Record) -> Writes:
        return Writes()

    def holds(self, _cursor: Cursor, _record: Record, _ending: Interruption) -> bool:
        return False
