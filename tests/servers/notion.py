"""A stand-in for Notion's API, version 2025-09-03: pages, blocks and one data source, in memory, over real HTTP.

It checks what Notion checks (token, version, types of properties, sizes, options) and answers in Notion's shapes,
which are in `tests/fixtures/notion`. What a test does not use is not here. `asked` is the journal of requests.
"""

from __future__ import annotations

import copy
import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from integrations.http import UNLIMITED, Gate
from integrations.notion.connector import Notion
from integrations.notion.models import NotionSettings
from tests.servers.http import Answer, Asked, CannedServer, as_json

FIXTURES = Path(__file__).parents[1] / "fixtures" / "notion"
TOKEN = "ntn_made-up-for-tests"
VERSION = "2025-09-03"
DATABASE = "c01e05c7-2e9a-4d84-8b6c-5448dc21c2c6"
SOURCE = "28399f72-bada-81b2-8d25-000b442ed14b"
ROUTES = re.compile(r"^/v1/(users/me|pages|blocks|data_sources|databases)(?:/([^/]+))?(?:/(children|query))?$")
Json = dict[str, Any]


class Refusal(Exception):
    """An error answer."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class NotionServer(CannedServer):
    """Notion, as far as the connector knows it. `failing` answers are given first, one per request."""

    def __init__(self) -> None:
        super().__init__()
        self.source: Json = fixture("data_source")
        self.pages: dict[str, Json] = {}
        self.blocks: dict[str, list[Json]] = {}
        self.failing: list[Answer] = []
        self.now = datetime(2026, 11, 2, 9, 0, 30, tzinfo=UTC)
        """Notion's clock; what is written gets it to the minute."""
        self.most = 100
        """How many things a page of a list holds."""

    def page(self, title: str, **values: Any) -> str:
        """Put a page into the data source and return its id; `Status="Ready"` sets a property."""
        page_id = str(uuid.uuid4())
        page = fixture("page")
        page |= {"id": page_id, "last_edited_time": self._minute()}
        for name, value in {"Name": title, **values}.items():
            self._set(page, name, value)
        self.pages[page_id] = page
        return page_id

    def edit(self, page_id: str, **values: Any) -> None:
        """Change properties as a person would."""
        for name, value in values.items():
            self._set(self.pages[page_id], name, value)
        self.pages[page_id]["last_edited_time"] = self._minute()

    def answer(self, asked: Asked) -> Answer:
        """Record `asked` and answer as Notion would."""
        self.asked.append(asked)
        if self.failing:
            return self.failing.pop(0)
        try:
            return as_json(self._answer(asked))
        except Refusal as refusal:
            return as_json(error(refusal.status, refusal.code, str(refusal)), refusal.status)

    def _answer(self, asked: Asked) -> Json:
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            raise Refusal(401, "unauthorized", "API token is invalid.")
        if asked.headers.get("notion-version") != VERSION:
            raise Refusal(400, "missing_version", "Notion-Version header should be defined.")
        route = ROUTES.match(asked.path)
        if route is None:
            raise Refusal(400, "invalid_request_url", "Invalid request URL.")
        kind, thing, part = route.groups()
        handlers: Mapping[tuple[str, str, str | None], Callable[[Asked, str], Json]] = {
            ("GET", "users/me", None): lambda _asked, _thing: fixture("me"),
            ("GET", "databases", None): self._database,
            ("GET", "data_sources", None): self._data_source,
            ("POST", "data_sources", "query"): self._query,
            ("GET", "pages", None): lambda _asked, thing: self._found(thing),
            ("PATCH", "pages", None): self._update,
            ("GET", "blocks", "children"): self._list,
            ("PATCH", "blocks", "children"): self._append,
        }
        handler = handlers.get((asked.method, kind, part))
        if handler is None:
            raise Refusal(400, "invalid_request_url", "Invalid request URL.")
        return handler(asked, thing or "")

    def _database(self, _: Asked, database_id: str) -> Json:
        return fixture("database") if database_id == DATABASE else self._missing("database", database_id)

    def _data_source(self, _: Asked, source_id: str) -> Json:
        return self.source if source_id == SOURCE else self._missing("data_source", source_id)

    def _found(self, page_id: str) -> Json:
        return self.pages.get(page_id) or self._missing("page", page_id)

    def _missing(self, kind: str, thing: str) -> Json:
        words = f"Could not find {kind} with ID: {thing}. Make sure the relevant pages and databases are shared"
        raise Refusal(404, "object_not_found", f"{words} with your integration.")

    def _query(self, asked: Asked, source_id: str) -> Json:
        self._data_source(asked, source_id)
        found = [page for page in self.pages.values() if self._matches(page, asked.json.get("filter"))]
        for sort in asked.json.get("sorts") or ():
            found.sort(key=lambda page: page[sort["timestamp"]], reverse=sort["direction"] == "descending")
        return self._turned(found, asked.json, "page_or_data_source")

    def _matches(self, page: Json, wanted: Json | None) -> bool:
        if not wanted:
            return True
        if "and" in wanted:
            return all(self._matches(page, one) for one in wanted["and"])
        if wanted.get("timestamp") == "last_edited_time":
            limit = datetime.fromisoformat(wanted["last_edited_time"]["on_or_after"])
            return datetime.fromisoformat(page["last_edited_time"]) >= limit
        schema = self.source["properties"].get(wanted["property"])
        if schema is None or schema["type"] not in wanted:
            words = f"Could not find property with name or id: {wanted['property']}"
            raise Refusal(400, "validation_error", words)
        kind = schema["type"]
        held = page["properties"][wanted["property"]][kind]
        return bool(held) and held["name"] == wanted[kind]["equals"]

    def _update(self, asked: Asked, page_id: str) -> Json:
        page = self._found(page_id)
        for name, value in asked.json["properties"].items():
            schema = self.source["properties"].get(name)
            if schema is None:
                raise Refusal(400, "validation_error", f"{name} is not a property that exists.")
            if set(value) != {schema["type"]}:
                raise Refusal(400, "validation_error", f"{name} is expected to be {schema['type']}.")
            page["properties"][name] |= self._stored(copy.deepcopy(value))
        page["last_edited_time"] = self._minute()
        return page

    def _list(self, asked: Asked, block_id: str) -> Json:
        if block_id not in self.blocks and block_id not in self.pages:
            self._missing("block", block_id)
        turn = {name: values[0] for name, values in asked.query.items()}
        return self._turned(self.blocks.get(block_id, []), turn, "block")

    def _append(self, asked: Asked, block_id: str) -> Json:
        if block_id not in self.blocks and block_id not in self.pages:
            self._missing("block", block_id)
        given = asked.json["children"]
        check_blocks(given, "body.children", 0)
        if len(asked.body) > 500_000:
            raise Refusal(413, "validation_error", "The request is too large.")
        made = [self.put(block_id, block) for block in given]
        return {"object": "list", "results": made, "next_cursor": None, "has_more": False, "type": "block", "block": {}}

    def put(self, parent: str, block: Json) -> Json:
        """Add a block, with those in it, and return it as Notion shows it: without its children."""
        kind = block["type"]
        data = self._stored(copy.deepcopy(block[kind]))
        inside = data.pop("children", [])
        held = fixture("block") | {"id": str(uuid.uuid4()), "type": kind, kind: data, "has_children": bool(inside)}
        self.blocks.setdefault(parent, []).append(held)
        for child in inside:
            self.put(held["id"], child)
        return held

    def _stored(self, value: Any) -> Any:
        """What was written, with what Notion adds: the plain text of each run."""
        if isinstance(value, list):
            return [self._stored(one) for one in value]
        if not isinstance(value, dict):
            return value
        value = {name: self._stored(one) for name, one in value.items()}
        if value.get("type") == "text" and isinstance(value.get("text"), dict):
            link = value["text"].get("link")
            marks = {**fixture("annotations"), **value.get("annotations", {})}
            value |= {"annotations": marks, "plain_text": value["text"]["content"]}
            value["href"] = link["url"] if link else None
        return value

    def _turned(self, things: list[Json], turn: Json, kind: str) -> Json:
        start = int(turn.get("start_cursor") or 0)
        end = start + min(int(turn.get("page_size") or 100), self.most)
        more = end < len(things)
        listed = {"object": "list", "results": things[start:end], "next_cursor": str(end) if more else None}
        return {**listed, "has_more": more, "type": kind, kind: {}}

    def _minute(self) -> str:
        return self.now.replace(second=0, microsecond=0).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _set(self, page: Json, name: str, value: Any) -> None:
        kind = self.source["properties"][name]["type"]
        run = {"type": "text", "text": {"content": value, "link": None}}
        shapes = {"title": [run], "rich_text": [run], "select": {"name": value}, "status": {"name": value}}
        page["properties"][name] |= self._stored({kind: shapes.get(kind, value)})


