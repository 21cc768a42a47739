"""Steps that write: each asks a model, or draws, and gives back a typed result."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from integrations.ai.researcher import Researcher
from integrations.errors import NotConnected, NotFound
from integrations.protocols import Image, Images, Models, Search, Sources, Topic
from workflows import Retry, StepContext, step
from workflows.library import prompts

PATIENT = Retry(attempts=6, first_delay=timedelta(seconds=20))
"""A model call is slow and worth waiting for."""
WRITING_TIME = timedelta(minutes=5)

DESCRIPTION_LENGTH = 160
"""What search engines show of a description."""


class Written(BaseModel):
    """A result of writing: immutable, and nothing beside its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Section(Written):
    """A part of an outline."""

    heading: str
    points: tuple[str, ...]
    source_urls: tuple[str, ...] = ()
    """Which of the given sources the points come from."""


class Outline(Written):
    """What a text is going to say, in order."""

    title: str
    angle: str
    """For whom it is, and what is special about it, in a sentence."""
    sections: tuple[Section, ...] = Field(min_length=1)


class Article(Written):
    """A text that can be published."""

    title: str = Field(min_length=1)
    body: str = Field(min_length=1)
    """Markdown, without the title."""
    sources: tuple[str, ...] = ()


class Seo(Written):
    """Words for search engines."""

    slug: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)
    meta_title: str = Field(min_length=1)
    description: str = Field(min_length=1, max_length=DESCRIPTION_LENGTH)
    keywords: tuple[str, ...] = ()


class Choice(Written):
    """Which pages a researcher wants to keep, best first."""

    urls: tuple[Annotated[str, Field(max_length=2000)], ...] = Field(max_length=8)


@step(retry=PATIENT, timeout=timedelta(minutes=10), idempotent=True)
def research(ctx: StepContext, topic: Topic) -> Sources:
    """Let a model search for sources."""
    researcher = ctx.use(Models)
    if not isinstance(researcher, Researcher):
        raise NotConnected("The models that are set can't search by themselves. Set BATON_MODEL, then press Resume.")
    answer = researcher.ask_with_search(Choice, prompts.research(topic), ctx.use(Search).find)
    found = {source.url: source for source in answer.found}
    kept = tuple(found[url] for url in answer.output.urls if url in found) or answer.found
    if not kept:
        raise NotFound(f"The search found nothing about {topic.title!r}. Give the topic another title.")
    return Sources(query=topic.title, items=kept)


@step(retry=PATIENT, timeout=WRITING_TIME, idempotent=True)
def outline(ctx: StepContext, topic: Topic, sources: Sources) -> Outline:
    """Outline the article."""
    return ctx.use(Models).ask(Outline, prompts.outline(topic, sources))


@step(retry=PATIENT, timeout=WRITING_TIME, idempotent=True)
def article(ctx: StepContext, topic: Topic, outline: Outline) -> Article:
    """Write the article."""
    return ctx.use(Models).ask(Article, prompts.article(topic, outline))


@step(retry=PATIENT, timeout=WRITING_TIME, idempotent=True)
def news_facts(ctx: StepContext, topic: Topic, sources: Sources) -> Outline:
    """Pick the facts of the news."""
    return ctx.use(Models).ask(Outline, prompts.news_facts(topic, sources), role="fast")


@step(retry=PATIENT, timeout=WRITING_TIME, idempotent=True)
def news_brief(ctx: StepContext, topic: Topic, facts: Outline) -> Article:
    """Write the news brief."""
    return ctx.use(Models).ask(Article, prompts.news_brief(topic, facts))


@step(retry=PATIENT, timeout=WRITING_TIME, idempotent=True)
def instructions(ctx: StepContext, topic: Topic, sources: Sources) -> Outline:
    """Put the instructions in order."""
    return ctx.use(Models).ask(Outline, prompts.instructions(topic, sources))


@step(retry=PATIENT, timeout=WRITING_TIME, idempotent=True)
def how_to(ctx: StepContext, topic: Topic, instructions: Outline) -> Article:
    """Write the how-to."""
    return ctx.use(Models).ask(Article, prompts.how_to(topic, instructions))


@step(retry=PATIENT, timeout=WRITING_TIME, idempotent=True)
def revise(ctx: StepContext, article: Article, comment: str) -> Article:
    """Revise the text as the editor asked."""
    return ctx.use(Models).ask(Article, prompts.revise(article, comment), role="editor")


@step(retry=PATIENT, timeout=WRITING_TIME, idempotent=True)
def seo(ctx: StepContext, article: Article) -> Seo:
    """Find words for search engines."""
    return ctx.use(Models).ask(Seo, prompts.seo(article), role="fast")


@step(retry=PATIENT, timeout=WRITING_TIME, idempotent=True)
def cover(ctx: StepContext, article: Article) -> Image:
    """Draw the cover."""
    return ctx.use(Images).draw_cover(article.title)
