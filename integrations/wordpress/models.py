"""What WordPress is told, and what it answers."""

from __future__ import annotations

import html
import ipaddress
from typing import Literal, Self

import httpx
from pydantic import BaseModel, ConfigDict, SecretStr, field_validator, model_validator

from integrations.protocols import Post, Shape

TermKind = Literal["category", "tag"]


class WordPressSettings(BaseModel):
    """Which site, and as whom."""

    model_config = ConfigDict(frozen=True)

    url: str
    """The site's address as visitors type it, with a path when WordPress lives in a folder."""
    user: str
    app_password: SecretStr
    allow_plain_http: bool = False
    """Whether the password may travel unencrypted to another machine."""

    @field_validator("url")
    @classmethod
    def _clean(cls, url: str) -> str:
        try:
            parsed = httpx.URL(url.strip())
        except httpx.InvalidURL:
            parsed = httpx.URL()
        if parsed.scheme not in ("http", "https") or not parsed.host or parsed.userinfo:
            raise ValueError("give the site's address with https://, without user and password in it")
        return url.strip().rstrip("/")

    @model_validator(mode="after")
    def _encrypted(self) -> Self:
        parsed = httpx.URL(self.url)
        if parsed.scheme == "http" and not (self.allow_plain_http or _is_loopback(parsed.host)):
            raise ValueError(
                "over http:// everybody on the way can read the application password: use https://, "
                "or allow plain HTTP in the settings"
            )
        return self


class Term(Shape):
    """A category or a tag."""

    id: str
    name: str


class PostDetails(Shape):
    """A post as WordPress holds it."""

    id: str
    url: str
    slug: str
    status: str
    """`publish`, `future`, `draft`, `pending`, `private` or `trash`."""
    title: str


class Raw(BaseModel):
    """A text of an answer, as it was written."""

    raw: str = ""


class PostAnswer(BaseModel):
    """What WordPress says of a post."""

    id: int
    link: str = ""
    slug: str = ""
    status: str = ""
    title: Raw = Raw()
    content: Raw = Raw()

    def brief(self) -> Post:
        """As much as workflows need."""
        return Post(id=str(self.id), url=self.link)

    def details(self) -> PostDetails:
        """All that is known, but for the text."""
        title = html.unescape(self.title.raw)
        return PostDetails(id=str(self.id), url=self.link, slug=self.slug, status=self.status, title=title)


class MediaAnswer(BaseModel):
    """What WordPress says of an image."""

    id: int
    source_url: str = ""


class TermAnswer(BaseModel):
    """What WordPress says of a category or tag."""

    id: int
    name: str


class UserAnswer(BaseModel):
    """What WordPress says of the user."""

    name: str
    capabilities: dict[str, bool | int | str] = {}


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