def check_blocks(blocks: list[Json], place: str, depth: int) -> None:
    """Refuse what Notion refuses: too many, too long, too deep."""
    if len(blocks) > 100:
        raise Refusal(400, "validation_error", f"{place}.length should be ≤ `100`, instead was `{len(blocks)}`.")
    if blocks and depth > 2:
        raise Refusal(400, "validation_error", f"{place} should be not present.")
    for number, block in enumerate(blocks):
        kind = block["type"]
        for runs in (block[kind].get("rich_text", []), *block[kind].get("cells", [])):
            if len(runs) > 100:
                raise Refusal(400, "validation_error", f"{place}[{number}] has more than 100 runs.")
            for run in runs:
                length = len(run["text"]["content"].encode("utf-16-le")) // 2
                if length > 2000:
                    where = f"{place}[{number}].{kind}.rich_text[0].text.content.length"
                    raise Refusal(400, "validation_error", f"{where} should be ≤ `2000`, instead was `{length}`.")
        check_blocks(block[kind].get("children", []), f"{place}[{number}].{kind}.children", depth + 1)


def error(status: int, code: str, message: str) -> Json:
    """Notion's error body."""
    return {"object": "error", "status": status, "code": code, "message": message, "request_id": str(uuid.uuid4())}


def fixture(name: str) -> Json:
    """A payload in Notion's shape."""
    held: Json = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    return held


def connect(server: NotionServer, transport: httpx.BaseTransport | None = None, **settings: object) -> Notion:
    """The connector, as that server's bot."""
    given: dict[str, object] = {"token": SecretStr(TOKEN), "data_source": SOURCE, "api_url": server.url, **settings}
    return Notion(NotionSettings.model_validate(given), gate=Gate(rates={"notion": UNLIMITED}), transport=transport)


@pytest.fixture
def notion_server() -> Iterator[NotionServer]:
    """Notion, with an empty data source."""
    server = NotionServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def notion(notion_server: NotionServer) -> Notion:
    """The connector to it."""
    return connect(notion_server)
