from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from integrations.errors import InvalidRequest
from integrations.local_writer.connector import LocalWriter
from integrations.local_writer.prose import sentences, shortened
from integrations.local_writer.tasks import SAID
from integrations.protocols import M, Prompt, Source, Sources, Topic
from workflows.engine.policy import CallInProgress, call_in_progress


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Section(Strict):
    heading: str
    points: list[str]
    source_urls: list[str]


class Outline(Strict):
    title: str
    angle: str
    sections: list[Section]


class Article(Strict):
    title: str
    body: str
    sources: list[str]


class Seo(Strict):
    slug: str
    meta_title: str
    description: str = Field(max_length=160)
    keywords: list[str]


TOPIC = Topic(id="cats", title="How cats sleep", audience="cat owners", notes="Mention kittens and their long naps.")
TEXT = """# Cats

Cats sleep for twelve to sixteen hours. They hunt at dawn. [Kittens](http://k.test) sleep even longer than that.

- The price of milk went up again.
"""
SOURCES = Sources(
    query="cats",
    items=(
        Source(title="On <cats>", url="https://a.test/cats", text=TEXT),
        Source(title="Own file", url="cats.md", text="Nap"),
    ),
)


def ask(shape: type[M], task: str, **material: Any) -> M:
    values = {
        name: part.model_dump(mode="json") if isinstance(part, BaseModel) else part for name, part in material.items()
    }
    return LocalWriter().ask(shape, Prompt(task=task, instructions="", material=values))


@pytest.fixture
def outline() -> Outline:
    return ask(Outline, "outline", topic=TOPIC, sources=SOURCES)


@pytest.fixture
def article(outline: Outline) -> Article:
    return ask(Article, "article", topic=TOPIC, outline=outline)


def test_an_outline_has_a_section_per_source(outline: Outline) -> None:
    assert outline.title == "How cats sleep"
    assert outline.angle == "Article for cat owners, from 2 sources"
    assert [section.heading for section in outline.sections] == ["On <cats>", "Own file"]
    assert outline.sections[0].source_urls == ["https://a.test/cats"]
    assert "Kittens sleep even longer than that." in outline.sections[0].points
    assert not any("milk" in point for point in outline.sections[0].points)


def test_an_outline_of_nothing_says_so() -> None:
    empty = ask(Outline, "outline", topic=TOPIC.model_copy(update={"notes": ""}), sources=Sources(query="", items=()))
    assert "No source was found" in empty.sections[0].points[0]
    noted = ask(Outline, "outline", topic=TOPIC, sources=Sources(query="", items=()))
    assert noted.sections[0].points == ["Mention kittens and their long naps."]


def test_an_article_cites_its_sources_and_says_what_it_is(article: Article) -> None:
    assert article.sources == ["https://a.test/cats", "cats.md"]
    assert SAID in article.body
    assert "## On \\<cats\\>" in article.body
    assert "- <https://a.test/cats>\n- `cats.md`" in article.body


def test_the_same_material_gives_the_same_article(article: Article, outline: Outline) -> None:
    assert ask(Article, "article", topic=TOPIC, outline=outline) == article


def test_a_revision_does_what_it_can(article: Article) -> None:
    shorter = ask(Article, "revise", article=article, comment="Please make it shorter")
    assert len(shorter.body) < len(article.body)
    assert SAID in shorter.body
    renamed = ask(Article, "revise", article=article, comment='Change the title to "Sleepy cats".')
    assert (renamed.title, renamed.body) == ("Sleepy cats", article.body)
    replaced = ask(Article, "revise", article=article, comment="replace 'sixteen' with '16'")
    assert "twelve to 16 hours" in replaced.body
    assert "Still to do" not in replaced.body


def test_a_revision_notes_what_it_can_not(article: Article) -> None:
    noted = ask(Article, "revise", article=article, comment="More about <b>dreams</b>\n# please")
    assert "## Still to do\n\nThe editor asked: “More about \\<b\\>dreams\\</b\\> \\# please”" in noted.body
    assert noted.body.index("Still to do") < noted.body.index(SAID)


def test_seo_fits_its_limits(article: Article) -> None:
    long = article.model_copy(update={"title": "Why " + "very " * 30 + "sleepy", "body": "Word " * 90 + "ends here."})
    seo = ask(Seo, "seo", article=long)
    assert len(seo.meta_title) <= 60
    assert 0 < len(seo.description) <= 160
    first = ask(Seo, "seo", article=article)
    assert first.slug == "how-cats-sleep"
    assert first.keywords[:2] == ["sleep", "cats"] or first.keywords[:2] == ["cats", "sleep"]
    assert "https" not in first.keywords
    assert first.description == "Cats sleep for twelve to sixteen hours."
    assert "\\" not in first.description


def test_an_unknown_task_is_refused_with_words() -> None:
    with pytest.raises(InvalidRequest, match="can't do 'poem', only outline, article, revise, seo"):
        ask(Article, "poem")


def test_a_misfit_is_told() -> None:
    with pytest.raises(InvalidRequest, match="'outline' does not fit the material: topic: Field required"):
        ask(Outline, "outline")
    with pytest.raises(InvalidRequest, match="'outline' does not fit the answer as a Seo: slug"):
        ask(Seo, "outline", topic=TOPIC, sources=SOURCES)


def test_a_call_costs_nothing_and_is_counted() -> None:
    call = CallInProgress("r", "s#1", "k", 1, check=lambda: None)
    with call_in_progress(call):
        ask(Outline, "outline", topic=TOPIC, sources=SOURCES)
    assert [(one.model, one.cost) for one in call.usage] == [("local-writer", 0.0)]


def test_sentences_leave_markup_out() -> None:
    found = sentences(
        "# Head\n\nOne *whole* sentence is here. Another one\nis over two lines! too short.\n\n| a | b |\n"
    )
    assert found == ["One whole sentence is here.", "Another one is over two lines! too short."]


def test_a_text_is_shortened_between_words() -> None:
    assert shortened("one two three", 8) == "one…"
    assert shortened("one two", 8) == "one two"
