"""A run publishes on WordPress once, whatever is lost or killed on the way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.protocols import Image, Post, Site
from integrations.wordpress.connector import WordPress
from tests.servers import wordpress
from tests.servers.wordpress import LosesAnswers, WordPressServer
from workflows import Run, workflow
from workflows.engine.testing.harness import Harness

running_wordpress = wordpress.running_wordpress
wordpress_server = wordpress.wordpress_server
pytestmark = [pytest.mark.servers, pytest.mark.timeout(600), pytest.mark.xdist_group("wordpress")]

ONE_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
ATTEMPT_AND_SETTLE = timedelta(minutes=5)


@workflow("illustrated_post")
def illustrated_post(run: Run, title: str) -> Post:
    """Publish a post with a cover."""
    media = run.step(Site.upload_media, Image(name="cover.png", mime="image/png", data=ONE_PIXEL))
    return run.step(Site.publish, title, "They do.", "About sleep", media.id)


def published_once(server: WordPressServer, harness: Harness, run_id: str) -> None:
    """There is one image and one post, and the run knows them."""
    (media,) = server.all("media")
    (post,) = server.all()
    assert harness.output(run_id) == Post(id=str(post["id"]), url=post["link"])
    assert post["featured_media"] == media["id"]


def test_lost_answers_are_found_and_not_repeated(wordpress_server: WordPressServer) -> None:
    lossy = WordPress(wordpress_server.settings, transport=LosesAnswers())
    harness = Harness(illustrated_post, tools={Site: lossy})
    run_id = harness.start("illustrated_post", "How cats sleep")
    harness.skip(timedelta(minutes=1))
    published_once(wordpress_server, harness, run_id)


def test_lost_requests_are_sent_again_once_they_can_not_arrive_any_more(wordpress_server: WordPressServer) -> None:
    lossy = WordPress(wordpress_server.settings, transport=LosesAnswers(1, reach=False))
    harness = Harness(illustrated_post, tools={Site: lossy})
    run_id = harness.start("illustrated_post", "How cats sleep")
    harness.skip(timedelta(minutes=1))
    assert wordpress_server.all("media") == []
    harness.skip(ATTEMPT_AND_SETTLE)
    published_once(wordpress_server, harness, run_id)


@pytest.mark.parametrize("step", ["site.upload_media#1", "site.publish#1"])
def test_a_worker_that_dies_before_it_records_publishes_once(wordpress_server: WordPressServer, step: str) -> None:
    site = WordPress(wordpress_server.settings)
    harness = Harness(illustrated_post, tools={Site: site}).crash_at("after_effect", step)
    run_id = harness.start("illustrated_post", "How cats sleep")
    harness.skip(ATTEMPT_AND_SETTLE)
    assert harness.crashes == 1
    published_once(wordpress_server, harness, run_id)
