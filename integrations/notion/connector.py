"""Pages and data sources in Notion."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
from pydantic import JsonValue

from integrations.base import Health, action
from integrations.errors import ConnectorError, InvalidRequest, NotFound, Unavailable
from integrations.http import Gate
from integrations.notion.api import Json, NotionApi
from integrations.notion.cursor import Cursor
from integrations.notion.from_markdown import portions
from integrations.notion.models import Appended, NotionSettings, Record, Records, brief, kind_of, page_id_of
from integrations.notion.properties import NAMED, payload, plain, text, title_of
from integrations.notion.sources import TopicSource
from integrations.notion.to_markdown import OTHER_PAGES, Block, to_markdown
from integrations.protocols import Topic, TopicPage, TopicRef, Topics, TopicStatus
from workflows.engine.policy import Effect

SLOW = timedelta(minutes=5)
"""A long page takes many requests, at three a second."""
MOST_BLOCKS = 3_000


class Notion(Topics):
    """Pages and data sources in Notion."""

    def __init__(
        self, settings: NotionSettings, gate: Gate | None = None, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._settings = settings
        self._api = NotionApi(settings, gate, transport)
        self._sources = TopicSource(self._api, settings.data_source)

    @action(idempotent=True, timeout=SLOW)
    def get(self, page_id: str) -> Topic:
        """Read a topic page in Notion.

        `page_id` may be the page's address. The page's text is added to the notes.
        """
        page = self._page(page_id)
        values: Json = page.get("properties") or {}
        names = self._settings.properties
        title = title_of(page)
        notes = [text(values.get(names.notes))]
        if self._settings.text_is_notes:
            notes.append(to_markdown(self._tree(page["id"])))
        return Topic(
            id=page["id"],
            title=title,
            kind=kind_of(text(values.get(names.kind)), title),
            status=self._settings.statuses.status(text(values.get(names.status))),
            audience=text(values.get(names.audience)),
            notes="\n\n".join(part for part in notes if part.strip()),
            url=text(values.get(names.url)) or None,
        )

    @action(idempotent=True)
    def find(self, status: TopicStatus = TopicStatus.READY, after: str = "", limit: int = 50) -> TopicPage:
        """Find topic pages in Notion by status."""
        cursor = Cursor.read(after)
        items: list[TopicRef] = []
        more = False
        for page in self._changed(status, cursor.since):
            changed = datetime.fromisoformat(page["last_edited_time"])
            if cursor.knows((changed, page["id"])):
                continue
            if len(items) >= max(limit, 1):
                more = True
                break
            items.append(TopicRef(id=page["id"], title=title_of(page), status=status, changed_at=changed))
        past = str(cursor.past((item.changed_at, item.id) for item in items)) if items else after
        return TopicPage(items=tuple(items), cursor=past, more=more)

    @action(idempotent=True, writes=True)
    def mark_in_progress(self, topic_id: str) -> None:
        """Mark a topic page in Notion as in progress."""
        self._set(topic_id, {self._settings.properties.status: self._settings.statuses.in_progress})

    @action(idempotent=True, writes=True)
    def mark_published(self, topic_id: str, url: str) -> None:
        """Mark a topic page in Notion as published."""
        names = self._settings.properties
        self._set(topic_id, {names.status: self._settings.statuses.published, names.url: url})

    @action(idempotent=True)
    def query(
        self,
        data_source_id: str = "",
        filter: dict[str, JsonValue] | None = None,
        sorts: list[dict[str, JsonValue]] | None = None,
        limit: int = 100,
        cursor: str = "",
    ) -> Records:
        """Query a data source in Notion.

        Without an id, that of the topics is asked. `filter` and `sorts` are as Notion's API defines them.
        """
        source = page_id_of(data_source_id) if data_source_id else self._sources.get().id
        asked: Json = {"filter": filter, "sorts": sorts, "start_cursor": cursor, "page_size": min(max(limit, 1), 100)}
        given = {name: value for name, value in asked.items() if value}
        answer = self._api.ask(
            f"data source {brief(source)}", lambda client: client.data_sources.query(source, **given)
        )
        found = tuple(_record(page) for page in answer.get("results") or () if page.get("object") == "page")
        return Records(items=found, cursor=answer.get("next_cursor"))

    @action(idempotent=True, timeout=SLOW)
    def read_markdown(self, page_id: str) -> str:
        """Read a page in Notion as Markdown."""
        return to_markdown(self._tree(page_id_of(page_id)))

    @action(idempotent=True, writes=True)
    def update_properties(self, page_id: str, values: dict[str, JsonValue]) -> None:
        """Set properties of a page in Notion.

        `values` are plain: text, number, truth, a list of options; a date is ISO text, two with a slash
        between them are a range.
        """
        self._set(page_id, values)

    @action(idempotent=False, timeout=SLOW)
    def append_blocks(self, page_id: str, markdown: str) -> Appended:
        """Add text to a page in Notion.

        Notion takes no key, and a block can carry none: after an unclear outcome a person has to look.
        """
        page = page_id_of(page_id)
        made: list[str] = []
        for portion in portions(markdown):
            try:
                answer = self._api.ask(
                    f"page {brief(page)}",
                    lambda client, portion=portion: client.blocks.children.append(page, children=portion),  # type: ignore[misc]
                    write=True,
                )
            except ConnectorError as error:
                if not made:
                    raise
                words = f"{error} The page has the first {len(made)} blocks of the text already."
                raise Unavailable(words, effect=Effect.UNKNOWN, retryable=False) from None
            made += [str(block.get("id")) for block in answer.get("results") or ()]
        return Appended(page_id=page, block_ids=tuple(made))

    def health(self) -> Health:
        """Who Baton is in Notion, and whether the topics' data source has the properties it needs."""
        bot = self._api.ask("the bot itself", lambda client: client.users.me())
        source = self._sources.look_up()
        names = self._settings.properties
        lacking = [name for name in (names.status, names.url) if name not in source.types]
        if lacking or source.types[names.status] not in NAMED:
            wanted = " and ".join(repr(name) for name in lacking) or f"{names.status!r} as a select or status property"
            words = f"The data source {source.name!r} in Notion lacks {wanted}."
            return Health(False, f"{words} Add it, or set what it is called.")
        return Health(True, f"Reads topics from {source.name!r} in Notion as {bot.get('name') or 'its bot'}")

    def _page(self, page_id: str) -> Json:
        found = page_id_of(page_id)
        page = self._api.ask(f"page {brief(found)}", lambda client: client.pages.retrieve(found))
        if page.get("in_trash") or page.get("archived"):
            raise NotFound(f"Notion page {brief(found)} is in the trash. Restore it, then press Resume.")
        return page

    def _set(self, page_id: str, values: dict[str, Any]) -> None:
        """Write what differs: a write would make the page look changed."""
        page = self._page(page_id)
        have: Json = page.get("properties") or {}
        unknown = [name for name in values if name not in have]
        if unknown:
            words = f"Notion page {brief(page['id'])} has no property {unknown[0]!r}"
            raise InvalidRequest(f"{words}. Add it, or set what it is called, then press Resume.")
        changes = {
            name: payload(name, have[name]["type"], value)
            for name, value in values.items()
            if plain(have[name]) != value
        }
        if changes:
            what = f"page {brief(page['id'])}"
            self._api.ask(what, lambda client: client.pages.update(page["id"], properties=changes), write=True)

    def _changed(self, status: TopicStatus, since: datetime | None) -> Iterator[Json]:
        """The topics' pages with a status that changed at `since` or later, the longest unchanged first."""
        source = self._sources.get()
        name = self._settings.properties.status
        kind = source.types.get(name, "")
        if kind not in NAMED:
            words = f"The data source {source.name!r} in Notion has no select or status property {name!r}"
            raise InvalidRequest(f"{words}. Add it, or set what it is called, then press Resume.")
        wanted: list[Json] = [{"property": name, kind: {"equals": self._settings.statuses.option(status)}}]
        if since is not None:
            wanted.append({"timestamp": "last_edited_time", "last_edited_time": {"on_or_after": since.isoformat()}})
        asked = {
            "filter": {"and": wanted},
            "sorts": [{"timestamp": "last_edited_time", "direction": "ascending"}],
        }
        pages = self._api.every(
            f"data source {brief(source.id)}",
            lambda client, turn: client.data_sources.query(source.id, **asked, **turn),
        )
        return (page for page in pages if page.get("object") == "page")

    def _tree(self, page_id: str) -> tuple[Block, ...]:
        budget = [MOST_BLOCKS]
        return self._children(page_id, f"page {brief(page_id)}", budget)

    def _children(self, block_id: str, what: str, budget: list[int]) -> tuple[Block, ...]:
        listed = self._api.every(what, lambda client, turn: client.blocks.children.list(block_id, **turn))
        found: list[Block] = []
        for block in listed:
            budget[0] -= 1
            if budget[0] < 0:
                words = f"Notion {what} has more than {MOST_BLOCKS:,} blocks"
                raise InvalidRequest(f"{words}. Split it, then start again.")
            kind = str(block.get("type"))
            inside = block.get("has_children") and kind not in OTHER_PAGES
            children = self._children(block["id"], what, budget) if inside else ()
            found.append(Block(str(block.get("id")), kind, block.get(kind) or {}, children))
        return tuple(found)


def _record(page: Json) -> Record:
    values = {name: plain(value) for name, value in (page.get("properties") or {}).items()}
    changed = datetime.fromisoformat(page["last_edited_time"])
    return Record(id=page["id"], url=str(page.get("url")), title=title_of(page), changed_at=changed, values=values)
