"""A web site in a folder."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from integrations.base import Health, action
from integrations.errors import NotFound
from integrations.files import alone_in, folder_health, id_for, write_whole
from integrations.local_site.models import LocalSiteSettings, MediaRecord, PostRecord
from integrations.local_site.pages import STYLE, index_page, post_page
from integrations.protocols import Image, Media, Post, Site

ID = re.compile(r"^[0-9a-f]{16}$")
MAX_SLUG = 80


class LocalSite(Site):
    """A web site in a folder: `public` is what visitors may see, `records` what it is made from."""

    def __init__(self, settings: LocalSiteSettings) -> None:
        self._folder = settings.folder
        self._url = settings.url.rstrip("/")
        self._title = settings.title

    @action(idempotent=True, writes=True)
    def upload_media(self, image: Image) -> Media:
        """Add an image to the local site."""
        media_id = id_for(self.key)
        record = MediaRecord(id=media_id, file=f"{media_id}.{image.mime.removeprefix('image/')}", alt=image.alt)
        with alone_in(self._folder):
            write_whole(self._public / "media" / record.file, image.content)
            write_whole(self._media_record(media_id), record.model_dump_json().encode())
        return Media(id=media_id, url=f"{self._url}/media/{record.file}")

    @action(idempotent=True, writes=True)
    def delete_media(self, media_id: str) -> None:
        """Delete an image from the local site; one that is gone is fine."""
        with alone_in(self._folder):
            record = self._media(media_id)
            if record is not None:
                (self._public / "media" / record.file).unlink(missing_ok=True)
                self._media_record(media_id).unlink(missing_ok=True)

    @action(idempotent=True, writes=True)
    def publish(
        self, title: str, body: str, description: str, media_id: str | None = None, slug: str | None = None
    ) -> Post:
        """Publish a post on the local site."""
        post_id = id_for(self.key)
        with alone_in(self._folder):
            post = self._post(post_id)
            if post is None:
                cover = self._cover(media_id)
                post = PostRecord(
                    id=post_id,
                    slug=self._free_slug(slug or title, post_id),
                    title=title,
                    body=body,
                    description=description,
                    cover=cover.file if cover else None,
                    cover_alt=cover.alt if cover else "",
                    published_at=datetime.now(UTC),
                )
                self._keep(post)
            self._render()
        return Post(id=post.id, url=f"{self._url}/posts/{post.slug}.html")

    @action(idempotent=True, writes=True)
    def trash_post(self, post_id: str) -> None:
        """Take a post off the local site; one that is gone is fine."""
        with alone_in(self._folder):
            post = self._post(post_id)
            if post is not None:
                self._keep(post.model_copy(update={"trashed": True}))
                self._render()

    def health(self) -> Health:
        """Whether the site's folder can be written."""
        return folder_health(self._folder, f"A site at {self._url}", must_exist=False)

    @property
    def _public(self) -> Path:
        return self._folder / "public"

    def _post_record(self, post_id: str) -> Path:
        return self._folder / "records" / "posts" / f"{post_id}.json"

    def _media_record(self, media_id: str) -> Path:
        return self._folder / "records" / "media" / f"{media_id}.json"

    def _post(self, post_id: str) -> PostRecord | None:
        path = self._post_record(post_id)
        return PostRecord.model_validate_json(path.read_bytes()) if ID.match(post_id) and path.exists() else None

    def _media(self, media_id: str) -> MediaRecord | None:
        path = self._media_record(media_id)
        return MediaRecord.model_validate_json(path.read_bytes()) if ID.match(media_id) and path.exists() else None

    def _cover(self, media_id: str | None) -> MediaRecord | None:
        cover = self._media(media_id) if media_id else None
        if media_id and cover is None:
            raise NotFound(f"The local site has no image {media_id[:50]!r}. Upload it, then publish again.")
        return cover

    def _posts(self) -> Iterator[PostRecord]:
        for path in sorted((self._folder / "records" / "posts").glob("*.json")):
            yield PostRecord.model_validate_json(path.read_bytes())

    def _keep(self, post: PostRecord) -> None:
        write_whole(self._post_record(post.id), post.model_dump_json(indent=1).encode())

    def _free_slug(self, wish: str, post_id: str) -> str:
        slug = slug_of(wish) or post_id
        taken = any(post.slug == slug for post in self._posts())
        return f"{slug}-{post_id[:6]}" if taken else slug

    def _render(self) -> None:
        """Make the pages what the records say, whatever an interrupted turn left behind."""
        posts = list(self._posts())
        for post in posts:
            page = self._public / "posts" / f"{post.slug}.html"
            if post.trashed:
                page.unlink(missing_ok=True)
            elif not page.exists():
                write_whole(page, post_page(post).encode())
        shown = [post for post in posts if not post.trashed]
        write_whole(self._public / "style.css", STYLE.encode())
        write_whole(self._public / "index.html", index_page(self._title, shown).encode())


def slug_of(text: str) -> str:
    """`text` as a part of an address: lower-case letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:MAX_SLUG].rstrip("-")
