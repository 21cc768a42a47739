from __future__ import annotations

from pathlib import Path

import pytest

from integrations.errors import InvalidRequest, NotFound
from integrations.local_topics import front_matter
from integrations.local_topics.connector import LocalTopics, LocalTopicsSettings
from integrations.protocols import Kind, TopicStatus

CATS = """---
# what people like
title: "How cats: sleep"
kind: how_to
status: ready
audience: cat owners
tags:
  - cats
---
Ask a vet.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "cats.md").write_text(CATS)
    return tmp_path


@pytest.fixture
def topics(folder: Path) -> LocalTopics:
    return LocalTopics(LocalTopicsSettings(folder=folder))


def write(folder: Path, name: str, status: str = "ready") -> None:
    (folder / f"{name}.md").write_text(f"---\ntitle: {name}\nstatus: {status}\n---\n")


def test_a_topic_is_read_from_its_file(topics: LocalTopics) -> None:
    topic = topics.get("cats")
    assert (topic.id, topic.title, topic.kind) == ("cats", "How cats: sleep", Kind.HOW_TO)
    assert (topic.status, topic.audience, topic.notes) == (TopicStatus.READY, "cat owners", "Ask a vet.")
    assert topic.url is None


@pytest.mark.parametrize("name", ["dogs", "../cats", "a/b", "", ".cats", "cats.md/../cats"])
def test_what_is_no_topic_is_not_found(topics: LocalTopics, name: str) -> None:
    with pytest.raises(NotFound, match="There is no topic"):
        topics.get(name)


def test_a_file_without_a_head_is_a_draft(topics: LocalTopics, folder: Path) -> None:
    (folder / "idea.md").write_text("Something about dogs")
    topic = topics.get("idea")
    assert (topic.title, topic.status, topic.notes) == ("idea", TopicStatus.DRAFT, "Something about dogs")


def test_a_wrong_head_is_told_and_does_not_hide_the_others(topics: LocalTopics, folder: Path) -> None:
    write(folder, "bad", status="readyish")
    with pytest.raises(InvalidRequest, match=r"The topic bad\.md has a wrong status: .*Change the file"):
        topics.get("bad")
    assert [ref.id for ref in topics.find().items] == ["cats"]


def test_marking_changes_two_lines_and_nothing_else(topics: LocalTopics, folder: Path) -> None:
    topics.mark_published("cats", "http://site/cats?a=1")
    text = (folder / "cats.md").read_text()
    expected = CATS.replace("status: ready", "status: published").replace(
        "  - cats\n", '  - cats\nurl: "http://site/cats?a=1"\n'
    )
    assert text == expected
    topic = topics.get("cats")
    assert (topic.status, topic.url) == (TopicStatus.PUBLISHED, "http://site/cats?a=1")


def test_marking_twice_writes_once(topics: LocalTopics, folder: Path) -> None:
    topics.mark_published("cats", "http://site/cats")
    before = (folder / "cats.md").stat()
    topics.mark_published("cats", "http://site/cats")
    after = (folder / "cats.md").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert [path.name for path in folder.iterdir() if path.suffix not in (".md", "")] == []


def test_a_topic_in_progress_is_not_ready(topics: LocalTopics) -> None:
    topics.mark_in_progress("cats")
    assert topics.find().items == ()
    assert [ref.id for ref in topics.find(TopicStatus.IN_PROGRESS).items] == ["cats"]


def test_a_cursor_lists_every_topic_once(topics: LocalTopics, folder: Path) -> None:
    for number in range(5):
        write(folder, f"t{number}")
    seen: list[str] = []
    cursor, more = "", True
    while more:
        page = topics.find(after=cursor, limit=2)
        seen += [ref.id for ref in page.items]
        cursor, more = page.cursor, page.more
    assert sorted(seen) == ["cats", "t0", "t1", "t2", "t3", "t4"]
    assert topics.find(after=cursor).items == ()
    assert topics.find(after=cursor).cursor == cursor


def test_what_comes_after_a_cursor_is_listed_even_with_a_smaller_name(topics: LocalTopics, folder: Path) -> None:
    cursor = topics.find().cursor
    write(folder, "a-late-one")
    assert [ref.id for ref in topics.find(after=cursor).items] == ["a-late-one"]


def test_a_wrong_cursor_is_refused(topics: LocalTopics) -> None:
    with pytest.raises(InvalidRequest, match="no cursor"):
        topics.find(after="yesterday")


@pytest.mark.parametrize("value", ["plain", "with: colon", 'a "quote"', "a'b", "ünïcode", "# hash", ""])
def test_values_survive_a_round_trip(value: str) -> None:
    values, rest = front_matter.read(front_matter.changed("body\n", {"note": value}))
    assert (values, rest) == ({"note": value}, "body\n")
