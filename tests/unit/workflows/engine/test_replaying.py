"""Replay without effects: each prefix of each history fits, and a difference is told where it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, NoReturn

import pytest

from tests.replay.flows import KEPT, Order, Text, draft, editing, fetch, look_up, publish, tell, verbs
from tests.replay.stories import STORIES, all_of, played
from workflows import Run, step, workflow
from workflows.engine.definition import Workflow
from workflows.engine.model import RunState, Writes
from workflows.engine.ports import Committed, Lease, Recorded
from workflows.engine.replaying import replay
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.harness import Harness
from workflows.engine.testing.installed import Installed
from workflows.engine.testing.memory import MemoryStore
from workflows.engine.verdict import Cause, Move, Replayed, Verdict, moves


class Photographed(MemoryStore):
    """A store that keeps each run as it stood after each of its writes."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.seen: list[Recorded] = []

    def commit(
        self, lease: Lease, writes: Writes, *, leave: bool = False, expect_inbox: int | None = None
    ) -> Committed:
        done = super().commit(lease, writes, leave=leave, expect_inbox=expect_inbox)
        self.seen += self.recorded([lease.run_id])
        return done


def on(code: Sequence[Workflow[Any, Any]], harness: Harness, run_id: str, **options: Any) -> Replayed:
    """The run, replayed on other code."""
    (seen,) = harness.store.recorded([run_id])
    return replay(seen, Installed(code), approvers=("test:editor",), approval=harness.store.approval, **options)


def changed(code: Workflow[Any, Any], fn: Any) -> list[Workflow[Any, Any]]:
    """What is installed when one workflow has another body."""
    return [*(one for one in KEPT if one.name != code.name), replace(code, fn=fn)]


@pytest.mark.parametrize("name", STORIES)
def test_each_moment_of_each_history_fits(name: str) -> None:
    clock = ManualClock()
    store = Photographed(clock)
    played(name, Harness(*KEPT, store=store, clock=clock))
    code = Installed(KEPT)
    assert store.seen
    found = [replay(seen, code, approvers=("test:editor",), approval=store.approval) for seen in store.seen]
    assert [(one.verdict, one.words) for one in found if not one.fits] == []


@pytest.mark.parametrize("name", [name for name in STORIES if "before_the_patch" not in name])
def test_the_step_that_is_foretold_is_the_one_that_is_taken(name: str) -> None:
    clock = ManualClock()
    store = Photographed(clock)
    played(name, Harness(*KEPT, store=store, clock=clock))
    for before, after in zip(store.seen, store.seen[1:], strict=False):
        then = replay(before, Installed(KEPT), approval=store.approval).then
        quiet = (before.run.id, before.run.inbox) == (after.run.id, after.run.inbox)
        if quiet and len(then) == 1 and then[0].words.startswith("takes "):
            old = {(record.key, record.state, record.attempts) for record in before.records}
            tried = {record.key for record in after.records if (record.key, record.state, record.attempts) not in old}
            assert then[0].key in tried


@pytest.mark.parametrize("name", STORIES)
def test_a_run_that_is_over_fits_to_its_end(name: str) -> None:
    harness, run_id = played(name)
    for one in all_of(harness, run_id):
        run = harness.run(one)
        found = on(KEPT, harness, one)
        assert found.fits, found
        if run.state in (RunState.SUCCEEDED, RunState.FAILED):
            assert (found.verdict, found.words) == (Verdict.SAME, "")
        elif run.state is RunState.WAITING and not run.inbox > run.seen:
            assert {wait.key for wait in found.then} >= set(harness.waits_for(one))


