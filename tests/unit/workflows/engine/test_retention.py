"""Pruning as a whole: passes, batches, rests, and who may."""

from __future__ import annotations

from datetime import timedelta

import pytest

from workflows import Run, workflow
from workflows.engine import retention
from workflows.engine.access import Access
from workflows.engine.errors import NotAllowed
from workflows.engine.expiry import Expiry
from workflows.engine.ports import RunQuery
from workflows.engine.retention import Deleted, Retention
from workflows.engine.testing.harness import Harness

DAY = timedelta(days=1)
OPS = "cli:ops"


@workflow("leaf")
def leaf(run: Run, name: str) -> str:
    return name


@workflow("tree")
def tree(run: Run, depth: int) -> int:
    if depth:
        run.child(tree, depth - 1)
    run.child(leaf, "x")
    return depth


@pytest.fixture
def harness() -> Harness:
    return Harness(leaf, tree)


def of(harness: Harness) -> Retention:
    return Retention(harness.service, harness.clock.monotonic, harness.clock.sleep)


def kept(harness: Harness) -> int:
    return len(harness.store.runs(RunQuery(limit=1000)))


def test_whole_families_go_in_one_round(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    for _ in range(3):
        harness.start("tree", 3)
    harness.clock.advance(100 * DAY)
    young = harness.start("tree", 1)
    told: list[int] = []
    old = Expiry(harness.clock.now() - 90 * DAY)
    assert of(harness).prunable(old, by=OPS).runs == 24
    assert of(harness).prune(old, by=OPS, tell=told.append) == Deleted(24)
    assert (told[-1], told == sorted(set(told)), max(b - a for a, b in zip([0, *told], told, strict=False))) == (
        24,
        True,
        2,
    )
    assert kept(harness) == 4
    assert harness.store.run(young).id == young


def test_a_bounded_round_is_taken_up_by_the_next(harness: Harness) -> None:
    for _ in range(5):
        harness.start("leaf", "x")
    harness.clock.advance(100 * DAY)
    old = Expiry(harness.clock.now())
    rounds = [of(harness).prune(old, by=OPS, most=2) for _ in range(4)]
    assert rounds == [Deleted(2, whole=False), Deleted(2, whole=False), Deleted(1), Deleted(0)]


def test_it_rests_as_long_as_it_worked(harness: Harness) -> None:
    for _ in range(3):
        harness.start("leaf", "x")
    harness.clock.advance(100 * DAY)
    rests: list[timedelta] = []
    work = iter(range(1, 100))
    spent = 0.0

    def monotonic() -> float:
        nonlocal spent
        spent += next(work)
        return spent

    Retention(harness.service, monotonic, rests.append).prune(Expiry(harness.clock.now()), by=OPS)
    assert rests == [timedelta(seconds=2), timedelta(seconds=4)]


def test_only_admins_and_the_command_line_prune(harness: Harness) -> None:
    harness.service.access = Access(frozenset({"test:boss"}))
    old = Expiry(harness.clock.now())
    for act in (of(harness).prune, of(harness).prunable):
        with pytest.raises(NotAllowed, match="test:ana may not prune runs"):
            act(old, by="test:ana")
    assert of(harness).prune(old, by="test:boss") == Deleted()
