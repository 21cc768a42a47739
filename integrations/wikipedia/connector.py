"""Search in Wikipedia, without a key."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from integrations.base import Health, action
from integrations.http import Gate, Http, Rate
from integrations.protocols import Search, Source, Sources
from integrations.wikipedia.models import Extract, Hit, Hits, Texts
from workflows.engine.policy import Retry

MOST_PAGES = 10
PACE = Rate(5, burst=MOST_PAGES)
"""Wikimedia asks unknown clients to be gentle."""
QUERY_LENGTH = 300
_TAG = re.compile(r"<[^>]*>")
_HEADING = re.compile(r"^(={2,6})\s*(.+?)\s*\1$", re.MULTILINE)
_LAST = re.compile(
    r"^==\s*(?:See also|References|Notes|External links|Further reading|Bibliography)\s*==$", re.MULTILINE
)


class WikipediaSettings(BaseModel):
    """Which Wikipedia, and how to reach whoever runs Baton: Wikimedia asks for that in every request."""

    model_config = ConfigDict(frozen=True)

    language: str = Field(default="en", pattern=r"^[a-z]{2,3}(-[a-z]{2,12})*$")
    contact: str = Field(default="", pattern=r"^[\x20-\x7e]{0,200}$")
    """An address or a page: without one, Wikimedia may refuse."""
    token: SecretStr | None = None
    """An access token of a Wikimedia account, for higher limits."""
    url: str = ""
    """The address of another wiki; empty means Wikipedia's own."""
    max_characters: int = Field(default=6_000, ge=200)
    """How much of a page is handed on."""

    @property
    def base(self) -> str:
        """The wiki's address, without a slash at the end."""
        return (self.url or f"https://{self.language}.wikipedia.org").rstrip("/")


class Wikipedia(Search):
    """Search in Wikipedia: the pages' plain text, up to the references."""

    def __init__(self, settings: WikipediaSettings, gate: Gate | None = None) -> None:
        self._settings = settings
        agent = f"Baton/0.1 ({settings.contact or 'durable workflows; no contact set'}) httpx"
        headers = {"User-Agent": agent}
        if settings.token is not None:
            headers["Authorization"] = f"Bearer {settings.token.get_secret_value()}"
        self._http = Http("Wikipedia", settings.base, headers=headers, limits=PACE, gate=gate)

    @action(idempotent=True, retry=Retry(first_delay=timedelta(seconds=2)))
    def find(self, query: str, limit: int = 5) -> Sources:
        """Search Wikipedia."""
        if limit < 1:
            return Sources(query=query, items=())
        params: dict[str, str | int] = {
            "q": " ".join(query.split())[:QUERY_LENGTH],
            "limit": min(limit, MOST_PAGES),
        }
        what = f"the search {query[:100]!r}"
        hits = self._http.ask(Hits, "GET", "/w/rest.php/v1/search/page", what=what, params=params).pages
        sources = [self._source(hit) for hit in hits]
        return Sources(query=query, items=tuple(source for source in sources if source.text))

    def health(self) -> Health:
        """Whether Wikipedia answers."""
        self._http.ask(
            Hits, "GET", "/w/rest.php/v1/search/page", what="a search", params={"q": "Wikipedia", "limit": 1}
        )
        if not self._settings.contact:
            return Health(True, "Wikipedia answers. It asks for a contact in every request: set one.")
        return Health(True, "Wikipedia answers")

    def _source(self, hit: Hit) -> Source:
        page = self._page(hit)
        text = _readable(page.extract) if page else ""
        if not text:
            text = html.unescape(_TAG.sub("", hit.excerpt)).strip()
        return Source(title=hit.title, url=self._address(hit.key), text=text[: self._settings.max_characters])

    def _page(self, hit: Hit) -> Extract | None:
        params: dict[str, str | int] = {
            "action": "query",
            "prop": "extracts",
            "explaintext": 1,
            "redirects": 1,
            "titles": hit.title,
            "format": "json",
            "formatversion": 2,
        }
        found = self._http.ask(Texts, "GET", "/w/api.php", what=f"the page {hit.title[:100]!r}", params=params)
        return next((page for page in found.query.pages if not page.missing), None)

    def _address(self, key: str) -> str:
        return f"{self._settings.base}/wiki/{quote(key, safe='/:_(),')}"


def _readable(extract: str) -> str:
    """A page's text up to its references, with Markdown's headings."""
    last = _LAST.search(extract)
    body = extract[: last.start()] if last else extract
    text = _HEADING.sub(lambda found: f"{'#' * len(found[1])} {found[2]}", body)
    return re.sub(r"\n{3,}", "\n\n", text).strip()
