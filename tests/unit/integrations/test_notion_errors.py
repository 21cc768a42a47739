from __future__ import annotations

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from integrations.errors import (
    Acts,
    ConnectorError,
    InvalidRequest,
    NotFound,
    Unauthorized,
    Unavailable,
)
from integrations.http import UNLIMITED, Gate
from integrations.notion.connector import Notion
from integrations.notion.models import NotionSettings, find_id
from integrations.protocols import TopicStatus
from tests.servers import notion as servers
from tests.servers.http import as_json
from tests.servers.notion import DATABASE, SOURCE, TOKEN, NotionServer, error
from workflows.engine.policy import Effect

READY, IN_PROGRESS = TopicStatus.READY, TopicStatus.IN_PROGRESS


notion_server, notion = servers.notion_server, servers.notion


@pytest.mark.parametrize(
    ("status", "code", "kind", "acts", "words"),
    [
        (400, "validation_error", InvalidRequest, Acts.USER, "should be defined"),
        (401, "unauthorized", Unauthorized, Acts.ADMIN, "Set NOTION_TOKEN"),
        (403, "restricted_resource", Unauthorized, Acts.ADMIN, "Give it the capability"),
        (404, "object_not_found", NotFound, Acts.USER, "is not shared with the bot"),
        (409, "conflict_error", Unavailable, Acts.ENGINE, "tries again"),
        (503, "service_unavailable", Unavailable, Acts.ENGINE, "tries again"),
    ],
)
def test_errors_say_who_acts(
    notion: Notion,
    notion_server: NotionServer,
    status: int,
    code: str,
    kind: type[ConnectorError],
    acts: Acts,
    words: str,
) -> None:
    page = notion_server.page("T")
    notion_server.failing = [as_json(error(status, code, f"body should be defined {TOKEN}"), status)]
    with pytest.raises(ConnectorError) as caught:
        notion.append_blocks(page, "Text")
    assert type(caught.value) is kind
    assert (caught.value.acts, words in str(caught.value)) == (acts, True)
    assert f"page {page[:8]}" in str(caught.value)
    assert caught.value.effect is (Effect.UNKNOWN if status == 503 else Effect.NONE)
    assert TOKEN not in str(caught.value)


def test_a_page_that_is_not_shared_says_what_to_do(notion: Notion) -> None:
    with pytest.raises(
        NotFound, match=r"^Notion page 1a2b3c4d is not shared with the bot.*Share it, then press Resume"
    ):
        notion.get("1a2b3c4d-0000-4000-8000-000000000000")
    with pytest.raises(InvalidRequest, match="is no page in Notion"):
        notion.get("../users")


def test_a_page_in_the_trash_is_not_found(notion: Notion, notion_server: NotionServer) -> None:
    page = notion_server.page("T")
    notion_server.pages[page]["in_trash"] = True
    with pytest.raises(NotFound, match="in the trash"):
        notion.get(page)


@pytest.mark.parametrize(
    ("lost", "effect"),
    [(httpx.ConnectTimeout("x"), Effect.NONE), (httpx.ReadTimeout("x"), Effect.UNKNOWN), (None, Effect.UNKNOWN)],
)
def test_a_lost_answer_tells_whether_it_was_sent(lost: Exception | None, effect: Effect) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if lost is None:
            return httpx.Response(200, text="<html>")
        raise lost

    settings = NotionSettings(token=SecretStr(TOKEN), data_source=SOURCE)
    notion = Notion(settings, gate=Gate(rates={"notion": UNLIMITED}), transport=httpx.MockTransport(answer))
    with pytest.raises(Unavailable) as caught:
        notion.append_blocks("1a2b3c4d-0000-4000-8000-000000000000", "Text")
    assert caught.value.effect is effect


def test_the_token_goes_nowhere_else() -> None:
    for url in ("http://api.notion.com", "https://evil.example", "https://api.notion.com.evil.example"):
        with pytest.raises(ValidationError):
            NotionSettings(token=SecretStr(TOKEN), data_source=SOURCE, api_url=url)
    with pytest.raises(ValidationError):
        NotionSettings(token=SecretStr(TOKEN), data_source="Topics")


def test_ids_are_found_in_addresses() -> None:
    bare = SOURCE.replace("-", "")
    for text in (SOURCE, bare, SOURCE.upper(), f"https://www.notion.so/Cats-and-{bare}#x", f"notion://x/{bare}"):
        assert find_id(text) == SOURCE
    other = DATABASE.replace("-", "")
    assert find_id(f"https://app.notion.com/p/{other}?v={other}&p={bare}&pm=s") == SOURCE
    assert find_id(f"https://app.notion.com/p/{bare}?v={other}") == SOURCE
    assert find_id("Topics") is None


def test_the_health_check_says_who_one_is(notion: Notion, notion_server: NotionServer) -> None:
    assert notion.health().words == "Reads topics from 'Topics' in Notion as Baton"
    notion_server.source["properties"]["Status"]["type"] = "rich_text"
    assert not notion.health().ok
