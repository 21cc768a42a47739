"""Posts and media on a WordPress site."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import httpx

from integrations.base import Health, action
from integrations.errors import NotFound
from integrations.http import Gate
from integrations.protocols import Image, Media, Post, Site
from integrations.wordpress.faults import TermExists, TrashIsOff, WordPressHttp
from integrations.wordpress.models import (
    MediaAnswer,
    PostAnswer,
    PostDetails,
    Term,
    TermAnswer,
    TermKind,
    UserAnswer,
    WordPressSettings,
)
from integrations.wordpress.pages import content_of, plain, slug_of, token_of

API = "/wp-json/wp/v2/"
TIMEOUT = timedelta(seconds=60)
SETTLE = timedelta(minutes=2)
"""PHP may finish a request after the web server gave it up."""
POST_STATUSES = "publish,future,draft,pending,private,trash"
MEDIA_STATUSES = "inherit,private,trash"
POST_FIELDS = "id,link,slug,status,title.raw"
MARK_FIELDS = "id,link,content.raw"
TAXONOMIES: dict[TermKind, str] = {"category": "categories", "tag": "tags"}
LAST_SUFFIX = 20
"""WordPress makes a taken slug unique by -2, -3 and so on; that many are looked through."""


class WordPress(Site):
    """Posts and media on a WordPress site."""

    def __init__(
        self, settings: WordPressSettings, gate: Gate | None = None, transport: httpx.BaseTransport | None = None
    ) -> None:
        password = settings.app_password.get_secret_value()
        header = base64.b64encode(f"{settings.user}:{password}".encode()).decode()
        self._url = settings.url
        self._http = WordPressHttp(
            "WordPress",
            settings.url + API,
            auth=(settings.user, password),
            secrets=(password, password.replace(" ", ""), header),
            headers={"Cache-Control": "no-cache"},
            timeout=TIMEOUT,
            gate=gate,
            transport=transport,
        )

    @action(reconcile="find_uploaded", settle=SETTLE)
    def upload_media(self, image: Image) -> Media:
        """Upload an image to WordPress."""
        slug = _media_slug(image, self.key)
        answer = self._http.ask(
            MediaAnswer,
            "POST",
            "media",
            what=f"the image {image.name!r}",
            files={"file": (f"{slug}.{image.mime.removeprefix('image/')}", image.content, image.mime)},
            data={"slug": slug, "title": plain(image.alt or image.name), "alt_text": plain(image.alt)},
        )
        return _media(answer)

    def find_uploaded(self, key: str, image: Image) -> Media | None:
        """The image that was uploaded with `key`, by the slug that carries it."""
        slug = _media_slug(image, key)
        asked = {"slug": ",".join(_variants(slug, 3)), "status": MEDIA_STATUSES, "context": "edit", "orderby": "id"}
        found = self._http.ask(
            list[MediaAnswer], "GET", "media", what=f"the image {image.name!r}", params={**asked, "order": "asc"}
        )
        return _media(found[0]) if found else None

    @action(idempotent=True, writes=True)
    def delete_media(self, media_id: str) -> None:
        """Delete an image from WordPress; one that is gone is fine."""
        self._delete("media", media_id, "image", force=True)

    @action(reconcile="find_published", settle=SETTLE)
    def publish(
        self,
        title: str,
        body: str,
        description: str,
        media_id: str | None = None,
        slug: str | None = None,
        categories: tuple[str, ...] = (),
        tags: tuple[str, ...] = (),
    ) -> Post:
        """Publish a post on WordPress.

        `categories` and `tags` are ids from `ensure_term`. `description` becomes the excerpt, which SEO
        plugins take for search engines.
        """
        what = f"the post {title[:80]!r}"
        post: dict[str, Any] = {
            "title": plain(title),
            "content": content_of(body, token_of(self.key)) if (title + body + description).strip() else "",
            "excerpt": plain(description),
            "slug": _post_slug(title, slug, self.key),
            "status": "publish",
            "categories": [_number(term, "category") for term in categories],
            "tags": [_number(term, "tag") for term in tags],
        }
        if media_id is not None:  # asked for first: WordPress would publish without the cover and say nothing
            post["featured_media"] = _number(media_id, "image")
            self._http.request("GET", f"media/{post['featured_media']}", what=f"image {media_id}")
        return self._http.ask(PostAnswer, "POST", "posts", what=what, json=post).brief()

    def find_published(
        self,
        key: str,
        title: str,
        body: str,  # noqa: ARG002 - the arguments are those of `publish`
        description: str,  # noqa: ARG002
        media_id: str | None = None,  # noqa: ARG002
        slug: str | None = None,
        categories: tuple[str, ...] = (),  # noqa: ARG002
        tags: tuple[str, ...] = (),  # noqa: ARG002
    ) -> Post | None:
        """The post that was published with `key`: by its slug, and by a search should that have been changed."""
        mark = f'"baton":"{token_of(key)}"'
        what = f"the post {title[:80]!r}"
        wish = _post_slug(title, slug, key)
        for asked in ({"slug": ",".join(_variants(wish, LAST_SUFFIX))}, {"search": token_of(key)}):
            for post in self._posts(what, MARK_FIELDS, asked):
                if mark in post.content.raw:
                    return post.brief()
        return None

    @action(idempotent=True, writes=True)
    def trash_post(self, post_id: str) -> None:
        """Move a WordPress post to the trash; one that is gone is fine.

        On a site that keeps no trash the post becomes a draft.
        """
        try:
            self._delete("posts", post_id, "post", force=False)
        except TrashIsOff:
            path = f"posts/{_number(post_id, 'post')}"
            self._http.request("POST", path, what=f"post {post_id}", json={"status": "draft"})

    @action(idempotent=True, writes=True)
    def delete_post(self, post_id: str) -> None:
        """Delete a WordPress post for good; one that is gone is fine."""
        self._delete("posts", post_id, "post", force=True)

    @action(idempotent=True)
    def get_post(self, post_id: str) -> PostDetails:
        """Read a WordPress post."""
        asked = {"context": "edit", "_fields": POST_FIELDS}
        path = f"posts/{_number(post_id, 'post')}"
        return self._http.ask(PostAnswer, "GET", path, what=f"post {post_id}", params=asked).details()

    @action(idempotent=True)
    def find_post(self, slug: str) -> PostDetails | None:
        """Find a WordPress post by its slug."""
        found = self._posts(f"the post at {slug[:80]!r}", POST_FIELDS, {"slug": slug.strip("/").lower()})
        return found[0].details() if found else None

    @action(idempotent=True, writes=True)
    def ensure_term(self, kind: TermKind, name: str) -> Term:
        """Find or make a category or tag on WordPress."""
        what = f"the {kind} {name[:80]!r}"
        try:
            made = self._http.ask(TermAnswer, "POST", TAXONOMIES[kind], what=what, json={"name": plain(name)})
        except TermExists as there:
            return Term(id=str(there.term_id), name=name)
        return Term(id=str(made.id), name=name)

    def health(self) -> Health:
        """Who Baton is on the site, and whether that user may publish and upload."""
        asked = {"context": "edit", "_fields": "name,capabilities"}
        user = self._http.ask(UserAnswer, "GET", "users/me", what="the user that Baton is", params=asked)
        needed = {"publish_posts": "publish posts", "upload_files": "upload files"}
        lacking = [words for right, words in needed.items() if not user.capabilities.get(right)]
        if lacking:
            words = f"On {self._url}, {user.name} may not {' nor '.join(lacking)}."
            return Health(False, f"{words} Give the user the role Author or Editor.")
        return Health(True, f"Publishes on {self._url} as {user.name}")

    def _posts(self, what: str, fields: str, asked: dict[str, str]) -> list[PostAnswer]:
        """The posts of any status that match, the oldest first, freshly from the database."""
        params = {**asked, "status": POST_STATUSES, "context": "edit", "orderby": "id", "order": "asc"}
        params |= {"per_page": "100", "_fields": fields}
        return self._http.ask(list[PostAnswer], "GET", "posts", what=what, params=params)

    def _delete(self, kind: str, thing_id: str, noun: str, *, force: bool) -> None:
        params = {"force": "true"} if force else {}
        try:
            self._http.request("DELETE", f"{kind}/{_number(thing_id, noun)}", what=f"{noun} {thing_id}", params=params)
        except NotFound:
            return


def _media_slug(image: Image, key: str | None) -> str:
    stem = slug_of(image.name.rpartition(".")[0] or image.name)
    return f"{stem or 'image'}-{token_of(key)}"


def _post_slug(title: str, wish: str | None, key: str | None) -> str:
    return slug_of(wish or title) or f"post-{token_of(key)[:8]}"


def _variants(slug: str, last: int) -> Iterable[str]:
    """What WordPress may have made of `slug`: numbered when it was taken, marked once it is in the trash."""
    for name in (slug, *(f"{slug}-{number}" for number in range(2, last + 1))):
        yield name
        yield f"{name}__trashed"


def _number(thing_id: str, noun: str) -> int:
    if not (thing_id.isascii() and thing_id.isdigit()):
        raise NotFound(f"WordPress has no {noun} {thing_id[:50]!r}: its ids are numbers. Check it, then press Resume.")
    return int(thing_id)


def _media(answer: MediaAnswer) -> Media:
    return Media(id=str(answer.id), url=answer.source_url)
