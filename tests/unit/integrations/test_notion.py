from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pydantic import SecretStr

from integrations.base import actions_of
from integrations.errors import (
    InvalidRequest,
    NotConnected,
    RateLimited,
    Unavailable,
)
from integrations.http import UNLIMITED, Gate
from integrations.http.client import USER_AGENT
from integrations.notion.connector import Notion
from integrations.notion.models import NotionProperties, NotionSettings
from integrations.protocols import Kind, TopicStatus
from tests.servers import notion as servers
from tests.servers.http import as_json
from tests.servers.notion import DATABASE, SOURCE, TOKEN, NotionServer, connect, error, fixture
from workflows.engine.policy import Effect

READY, IN_PROGRESS = TopicStatus.READY, TopicStatus.IN_PROGRESS


notion_server, notion = servers.notion_server, servers.notion


def paragraph(text: str) -> dict[str, object]:
    run = {"type": "text", "text": {"content": text, "link": None}}
    return {"type": "paragraph", "paragraph": {"rich_text": [run]}}


# ------------------------------------------------------------------------------------------------ topics


def test_a_topic_is_a_page_with_its_text(notion: Notion, notion_server: NotionServer) -> None:
    page = notion_server.page("How cats sleep", Kind="How-to", Status="Ready", Audience="cat owners", Notes="Short.")
    notion_server.put(page, paragraph("More in the text."))
    topic = notion.get(page)
    assert (topic.id, topic.title, topic.kind, topic.status) == (page, "How cats sleep", Kind.HOW_TO, READY)
    assert (topic.audience, topic.notes, topic.url) == ("cat owners", "Short.\n\nMore in the text.", None)
    assert connect(notion_server, text_is_notes=False).get(page).notes == "Short."
    assert notion.get(f"https://www.notion.so/news/How-cats-sleep-{page.replace('-', '')}?pvs=4") == topic


def test_the_librarys_own_habits_are_off(notion: Notion, notion_server: NotionServer) -> None:
    page = notion_server.page("T")
    notion_server.failing = [as_json(error(429, "rate_limited", "Slow down."), 429, Retry_After="7")]
    with pytest.raises(RateLimited) as caught:
        notion.get(page)
    assert caught.value.retry_after == timedelta(seconds=7)
    (asked,) = notion_server.asked
    assert asked.headers["user-agent"] == USER_AGENT
    assert asked.headers["notion-version"] == "2025-09-03"


def test_unknown_options_are_told_or_left_alone(notion: Notion, notion_server: NotionServer) -> None:
    assert notion.get(notion_server.page("T", Status="Somewhere")).status is TopicStatus.DRAFT
    with pytest.raises(InvalidRequest, match=r"'Listicle'.*news brief"):
        notion.get(notion_server.page("T", Kind="Listicle"))


def test_topics_are_marked_once(notion: Notion, notion_server: NotionServer) -> None:
    page = notion_server.page("T", Status="Ready")
    for _ in range(2):
        notion.mark_in_progress(page)
    for _ in range(2):
        notion.mark_published(page, "https://blog.example/t")
    topic = notion.get(page)
    assert (topic.status, topic.url) == (TopicStatus.PUBLISHED, "https://blog.example/t")
    assert [asked.method for asked in notion_server.asked].count("PATCH") == 2


def test_a_select_serves_as_status_too(notion_server: NotionServer) -> None:
    notion_server.source["properties"]["Status"]["type"] = "select"
    page = notion_server.page("T")
    notion_server.pages[page]["properties"]["Status"] = {"id": "s", "type": "select", "select": {"name": "Ready"}}
    notion = connect(notion_server)
    assert [item.id for item in notion.find().items] == [page]
    notion.mark_in_progress(page)
    assert notion_server.pages[page]["properties"]["Status"]["select"] == {"name": "In progress"}


def test_a_missing_property_is_named(notion_server: NotionServer) -> None:
    page = notion_server.page("T")
    odd = connect(notion_server, properties=NotionProperties(status="State", url="Link"))
    with pytest.raises(InvalidRequest, match="no property 'State'"):
        odd.mark_in_progress(page)
    with pytest.raises(InvalidRequest, match="no select or status property 'State'"):
        odd.find()
    health = odd.health()
    assert not health.ok
    assert "lacks 'State' and 'Link'" in health.words


# -------------------------------------------------------------------------------------------------- find


def test_what_changes_is_found_once_each_time(notion: Notion, notion_server: NotionServer) -> None:
    first, draft = notion_server.page("First", Status="Ready"), notion_server.page("Draft")
    page = notion.find()
    assert [(item.id, item.title, item.status) for item in page.items] == [(first, "First", READY)]
    assert page.items[0].changed_at == datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
    assert notion.find(after=page.cursor) == page.model_copy(update={"items": ()})

    second = notion_server.page("Second in the same minute", Status="Ready")
    later = notion.find(after=page.cursor)
    assert [item.id for item in later.items] == [second]
    notion_server.now += timedelta(minutes=1)
    notion_server.edit(draft, Status="Ready")
    notion_server.edit(first, Audience="all")
    last = notion.find(after=later.cursor)
    assert {item.id for item in last.items} == {draft, first}
    assert notion.find(after=last.cursor).items == ()
    assert [item.id for item in notion.find(IN_PROGRESS).items] == []