@pytest.mark.parametrize("name", STORIES)
def test_nothing_is_called_and_no_connector_is_asked(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    harness, run_id = played(name)
    found = list(harness.store.recorded(list(all_of(harness, run_id))))

    def refuse(*_args: Any, **_kwargs: Any) -> NoReturn:
        raise AssertionError("a replay did something")

    for method in ("create", "transact", "claim", "renew", "release", "commit", "rescue", "remind", "pause", "unpause",
                   "set_cursor", "received", "prune"):  # fmt: skip
        monkeypatch.setattr(harness.store, method, refuse)
    monkeypatch.setattr(harness.queue, "ring", refuse)
    monkeypatch.setattr("workflows.engine.threads.StepThreads.run", refuse)
    code = Installed(KEPT)
    assert all(replay(seen, code, approvers=("test:editor",), approval=harness.store.approval).fits for seen in found)


# where code and history part ------------------------------------------------------------------------------


def test_another_step_in_the_place_of_a_recorded_one() -> None:
    harness, run_id = played("editing_in_its_second_round")

    def body(run: Run, order: Order) -> str:
        run.step(look_up, order.topic)
        return "x"

    found = on(changed(editing, body), harness, run_id)
    assert (found.verdict, found.cause) == (Verdict.PARKS, Cause.ORDER)
    assert found.difference is not None
    assert (found.difference.has, found.difference.asked) == ("step draft#1", "step look_up#1")
    assert "history has step draft#1, but the code asked for step look_up#1" in found.words
    assert [move.name for move in moves(found)] == ["patch", "fork", "drain"]
    assert moves(found)[1].command == f"baton fork {run_id} --at draft#1"


def test_the_move_that_is_named_helps() -> None:
    harness, run_id = played("editing_in_its_second_round")

    def body(run: Run, order: Order) -> str:
        text = run.step(draft, order.topic)
        run.step(tell, text.title)
        return run.approval("editor", show=text).comment

    code = changed(editing, body)
    found = on(code, harness, run_id)
    fork = next(move for move in moves(found) if move.name == "fork")
    harness.deploy(code[-1])
    key = fork.command.split("--at ")[1]
    forked = harness.recovery.fork(run_id, by="test:ana", at=key).id
    harness.work()
    assert harness.keys(forked) == ["draft#1", "tell#1", "editor#1"]
    assert on(code, harness, forked).fits


def test_what_the_check_says_is_what_happens() -> None:
    harness, run_id = played("editing_in_its_second_round")

    def body(run: Run, order: Order) -> str:
        run.step(draft, order.topic, "quickly")
        return "x"

    code = changed(editing, body)
    found = on(code, harness, run_id)
    assert found.difference is not None
    assert found.difference.is_of_arguments
    harness.deploy(code[-1])
    harness.decide()
    assert harness.state(run_id) is RunState.PARKED
    assert harness.error(run_id) == found.words


def test_a_patch_makes_it_fit() -> None:
    harness, run_id = played("verbs_asleep")

    def body(run: Run, order: Order) -> str:
        run.now()
        run.uuid()
        run.random()
        run.note(f"about {order.topic}")
        if run.patched("books"):
            run.step(look_up, order.topic)
        run.step(draft, order.topic, remark="first")
        return "x"

    found = on(changed(verbs, body), harness, run_id)
    assert "At place 6 history has step tell#1, but the code asked for nothing more" in found.words

    def whole(run: Run, order: Order) -> str:
        if run.patched("books"):
            run.step(look_up, order.topic)
        return verbs.fn(run, order)

    assert on(changed(verbs, whole), harness, run_id).fits


def test_less_than_history_has() -> None:
    harness, run_id = played("fallback_taken")

    def body(run: Run, order: Order) -> str:
        return "x"

    found = on([replace(KEPT[1], fn=body)], harness, run_id)
    assert (found.verdict, found.key) == (Verdict.PARKS, "fetch#1")
    assert found.difference is not None
    assert (found.difference.has, found.difference.asked) == ("step fetch#1", "")


def test_a_difference_within_a_branch() -> None:
    harness, run_id = played("branches_waiting")

    def other(run: Run, item: str) -> str:
        return run.step(tell, item)

    other.__name__ = "_reviewed"

    def body(run: Run, order: Order) -> list[str]:
        return list(map(str, run.parallel(run.call(draft, order.topic), run.call(other, order.topic))))

    found = on(changed(KEPT[2], body), harness, run_id)
    assert (found.verdict, found.key) == (Verdict.GOES_ON, "") or found.difference is not None
    waiting, open_id = played("branches_waiting")
    (seen,) = waiting.store.recorded([open_id])
    inner = [r for r in seen.records if not (r.key == "parallel#1/1:_reviewed" or r.key.startswith("map#"))]
    early = replace(seen, records=tuple(r for r in inner if r.scope.startswith("parallel#1/") or r.key == "parallel#1"))
    found = replay(early, Installed(changed(KEPT[2], body)))
    assert found.difference is not None
    assert (found.difference.has, found.difference.asked) == (
        "step parallel#1/1:_reviewed/look_up#1", "step parallel#1/1:_reviewed/tell#1",
    )  # fmt: skip


def test_a_record_that_no_longer_fits_its_type() -> None:
    harness, run_id = played("editing_in_its_second_round")

    @step(idempotent=True, name="draft")
    def drafted(ctx: Any, topic: str, remark: str = "") -> int:
        """Write a draft, and count its words."""
        return 1

    def body(run: Run, order: Order) -> str:
        return str(run.step(drafted, order.topic))

    found = on(changed(editing, body), harness, run_id)
    assert (found.verdict, found.cause, found.key) == (Verdict.PARKS, Cause.TYPE, "draft#1")
    assert [move.name for move in moves(found)] == ["mend", "fork", "drain"]


def test_an_input_that_no_longer_fits() -> None:
    harness, run_id = played("editing_in_its_second_round")

    def body(run: Run, order: Text) -> str:
        return order.title

    found = on(changed(editing, body), harness, run_id)
    assert (found.verdict, found.cause, found.key) == (Verdict.PARKS, Cause.TYPE, "")
    assert found.words.startswith("The input of kept_editing was recorded in another form")
    assert [move.name for move in moves(found)] == ["mend", "drain"]


def test_a_body_that_breaks() -> None:
    harness, run_id = played("editing_in_its_second_round")

    def body(run: Run, order: Order) -> str:
        nothing: dict[str, str] = {}
        return nothing["there"]

    found = on(changed(editing, body), harness, run_id)
    assert (found.verdict, found.cause) == (Verdict.PARKS, Cause.BODY)
    assert "The body of kept_editing is broken: KeyError" in found.words
    assert [move.name for move in moves(found)] == ["mend", "drain"]


def test_a_workflow_that_is_gone() -> None:
    harness, run_id = played("editing_in_its_second_round")
    found = on([verbs], harness, run_id)
    assert (found.verdict, found.fits) == (Verdict.NOT_INSTALLED, False)
    assert moves(found)[-1] == Move("cancel", "Or give the run up.", f"baton cancel {run_id}")


def test_a_run_of_a_newer_release() -> None:
    harness, run_id = played("editing_in_its_second_round")
    assert harness.run(run_id).release == 1
    assert on(KEPT, harness, run_id, release=1).fits
    found = on(KEPT, harness, run_id, release=0)
    assert found.verdict is Verdict.NEWER_RELEASE
    assert "release 1" in moves(found)[0].words


def test_a_run_that_is_over_ends_otherwise() -> None:
    harness, run_id = played("fallback_taken")

    def louder(run: Run, order: Order) -> str:
        return KEPT[1].fn(run, order).upper()

    found = on([replace(KEPT[1], fn=louder)], harness, run_id)
    assert (found.verdict, found.fits) == (Verdict.ENDS_OTHERWISE, False)
    assert found.words == 'ends as succeeded with "A BOOK ON NOWHERE"'

    def longer(run: Run, order: Order) -> str:
        return run.step(tell, KEPT[1].fn(run, order))

    found = on([replace(KEPT[1], fn=longer)], harness, run_id)
    assert (found.verdict, [one.words for one in found.then]) == (Verdict.ENDS_OTHERWISE, ["takes tell#2"])


# what would come next -------------------------------------------------------------------------------------


NEXT = {
    "verbs_asleep": ["waits for sleep#1"],
    "retrying": ["waits to try fetch#1 again"],
    "race_open": ["waits for first#1/0:paid", "waits for first#1/1:sleep"],
    "editing_in_its_second_round": ["waits for editor#2"],
    "begun_before_the_patch": ["waits for go#1"],
    "continued_as_new": ["waits for sleep#1"],
}


@pytest.mark.parametrize("name", NEXT)
def test_what_comes_next_is_told(name: str) -> None:
    harness, run_id = played(name)
    assert [one.words for one in on(KEPT, harness, run_id).then] == NEXT[name]


def test_what_is_due_is_told_with_what_it_leads_to() -> None:
    harness, run_id = played("verbs_asleep")
    harness.clock.advance(timedelta(hours=3))
    assert [one.words for one in on(KEPT, harness, run_id).then] == ["goes on after sleep#1"]


def test_an_undoing_is_told() -> None:
    clock = ManualClock()
    store = Photographed(clock)
    played("saga_undone", Harness(*KEPT, store=store, clock=clock))
    told = [one.words for seen in store.seen for one in replay(seen, Installed(KEPT)).then]
    assert "undoes what saga#1 did" in told  # all is undone, and that is not recorded yet
    assert {"undoes with undo.withdraw#1", "undoes with undo.withdraw#2"} <= set(told)


def test_a_run_that_has_not_begun_is_read_with_todays_types() -> None:
    harness = Harness(*KEPT)
    run_id = harness.service.start("kept_editing", {"topic": "tea"}, by="test:ana").id
    assert [one.words for one in on(KEPT, harness, run_id).then] == ["takes draft#1"]

    def body(run: Run, order: Text) -> str:
        return order.title

    assert on(changed(editing, body), harness, run_id).cause is Cause.TYPE


def test_a_stopped_replay_is_no_broken_body() -> None:
    harness, run_id = played("editing_in_its_second_round")

    def body(run: Run, order: Order) -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        on(changed(editing, body), harness, run_id)


@workflow("unclear")
def unclear(run: Run, order: Order) -> int:
    return run.step(publish, order.topic) + len(run.step(fetch, "x"))


def test_an_unclear_attempt_would_be_looked_into() -> None:
    harness = Harness(unclear).crash_at("after_effect", "publish#1")
    run_id = harness.start("unclear", {"topic": "tea"})
    harness.work()
    assert harness.state(run_id) is RunState.PARKED
    found = on([unclear], harness, run_id)
    assert (found.verdict, [one.words for one in found.then]) == (Verdict.GOES_ON, ["takes publish#1"])
