"""Social posts as files that a person sends, or looks at."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from integrations.base import Health, action
from integrations.files import folder_health, id_for, write_whole
from integrations.protocols import Outbox, Queued, SocialPost


class LocalOutboxSettings(BaseModel):
    """Where the posts are put."""

    model_config = ConfigDict(frozen=True)

    folder: Path


class LocalOutbox(Outbox):
    """Social posts as one JSON file each, in a folder per network."""

    def __init__(self, settings: LocalOutboxSettings) -> None:
        self._folder = settings.folder

    @action(idempotent=True, writes=True)
    def queue(self, post: SocialPost) -> Queued:
        """Put a social post into the local outbox."""
        queued = Queued(id=id_for(self.key), network=post.network)
        write_whole(self._folder / post.network / f"{queued.id}.json", post.model_dump_json(indent=1).encode())
        return queued

    def health(self) -> Health:
        """Whether the outbox can be written."""
        return folder_health(self._folder, "Social posts are files", must_exist=False)
