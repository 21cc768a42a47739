"""A search that a model may use as a tool: bounded, and everything it found is kept."""

from __future__ import annotations

from collections.abc import Callable

from pydantic_ai.exceptions import ToolFailed

from integrations.ai import wording
from integrations.errors import ConnectorError
from integrations.protocols import Source, Sources

SHOWN = 2_000
"""How many characters of a page a model is shown."""
QUERY_LENGTH = 300


class Searches:
    """At most `most` searches for one question; `found` holds each page once, in the order of finding."""

    def __init__(self, find: Callable[[str], Sources], most: int) -> None:
        self._find = find
        self._left = most
        self._found: dict[str, Source] = {}

    @property
    def found(self) -> tuple[Source, ...]:
        """What all searches found."""
        return tuple(self._found.values())

    def search(self, query: str) -> str:
        """Search for pages about `query`, a few words as one would type them into a search engine."""
        if self._left < 1:
            raise ToolFailed("No searches are left: answer with what was found.")
        self._left -= 1
        try:
            sources = self._find(" ".join(query.split())[:QUERY_LENGTH])
        except ConnectorError as error:
            raise ToolFailed(f"The search failed: {error}") from None
        for source in sources.items:
            self._found.setdefault(source.url, source)
        pages = [{"title": one.title, "url": one.url, "text": one.text[:SHOWN]} for one in sources.items]
        return wording.found({"pages": [dict(page) for page in pages], "searches_left": self._left})
