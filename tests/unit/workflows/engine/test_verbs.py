"""Each verb, live and replayed."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from workflows import (
    ChildFailed,
    Effect,
    Failed,
    Outcome,
    Retry,
    Run,
    StepContext,
    StepFailed,
    WaitTimeout,
    step,
    workflow,
)
from workflows.engine.model import Kind, RunState, StepState
from workflows.engine.testing.harness import Harness


class Refusing(Exception):
    retryable = False
    effect = Effect.NONE


class Word(BaseModel):
    text: str


calls: list[str] = []


@pytest.fixture(autouse=True)
def _fresh() -> None:
    calls.clear()


@step(idempotent=True)
def shout(ctx: StepContext, word: Word) -> Word:
    """Make it loud."""
    calls.append(f"shout {word.text}")
    return Word(text=word.text.upper())


@step(idempotent=True)
def join(ctx: StepContext, left: str, right: str) -> str:
    calls.append(f"join {left} {right}")
    return left + right


@step(idempotent=True, retry=Retry(attempts=1))
def fail(ctx: StepContext, why: str) -> str:
    calls.append(f"fail {why}")
    raise Refusing(why)


@step(idempotent=True)
def undo(ctx: StepContext, what: str) -> None:
    calls.append(f"undo {what}")


@workflow("plain")
def plain(run: Run, word: Word) -> str:
    loud = run.step(shout, word)
    return run.step(join, loud.text, "!")


def test_steps_run_in_order_and_give_typed_results() -> None:
    harness = Harness(plain)
    run_id = harness.start("plain", {"text": "hi"})
    assert harness.output(run_id) == "HI!"
    assert harness.keys(run_id) == ["shout#1", "join#1"]
    assert calls == ["shout hi", "join HI !"]


@workflow("falls_back")
def falls_back(run: Run, word: str) -> str:
    try:
        return run.step(fail, word)
    except StepFailed as failed:
        return run.step(join, failed.reason, " was caught")


def test_a_fallback_is_an_except() -> None:
    harness = Harness(falls_back)
    run_id = harness.start("falls_back", "no")
    assert harness.output(run_id) == "no was caught"
    assert [r.state for r in harness.history(run_id)] == [StepState.FAILED, StepState.SUCCEEDED]


@workflow("editorial")
def editorial(run: Run, word: str) -> str:
    decision = run.approval("editor", show=word, timeout=timedelta(days=2))
    while decision.outcome is Outcome.CHANGES:
        word = run.step(join, word, decision.comment)
        decision = run.approval("editor", show=word, timeout=timedelta(days=2))
    decision.require_approved()
    return word


def test_an_approval_waits_and_a_change_request_loops() -> None:
    harness = Harness(editorial)
    run_id = harness.start("editorial", "a")
    assert harness.state(run_id) is RunState.WAITING
    assert harness.waits_for(run_id) == ["editor#1"]
    harness.decide(Outcome.CHANGES, comment="b")
    assert harness.waits_for(run_id) == ["editor#2"]
    harness.decide()
    assert harness.output(run_id) == "ab"
    assert calls == ["join a b"]


def test_a_rejection_ends_the_run_and_is_no_dead_letter() -> None:
    harness = Harness(editorial)
    run_id = harness.start("editorial", "a")
    harness.decide(Outcome.REJECTED, comment="not good")
    assert harness.state(run_id) is RunState.FAILED
    assert harness.run(run_id).dead_at is None
    assert harness.error(run_id) == "editor was rejected by test:editor: not good"


@workflow("strict")
def strict(run: Run, word: str) -> None:
    run.approval("editor", show=word).require_approved()


@pytest.mark.parametrize(
    ("outcome", "words"), [(Outcome.REJECTED, "was rejected"), (Outcome.CHANGES, "was sent back for changes")]
)
def test_a_decision_without_a_comment_is_a_reason_in_words(outcome: Outcome, words: str) -> None:
    harness = Harness(strict)
    run_id = harness.start("strict", "a")
    harness.decide(outcome)
    assert harness.error(run_id) == f"editor {words} by test:editor"


@pytest.mark.parametrize(("fields", "editable"), [(Word(text="a"), None), (None, Word(text="a"))])
def test_a_value_in_the_place_of_a_model_is_named(fields: Any, editable: Any) -> None:
    @workflow("asks")
    def asks(run: Run, _given: None) -> None:
        run.approval("editor", show="x", fields=fields, editable=editable)

    harness = Harness(asks)
    run_id = harness.start("asks", None)
    assert harness.state(run_id) is RunState.PARKED
    assert "takes a model class as" in harness.error(run_id)


def test_an_approval_nobody_answers_expires() -> None:
    harness = Harness(editorial)
    run_id = harness.start("editorial", "a")
    harness.skip(timedelta(days=1, hours=23))
    assert harness.state(run_id) is RunState.WAITING
    harness.skip(timedelta(hours=1))
    assert harness.state(run_id) is RunState.FAILED
    assert "expired" in harness.error(run_id)
    assert not harness.store.approvals(run_id=run_id)


@workflow("sleeper")
def sleeper(run: Run, days: int) -> str:
    before = run.now()
    run.sleep(timedelta(days=days))
    after = run.now()
    return f"{(after - before).days} days"


def test_a_sleep_holds_for_as_long_as_it_says() -> None:
    harness = Harness(sleeper)
    run_id = harness.start("sleeper", 90)
    harness.skip(timedelta(days=89))
    assert harness.state(run_id) is RunState.WAITING
    harness.skip(timedelta(days=1, seconds=1))
    assert harness.output(run_id) == "90 days"


@workflow("paying")
def paying(run: Run, hours: int) -> str:
    try:
        paid = run.signal("paid", Word, timeout=timedelta(hours=hours))
    except WaitTimeout:
        return "nobody paid"
    return paid.text


def test_a_signal_is_kept_when_it_comes_before_the_wait() -> None:
    harness = Harness(paying)
    started = harness.service.start("paying", 1, by="test:ana")
    harness.signal(started.id, "paid", {"text": "thanks"})
    assert harness.output(started.id) == "thanks"


def test_a_signal_that_does_not_come_times_out() -> None:
    harness = Harness(paying)
    run_id = harness.start("paying", 1)
    harness.skip(timedelta(hours=2))
    assert harness.output(run_id) == "nobody paid"


@workflow("racing")
def racing(run: Run, word: str) -> str:
    won = run.first(run.call(Run.signal, "paid", Word), run.call(Run.sleep, timedelta(days=3)))
    if won.index == 0:
        return f"{word} paid"
    return run.step(join, word, " reminded")


def test_first_takes_what_comes_first_and_withdraws_the_rest() -> None:
    harness = Harness(racing)
    paid, late = harness.start("racing", "a"), harness.start("racing", "b")
    harness.signal(paid, "paid", {"text": "x"})
    assert harness.output(paid) == "a paid"
    harness.skip(timedelta(days=4))
    assert harness.output(late) == "b reminded"
    states = {r.key: r.state for r in harness.history(late)}
    assert states["first#1/0:paid"] is StepState.SKIPPED


def test_a_first_that_was_won_stays_won_at_replay() -> None:
    harness = Harness(racing).crash_at("after_commit", "join#1")
    run_id = harness.start("racing", "b")
    harness.skip(timedelta(days=4))
    assert harness.crashes == 1
    assert harness.output(run_id) == "b reminded"
    assert calls == ["join b  reminded"]


@workflow("parent")
def parent(run: Run, word: str) -> str:
    try:
        got = run.child(editorial, word)
    except ChildFailed as failed:
        return f"{failed.state}: {failed.reason}"
    return got + " from the child"


def test_a_childs_result_comes_back() -> None:
    harness = Harness(parent, editorial)
    run_id = harness.start("parent", "w")
    harness.decide()
    assert harness.output(run_id) == "w from the child"


def test_a_childs_error_comes_back_and_the_child_is_no_dead_letter() -> None:
    harness = Harness(parent, editorial)
    run_id = harness.start("parent", "w")
    harness.decide(Outcome.REJECTED, comment="no")
    assert harness.output(run_id).startswith("failed: editor was rejected")


def test_cancelling_the_parent_cancels_the_child_first() -> None:
    harness = Harness(parent, editorial)
    run_id = harness.start("parent", "w")
    child = next(run for run in harness._open_runs() if run.parent_id == run_id)
    harness.cancel(run_id)
    assert harness.state(child.id) is RunState.CANCELLED
    assert harness.state(run_id) is RunState.CANCELLED
    assert not harness.store.approvals()


def test_cancelling_the_child_fails_the_wait_of_the_parent() -> None:
    harness = Harness(parent, editorial)
    run_id = harness.start("parent", "w")
    child = next(run for run in harness._open_runs() if run.parent_id == run_id)
    harness.cancel(child.id)
    assert harness.output(run_id).startswith("cancelled: cancelled by test:ana")


@workflow("side_by_side")
def side_by_side(run: Run, word: Word) -> str:
    loud, joined = run.parallel(run.call(shout, word), run.call(asking, word.text))
    return loud.text + joined


def asking(run: Run, text: str) -> str:
    run.approval("editor", show=text).require_approved()
    return run.step(join, text, "?")


def test_branches_wait_on_their_own() -> None:
    harness = Harness(side_by_side)
    run_id = harness.start("side_by_side", {"text": "x"})
    assert calls == ["shout x"]
    assert harness.waits_for(run_id) == ["parallel#1/1:asking/editor#1"]
    harness.decide()
    assert harness.output(run_id) == "Xx?"
    assert calls == ["shout x", "join x ?"]


def test_a_finished_branch_is_one_record_that_starts_no_thread_at_replay(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness(side_by_side).crash_at("after_commit", "parallel#1/1:asking/join#1")
    run_id = harness.start("side_by_side", {"text": "x"})
    harness.decide()
    assert harness.output(run_id) == "Xx?"
    assert calls.count("shout x") == 1
    kinds = {r.key: r.kind for r in harness.history(run_id)}
    assert kinds["parallel#1/1:asking"] is Kind.BRANCH


@workflow("mapped")
def mapped(run: Run, words: list[str]) -> list[str]:
    return [word.text for word in run.map(shout, [Word(text=w) for w in words], concurrency=2)]


def test_map_keeps_the_order_of_the_items() -> None:
    harness = Harness(mapped)
    run_id = harness.start("mapped", ["a", "b", "c", "d"])
    assert harness.output(run_id) == ["A", "B", "C", "D"]


@workflow("limited")
def limited(run: Run, n: int) -> int:
    return sum(run.map(busy, list(range(n)), concurrency=3))


gate = threading.Semaphore(0)
inside: list[int] = []
most: list[int] = []
lock = threading.Lock()


@step(idempotent=True)
def busy(ctx: StepContext, item: int) -> int:
    with lock:
        inside.append(item)
        most.append(len(inside))
    with lock:
        inside.remove(item)
    return 1


def test_map_works_on_no_more_items_at_once_than_it_may() -> None:
    harness = Harness(limited)
    assert harness.output(harness.start("limited", 20)) == 20
    assert max(most) <= 3


@workflow("some_fail")
def some_fail(run: Run, words: list[str]) -> list[str]:
    results = run.map(picky, words, collect=True)
    return [r if isinstance(r, str) else f"error: {r}" for r in results]


@step(idempotent=True, retry=Retry(attempts=1))
def picky(ctx: StepContext, word: str) -> str:
    calls.append(f"picky {word}")
    if word == "bad":
        raise Refusing("it is bad")
    return word


def test_map_collects_failures_when_asked() -> None:
    harness = Harness(some_fail)
    run_id = harness.start("some_fail", ["a", "bad", "c"])
    assert harness.output(run_id) == ["a", "error: picky: it is bad", "c"]


@workflow("stops")
def stops(run: Run, words: list[str]) -> list[str]:
    try:
        return run.map(picky, words, concurrency=1)
    except StepFailed as failed:
        return [failed.reason]


def test_map_stops_at_the_first_failure() -> None:
    harness = Harness(stops)
    assert harness.output(harness.start("stops", ["a", "bad", "c"])) == ["it is bad"]
    assert "picky c" not in calls


@workflow("booking")
def booking(run: Run, ok: bool) -> str:
    with run.saga() as saga:
        one = run.step(join, "one", "")
        saga.on_failure(undo, one)
        two = run.step(join, "two", "")
        saga.on_failure(undo, two)
        if not ok:
            run.step(fail, "three")
    return "booked"


def test_a_saga_undoes_in_reverse() -> None:
    harness = Harness(booking)
    run_id = harness.start("booking", False)
    assert harness.state(run_id) is RunState.FAILED
    assert calls[-2:] == ["undo two", "undo one"]
    assert harness.run(run_id).dead_at is not None
    undone = [r.key for r in harness.history(run_id) if r.undone]
    assert undone == ["saga#1", "join#1", "join#2"] or set(undone) == {"saga#1", "join#1", "join#2"}


def test_a_saga_that_completes_undoes_nothing() -> None:
    harness = Harness(booking)
    assert harness.output(harness.start("booking", True)) == "booked"
    assert not [call for call in calls if call.startswith("undo")]


@workflow("marks")
def marks(run: Run, given: int) -> dict[str, Any]:
    first = {"now": run.now().isoformat(), "uuid": str(run.uuid()), "random": run.random().random()}
    run.note("between")
    run.sleep(timedelta(days=1))
    return first


def test_marks_are_the_same_after_a_replay() -> None:
    harness = Harness(marks)
    run_id = harness.start("marks", 1)
    before = {r.key: r.output for r in harness.history(run_id)}
    harness.skip(timedelta(days=2))
    assert harness.output(run_id)["now"] == "2026-01-05T09:00:00+00:00"
    after = {r.key: r.output for r in harness.history(run_id)}
    assert {key: after[key] for key in before if not key.startswith("sleep")} == {
        key: value for key, value in before.items() if not key.startswith("sleep")
    }
    assert after["note#1"] == '"between"'


@dataclass(frozen=True)
class Count:
    done: int


@workflow("for_ever")
def for_ever(run: Run, count: Count) -> int:
    run.step(join, str(count.done), "")
    if count.done < 3:
        run.continue_as_new(Count(count.done + 1))
    return count.done


def test_continue_as_new_starts_a_fresh_history_in_a_new_generation() -> None:
    harness = Harness(for_ever)
    run_id = harness.start("for_ever", {"done": 0})
    assert harness.output(run_id) == 3
    assert [(r.generation, r.key) for r in harness.history(run_id)] == [(3, "join#1")]
    assert len(harness.history(run_id, superseded=True)) == 4


@workflow("gives_up")
def gives_up(run: Run, why: str) -> None:
    raise Failed(why)


def test_a_body_may_fail_in_words() -> None:
    harness = Harness(gives_up)
    run_id = harness.start("gives_up", "no stock")
    assert (harness.state(run_id), harness.error(run_id)) == (RunState.FAILED, "no stock")
    assert [e.kind for e in harness.events(run_id, "run.dead")] == ["run.dead_letter"]


def _report(run: Run, word: str, why: str) -> None:
    run.step(join, "report: ", why)


@workflow("reported", on_failure=_report)
def reported(run: Run, word: str) -> str:
    return run.step(fail, word)


def test_on_failure_runs_once_the_run_has_failed() -> None:
    harness = Harness(reported).crash_at("after_commit", "on_failure/join#1")
    run_id = harness.start("reported", "x")
    assert harness.state(run_id) is RunState.FAILED
    assert calls.count("join report:  fail failed: x") == 1