def test_many_of_one_minute_come_in_portions_and_completely(notion: Notion, notion_server: NotionServer) -> None:
    notion_server.most = 3
    pages = {notion_server.page(f"Topic {number}", Status="Ready") for number in range(25)}
    found: list[str] = []
    cursor, more = "", True
    while more:
        page = notion.find(after=cursor, limit=4)
        assert len(page.items) <= 4
        found += [item.id for item in page.items]
        cursor, more = page.cursor, page.more
    assert sorted(found) == sorted(pages)
    assert notion.find(after=cursor).items == ()


def test_a_change_that_notion_shows_late_is_not_missed(notion: Notion, notion_server: NotionServer) -> None:
    late = notion_server.page("Late", Status="Ready")
    hidden = notion_server.pages.pop(late)
    notion_server.now += timedelta(minutes=1)
    early = notion_server.page("Early", Status="Ready")
    page = notion.find()
    assert [item.id for item in page.items] == [early]
    notion_server.pages[late] = hidden
    assert [item.id for item in notion.find(after=page.cursor).items] == [late]


def test_a_cursor_stays_small_and_old_ones_stay_valid(notion: Notion, notion_server: NotionServer) -> None:
    cursors = [""]
    for number in range(12):
        notion_server.now += timedelta(minutes=10)
        notion_server.page(f"Topic {number}", Status="Ready")
        cursors.append(notion.find(after=cursors[-1]).cursor)
    assert len(cursors[-1]) < 50
    assert len(notion.find(after=cursors[3]).items) == 9
    for broken in ("yesterday", "2026-11-02T09:00=x", "=|="):
        with pytest.raises(InvalidRequest, match="is no cursor"):
            notion.find(after=broken)


# ------------------------------------------------------------------------------- data sources and pages


def test_the_database_may_be_named_instead(notion_server: NotionServer) -> None:
    page = notion_server.page("T", Status="Ready")
    address = f"https://www.notion.so/news/{DATABASE.replace('-', '')}?v={SOURCE.replace('-', '')}"
    assert [item.id for item in connect(notion_server, data_source=address).find().items] == [page]


def test_a_database_with_more_sources_asks_for_a_choice(notion_server: NotionServer) -> None:
    both = fixture("database")
    both["data_sources"].append({"id": "b4358d3c-040c-4cd1-b967-59d4c11d1a01", "name": "Archive"})
    notion_server.failing = [as_json(error(404, "object_not_found", "no"), 404), as_json(both)]
    with pytest.raises(NotConnected, match=r"'Topics' is .*'Archive' is .*Set NOTION_DATA_SOURCE"):
        connect(notion_server, data_source=DATABASE).find()


def test_a_query_gives_plain_values(notion: Notion, notion_server: NotionServer) -> None:
    notion_server.most = 1
    page = notion_server.page("One", Status="Ready", Words=12, Notes="N")
    notion_server.page("Two", Status="Ready")
    found = notion.query(filter={"property": "Status", "status": {"equals": "Ready"}}, limit=1)
    (record,) = found.items
    assert (record.id, record.title, record.values["Words"], record.values["Notes"]) == (page, "One", 12, "N")
    assert record.values["Due"] is None
    assert found.cursor is not None
    last = notion.query(SOURCE, cursor=found.cursor)
    assert [item.title for item in last.items] == ["Two"]
    assert last.cursor is None


def test_properties_are_set_from_plain_values(notion: Notion, notion_server: NotionServer) -> None:
    page = notion_server.page("T")
    values = {"Words": 800, "Due": "2026-12-01/2026-12-03", "Tags": ["cats"], "Notes": "é" * 2_500, "Kind": "Article"}
    notion.update_properties(page, values)  # type: ignore[arg-type]
    notion.update_properties(page, values)  # type: ignore[arg-type]
    (record,) = notion.query().items
    assert {name: record.values[name] for name in values} == values
    assert [asked.method for asked in notion_server.asked].count("PATCH") == 1
    with pytest.raises(InvalidRequest, match="'Words' of the type number"):
        notion.update_properties(page, {"Words": "many"})


def test_text_is_read_and_written_in_portions(notion: Notion, notion_server: NotionServer) -> None:
    page = notion_server.page("T")
    text = "\n\n".join(f"Paragraph {number} 🐈" for number in range(250))
    appended = notion.append_blocks(page, text)
    assert len(appended.block_ids) == 250
    assert [len(asked.json["children"]) for asked in notion_server.asked] == [100, 100, 50]
    assert notion.read_markdown(page) == text
    assert notion.append_blocks(page, " ").block_ids == ()


def test_a_text_that_is_half_written_is_never_repeated_blindly(notion: Notion, notion_server: NotionServer) -> None:
    page = notion_server.page("T")
    refusal = as_json(error(429, "rate_limited", "Slow down."), 429, Retry_After="1")
    notion_server.failing = [refusal]
    with pytest.raises(RateLimited) as nothing_done:
        notion.append_blocks(page, "\n\n".join("abc"))
    assert nothing_done.value.effect is Effect.NONE

    class AfterOne(httpx.BaseTransport):
        def __init__(self) -> None:
            self.inner = httpx.HTTPTransport()

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            answer = self.inner.handle_request(request)
            notion_server.failing = [refusal]
            return answer

    lossy = Notion(
        NotionSettings(token=SecretStr(TOKEN), data_source=SOURCE, api_url=notion_server.url),
        gate=Gate(rates={"notion": UNLIMITED}),
        transport=AfterOne(),
    )
    with pytest.raises(Unavailable, match="first 100 blocks") as half_done:
        lossy.append_blocks(page, "\n\n".join("x" * 150))
    assert (half_done.value.effect, half_done.value.retryable) == (Effect.UNKNOWN, False)
    assert not actions_of(Notion)["append_blocks"].idempotent
