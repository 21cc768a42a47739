"""The main job as users run it: real processes, a real WordPress, and model calls answered on the wire."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers import wordpress
from tests.servers.house import ROOT, House, until
from tests.servers.http import Answer, Asked
from tests.servers.models import ModelServer, Question, Says
from tests.servers.redis import RedisServer
from tests.servers.wordpress import WordPressServer
from workflows.engine.model import Outcome, RunState

running_wordpress = wordpress.running_wordpress
wordpress_server = wordpress.wordpress_server

pytestmark = [pytest.mark.servers, pytest.mark.xdist_group("wordpress"), pytest.mark.timeout(240)]

TOPIC = "tested-backups"
OUTLINE = {
    "title": "Restore it once",
    "angle": "for people who look after computers",
    "sections": [{"heading": "Why", "points": ["A backup nobody restored is a hope."], "source_urls": []}],
}
ARTICLE = {
    "title": "Restore it once",
    "body": "A backup nobody restored is a hope.\n\n## Try it\n\nRestore a file.",
    "sources": [],
}
REVISED = {**ARTICLE, "title": "Restore it twice"}
SEO = {"slug": "restore-it", "meta_title": "Restore it", "description": "Try your backup.", "keywords": ["backup"]}


class Newsroom(ModelServer):
    """Answers each kind of question with what fits it."""

    def __init__(self) -> None:
        super().__init__(Says(ARTICLE))

    def answer(self, asked: Asked) -> Answer:
        if asked.method == "POST":
            question = Question(asked.path, asked.headers, asked.json)
            self._turns = [Says(self._fitting(question))]
        return super().answer(asked)

    def _fitting(self, question: Question) -> dict[str, Any]:
        wanted = json.dumps(question.body.get("tools", [])) + json.dumps(question.body.get("response_format", {}))
        if "meta_title" in wanted:
            return SEO
        if "sections" in wanted:
            return OUTLINE
        return REVISED if "twice, please" in question.text else ARTICLE


@pytest.fixture
def newsroom() -> Iterator[Newsroom]:
    server = Newsroom()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def house(tmp_path: Path, wordpress_server: WordPressServer, newsroom: Newsroom) -> Iterator[House]:
    settings = wordpress_server.settings
    topics = tmp_path / "topics"
    shutil.copytree(ROOT / "bot/demo/topics", topics)
    empty = tmp_path / "flows"
    empty.mkdir()
    with (
        RedisServer() as redis,
        House(
            tmp_path, f"sqlite:///{tmp_path / 'baton.db'}", redis.url, empty,
            WORDPRESS_URL=settings.url, WORDPRESS_USER=settings.user,
            WORDPRESS_APP_PASSWORD=settings.app_password.get_secret_value(),
            OPENAI_API_KEY="sk-test", OPENAI_BASE_URL=f"{newsroom.url}/v1", BATON_MODEL="openai-chat:writer-1",
            BATON_SEARCH="local", BATON_LEASE="3", BATON_PROCESSES="1",
        ) as running,
    ):  # fmt: skip
        running.start("worker")
        running.start("clock")
        yield running


def start(house: House) -> str:
    return house.service.start("content_pipeline", {"topic": TOPIC, "channel": "#content"}, by="test:ana").id


def decide(house: House, run_id: str, outcome: Outcome, comment: str = "") -> None:
    """Answer the run's open approval as the editor, once it is there."""
    asked = waiting(house, run_id)
    house.service.decide(asked, outcome, by="test:editor", comment=comment)


def waiting(house: House, run_id: str) -> str:
    def look() -> str | None:
        run = house.store.run(run_id)
        assert run.state not in {RunState.FAILED, RunState.PARKED}, f"{run.error}\n{house.logs()}"
        opened = house.store.approvals(run_id=run_id)
        return opened[0].id if opened and run.state is RunState.WAITING else None

    found: str = until(look, "the editor is asked", 60)
    return found


def finished(house: House, run_id: str) -> RunState:
    ends = {RunState.SUCCEEDED, RunState.FAILED, RunState.PARKED}
    until(lambda: house.store.run(run_id).state in ends, f"the run is over\n{house.logs()}", 90)
    return house.store.run(run_id).state


def test_a_topic_becomes_a_published_article(
    house: House, wordpress_server: WordPressServer, newsroom: Newsroom
) -> None:
    run_id = start(house)
    decide(house, run_id, Outcome.CHANGES, "twice, please")
    decide(house, run_id, Outcome.APPROVED)
    assert finished(house, run_id) is RunState.SUCCEEDED, house.store.run(run_id).error
    posts = [post for post in wordpress_server.all("posts") if post["status"] == "publish"]
    media = wordpress_server.all("media")
    assert [post["title"]["raw"] for post in posts] == ["Restore it twice"]
    assert posts[0]["featured_media"] == media[0]["id"]
    assert "Restore a file." in posts[0]["content"]["rendered"]
    output = json.loads(house.store.run(run_id).output or "{}")
    assert output == {"title": "Restore it twice", "url": posts[0]["link"]}
    topic = (house.home / "topics" / f"{TOPIC}.md").read_text()
    assert "status: published" in topic
    assert posts[0]["link"] in topic
    outline = next(record for record in house.store.records(run_id) if record.name == "outline")
    usage = json.loads(outline.detail or "{}")["usage"]
    assert (usage[0]["input_tokens"], usage[0]["output_tokens"]) == (120, 30)
    assert len(newsroom.questions) >= 5


def test_a_publication_that_fails_is_undone(house: House, wordpress_server: WordPressServer) -> None:
    run_id = start(house)
    waiting(house, run_id)
    (house.home / "topics" / f"{TOPIC}.md").unlink()
    decide(house, run_id, Outcome.APPROVED)
    assert finished(house, run_id) is RunState.FAILED
    assert "topics.mark_published" in (house.store.run(run_id).error or "")
    assert [post["status"] for post in wordpress_server.all("posts")] == ["trash"]
    assert wordpress_server.all("media") == []


@pytest.mark.parametrize("key", ["site.upload_media#1", "site.publish#1"])
def test_a_worker_killed_between_effect_and_record_leaves_exactly_one(
    house: House, wordpress_server: WordPressServer, key: str
) -> None:
    run_id = start(house)
    waiting(house, run_id)
    house.crash_file.write_text(f"after_effect {key}")
    decide(house, run_id, Outcome.APPROVED)
    assert finished(house, run_id) is RunState.SUCCEEDED, house.store.run(run_id).error
    assert not house.crash_file.exists()
    posts, media = wordpress_server.all("posts"), wordpress_server.all("media")
    assert (len(posts), len(media)) == (1, 1)
    assert posts[0]["featured_media"] == media[0]["id"]
