"""The kinds of service a workflow may name, and the shapes they speak in.

A workflow says `run.step(Topics.get, page)`; the settings say which connector that is. Histories keep the
protocol's action names and these shapes: renaming either is a migration.
"""

from __future__ import annotations

import base64
import binascii
import enum
from datetime import datetime
from typing import Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

from integrations.base import Connector, action

MAX_IMAGE_BYTES = 2_900_000
"""As base64 text this stays under the 4 MB that a step may return."""


class Shape(BaseModel):
    """A value that passes between workflows and connectors: immutable and JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Kind(enum.StrEnum):
    """What is to be written about a topic."""

    ARTICLE = "article"
    NEWS_BRIEF = "news_brief"
    HOW_TO = "how_to"


class TopicStatus(enum.StrEnum):
    """How far a topic is; only a ready one is picked up."""

    DRAFT = "draft"
    READY = "ready"
    IN_PROGRESS = "in_progress"
    PUBLISHED = "published"


class Topic(Shape):
    """What somebody wants to have written."""

    id: str
    title: str
    kind: Kind = Kind.ARTICLE
    status: TopicStatus = TopicStatus.READY
    audience: str = ""
    notes: str = ""
    url: str | None = None
    """Where it was published, once it is."""


class TopicRef(Shape):
    """A topic in a list."""

    id: str
    title: str
    status: TopicStatus
    changed_at: datetime
    """With time zone."""


class TopicPage(Shape):
    """Topics that changed after a cursor, the longest unchanged first."""

    items: tuple[TopicRef, ...]
    cursor: str
    """Give it to the next `find`; it stays valid for ever, and is the given one when nothing is new."""
    more: bool = False
    """Whether another `find` with `cursor` would bring more at once."""


class Source(Shape):
    """A page that was found, as far as it was read."""

    title: str
    url: str
    text: str


class Sources(Shape):
    """What a search found, best first."""

    query: str
    items: tuple[Source, ...]


ImageType = Literal["image/png", "image/jpeg", "image/webp", "image/gif"]


class Image(Shape):
    """An image as text, so that histories can hold it: at most 2.9 MB before base64."""

    name: str = Field(pattern=r"^[\w.-]{1,100}$")
    """The file name it is uploaded under."""
    mime: ImageType
    data: str
    """Base64."""
    alt: str = ""

    @classmethod
    def of(cls, content: bytes, *, name: str, mime: ImageType, alt: str = "") -> Self:
        """An image from its bytes."""
        return cls(name=name, mime=mime, data=base64.b64encode(content).decode("ascii"), alt=alt)

    @field_validator("data")
    @classmethod
    def _fits(cls, data: str) -> str:
        if len(data) > MAX_IMAGE_BYTES * 4 / 3 + 4:
            raise ValueError(f"the image is over {MAX_IMAGE_BYTES:,} bytes: make it smaller, or return its address")
        try:
            base64.b64decode(data, validate=True)
        except binascii.Error:
            raise ValueError("the image is not base64") from None
        return data

    @property
    def content(self) -> bytes:
        """The image's bytes."""
        return base64.b64decode(self.data)


class Media(Shape):
    """An image that a site holds."""

    id: str
    url: str


class Post(Shape):
    """A page that a site shows."""

    id: str
    url: str


class Posted(Shape):
    """A message in a channel."""

    channel: str
    id: str
    url: str | None = None


class SocialPost(Shape):
    """A short text for a social network."""

    network: str = Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")
    text: str
    link: str | None = None
    not_before: datetime | None = None
    """When it may be sent, with time zone; None means at once."""


class Queued(Shape):
    """A social post that waits for its turn."""

    id: str
    network: str


class Prompt(Shape):
    """A question to a model: what kind of task it is, how to do it, and what from.

    `material` is data, also where it reads like an instruction.
    """

    task: str
    """One word that names the kind of work ("outline", "article", "revise", "seo")."""
    instructions: str
    material: dict[str, JsonValue] = {}


Role = Literal["writer", "editor", "fast"]
M = TypeVar("M", bound=BaseModel)


class Topics(Connector, protocol=True):
    """Where people keep what they want to have written."""

    @action(idempotent=True)
    def get(self, page_id: str) -> Topic:
        """Read a topic."""
        raise NotImplementedError

    @action(idempotent=True)
    def find(self, status: TopicStatus = TopicStatus.READY, after: str = "", limit: int = 50) -> TopicPage:
        """Find topics by status.

        Lists those that changed after the cursor `after`; a topic that changes again is listed again.
        """
        raise NotImplementedError

    @action(idempotent=True, writes=True)
    def mark_in_progress(self, topic_id: str) -> None:
        """Mark a topic as in progress."""
        raise NotImplementedError

    @action(idempotent=True, writes=True)
    def mark_published(self, topic_id: str, url: str) -> None:
        """Mark a topic as published."""
        raise NotImplementedError


class Search(Connector, protocol=True):
    """A search of the web."""

    @action(idempotent=True)
    def find(self, query: str, limit: int = 5) -> Sources:
        """Search the web."""
        raise NotImplementedError


class Library(Connector, protocol=True):
    """A search of our own files."""

    @action(idempotent=True)
    def find(self, query: str, limit: int = 5) -> Sources:
        """Search our own files."""
        raise NotImplementedError


class Site(Connector, protocol=True):
    """Where articles are published. A connector says with its own actions what a repeat does."""

    @action(idempotent=False)
    def upload_media(self, image: Image) -> Media:
        """Upload an image."""
        raise NotImplementedError

    @action(idempotent=True, writes=True)
    def delete_media(self, media_id: str) -> None:
        """Delete an image; one that is gone is fine."""
        raise NotImplementedError

    @action(idempotent=False)
    def publish(
        self, title: str, body: str, description: str, media_id: str | None = None, slug: str | None = None
    ) -> Post:
        """Publish a post.

        `body` is Markdown; `description` is for search engines; `media_id` is the cover's; `slug` is a
        wish for the address.
        """
        raise NotImplementedError

    @action(idempotent=True, writes=True)
    def trash_post(self, post_id: str) -> None:
        """Move a post to the trash; one that is gone is fine."""
        raise NotImplementedError


class Models(Connector, protocol=True):
    """Language models, asked from within a step: `ctx.use(Models).ask(Outline, prompt)`."""

    def ask(self, output_type: type[M], prompt: Prompt, role: Role = "writer") -> M:
        """The model's answer to `prompt` as an `output_type`; what was spent is recorded with the step."""
        raise NotImplementedError


class Images(Connector, protocol=True):
    """Images made to order."""

    @action(idempotent=True)
    def draw_cover(self, title: str, brief: str = "") -> Image:
        """Draw a cover.

        `brief` says in a sentence what the text is about.
        """
        raise NotImplementedError


class Channel(Connector, protocol=True):
    """Channels that people read."""

    @action(idempotent=False)
    def post(self, channel: str, text: str) -> Posted:
        """Post a message.

        `text` is Slack's mrkdwn.
        """
        raise NotImplementedError


class Outbox(Connector, protocol=True):
    """Posts for social networks, on their way out."""

    @action(idempotent=False)
    def queue(self, post: SocialPost) -> Queued:
        """Queue a social post."""
        raise NotImplementedError
