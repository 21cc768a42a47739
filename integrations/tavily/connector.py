"""Search of the web through Tavily."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from integrations.base import Health, action
from integrations.http import Gate, Http
from integrations.protocols import Search, Source, Sources
from integrations.tavily.models import Result, Results, UsageReport
from workflows.engine.policy import Retry

URL = "https://api.tavily.com"
USED_UP = frozenset({432, 433})
"""Tavily's own statuses: the plan's credits, or the pay-as-you-go limit, are used up."""
MOST_RESULTS = 20
QUERY_LENGTH = 400


class TavilySettings(BaseModel):
    """The key, and how thoroughly to search: `advanced` costs two credits, `basic` one."""

    model_config = ConfigDict(frozen=True)

    api_key: SecretStr
    url: str = URL
    depth: Literal["basic", "advanced"] = "basic"
    max_characters: int = Field(default=6_000, ge=200)
    """How much of a page is handed on."""


class Tavily(Search):
    """Search of the web through Tavily, which also reads the pages it finds."""

    def __init__(self, settings: TavilySettings, gate: Gate | None = None) -> None:
        self._settings = settings
        key = settings.api_key.get_secret_value()
        headers = {"Authorization": f"Bearer {key}"}
        self._http = Http("Tavily", settings.url, headers=headers, secrets=[settings.api_key], gate=gate)

    @action(idempotent=True, retry=Retry(first_delay=timedelta(seconds=2)))
    def find(self, query: str, limit: int = 5) -> Sources:
        """Search the web with Tavily."""
        if limit < 1:
            return Sources(query=query, items=())
        asked = {
            "query": " ".join(query.split())[:QUERY_LENGTH],
            "max_results": min(limit, MOST_RESULTS),
            "search_depth": self._settings.depth,
            "include_raw_content": True,
        }
        results = self._search(query, asked).results
        items = tuple(self._source(result) for result in results if _readable(result))
        return Sources(query=query, items=items[:limit])

    def health(self) -> Health:
        """Whether Tavily accepts the key, and how many credits are used."""
        used = self._http.ask(UsageReport, "GET", "/usage", what="its usage").key
        if used.limit is not None and used.usage is not None:
            return Health(True, f"Tavily answers; {used.usage} of {used.limit} credits are used")
        return Health(True, "Tavily answers")

    def _search(self, query: str, asked: dict[str, object]) -> Results:
        fault = self._http.fault(f"the search {query[:100]!r}", write=False)
        with fault.mapped():
            response = self._http.client.post("/search", json=asked)
        if response.status_code in USED_UP:
            raise fault.status(402, response.headers, "the credits of the plan are used up")
        if not response.is_success:
            raise fault.answer(response)
        try:
            return Results.model_validate_json(response.content)
        except ValidationError:
            raise fault.nonsense("its results have another shape") from None

    def _source(self, result: Result) -> Source:
        text = (result.raw_content or "").strip() or result.content
        return Source(title=result.title or result.url, url=result.url, text=text[: self._settings.max_characters])


def _readable(result: Result) -> bool:
    """Whether a result can be used and cited: it says something, and its address is a web address."""
    try:
        address = httpx.URL(result.url)
    except httpx.InvalidURL:
        return False
    has_text = bool(result.content.strip() or (result.raw_content or "").strip())
    return address.scheme in ("http", "https") and bool(address.host) and has_text
