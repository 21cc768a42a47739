"""The engine's stories over real databases: the same crashes, the same end."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest

from workflows import Effect, Outcome, Run, StepContext, StepFailed, step, workflow
from workflows.engine.model import RunState
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.harness import Harness
from workflows.storage.store import SqlStore

effects: Counter[str] = Counter()
there: dict[str, str] = {}


@pytest.fixture(autouse=True)
def _fresh() -> None:
    effects.clear()
    there.clear()


@pytest.fixture
def harness(url: str) -> Iterator[Harness]:
    clock = ManualClock()
    store = SqlStore(url, clock=clock)
    yield Harness(publishing, asking, store=store, clock=clock)
    store.close()


class Refusing(Exception):
    retryable = False
    effect = Effect.NONE


def _found(key: str, name: str) -> str | None:
    return there.get(key)


@step(idempotent=True)
def read(ctx: StepContext, name: str) -> str:
    effects[f"read {name}"] += 1
    return name


@step(idempotent=False, reconcile=_found, timeout=timedelta(seconds=10), settle=timedelta(seconds=1))
def create(ctx: StepContext, name: str) -> str:
    effects[f"create {name}"] += 1
    there[ctx.key] = name
    return name


@step(idempotent=True)
def remove(ctx: StepContext, name: str) -> None:
    effects[f"remove {name}"] += 1


@step(idempotent=True)
def announce(ctx: StepContext, name: str) -> str:
    if not effects["open"]:
        raise Refusing("the channel is archived")
    return name


@workflow("asking")
def asking(run: Run, name: str) -> str:
    return str(run.signal("answer", str, timeout=timedelta(days=1)))


def reviewed(run: Run, name: str) -> str:
    answer = run.child(asking, name)
    return run.step(read, answer)


@workflow("publishing")
def publishing(run: Run, name: str) -> str:
    try:
        big = run.step(read, "x" * 100_000)
    except StepFailed:
        big = ""
    left, right = run.parallel(run.call(create, f"{name} cover"), run.call(reviewed, name))
    run.sleep(timedelta(days=3))
    run.approval("editor", show=big[:10], remind=timedelta(days=1)).require_approved()
    with run.saga() as saga:
        post = run.step(create, f"{name} post")
        saga.on_failure(remove, post)
        run.step(announce, post)
    return f"{left} {right} {post} {len(big)}"


def _story(harness: Harness) -> str:
    run_id = harness.start("publishing", "n")
    child = next(run for run in harness._open_runs() if run.parent_id == run_id)
    harness.signal(child.id, "answer", "yes")
    harness.skip(timedelta(days=5))
    harness.decide(Outcome.APPROVED)
    return run_id


def test_a_whole_story_with_undo_and_resume(harness: Harness) -> None:
    run_id = _story(harness)
    assert harness.state(run_id) is RunState.FAILED
    assert effects["remove n post"] == 1
    assert len(harness.events(run_id, "approval.reminded")) == 2
    effects["open"] = 1
    harness.resume(run_id)
    assert harness.output(run_id) == "n cover yes n post 100000"
    assert (effects["create n cover"], effects["create n post"]) == (1, 2)
    assert [entry.verb for entry in harness.store.audit(run_id)] == ["start", "decide approved", "resume"]


@pytest.mark.parametrize(
    ("checkpoint", "key"),
    [
        ("after_effect", "parallel#1/0:create"),
        ("after_attempt", "parallel#1/0:create"),
        ("before_suspend", ""),
        ("after_ring", ""),
        ("after_effect", "create#1"),
        ("after_commit", "create#1"),
        ("after_commit", "announce#1"),
    ],
)
def test_a_crash_changes_nothing_that_a_user_sees(harness: Harness, checkpoint: str, key: str) -> None:
    effects["open"] = 1
    harness.crash_at(checkpoint, key)
    run_id = _story(harness)
    harness.skip(timedelta(minutes=1))
    assert harness.crashes == 1
    assert harness.output(run_id) == "n cover yes n post 100000"
    assert (effects["create n cover"], effects["create n post"]) == (1, 1)


def test_what_waits_is_listed_and_holds_nothing(harness: Harness) -> None:
    ids = [harness.start("asking", str(n)) for n in range(20)]
    runs = [harness.run(run_id) for run_id in ids]
    assert {run.state for run in runs} == {RunState.WAITING}
    assert {run.lease_owner for run in runs} == {None}
    assert json.loads(runs[0].waiting or "")[0]["name"] == "answer"
