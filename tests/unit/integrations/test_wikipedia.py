"""Wikipedia over a local server that answers as Wikipedia does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from integrations.errors import RateLimited, Unavailable
from integrations.wikipedia.connector import Wikipedia, WikipediaSettings
from tests.servers.http import Answer, Asked, CannedServer, as_json, serving

SEARCH, TEXT = "GET /w/rest.php/v1/search/page", "GET /w/api.php"
HITS = {
    "pages": [
        {
            "id": 38930,
            "key": "Cat_(animal)",
            "title": "Cat (animal)",
            "excerpt": 'The <span class="searchmatch">cat</span> is a small &amp; quiet animal',
            "matched_title": None,
            "description": "small animal",
            "thumbnail": {"mimetype": "image/jpeg", "width": 60, "height": 60, "url": "//upload.test/cat.jpg"},
        },
        {"id": 2, "key": "Été", "title": "Été", "excerpt": "Nothing &lt;more&gt;", "matched_title": None},
        {"id": 3, "key": "Empty", "title": "Empty", "excerpt": ""},
    ]
}
EXTRACT = "A cat is an animal.\n\n\n== Sleep ==\nIt sleeps a lot.\n\n=== Naps ===\nShort.\n\n== References ==\nA book"
LIMIT = 3


def extracts(asked: Asked) -> Answer:
    """The text of the page that was asked for; only one has any."""
    [title] = asked.query["titles"]
    page: dict[str, Any] = {"ns": 0, "title": title, "missing": True}
    if title == "Cat (animal)":
        page = {"pageid": 38930, "ns": 0, "title": title, "extract": EXTRACT}
    return as_json({"batchcomplete": True, "query": {"pages": [page]}})


@pytest.fixture
def server() -> Iterator[CannedServer]:
    with serving({SEARCH: as_json(HITS), TEXT: extracts}) as server:
        yield server


def wikipedia(server: CannedServer, **more: Any) -> Wikipedia:
    """The connector, at a test's server."""
    return Wikipedia(WikipediaSettings(url=server.url, **more))


def test_a_search_brings_the_pages_text_without_its_references(server: CannedServer) -> None:
    sources = wikipedia(server).find("cats", limit=LIMIT)
    first, second = sources.items
    assert first.text == "A cat is an animal.\n\n## Sleep\nIt sleeps a lot.\n\n### Naps\nShort."
    assert first.url == f"{server.url}/wiki/Cat_(animal)"
    assert (second.text, second.url) == ("Nothing <more>", f"{server.url}/wiki/%C3%89t%C3%A9")
    assert len(server.asked) == 1 + LIMIT
    assert server.asked[0].query == {"q": ["cats"], "limit": ["3"]}


def test_requests_name_who_asks(server: CannedServer) -> None:
    wikipedia(server, contact="https://example.test/about; ada@example.test").find("cats")
    assert {asked.headers["user-agent"] for asked in server.asked} == {
        "Baton/0.1 (https://example.test/about; ada@example.test) httpx"
    }
    with pytest.raises(ValidationError):
        WikipediaSettings(contact="a\r\nX-Other: b")


def test_the_language_chooses_the_wiki() -> None:
    assert WikipediaSettings(language="pt").base == "https://pt.wikipedia.org"
    for wrong in ("evil.test/", "EN", "", "a"):
        with pytest.raises(ValidationError):
            WikipediaSettings(language=wrong)


def test_it_stays_in_bounds(server: CannedServer) -> None:
    sources = wikipedia(server, max_characters=200).find("x" * 900, limit=90)
    assert all(len(source.text) <= 200 for source in sources.items)
    assert len(server.asked[0].query["q"][0]) == 300
    assert server.asked[0].query["limit"] == ["10"]
    assert wikipedia(server).find("cats", limit=0).items == ()


def test_a_pause_is_kept_by_all_that_follow() -> None:
    with serving({SEARCH: as_json({"httpCode": 429}, 429, Retry_After="30")}) as server:
        connector = wikipedia(server)
        with pytest.raises(RateLimited) as first:
            connector.find("cats")
        with pytest.raises(RateLimited, match="as often as its limit allows"):
            connector.find("cats")
        assert len(server.asked) == 1
    assert first.value.retry_after is not None


def test_an_answer_of_another_shape_is_told() -> None:
    with serving({SEARCH: as_json({"pages": [{"id": 1}]})}) as server, pytest.raises(Unavailable) as it:
        wikipedia(server).find("cats")
    assert not it.value.retryable


def test_health_asks_for_a_contact(server: CannedServer) -> None:
    assert "set one" in wikipedia(server).health().words
    assert wikipedia(server, contact="ada@example.test").health().words == "Wikipedia answers"
