"""Which data source holds the topics, and what its properties are."""

from __future__ import annotations

from dataclasses import dataclass

from integrations.errors import NotConnected, NotFound
from integrations.notion.api import Json, NotionApi
from integrations.notion.models import brief, find_id
from integrations.notion.richtext import plain_text


@dataclass(frozen=True)
class Source:
    """A data source: its name and the types of its properties."""

    id: str
    name: str
    types: dict[str, str]


class TopicSource:
    """The topics' data source; the setting names it or its database."""

    def __init__(self, api: NotionApi, setting: str) -> None:
        self._api = api
        self._setting = setting
        self._found: Source | None = None

    def get(self) -> Source:
        """The data source, looked up once."""
        return self._found or self.look_up()

    def look_up(self) -> Source:
        """The data source as it is now."""
        wanted = find_id(self._setting) or ""
        try:
            answer = self._retrieve(wanted)
        except NotFound:
            answer = self._retrieve(self._only_source_of(wanted))
        types = {name: str(value.get("type")) for name, value in (answer.get("properties") or {}).items()}
        self._found = Source(str(answer.get("id", wanted)), plain_text(answer.get("title") or ()), types)
        return self._found

    def _retrieve(self, source_id: str) -> Json:
        return self._api.ask(f"data source {brief(source_id)}", lambda client: client.data_sources.retrieve(source_id))

    def _only_source_of(self, database_id: str) -> str:
        what = f"database {brief(database_id)}"
        database = self._api.ask(what, lambda client: client.databases.retrieve(database_id))
        sources = database.get("data_sources") or []
        if len(sources) == 1:
            return str(sources[0]["id"])
        listed = ", ".join(f"{source.get('name')!r} is {source.get('id')}" for source in sources) or "none"
        words = f"The Notion {what} has {len(sources)} data sources ({listed})"
        raise NotConnected(f"{words}. Set NOTION_DATA_SOURCE to the id of one, then press Resume.")
