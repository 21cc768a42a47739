"""From a topic in a folder to a post on the local site, with everything in between."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from integrations.base import Health, action
from integrations.errors import InvalidRequest, Unavailable
from integrations.local_site.connector import LocalSite
from integrations.local_site.models import LocalSiteSettings
from integrations.local_topics.connector import LocalTopics, LocalTopicsSettings
from integrations.protocols import M, Models, Post, Prompt, Role, Search, Sources
from tests.scenarios.newsroom import SITE_URL, Newsroom
from workflows import Effect, Outcome
from workflows.engine.model import RunState
from workflows.library.content_pipeline import Published, content_pipeline


class Down(Search):
    """A search that does not answer."""

    asked = 0

    def find(self, query: str, limit: int = 5) -> Sources:
        """Fail."""
        type(self).asked += 1
        raise Unavailable("The search did not answer.", effect=Effect.NONE)

    def health(self) -> Health:
        """Down."""
        return Health(False, "It is down. Start it.")


class Nonsense(Models):
    """A model whose answers never fit."""

    def ask(self, output_type: type[M], prompt: Prompt, role: Role = "writer") -> M:
        """Fail."""
        raise InvalidRequest("The model's answer did not fit. Ask for less, then press Resume.")

    def health(self) -> Health:
        """Fine, it thinks."""
        return Health(True, "It answers")


class Strict(LocalSite):
    """A site that takes images and no posts."""

    @action(idempotent=True)
    def publish(
        self, title: str, body: str, description: str, media_id: str | None = None, slug: str | None = None
    ) -> Post:
        """Refuse."""
        raise InvalidRequest("The site takes no posts today.")


class Forgetful(LocalTopics):
    """Topics that can't be marked as published."""

    @action(idempotent=True)
    def mark_published(self, topic_id: str, url: str) -> None:
        """Refuse."""
        raise InvalidRequest("The topic is locked.")


@pytest.fixture
def newsroom(tmp_path: Path) -> Newsroom:
    return Newsroom.open(tmp_path)


def test_a_topic_becomes_a_post(newsroom: Newsroom) -> None:
    run_id = newsroom.start(newsroom.topic("care"))
    assert newsroom.harness.state(run_id) is RunState.WAITING
    assert "status: in_progress" in newsroom.topic_text("care")
    assert newsroom.posts() == []
    newsroom.harness.decide()

    published = newsroom.harness.output(run_id)
    assert published == Published(title="Bicycle care", url=f"{SITE_URL}/posts/bicycle-care.html")
    [post] = newsroom.posts()
    assert "A bicycle that is kept clean lasts longer." in post.body
    assert "<https://web.test/bicycles>" in post.body
    assert 0 < len(post.description) <= 160
    assert post.cover in newsroom.media()
    assert "status: published" in newsroom.topic_text("care")
    assert f"url: {published.url}" in newsroom.topic_text("care").replace('"', "")
    [message] = newsroom.messages()
    assert (message.channel, message.text) == ("#content", f"Published *Bicycle care* {published.url}")


def test_social_posts_wait_for_their_moment(newsroom: Newsroom) -> None:
    run_id = newsroom.start(newsroom.topic("care"))
    newsroom.harness.decide()
    posts = {post.network: post for post in newsroom.social()}
    assert set(posts) == {"linkedin", "mastodon", "bluesky"}
    assert {post.link for post in posts.values()} == {newsroom.harness.output(run_id).url}
    first = posts["linkedin"].not_before
    assert first is not None
    assert [posts[name].not_before for name in ("mastodon", "bluesky")] == [
        first + timedelta(days=1),
        first + timedelta(days=3),
    ]


def test_who_wants_neither_posts_nor_messages_gets_none(newsroom: Newsroom) -> None:
    run_id = newsroom.harness.start("content_pipeline", {"topic": newsroom.topic("care"), "social": False})
    newsroom.harness.decide()
    assert newsroom.harness.output(run_id).title == "Bicycle care"
    assert (newsroom.social(), newsroom.messages()) == ([], [])


@pytest.mark.parametrize(
    ("kind", "steps"),
    [
        ("article", ["outline#1", "article#1"]),
        ("news_brief", ["news_facts#1", "news_brief#1"]),
        ("how_to", ["instructions#1", "how_to#1"]),
    ],
)
def test_each_kind_is_written_in_its_own_way(newsroom: Newsroom, kind: str, steps: list[str]) -> None:
    run_id = newsroom.start(newsroom.topic("care", kind=kind))
    newsroom.harness.decide()
    assert newsroom.taken(run_id)[3:5] == steps
    assert len(newsroom.posts()) == 1


def test_the_editor_approves_in_other_words(newsroom: Newsroom) -> None:
    run_id = newsroom.start(newsroom.topic("care"))
    newsroom.harness.decide(edited={"title": "Care for *bicycles*", "body": "Keep it clean."})

    [post] = newsroom.posts()
    assert (post.title, "Keep it clean." in post.body) == ("Care for *bicycles*", True)
    published = newsroom.harness.output(run_id)
    assert content_pipeline.summary is not None
    assert content_pipeline.summary(published) == f"Published *Care for bicycles* {published.url}"


