"""Topics from a folder of Markdown files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from integrations.base import Health, action
from integrations.errors import InvalidRequest, NotFound
from integrations.files import alone_in, folder_health, write_whole
from integrations.local_topics import front_matter
from integrations.protocols import Topic, TopicPage, TopicRef, Topics, TopicStatus

ID = re.compile(r"^\w[\w.-]{0,100}$")
CURSOR = re.compile(r"^(\d{1,20})((?:\|[\w.-]+)*)$")


class LocalTopicsSettings(BaseModel):
    """Where the topics are."""

    model_config = ConfigDict(frozen=True)

    folder: Path


@dataclass(frozen=True)
class _Entry:
    changed: int
    """When the file last changed, in nanoseconds, by the file system's own clock."""
    topic: Topic


class LocalTopics(Topics):
    """Topics from a folder of Markdown files with front matter."""

    def __init__(self, settings: LocalTopicsSettings) -> None:
        self._folder = settings.folder

    @action(idempotent=True)
    def get(self, page_id: str) -> Topic:
        """Read a topic file."""
        return self._topic(self._path(page_id))

    @action(idempotent=True)
    def find(self, status: TopicStatus = TopicStatus.READY, after: str = "", limit: int = 50) -> TopicPage:
        """Find topic files by status."""
        since, seen = _read_cursor(after)
        entries = [entry for entry in self._entries() if entry.topic.status is status]
        fresh = [entry for entry in entries if (entry.changed, entry.topic.id not in seen) > (since, False)]
        page = sorted(fresh, key=lambda entry: (entry.changed, entry.topic.id))[: max(limit, 1)]
        return TopicPage(
            items=tuple(_ref(entry) for entry in page),
            cursor=_next_cursor(page, since, seen) if page else after,
            more=len(fresh) > len(page),
        )

    @action(idempotent=True, writes=True)
    def mark_in_progress(self, topic_id: str) -> None:
        """Mark a topic file as in progress."""
        self._change(topic_id, status=TopicStatus.IN_PROGRESS.value)

    @action(idempotent=True, writes=True)
    def mark_published(self, topic_id: str, url: str) -> None:
        """Mark a topic file as published."""
        self._change(topic_id, status=TopicStatus.PUBLISHED.value, url=url)

    def health(self) -> Health:
        """Whether the folder is there and can be written."""
        return folder_health(self._folder, "Topics are Markdown files", must_exist=True)

    def _path(self, topic_id: str) -> Path:
        path = self._folder / f"{topic_id}.md"
        if not ID.match(topic_id) or not path.is_file():
            raise NotFound(f"There is no topic {topic_id[:100]!r} in {self._folder}. Check the name of the file.")
        return path

    def _topic(self, path: Path) -> Topic:
        values, body = front_matter.read(path.read_text(encoding="utf-8"))
        known = {name: values[name] for name in ("title", "kind", "status", "audience", "url") if values.get(name)}
        notes = "\n\n".join(part for part in (values.get("notes", ""), body.strip()) if part)
        try:
            return Topic.model_validate(
                {"title": path.stem, "status": "draft", **known, "id": path.stem, "notes": notes}
            )
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            words = f"The topic {path.name} has a wrong {first['loc'][0]}: {first['msg']}"
            raise InvalidRequest(f"{words}. Change the file, then press Resume.") from None

    def _entries(self) -> list[_Entry]:
        found = []
        for path in sorted(self._folder.glob("*.md")):
            if not ID.match(path.stem):
                continue
            try:
                found.append(_Entry(path.stat().st_ctime_ns, self._topic(path)))
            except (InvalidRequest, FileNotFoundError):
                continue  # `get` tells what is wrong with it; the others must still be found
        return found

    def _change(self, topic_id: str, **values: str) -> None:
        with alone_in(self._folder):
            path = self._path(topic_id)
            text = path.read_text(encoding="utf-8")
            have, _ = front_matter.read(text)
            if any(have.get(name) != value for name, value in values.items()):
                write_whole(path, front_matter.changed(text, values).encode())


def _ref(entry: _Entry) -> TopicRef:
    moment = datetime.fromtimestamp(entry.changed / 1e9, UTC)
    return TopicRef(id=entry.topic.id, title=entry.topic.title, status=entry.topic.status, changed_at=moment)


def _read_cursor(cursor: str) -> tuple[int, frozenset[str]]:
    """The moment a cursor stands for, and the topics of that very moment which were listed already."""
    if not cursor:
        return -1, frozenset()
    match = CURSOR.match(cursor)
    if match is None:
        raise InvalidRequest(f"{cursor[:50]!r} is no cursor of the local topics. Start again without one.")
    return int(match[1]), frozenset(match[2].split("|")[1:])


def _next_cursor(page: list[_Entry], since: int, seen: frozenset[str]) -> str:
    last = page[-1].changed
    listed = {entry.topic.id for entry in page if entry.changed == last} | (seen if last == since else frozenset())
    return "|".join([str(last), *sorted(listed)])
