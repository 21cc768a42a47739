"""What the local site keeps."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict


class LocalSiteSettings(BaseModel):
    """Where the site is kept, and the address that shows its `public` folder."""

    model_config = ConfigDict(frozen=True)

    folder: Path
    url: str
    """Without a slash at the end."""
    title: str = "Baton's local site"


class PostRecord(BaseModel):
    """A post as it was published: what its page is made from."""

    model_config = ConfigDict(frozen=True)

    id: str
    slug: str
    title: str
    body: str
    """Markdown."""
    description: str
    cover: str | None
    """The file name under `media`."""
    cover_alt: str
    published_at: datetime
    trashed: bool = False


class MediaRecord(BaseModel):
    """An image that was uploaded."""

    model_config = ConfigDict(frozen=True)

    id: str
    file: str
    alt: str