def test_the_editor_asks_for_changes_until_content(newsroom: Newsroom) -> None:
    run_id = newsroom.start(newsroom.topic("care"))
    newsroom.harness.decide(Outcome.CHANGES, comment='title: "Care for bicycles"')
    assert newsroom.harness.waits_for(run_id) == ["editor#2"]
    newsroom.harness.decide(Outcome.CHANGES, comment="replace 'clean' with 'very clean'")
    newsroom.harness.decide()

    [post] = newsroom.posts()
    assert post.title == newsroom.harness.output(run_id).title == "Care for bicycles"
    assert "kept very clean" in post.body
    assert post.slug == "care-for-bicycles"
    assert "Care for bicycles" in post.cover_alt
    steps = newsroom.taken(run_id)
    assert [step for step in steps if step.startswith("revise")] == ["revise#1", "revise#2"]
    assert "article#2" not in steps


def test_a_rejected_article_is_not_published(newsroom: Newsroom) -> None:
    run_id = newsroom.start(newsroom.topic("care"))
    newsroom.harness.decide(Outcome.REJECTED, comment="we had this last week")
    assert newsroom.harness.state(run_id) is RunState.FAILED
    assert "we had this last week" in newsroom.harness.error(run_id)
    assert newsroom.harness.run(run_id).dead_at is None
    assert (newsroom.all_posts(), newsroom.media(), newsroom.social(), newsroom.messages()) == ([], [], [], [])


def test_an_editor_is_reminded_and_then_the_run_ends(newsroom: Newsroom) -> None:
    run_id = newsroom.start(newsroom.topic("care"))
    newsroom.harness.skip(timedelta(days=1, hours=1))
    assert newsroom.harness.state(run_id) is RunState.WAITING
    assert [event.kind for event in newsroom.harness.events(run_id, "approval.remind")]
    newsroom.harness.skip(timedelta(days=1))
    assert newsroom.harness.state(run_id) is RunState.FAILED
    assert "expired" in newsroom.harness.error(run_id)
    assert newsroom.all_posts() == []


def test_without_the_web_our_own_files_do(tmp_path: Path) -> None:
    Down.asked = 0
    newsroom = Newsroom.open(tmp_path, Search=Down())
    run_id = newsroom.start(newsroom.topic("care"))
    newsroom.harness.skip(timedelta(minutes=30))
    newsroom.harness.decide()
    assert Down.asked == 3
    assert newsroom.taken(run_id)[2:4] == ["search.find#1", "library.find#1"]
    [post] = newsroom.posts()
    assert "`bicycle-chain.md`" in post.body


def test_a_model_that_can_not_search_is_said_and_worked_around(newsroom: Newsroom) -> None:
    run_id = newsroom.start(newsroom.topic("care"), model_searches=True)
    newsroom.harness.decide()
    assert newsroom.taken(run_id)[2:4] == ["research#1", "library.find#1"]
    assert len(newsroom.posts()) == 1


def test_when_publishing_fails_the_image_is_taken_down(tmp_path: Path) -> None:
    site = Strict(LocalSiteSettings(folder=tmp_path / "site", url=SITE_URL))
    newsroom = Newsroom.open(tmp_path, Site=site)
    run_id = newsroom.start(newsroom.topic("care"))
    newsroom.harness.decide()
    assert newsroom.harness.state(run_id) is RunState.FAILED
    assert "The site takes no posts today" in newsroom.harness.error(run_id)
    assert newsroom.harness.run(run_id).dead_at is not None
    assert (newsroom.media(), newsroom.all_posts(), newsroom.messages()) == ([], [], [])


def test_when_the_topic_can_not_be_marked_the_post_is_trashed(tmp_path: Path) -> None:
    topics = Forgetful(LocalTopicsSettings(folder=tmp_path / "topics"))
    newsroom = Newsroom.open(tmp_path, Topics=topics)
    run_id = newsroom.start(newsroom.topic("care"))
    newsroom.harness.decide()
    assert newsroom.harness.state(run_id) is RunState.FAILED
    assert [post.trashed for post in newsroom.all_posts()] == [True]
    assert not list((tmp_path / "site" / "public" / "posts").glob("*.html"))
    assert (newsroom.media(), newsroom.social(), newsroom.messages()) == ([], [], [])


def test_a_topic_that_is_not_there_is_told(newsroom: Newsroom) -> None:
    run_id = newsroom.start("nothing")
    assert newsroom.harness.state(run_id) is RunState.FAILED
    assert "There is no topic 'nothing'" in newsroom.harness.error(run_id)


def test_a_model_that_writes_nonsense_publishes_nothing(tmp_path: Path) -> None:
    newsroom = Newsroom.open(tmp_path, Models=Nonsense())
    run_id = newsroom.start(newsroom.topic("care"))
    assert newsroom.harness.state(run_id) is RunState.FAILED
    assert "did not fit" in newsroom.harness.error(run_id)
    assert newsroom.all_posts() == []
