"""Tavily over a local server that answers as Tavily does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from integrations.errors import Unauthorized, Unavailable
from integrations.protocols import Source
from integrations.tavily.connector import Tavily, TavilySettings
from tests.servers.http import CannedServer, as_json, serving

KEY = "tvly-made-up-for-tests"
FOUND: dict[str, Any] = {
    "query": "how cats sleep",
    "follow_up_questions": None,
    "answer": None,
    "images": [],
    "results": [
        {
            "url": "https://cats.test/sleep",
            "title": "Sleep of cats",
            "content": "Cats sleep in short phases.",
            "score": 0.93,
            "raw_content": "# Sleep of cats\n\nCats sleep in short phases, by day and by night.",
        },
        {
            "url": "https://pets.test/naps",
            "title": "Naps",
            "content": "A nap is short.",
            "score": 0.71,
            "raw_content": None,
        },
        {"url": "https://empty.test", "title": "Nothing", "content": " ", "score": 0.5, "raw_content": ""},
        {"url": "javascript:alert(1)", "title": "Odd", "content": "Odd.", "score": 0.4, "raw_content": None},
    ],
    "response_time": 1.09,
    "request_id": "123e4567-e89b-12d3-a456-426614174111",
}


@pytest.fixture
def server() -> Iterator[CannedServer]:
    with serving({"POST /search": as_json(FOUND)}) as server:
        yield server


def tavily(server: CannedServer, **more: Any) -> Tavily:
    """The connector, at a test's server."""
    return Tavily(TavilySettings(api_key=SecretStr(KEY), url=server.url, **more))


def test_a_search_brings_the_pages_text(server: CannedServer) -> None:
    sources = tavily(server).find("how  cats\nsleep", limit=4)
    assert sources.items == (
        Source(
            title="Sleep of cats",
            url="https://cats.test/sleep",
            text="# Sleep of cats\n\nCats sleep in short phases, by day and by night.",
        ),
        Source(title="Naps", url="https://pets.test/naps", text="A nap is short."),
    )
    [asked] = server.asked
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.json == {
        "query": "how cats sleep",
        "max_results": 4,
        "search_depth": "basic",
        "include_raw_content": True,
    }


def test_it_stays_in_bounds(server: CannedServer) -> None:
    sources = tavily(server, max_characters=200, depth="advanced").find("x" * 900, limit=90)
    assert all(len(source.text) <= 200 for source in sources.items)
    asked = server.asked[0].json
    assert (len(asked["query"]), asked["max_results"], asked["search_depth"]) == (400, 20, "advanced")
    assert tavily(server).find("cats", limit=0).items == ()
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [432, 433])
def test_used_up_credits_are_for_an_admin(status: int) -> None:
    told = {"detail": {"error": "This request exceeds your plan's set usage limit."}}
    with serving({"POST /search": as_json(told, status)}) as server, pytest.raises(Unauthorized, match="used up") as it:
        tavily(server).find("cats")
    assert not it.value.retryable


def test_a_wrong_key_is_told_in_tavilys_words() -> None:
    told = {"detail": {"error": "Unauthorized: missing or invalid API key."}}
    with serving({"POST /search": as_json(told, 401)}) as server, pytest.raises(Unauthorized, match="invalid API key"):
        tavily(server).find("cats")


def test_an_answer_of_another_shape_is_told() -> None:
    with serving({"POST /search": as_json({"results": [{"title": 1}]})}) as server, pytest.raises(Unavailable) as it:
        tavily(server).find("cats")
    assert not it.value.retryable


def test_health_tells_what_is_used() -> None:
    report = {"key": {"usage": 150, "limit": 1000}, "account": {"current_plan": "Bootstrap", "plan_usage": 500}}
    with serving({"GET /usage": as_json(report)}) as server:
        assert tavily(server).health().words == "Tavily answers; 150 of 1000 credits are used"
    with serving({"GET /usage": as_json({"key": {"usage": 150, "limit": None}})}) as server:
        assert tavily(server).health().ok
