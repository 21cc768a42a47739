"""A newsroom in a folder: the content pipeline in the harness, with every local connector really bound."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integrations.base import Health, action
from integrations.files import id_for
from integrations.local_channel.connector import Line, LocalChannel, LocalChannelSettings
from integrations.local_covers.connector import LocalCovers, LocalCoversSettings
from integrations.local_library.connector import LocalLibrary, LocalLibrarySettings
from integrations.local_outbox.connector import LocalOutbox, LocalOutboxSettings
from integrations.local_site.connector import LocalSite
from integrations.local_site.models import LocalSiteSettings, PostRecord
from integrations.local_topics.connector import LocalTopics, LocalTopicsSettings
from integrations.local_writer.connector import LocalWriter
from integrations.protocols import (
    Channel,
    Image,
    Images,
    Library,
    Media,
    Models,
    Outbox,
    Post,
    Search,
    Site,
    SocialPost,
    Source,
    Sources,
    Topics,
)
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.harness import Harness
from workflows.library.content_pipeline import content_pipeline

SITE_URL = "http://127.0.0.1:1"
TEXTS = {
    "bicycle-chain": "# Bicycle chains\n\nA dry chain squeaks and wears faster. Wipe a chain before you oil it.\n",
    "bicycle-tyres": "# Bicycle tyres\n\nA soft tyre is slow and is cut more easily. Pump a tyre before a long ride.\n",
}


class Web(Search):
    """A search of the web that finds one page."""

    def find(self, query: str, limit: int = 5) -> Sources:
        """Find the page."""
        text = "A bicycle that is kept clean lasts longer. Rain washes the oil off the chain."
        return Sources(query=query, items=(Source(title="Bicycles", url="https://web.test/bicycles", text=text),))

    def health(self) -> Health:
        """Fine."""
        return Health(True, "It finds one page")


class FarSite(LocalSite):
    """A site that honours no idempotency key, but can be asked what became of one: as most real sites are."""

    @action(reconcile="find_media")
    def upload_media(self, image: Image) -> Media:
        """Upload an image."""
        return super().upload_media(image)

    @action(reconcile="find_post")
    def publish(
        self, title: str, body: str, description: str, media_id: str | None = None, slug: str | None = None
    ) -> Post:
        """Publish a post."""
        if self._post(id_for(self.key)) is not None:
            raise AssertionError("published twice")
        return super().publish(title, body, description, media_id, slug)

    def find_media(self, key: str, image: Image) -> Media | None:
        """The image that was uploaded with `key`."""
        found = self._media(id_for(key))
        return Media(id=found.id, url=f"{self._url}/media/{found.file}") if found else None

    def find_post(
        self,
        key: str,
        title: str,
        body: str,
        description: str,
        media_id: str | None = None,
        slug: str | None = None,
    ) -> Post | None:
        """The post that was published with `key`."""
        found = self._post(id_for(key))
        return Post(id=found.id, url=f"{self._url}/posts/{found.slug}.html") if found else None


@dataclass(frozen=True)
class Newsroom:
    """The harness and where its connectors keep things."""

    harness: Harness
    folder: Path

    @classmethod
    def open(cls, folder: Path, clock: ManualClock | None = None, **tools: Any) -> Newsroom:
        """A newsroom whose files are in `folder`; `tools` replace connectors by the protocol's name."""
        for name, text in TEXTS.items():
            put(folder / "library" / f"{name}.md", text)
        (folder / "topics").mkdir(exist_ok=True)
        bound: dict[type[Any], Any] = {
            Topics: LocalTopics(LocalTopicsSettings(folder=folder / "topics")),
            Search: Web(),
            Library: LocalLibrary(LocalLibrarySettings(folder=folder / "library")),
            Models: LocalWriter(),
            Images: LocalCovers(LocalCoversSettings(width=400, height=300)),
            Site: LocalSite(site_settings(folder)),
            Channel: LocalChannel(LocalChannelSettings(folder=folder / "channels")),
            Outbox: LocalOutbox(LocalOutboxSettings(folder=folder / "outbox")),
        }
        named = {cls.__name__: cls for cls in bound}
        bound |= {named[name]: tool for name, tool in tools.items()}
        return cls(Harness(content_pipeline, tools=bound, clock=clock), folder)

    def topic(self, name: str, *, kind: str = "article", status: str = "ready", title: str = "Bicycle care") -> str:
        """Put a topic into the folder; its id."""
        head = f"---\ntitle: {title}\nkind: {kind}\nstatus: {status}\naudience: riders\n---\n"
        put(self.folder / "topics" / f"{name}.md", f"{head}Mention the chain.\n")
        return name

    def start(self, topic: str, **more: Any) -> str:
        """Order an article about a topic; the run's id."""
        return self.harness.start("content_pipeline", {"topic": topic, "channel": "#content", **more})

    def topic_text(self, name: str) -> str:
        """What a topic's file says now."""
        return (self.folder / "topics" / f"{name}.md").read_text(encoding="utf-8")

    def posts(self) -> list[PostRecord]:
        """The posts that visitors see."""
        return [post for post in self.all_posts() if not post.trashed]

    def all_posts(self) -> list[PostRecord]:
        """The posts, and those in the trash."""
        found = sorted((self.folder / "site" / "records" / "posts").glob("*.json"))
        return [PostRecord.model_validate_json(path.read_bytes()) for path in found]

    def media(self) -> list[str]:
        """The files of the images on the site."""
        return sorted(path.name for path in (self.folder / "site" / "public" / "media").glob("*"))

    def social(self) -> list[SocialPost]:
        """The social posts that wait, by network."""
        found = sorted((self.folder / "outbox").glob("*/*.json"))
        return [SocialPost.model_validate_json(path.read_bytes()) for path in found]

    def messages(self) -> list[Line]:
        """What was posted to channels."""
        return list(LocalChannel(LocalChannelSettings(folder=self.folder / "channels")).messages())

    def taken(self, run_id: str) -> list[str]:
        """The steps that a run has taken, by name."""
        return [record.key.rpartition("/")[2] for record in self.harness.history(run_id) if record.kind.value == "step"]


def site_settings(folder: Path) -> LocalSiteSettings:
    """The site of the newsroom in `folder`."""
    return LocalSiteSettings(folder=folder / "site", url=SITE_URL)


def put(path: Path, text: str) -> None:
    """Write a file and the folder it is in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
