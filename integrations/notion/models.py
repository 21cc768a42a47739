"""What Notion is told, and what its actions return."""

from __future__ import annotations

import ipaddress
import re
from datetime import datetime

import httpx
from pydantic import BaseModel, ConfigDict, JsonValue, SecretStr, field_validator

from integrations.errors import InvalidRequest
from integrations.protocols import Kind, Shape, TopicStatus

NOTION = "https://api.notion.com"
_ID = re.compile(r"(?<![0-9a-f])([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})(?![0-9a-f])")


class NotionProperties(BaseModel):
    """What the properties of a topic are called."""

    model_config = ConfigDict(frozen=True)

    kind: str = "Kind"
    status: str = "Status"
    audience: str = "Audience"
    notes: str = "Notes"
    url: str = "URL"


class NotionStatuses(BaseModel):
    """What the options of the status property are called."""

    model_config = ConfigDict(frozen=True)

    draft: str = "Draft"
    ready: str = "Ready"
    in_progress: str = "In progress"
    published: str = "Published"

    def option(self, status: TopicStatus) -> str:
        """The option's name."""
        return str(getattr(self, status.value))

    def status(self, option: str | None) -> TopicStatus:
        """What an option means; one that is not known is a draft, so that nothing is picked up by mistake."""
        known = {self.option(status).casefold(): status for status in TopicStatus}
        return known.get((option or "").casefold(), TopicStatus.DRAFT)


class NotionSettings(BaseModel):
    """As whom, and where the topics are."""

    model_config = ConfigDict(frozen=True)

    token: SecretStr
    data_source: str
    """The id of a data source or database, or the database's address."""
    properties: NotionProperties = NotionProperties()
    statuses: NotionStatuses = NotionStatuses()
    text_is_notes: bool = True
    """Whether the text of a topic's page belongs to its notes."""
    api_url: str = NOTION
    """Another address only on this machine: a stand-in for tests."""

    @field_validator("api_url")
    @classmethod
    def _notions_own(cls, url: str) -> str:
        if url.rstrip("/") != NOTION and not _is_loopback(httpx.URL(url).host):
            raise ValueError("the token is sent to Notion or to this machine only")
        return url.rstrip("/")

    @field_validator("data_source")
    @classmethod
    def _an_id(cls, text: str) -> str:
        if find_id(text) is None:
            raise ValueError("give the id of a data source or database, or the address of the database")
        return text


class Record(Shape):
    """A page of a data source, with its properties as plain values."""

    id: str
    url: str
    title: str
    changed_at: datetime
    values: dict[str, JsonValue]


class Records(Shape):
    """Pages that a query found."""

    items: tuple[Record, ...]
    cursor: str | None = None
    """Give it to the next `query` for more; None at the end."""


class Appended(Shape):
    """Blocks that were added to a page."""

    page_id: str
    block_ids: tuple[str, ...]


def find_id(text: str) -> str | None:
    """The id in `text`, which is one itself (with hyphens or without) or an address in Notion."""
    address, _, query = text.strip().lower().partition("?")
    opened = httpx.QueryParams(query).get("p")  # a page that is open beside its database
    found = _ID.findall(opened or address)
    return "-".join(found[-1]) if found else None


def page_id_of(text: str) -> str:
    """The id in `text`; raises InvalidRequest when there is none."""
    found = find_id(text)
    if found is None:
        raise InvalidRequest(f"{text[:80]!r} is no page in Notion. Give its address or id, then start again.")
    return found


def brief(notion_id: str) -> str:
    """Enough of an id to recognise it."""
    return notion_id.replace("-", "")[:8]


def kind_of(option: str | None, title: str) -> Kind:
    """The kind that an option names, whatever its case and hyphens; an article when there is none."""
    name = re.sub(r"[^a-z0-9]+", "_", (option or "").lower()).strip("_")
    try:
        return Kind(name) if name else Kind.ARTICLE
    except ValueError:
        known = ", ".join(kind.value.replace("_", " ") for kind in Kind)
        words = f"The Notion page {title[:80]!r} is of the kind {option!r}, and Baton knows {known}"
        raise InvalidRequest(f"{words}. Change it, then press Resume.") from None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
