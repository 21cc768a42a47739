"""From a topic to a published article: research, writing, an editor's decision, publication, social posts."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from integrations.protocols import Channel, Kind, Library, Outbox, Search, Site, SocialPost, Sources, Topic, Topics
from workflows import Outcome, Run, StepFailed, workflow
from workflows.library import writing
from workflows.library.slack_text import plain
from workflows.library.writing import Article, Seo

QUESTION = "Publish this article?"
DECIDE_WITHIN = timedelta(days=2)
REMIND_EVERY = timedelta(days=1)
FOLLOW_UPS = {"linkedin": timedelta(0), "mastodon": timedelta(days=1), "bluesky": timedelta(days=3)}
"""How long after publication each network gets its post."""


class Order(BaseModel):
    """What to write about, and whom to tell."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: str = Field(min_length=1, title="Topic", description="The topic's page, or the name of its file without .md")
    channel: str = Field(
        default="", title="Channel", description="Another one to tell that it is published, like #news"
    )
    social: bool = Field(default=True, title="Social posts", description="Queue posts about it for social networks")
    model_searches: bool = Field(
        default=False, title="Let the model search", description="A model looks for sources itself, in several searches"
    )


class Published(BaseModel):
    """Where to read it."""

    model_config = ConfigDict(frozen=True)

    title: str
    url: str


class Wording(BaseModel):
    """What an editor may put into other words before approving."""

    model_config = ConfigDict(frozen=True)

    title: str = Field(min_length=1, max_length=200, title="Title")
    body: str = Field(min_length=1, title="Text", description="Markdown", json_schema_extra={"long": True})


def told(published: Published) -> str:
    """What the channel reads at the end."""
    return f"Published *{plain(published.title)}* {published.url}"


@workflow("content_pipeline", title="Write and publish an article", summary=told)
def content_pipeline(run: Run, order: Order) -> Published:
    topic = run.step(Topics.get, order.topic)
    run.step(Topics.mark_in_progress, topic.id)
    sources = find_sources(run, order, topic)
    article = write(run, topic, sources)
    seo, cover = run.parallel(run.call(writing.seo, article), run.call(writing.cover, article))

    decision = run.approval(
        "editor", title=QUESTION, show=article, editable=Wording, timeout=DECIDE_WITHIN, remind=REMIND_EVERY
    )
    while decision.outcome is Outcome.CHANGES:
        article = run.step(writing.revise, article, decision.comment)
        seo, cover = run.parallel(run.call(writing.seo, article), run.call(writing.cover, article))
        decision = run.approval(
            "editor", title=QUESTION, show=article, editable=Wording, timeout=DECIDE_WITHIN, remind=REMIND_EVERY
        )
    decision.require_approved()  # raises for rejected and expired alike
    if decision.edited is not None:
        article = reworded(article, decision.edited)

    with run.saga() as saga:  # all of it, or none
        media = run.step(Site.upload_media, cover)
        saga.on_failure(Site.delete_media, media.id)
        post = run.step(Site.publish, article.title, article.body, seo.description, media.id, seo.slug)
        saga.on_failure(Site.trash_post, post.id)
        run.step(Topics.mark_published, topic.id, post.url)

    if order.social:
        run.map(Outbox.queue, social_posts(article, seo, post.url, run.now()))
    if order.channel:
        run.step(Channel.post, order.channel, told(Published(title=article.title, url=post.url)))
    return Published(title=article.title, url=post.url)


def find_sources(run: Run, order: Order, topic: Topic) -> Sources:
    """Find sources."""
    try:
        if order.model_searches:
            return run.step(writing.research, topic)
        return run.step(Search.find, topic.title)
    except StepFailed:  # retries are spent: fall back to the free source
        return run.step(Library.find, topic.title)


def write(run: Run, topic: Topic, sources: Sources) -> Article:
    """Write the kind of text that the topic asks for."""
    match topic.kind:
        case Kind.NEWS_BRIEF:
            facts = run.step(writing.news_facts, topic, sources)
            return run.step(writing.news_brief, topic, facts)
        case Kind.HOW_TO:
            instructions = run.step(writing.instructions, topic, sources)
            return run.step(writing.how_to, topic, instructions)
        case Kind.ARTICLE:
            outline = run.step(writing.outline, topic, sources)
            return run.step(writing.article, topic, outline)


def reworded(article: Article, wording: Wording) -> Article:
    """The article in the editor's words."""
    return article.model_copy(update=wording.model_dump())


def social_posts(article: Article, seo: Seo, url: str, now: datetime) -> list[SocialPost]:
    """A post per network, each with the moment before which it must not be sent."""
    text = f"{article.title}\n\n{seo.description}"
    return [
        SocialPost(network=network, text=text, link=url, not_before=now + delay)
        for network, delay in FOLLOW_UPS.items()
    ]
