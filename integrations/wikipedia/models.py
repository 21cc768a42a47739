"""What Wikipedia answers, as far as it is read."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Answered(BaseModel):
    """A part of an answer; what is not read may change."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Hit(Answered):
    """A page that was found."""

    key: str
    """The title as it stands in addresses."""
    title: str
    excerpt: str = ""
    """HTML with the words found in `span` tags."""


class Hits(Answered):
    """What a search found, best first."""

    pages: tuple[Hit, ...] = ()


class Extract(Answered):
    """The text of a page."""

    title: str
    extract: str = ""
    missing: bool = False


class Pages(Answered):
    """The pages that were asked for."""

    pages: tuple[Extract, ...] = ()


class Texts(Answered):
    """An answer of the extracts interface; without `query` when there is no page."""

    query: Pages = Pages()
