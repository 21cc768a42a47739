"""The shipped topics and texts: the offline writer makes a decent article of each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import bot
from integrations.local_library.connector import LocalLibrary, LocalLibrarySettings
from integrations.local_topics.connector import LocalTopics, LocalTopicsSettings
from integrations.local_writer.connector import LocalWriter
from integrations.protocols import Kind, TopicStatus
from workflows.library import prompts
from workflows.library.writing import Article, Outline

DEMO = Path(next(iter(bot.__path__))) / "demo"
TOPICS = LocalTopics(LocalTopicsSettings(folder=DEMO / "topics"))
LIBRARY = LocalLibrary(LocalLibrarySettings(folder=DEMO / "library"))
NAMES = sorted(path.stem for path in (DEMO / "topics").glob("*.md"))
EXPECTED = {"leap-second": ("leap-",), "password-manager": ("password-", "two-step-"), "tested-backups": ("backup-",)}
"""How the names of the texts begin that are about a topic."""


def test_there_is_a_ready_topic_of_each_kind() -> None:
    topics = [TOPICS.get(name) for name in NAMES]
    assert {topic.kind for topic in topics} == set(Kind)
    assert {topic.status for topic in topics} == {TopicStatus.READY}
    assert set(EXPECTED) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_search_finds_what_a_topic_is_about(name: str) -> None:
    found = [source.url for source in LIBRARY.find(TOPICS.get(name).title).items]
    assert [url for url in found[:4] if not url.startswith(EXPECTED[name])] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_offline_writer_makes_an_article_of_it(name: str) -> None:
    topic = TOPICS.get(name)
    outline = LocalWriter().ask(Outline, prompts.outline(topic, LIBRARY.find(topic.title)))
    article = LocalWriter().ask(Article, prompts.article(topic, outline))
    assert len(outline.sections) >= 2
    assert all(len(section.points) >= 3 for section in outline.sections[:2])
    assert len(re.findall(r"^## ", article.body, re.MULTILINE)) >= 3
    assert 120 < len(article.body.split()) < 700
    assert article.sources


@pytest.mark.parametrize("path", sorted(DEMO.rglob("*.md")), ids=lambda path: path.stem)
def test_texts_are_tidy(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.endswith("\n")
    assert max(len(line) for line in text.splitlines()) <= 125
    if path.parent.name == "library":
        assert text.startswith("# ")
