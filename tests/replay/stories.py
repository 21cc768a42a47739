"""Runs of the kept workflows, each brought to where its history is worth keeping."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

from tests.replay.flows import KEPT, patched, publish, unpatched
from workflows import Outcome
from workflows.engine.ports import RunQuery
from workflows.engine.testing.harness import Harness

Story = Callable[[Harness], str]
"""Brings a run somewhere; gives its id."""
STORIES: dict[str, Story] = {}


def told(story: Story) -> Story:
    """Add a story to those that are kept, under its name."""
    STORIES[story.__name__] = story
    return story


def played(name: str, harness: Harness | None = None) -> tuple[Harness, str]:
    """A harness in which the story was played, and the run."""
    made = harness or Harness(*KEPT)
    return made, STORIES[name](made)


def all_of(harness: Harness, run_id: str) -> Iterator[str]:
    """The run, and all others that the story made."""
    yield run_id
    yield from (run.id for run in harness.store.runs(RunQuery(limit=100)) if run.id != run_id)


@told
def verbs_done(harness: Harness) -> str:
    run_id = harness.start("kept_verbs", {"topic": "tea"})
    harness.skip(timedelta(hours=3))
    harness.signal(run_id, "paid", {"amount": 3})
    return run_id


@told
def verbs_asleep(harness: Harness) -> str:
    return harness.start("kept_verbs", {"topic": "tea"})


@told
def verbs_signal_in_the_inbox(harness: Harness) -> str:
    run_id = harness.start("kept_verbs", {"topic": "tea"})
    harness.signal(run_id, "paid", {"amount": 3})
    return run_id


@told
def verbs_unpaid(harness: Harness) -> str:
    run_id = harness.start("kept_verbs", {"topic": "tea"})
    harness.skip(timedelta(days=2))
    return run_id


@told
def verbs_cancelled(harness: Harness) -> str:
    run_id = harness.start("kept_verbs", {"topic": "tea"})
    harness.cancel(run_id)
    return run_id


@told
def fallback_taken(harness: Harness) -> str:
    return harness.start("kept_fallback", {"topic": "nowhere"})


@told
def retries_done(harness: Harness) -> str:
    run_id = harness.start("kept_fallback", {"topic": "shaky"})
    harness.skip(timedelta(hours=1))
    return run_id


@told
def retrying(harness: Harness) -> str:
    return harness.start("kept_fallback", {"topic": "shaky"})


@told
def branches_done(harness: Harness) -> str:
    run_id = harness.start("kept_branches", {"topic": "tea", "items": ["a", "bb", "ccc"]})
    harness.skip(timedelta(hours=1))
    return run_id


@told
def branches_waiting(harness: Harness) -> str:
    run_id = harness.start("kept_branches", {"topic": "tea", "items": ["a", "bb", "ccc"]})
    harness.skip(timedelta(minutes=4))
    return run_id


@told
def race_won_by_a_signal(harness: Harness) -> str:
    run_id = harness.start("kept_race", {"topic": "tea"})
    harness.signal(run_id, "paid", "ten")
    return run_id


@told
def race_won_by_time(harness: Harness) -> str:
    run_id = harness.start("kept_race", {"topic": "tea"})
    harness.skip(timedelta(days=4))
    return run_id


@told
def race_open(harness: Harness) -> str:
    return harness.start("kept_race", {"topic": "tea"})


@told
def edited_twice(harness: Harness) -> str:
    run_id = harness.start("kept_editing", {"topic": "tea"})
    harness.decide(Outcome.CHANGES, comment="shorter")
    harness.decide(Outcome.CHANGES, comment="still shorter")
    harness.decide()
    return run_id


@told
def editing_in_its_second_round(harness: Harness) -> str:
    run_id = harness.start("kept_editing", {"topic": "tea"})
    harness.decide(Outcome.CHANGES, comment="shorter")
    return run_id


@told
def rejected(harness: Harness) -> str:
    run_id = harness.start("kept_editing", {"topic": "tea"})
    harness.decide(Outcome.REJECTED, comment="no")
    return run_id


@told
def expired(harness: Harness) -> str:
    run_id = harness.start("kept_editing", {"topic": "tea"})
    harness.skip(timedelta(days=3))
    return run_id


@told
def parent_done(harness: Harness) -> str:
    return harness.start("kept_parent", {"topic": "tea"})


@told
def saga_done(harness: Harness) -> str:
    return harness.start("kept_saga", {"topic": "tea", "items": ["one", "two"]})


@told
def saga_undone(harness: Harness) -> str:
    return harness.start("kept_saga", {"topic": "tea", "items": ["one", "two", "forbidden"]})


@told
def saga_resumed(harness: Harness) -> str:
    run_id = harness.start("kept_saga", {"topic": "tea", "items": ["one", "forbidden"]})
    harness.given(publish, 7)
    harness.resume(run_id)
    return run_id


@told
def skipped(harness: Harness) -> str:
    run_id = harness.start("kept_verbs", {"topic": "tea"})
    harness.skip(timedelta(days=2))
    harness.recovery.skip(run_id, "paid#1", {"amount": 0}, by="test:ana")
    harness.work()
    return run_id


@told
def forked(harness: Harness) -> str:
    first = harness.start("kept_editing", {"topic": "tea"})
    harness.decide(Outcome.CHANGES, comment="shorter")
    fork = harness.recovery.fork(first, by="test:ana", at="draft#2").id
    harness.work()
    return fork


@told
def begun_before_the_patch(harness: Harness) -> str:
    harness.deploy(unpatched)
    run_id = harness.start("kept_patched", {"topic": "tea"})
    harness.deploy(patched)
    return run_id


@told
def ended_before_the_patch(harness: Harness) -> str:
    run_id = begun_before_the_patch(harness)
    harness.signal(run_id, "go", "on")
    return run_id


@told
def begun_after_the_patch(harness: Harness) -> str:
    return harness.start("kept_patched", {"topic": "tea"})


@told
def continued_as_new(harness: Harness) -> str:
    run_id = harness.start("kept_rounds", {"topic": "tea"})
    harness.skip(timedelta(days=1, hours=1))
    return run_id


@told
def rounds_done(harness: Harness) -> str:
    run_id = harness.start("kept_rounds", {"topic": "tea"})
    harness.skip(timedelta(days=5))
    harness.signal(run_id, "stop", "now")
    return run_id
