"""The content pipeline with a language model on the wire: searches, retries, and what it all cost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from integrations.ai.connector import PydanticAI
from integrations.ai.settings import AISettings
from integrations.http import Gate
from integrations.http.turns import MemoryTurns
from tests.scenarios.newsroom import Newsroom
from tests.servers.http import Answer, as_json
from tests.servers.models import INPUT_TOKENS, ModelServer, Says
from workflows.engine.detail import detail_of
from workflows.engine.model import RunState
from workflows.engine.testing.clock import ManualClock

OUTLINE = Says({"title": "Clean chains", "angle": "For riders", "sections": [{"heading": "Why", "points": ["Wear"]}]})
ARTICLE = Says({"title": "Clean chains", "body": "## Why\n\nThey wear.", "sources": ["https://web.test/bicycles"]})
SEO = Says({"slug": "clean-chains", "meta_title": "Clean chains", "description": "Why to clean a chain."})
SEARCHED = Says({"query": "bicycle chain"}, tool="search")
CHOSEN = Says({"urls": ["https://web.test/bicycles", "http://169.254.169.254/latest"]})
BUSY = as_json({"error": {"message": "slow down"}}, 429, Retry_After="90")


@pytest.fixture
def servers() -> Iterator[list[ModelServer]]:
    """The servers that a test started; they are stopped after it."""
    started: list[ModelServer] = []
    yield started
    for server in started:
        server.stop()


def newsroom_with(servers: list[ModelServer], folder: Path, *turns: Says | Answer) -> Newsroom:
    """A newsroom whose model says `turns`."""
    server = ModelServer(*turns)
    server.start()
    servers.append(server)
    settings = AISettings(
        model="openai:gpt-6.1-terra", openai_api_key=SecretStr("sk-made-up"), openai_base_url=f"{server.url}/v1"
    )
    clock = ManualClock()
    gate = Gate(MemoryTurns(clock.monotonic), clock=clock.monotonic)
    return Newsroom.open(folder, clock, Models=PydanticAI(settings, gate))


def test_a_model_searches_and_writes(servers: list[ModelServer], tmp_path: Path) -> None:
    newsroom = newsroom_with(servers, tmp_path, SEARCHED, CHOSEN, OUTLINE, ARTICLE, SEO)
    run_id = newsroom.start(newsroom.topic("care"), model_searches=True)
    newsroom.harness.decide()
    assert newsroom.harness.output(run_id).title == "Clean chains"
    [post] = newsroom.posts()
    assert (post.slug, post.body) == ("clean-chains", "## Why\n\nThey wear.")

    records = {record.key.rpartition("/")[2]: record for record in newsroom.harness.history(run_id)}
    found = json.loads(records["research#1"].output or "")
    assert [item["url"] for item in found["items"]] == ["https://web.test/bicycles"]
    [server] = servers
    assert len(server.questions) == 5
    assert {question.headers["x-baton-run"] for question in server.questions} == {run_id}


def test_what_it_cost_is_kept_with_each_step(servers: list[ModelServer], tmp_path: Path) -> None:
    newsroom = newsroom_with(servers, tmp_path, OUTLINE, ARTICLE, SEO)
    run_id = newsroom.start(newsroom.topic("care"))
    records = {record.key.rpartition("/")[2]: record for record in newsroom.harness.history(run_id)}
    for key in ("outline#1", "article#1", "0:seo"):
        [spent] = detail_of(records[key]).usage
        assert (spent["model"], spent["input_tokens"]) == ("openai:gpt-6.1-terra", INPUT_TOKENS)
        assert spent["cost"] > 0


def test_a_busy_model_is_waited_for(servers: list[ModelServer], tmp_path: Path) -> None:
    newsroom = newsroom_with(servers, tmp_path, BUSY, BUSY, OUTLINE, ARTICLE, SEO)
    run_id = newsroom.start(newsroom.topic("care"))
    assert newsroom.harness.state(run_id) is RunState.WAITING
    assert newsroom.harness.waits_for(run_id) == ["outline#1"]
    newsroom.harness.skip(timedelta(seconds=80))
    assert len(servers[0].questions) == 1
    newsroom.harness.skip(timedelta(minutes=10))
    newsroom.harness.decide()
    assert newsroom.harness.output(run_id).title == "Clean chains"


def test_a_model_that_never_answers_as_asked_is_given_up(servers: list[ModelServer], tmp_path: Path) -> None:
    newsroom = newsroom_with(servers, tmp_path, Says({"nonsense": True}))
    run_id = newsroom.start(newsroom.topic("care"))
    newsroom.harness.skip(timedelta(hours=2))
    assert newsroom.harness.state(run_id) is RunState.FAILED
    assert "does not fit" in newsroom.harness.error(run_id)
    assert len(servers[0].questions) == 6, "three attempts, each with one mending"
    assert newsroom.all_posts() == []
