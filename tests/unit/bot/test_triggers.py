"""Topics that become ready start runs, each once: over a real folder and a real database."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.parts import clock_ticks
from bot.runtime import Runtime
from bot.settings import Settings, read_settings
from bot.triggers import NAME, TopicsTrigger
from integrations.protocols import Topics
from workflows.engine.errors import Refused, StoreUnavailable
from workflows.engine.model import Run
from workflows.engine.ports import RunQuery, Store

NOWHERE = "unix:///dev/null"
CRASHING = """
import os
from bot.parts import clock_ticks
from bot.runtime import Runtime
from bot.settings import read_settings
runtime = Runtime(read_settings(), "unix:///dev/null")
runtime.store.set_cursor = lambda *_: os._exit(9)
clock_ticks(runtime)[-1].do()
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "topics").mkdir()
    return read_settings(
        baton_home=tmp_path / "home", baton_topics=tmp_path / "topics", baton_trigger="topics",
        baton_approvers="cli:ed", database_url="", redis_url="", notion_token=None,
    )  # fmt: skip


@pytest.fixture
def runtime(settings: Settings) -> Iterator[Runtime]:
    made = Runtime(settings, NOWHERE)
    made.migrate()
    yield made
    made.close()


def put(settings: Settings, name: str, status: str = "ready") -> None:
    assert settings.baton_topics
    (settings.baton_topics / f"{name}.md").write_text(f"---\ntitle: {name}\nstatus: {status}\n---\nWrite it.\n")


def tick(runtime: Runtime) -> None:
    trigger = next(tick for tick in clock_ticks(runtime) if tick.name == "topics")
    trigger.do()


def runs(runtime: Runtime) -> list[Run]:
    return list(runtime.store.runs(RunQuery(workflow="content_pipeline", limit=100)))


def test_each_ready_topic_starts_one_run(runtime: Runtime, settings: Settings) -> None:
    put(settings, "tea")
    put(settings, "draft", status="draft")
    tick(runtime)
    tick(runtime)
    (run,) = runs(runtime)
    assert (run.dedupe, run.started_by, run.channel) == ("topic:tea", "trigger:topics", "#content")
    put(settings, "coffee")
    tick(runtime)
    assert {run.dedupe for run in runs(runtime)} == {"topic:tea", "topic:coffee"}


def test_a_crash_between_start_and_cursor_starts_no_second_run(runtime: Runtime, settings: Settings) -> None:
    put(settings, "tea")
    env = {
        "BATON_HOME": str(settings.home), "BATON_TOPICS": str(settings.baton_topics), "BATON_TRIGGER": "topics",
        "BATON_APPROVERS": "cli:ed", "DATABASE_URL": "", "NOTION_TOKEN": "",
    }  # fmt: skip
    died = subprocess.run([sys.executable, "-c", CRASHING], env=os.environ | env, check=False)
    assert died.returncode == 9
    assert len(runs(runtime)) == 1
    assert runtime.store.cursor(NAME) == ""
    tick(runtime)
    assert len(runs(runtime)) == 1
    assert runtime.store.cursor(NAME) != ""


class Unlucky:
    """A store whose database goes away after some cursors."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def cursor(self, trigger: str) -> str:
        return self._store.cursor(trigger)

    def set_cursor(self, trigger: str, cursor: str) -> None:
        raise StoreUnavailable("away")


def test_a_database_that_goes_away_moves_no_cursor(runtime: Runtime, settings: Settings) -> None:
    put(settings, "tea")
    unlucky: Store = Unlucky(runtime.store)  # type: ignore[assignment]
    trigger = TopicsTrigger(lambda: runtime.connectors.get(Topics), lambda: runtime.service, unlucky, "#content")
    with pytest.raises(StoreUnavailable):
        trigger.tick()
    assert runtime.store.cursor(NAME) == ""
    tick(runtime)
    assert len(runs(runtime)) == 1


def test_more_topics_than_a_page_are_taken_in_one_tick(runtime: Runtime, settings: Settings) -> None:
    for number in range(60):
        put(settings, f"topic-{number}")
    tick(runtime)
    assert len(runs(runtime)) == 60


def test_without_an_approver_the_reason_is_told_and_nothing_is_lost(runtime: Runtime, settings: Settings) -> None:
    put(settings, "tea")
    nobody = Runtime(settings.model_copy(update={"baton_approvers": ()}), NOWHERE)
    with pytest.raises(Refused, match="BATON_APPROVERS"):
        tick(nobody)
    nobody.close()
    tick(runtime)
    assert len(runs(runtime)) == 1


def test_nothing_is_polled_unless_asked_for(settings: Settings, runtime: Runtime) -> None:
    quiet = Runtime(settings.model_copy(update={"baton_trigger": ""}), NOWHERE)
    names = [tick.name for tick in clock_ticks(quiet)]
    assert "rescue" in names
    assert "topics" not in names
    quiet.close()
