"""Progress: the plan with the history laid over it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from workflows import Effect, Failed, Retry, Run, StepContext, StepFailed, WaitTimeout, step, workflow
from workflows.engine.model import RunState
from workflows.engine.plan import Plan, plan_of
from workflows.engine.progress import Item, Progress, progress
from workflows.engine.testing.harness import Harness

MARKS = {
    "pending": "·", "running": ">", "retrying": "~", "succeeded": "+", "failed": "!", "skipped": "-",
}  # fmt: skip


class Refusing(Exception):
    retryable = False
    effect = Effect.NONE


@step(idempotent=True)
def one(ctx: StepContext, text: str = "") -> str:
    """Do the first thing."""
    return text


@step(idempotent=True)
def two(ctx: StepContext, text: str = "") -> str:
    """Do the second thing."""
    return text


@step(idempotent=True, retry=Retry(attempts=1))
def breaks(ctx: StepContext, text: str = "") -> str:
    """Break."""
    raise Refusing("no way")


@step(idempotent=True)
def undo(ctx: StepContext, text: str = "") -> None:
    """Undo it."""


def lines(items: Iterable[Item], indent: str = "") -> Iterator[str]:
    for item in items:
        undone = " undone" if item.undone else ""
        yield f"{indent}{MARKS[item.state]} {item.kind} {item.name}".rstrip() + undone
        yield from lines(item.children, indent + "  ")


def of(harness: Harness, run_id: str, plan: Plan | None = None) -> Progress:
    run = harness.run(run_id)
    return progress(plan or plan_of(harness.catalogue.get(run.workflow)), harness.history(run_id), run)


def tree(harness: Harness, run_id: str, plan: Plan | None = None) -> list[str]:
    return list(lines(of(harness, run_id, plan).items))


@workflow("revised")
def revised(run: Run, given: str) -> str:
    text = run.step(one, given)
    decision = run.approval("editor", show=text, timeout=timedelta(days=2))
    while decision.outcome == "changes":
        text = run.step(two, decision.comment)
        decision = run.approval("editor", show=text, timeout=timedelta(days=2))
    decision.require_approved()
    return run.step(one, text)


def test_before_anything_ran_all_is_pending() -> None:
    harness = Harness(revised)
    run = harness.service.start("revised", "a", by="test:ana")
    assert tree(harness, run.id) == [
        "· step one",
        "· approval editor",
        "· loop while",
        "  · step two",
        "  · approval editor",
        "· step one",
    ]


def test_a_loop_shows_each_round_and_then_what_is_to_come() -> None:
    harness = Harness(revised)
    run_id = harness.start("revised", "a")
    assert tree(harness, run_id)[:3] == ["+ step one", "> approval editor", "· loop while"]
    harness.decide("changes", comment="b")
    assert tree(harness, run_id) == [
        "+ step one",
        "+ approval editor",
        "> loop while",
        "  > round while",
        "    + step two",
        "    > approval editor",
        "· step one",
    ]
    harness.decide("changes", comment="c")
    harness.decide("approved")
    shown = tree(harness, run_id)
    assert [line for line in shown if "round" in line] == ["  + round while"] * 2
    assert shown[-1] == "+ step one"
    assert of(harness, run_id).counted == (7, 7)


def test_a_loop_that_was_not_entered_is_skipped() -> None:
    harness = Harness(revised)
    run_id = harness.start("revised", "a")
    harness.decide("approved")
    assert tree(harness, run_id)[2:] == ["- loop while", "  - step two", "  - approval editor", "+ step one"]


def test_a_rejection_leaves_the_rest_skipped() -> None:
    harness = Harness(revised)
    run_id = harness.start("revised", "a")
    harness.decide("rejected")
    assert harness.state(run_id) is RunState.FAILED
    assert tree(harness, run_id)[-1] == "- step one"


@workflow("falls")
def falls(run: Run, given: str) -> str:
    try:
        text = run.step(breaks, given)
    except StepFailed:
        text = run.step(two, given)
    return run.step(one, text)


@workflow("holds")
def holds(run: Run, given: str) -> str:
    try:
        text = run.step(one, given)
    except StepFailed:
        text = run.step(two, given)
    return run.step(one, text)


def test_a_fallback_that_was_taken() -> None:
    harness = Harness(falls)
    run_id = harness.start("falls", "a")
    assert tree(harness, run_id) == [
        "+ fallback",
        "  ! attempt",
        "    ! step breaks",
        "  + otherwise StepFailed",
        "    + step two",
        "+ step one",
    ]
    broken = next(item for item in of(harness, run_id).walk() if item.name == "breaks")
    assert (broken.attempts, broken.error, broken.key) == (1, "breaks failed: no way", "breaks#1")
    assert broken.started is not None
    assert broken.ended is not None


def test_a_fallback_that_was_not_needed_is_skipped() -> None:
    harness = Harness(holds)
    run_id = harness.start("holds", "a")
    assert tree(harness, run_id) == [
        "+ fallback",
        "  + attempt",
        "    + step one",
        "  - otherwise StepFailed",
        "    - step two",
        "+ step one",
    ]


@workflow("sagas")
def sagas(run: Run, given: str) -> str:
    with run.saga() as saga:
        run.step(one, given)
        saga.on_failure(undo, given)
        if given:
            run.step(breaks)
        run.step(two)
    return given


def test_undo_steps_are_shown_when_something_is_undone() -> None:
    harness = Harness(sagas)
    run_id = harness.start("sagas", "a")
    assert tree(harness, run_id) == [
        "! saga saga undone",
        "  + step one undone",
        "  + compensation undo.undo",
        "  ! choice if",
        "    ! option if",
        "      ! step breaks",
        "  - step two",
    ]


def test_undo_steps_are_not_shown_when_nothing_is_undone() -> None:
    harness = Harness(sagas)
    run_id = harness.start("sagas", "")
    assert tree(harness, run_id) == [
        "+ saga saga",
        "  + step one",
        "  - choice if",
        "    - option if",
        "      - step breaks",
        "  + step two",
    ]


def _waits(run: Run, name: str) -> str:
    run.step(one, name)
    run.signal(name)
    return run.step(two, name)


@workflow("side_by_side")
def side_by_side(run: Run, given: str) -> str:
    run.parallel(run.call(one, given), run.call(_waits, "paid"))
    return run.step(two, given)


def test_branches_side_by_side_move_on_their_own() -> None:
    harness = Harness(side_by_side)
    run_id = harness.start("side_by_side", "a")
    assert tree(harness, run_id) == [
        "> parallel parallel",
        "  + step one",
        "  > branch _waits",
        "    + step one",
        "    > signal paid",
        "    · step two",
        "· step two",
    ]
    harness.signal(run_id, "paid")
    shown = tree(harness, run_id)
    assert shown[0] == "+ parallel parallel"
    assert shown[2] == "  + branch _waits"
    assert shown[-1] == "+ step two"


@workflow("mapped")
def mapped(run: Run, given: list[str]) -> int:
    run.map(_waits, given)
    return len(run.map(one, given))


def test_a_map_shows_each_item() -> None:
    harness = Harness(mapped)
    run_id = harness.start("mapped", ["x", "y"])
    harness.signal(run_id, "x")
    assert tree(harness, run_id)[:5] == [
        "> map map",
        "  + item _waits",
        "    + step one",
        "    + signal x",
        "    + step two",
    ]
    harness.signal(run_id, "y")
    assert tree(harness, run_id)[-3:] == ["+ map map", "  + step one", "  + step one"]


@workflow("branches_from_a_loop")
def branches_from_a_loop(run: Run, given: list[str]) -> int:
    calls = [run.call(one, item) for item in given]
    calls.append(run.call(two, "last"))
    return len(run.parallel(*calls))


def test_branches_that_a_loop_made_are_told_by_their_names() -> None:
    harness = Harness(branches_from_a_loop)
    run_id = harness.start("branches_from_a_loop", ["x", "y"])
    assert tree(harness, run_id) == ["+ parallel parallel", "  + step one", "  + step one", "  + step two"]


@workflow("races")
def races(run: Run, given: str) -> str:
    won = run.first(run.call(Run.signal, "paid"), run.call(Run.sleep, timedelta(days=3)))
    if won.index == 0:
        return run.step(one)
    else:
        return run.step(two)


def test_first_shows_the_loser_as_skipped_and_the_choice_taken() -> None:
    harness = Harness(races)
    run_id = harness.start("races", "a")
    assert tree(harness, run_id)[:3] == ["> first first", "  > signal paid", "  > sleep sleep"]
    harness.skip(timedelta(days=3))
    assert tree(harness, run_id) == [
        "+ first first",
        "  - signal paid",
        "  + sleep sleep",
        "+ choice if",
        "  - option if",
        "    - step one",
        "  + option else",
        "    + step two",
    ]


def _collect(run: Run, given: str) -> str:
    try:
        run.signal("paid", timeout=timedelta(days=1))
    except WaitTimeout:
        return "late"
    return run.step(one)


@workflow("grouped")
def grouped(run: Run, given: str) -> str:
    for name in ("a", "b"):
        if name == given:
            run.step(one, name)
            break
        run.step(two, name)
    return _collect(run, given)


def test_break_and_the_return_of_a_function_end_only_what_they_belong_to() -> None:
    harness = Harness(grouped)
    run_id = harness.start("grouped", "a")
    harness.skip(timedelta(days=2))
    shown = tree(harness, run_id)
    assert shown[:2] == ["+ loop for", "  + round for"]
    assert "    - step two" in shown
    assert [line for line in shown if line.startswith("+ group")]
    assert shown[-1].strip() == "- step one"


def _tell(run: Run, given: str, reason: str) -> None:
    run.step(two, reason)


@workflow("gives_up", on_failure=_tell)
def gives_up(run: Run, given: str) -> str:
    run.step(one)
    raise Failed("not today")


def test_what_follows_a_failure_is_shown_once_it_happened() -> None:
    harness = Harness(gives_up)
    run = harness.service.start("gives_up", "a", by="test:ana")
    assert of(harness, run.id).after_failure == ()
    harness.work()
    assert list(lines(of(harness, run.id).after_failure)) == ["+ step two"]


@workflow("choosy")
def choosy(run: Run, given: str) -> str:
    if given == "x":
        run.step(one)
        run.step(one)
    else:
        run.step(one)
        run.step(two)
    return given


def test_what_comes_later_tells_which_option_was_taken() -> None:
    harness = Harness(choosy)
    run_id = harness.start("choosy", "a")
    assert tree(harness, run_id) == [
        "+ choice if",
        "  - option if",
        "    - step one",
        "    - step one",
        "  + option else",
        "    + step one",
        "    + step two",
    ]


def test_without_a_plan_history_speaks_for_itself() -> None:
    harness = Harness(side_by_side)
    run_id = harness.start("side_by_side", "a")
    bare = progress(None, harness.history(run_id), harness.run(run_id))
    assert list(lines(bare.items)) == [
        "> parallel parallel",
        "  + step one",
        "  > branch _waits",
        "    + step one",
        "    > signal paid",
    ]


@pytest.mark.parametrize("other", [revised, falls, sagas, grouped, races, choosy])
def test_a_plan_of_other_code_loses_no_record(other: Any) -> None:
    harness = Harness(mapped, sagas)
    for name, given in (("mapped", ["x"]), ("sagas", "a")):
        run_id = harness.start(name, given)
        keys = {item.key for item in of(harness, run_id, plan_of(other)).walk()}
        assert {record.key for record in harness.history(run_id)} - keys <= {"undo.undo#1"}


@workflow("marked")
def marked(run: Run, given: str) -> str:
    run.note("began")
    run.now()
    if run.patched("better"):
        run.step(two)
    return run.step(one)


def test_marks_are_no_steps() -> None:
    harness = Harness(marked)
    run_id = harness.start("marked", "a")
    assert [line.strip() for line in tree(harness, run_id) if "step" in line] == ["+ step two", "+ step one"]


@workflow("long")
def long(run: Run, given: int) -> int:
    for number in range(given):
        run.step(one, str(number))
        run.step(two)
    return given


@workflow("nested")
def nested(run: Run, given: int) -> int:
    for outer in range(given):
        run.step(one, str(outer))
        for inner in range(given):
            run.step(two, str(inner))
            try:
                if inner % 2:
                    run.step(breaks)
                else:
                    run.step(one)
            except StepFailed:
                run.step(two)
    return given


def test_loops_in_loops_are_told_apart() -> None:
    harness = Harness(nested)
    run_id = harness.start("nested", 6)
    shown = tree(harness, run_id)
    assert [line for line in shown if line == "  + round for"] == ["  + round for"] * 6
    assert len([line for line in shown if line == "      + round for"]) == 36


def test_hundreds_of_rounds_are_read() -> None:
    harness = Harness(long)
    run_id = harness.start("long", 300)
    assert of(harness, run_id).counted == (600, 600)
