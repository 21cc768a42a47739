"""Channels as a file of lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import structlog
from pydantic import BaseModel, ConfigDict

from integrations.base import Health, action
from integrations.files import alone_in, folder_health, id_for
from integrations.protocols import Channel, Posted

log = structlog.get_logger(__name__)


class LocalChannelSettings(BaseModel):
    """Where the messages are kept."""

    model_config = ConfigDict(frozen=True)

    folder: Path


class Line(BaseModel):
    """A message as the file keeps it."""

    model_config = ConfigDict(frozen=True)

    id: str
    channel: str
    text: str
    posted_at: datetime


class LocalChannel(Channel):
    """Channels kept as lines of JSON in `messages.jsonl`."""

    def __init__(self, settings: LocalChannelSettings) -> None:
        self._folder = settings.folder

    @action(idempotent=True, writes=True)
    def post(self, channel: str, text: str) -> Posted:
        """Post a message to the local channel."""
        message = Line(id=id_for(self.key), channel=channel, text=text, posted_at=datetime.now(UTC))
        with alone_in(self._folder):
            if not any(line.id == message.id for line in self.messages()):
                self._append(message)
        log.info("posted", channel=channel, message=message.id)
        return Posted(channel=channel, id=message.id)

    def messages(self) -> Iterator[Line]:
        """All messages, oldest first; a line that a crash cut off is left out."""
        if not self._file.exists():
            return
        for text in self._file.read_text(encoding="utf-8").splitlines():
            try:
                yield Line.model_validate(json.loads(text))
            except ValueError:
                continue

    def health(self) -> Health:
        """Whether the messages can be written."""
        return folder_health(self._folder, "Messages are lines of a file", must_exist=False)

    @property
    def _file(self) -> Path:
        return self._folder / "messages.jsonl"

    def _append(self, message: Line) -> None:
        cut_off = self._file.exists() and not self._file.read_bytes().endswith(b"\n")
        with self._file.open("a", encoding="utf-8") as file:
            file.write(("\n" if cut_off else "") + message.model_dump_json() + "\n")
