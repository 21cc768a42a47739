"""Each topic starts one run, whatever happens to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from integrations.errors import Unavailable
from integrations.protocols import TopicPage, Topics, TopicStatus
from tests.scenarios.newsroom import Newsroom
from workflows import Outcome
from workflows.engine.ports import RunQuery
from workflows.library import content_trigger
from workflows.library.content_trigger import WORKFLOW, poll


class Clock:
    """What the clock process does with `poll`: start a run per due topic, then keep the cursor."""

    def __init__(self, newsroom: Newsroom) -> None:
        self.newsroom = newsroom
        self.topics: Topics = newsroom.harness._tools.get(Topics)
        self.cursor = ""

    def tick(self, *, crash: bool = False) -> int:
        """Look once; with `crash`, die before the cursor is kept. How many topics were due."""
        polled = poll(self.topics, self.cursor)
        for due in polled.due:
            self.newsroom.harness.start(WORKFLOW, due.order, by="trigger:topics", key=due.key)
        if not crash:
            self.cursor = polled.cursor
        return len(polled.due)

    def runs(self) -> list[str]:
        """The topics that runs were started for."""
        runs = self.newsroom.harness.store.runs(RunQuery(limit=100))
        return sorted(run.dedupe or "" for run in runs)


@pytest.fixture
def newsroom(tmp_path: Path) -> Newsroom:
    return Newsroom.open(tmp_path)


@pytest.fixture
def clock(newsroom: Newsroom) -> Clock:
    return Clock(newsroom)


def test_ready_topics_start_and_others_do_not(newsroom: Newsroom, clock: Clock) -> None:
    newsroom.topic("a")
    newsroom.topic("b")
    newsroom.topic("c", status="draft")
    assert clock.tick() == 2
    assert clock.runs() == ["topic:a", "topic:b"]
    assert clock.tick() == 0
    newsroom.topic("c")
    assert clock.tick() == 1
    assert clock.runs() == ["topic:a", "topic:b", "topic:c"]


def test_the_order_names_the_topic(newsroom: Newsroom, clock: Clock) -> None:
    newsroom.topic("a")
    [due] = poll(clock.topics, "").due
    assert (due.key, due.order.topic, due.order.channel) == ("topic:a", "a", "")


def test_a_crash_before_the_cursor_is_kept_starts_nothing_twice(newsroom: Newsroom, clock: Clock) -> None:
    newsroom.topic("a")
    assert clock.tick(crash=True) == 1
    newsroom.topic("a")  # and somebody edits it, so that it is listed again
    assert clock.tick() == 1
    assert clock.runs() == ["topic:a"]


def test_edits_during_and_after_the_run_start_nothing(newsroom: Newsroom, clock: Clock) -> None:
    newsroom.topic("a")
    clock.tick()
    newsroom.topic("a", title="Another title")  # the edit sets it back to ready while it is being written
    clock.tick()
    newsroom.harness.decide(Outcome.APPROVED)
    assert "status: published" in newsroom.topic_text("a")
    newsroom.topic("a", title="Once more")
    clock.tick()
    assert clock.runs() == ["topic:a"]
    assert len(newsroom.posts()) == 1


def test_two_clocks_start_one_run(newsroom: Newsroom, clock: Clock) -> None:
    newsroom.topic("a")
    polled = [poll(clock.topics, ""), poll(clock.topics, "")]
    for due in (due for one in polled for due in one.due):
        newsroom.harness.start(WORKFLOW, due.order, by="trigger:topics", key=due.key)
    assert clock.runs() == ["topic:a"]


def test_many_topics_come_in_batches(newsroom: Newsroom, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content_trigger, "BATCH", 2)
    for name in "abcde":
        newsroom.topic(name)
    seen: list[str] = []
    more = True
    while more:
        polled = poll(clock.topics, clock.cursor)
        seen += [due.order.topic for due in polled.due]
        clock.cursor, more = polled.cursor, polled.more
    assert sorted(seen) == list("abcde")


def test_a_service_that_is_down_leaves_the_cursor(newsroom: Newsroom, clock: Clock) -> None:
    newsroom.topic("a")
    topics = clock.topics

    class Away:
        """Topics that can't be asked."""

        def find(self, status: TopicStatus, after: str = "", limit: int = 50) -> TopicPage:
            """Fail."""
            raise Unavailable("The topics did not answer.")

    clock.topics = Away()  # type: ignore[assignment]  # only `find` is asked for
    with pytest.raises(Unavailable):
        clock.tick()
    clock.topics = topics
    assert clock.tick() == 1
