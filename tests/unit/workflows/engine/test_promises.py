"""What the engine promises, each shown by what somebody would see afterwards."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, cast

import pytest
from pydantic import BaseModel, SecretStr

from workflows import ONCE, Effect, Limit, Outcome, Retry, Run, StepContext, StepFailed, step, workflow
from workflows.engine.errors import InvalidInput, LeaseLost, Refused, UnknownWorkflow
from workflows.engine.ids import idempotency_key
from workflows.engine.model import AttemptState, RunState, StepState, Writes
from workflows.engine.ports import Claimant, Committed, RunQuery, Store
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.harness import CHECKPOINTS, LEASE, Crash, Harness
from workflows.engine.testing.memory import MemoryStore

effects: Counter[str] = Counter()
there: dict[str, str] = {}
"""What the other system holds, by idempotency key."""


@pytest.fixture(autouse=True)
def _fresh() -> None:
    effects.clear()
    there.clear()


class Down(Exception):
    retryable = True
    effect = Effect.NONE


class Unclear(Exception):
    retryable = True
    effect = Effect.UNKNOWN


class Refusing(Exception):
    retryable = False
    effect = Effect.NONE


def _found(key: str, name: str) -> str | None:
    return there.get(key)


@step(idempotent=True)
def read(ctx: StepContext, name: str) -> str:
    effects[f"read {name}"] += 1
    return name


@step(idempotent=False, reconcile=_found, settle=timedelta(seconds=5), timeout=timedelta(seconds=30))
def create(ctx: StepContext, name: str) -> str:
    effects[f"create {name}"] += 1
    there[ctx.key] = name
    return name


@step(idempotent=False, timeout=timedelta(seconds=30))
def send(ctx: StepContext, name: str) -> str:
    effects[f"send {name}"] += 1
    return name


@step(idempotent=True)
def remove(ctx: StepContext, name: str) -> None:
    effects[f"remove {name}"] += 1


@step(idempotent=True, retry=ONCE)
def refuse(ctx: StepContext, name: str) -> str:
    raise Refusing(name)


# 1 and 5: every checkpoint of every step ----------------------------------------------------------------


def branch(run: Run, name: str) -> str:
    run.sleep(timedelta(minutes=5))
    return run.step(create, name)


@workflow("rich")
def rich(run: Run, name: str) -> str:
    started = run.now()
    try:
        run.step(refuse, "first source")
    except StepFailed:
        run.step(read, "second source")
    left, right = run.parallel(run.call(create, f"{name} left"), run.call(branch, f"{name} right"))
    run.sleep(timedelta(days=1))
    run.approval("editor", show=left).require_approved()
    with run.saga() as saga:
        post = run.step(create, f"{name} post")
        saga.on_failure(remove, post)
    words = run.map(read, ["x", "y"])
    run.note(f"since {started:%Y}")
    return " ".join([left, right, post, *words])


def _rich(harness: Harness) -> str:
    run_id = harness.start("rich", "n")
    harness.skip(timedelta(days=2))
    harness.decide()
    harness.tick()
    return run_id


def _places() -> list[tuple[str, str]]:
    harness = Harness(rich)
    _rich(harness)
    effects.clear()
    there.clear()
    return sorted(set(harness.seen))


PLACES = _places()


def test_every_checkpoint_is_passed_by_the_example() -> None:
    assert {name for name, _key in PLACES} == set(CHECKPOINTS) - {"after_ring"}


@pytest.mark.parametrize(("checkpoint", "key"), PLACES)
def test_a_crash_at_any_checkpoint_changes_nothing_that_a_user_sees(checkpoint: str, key: str) -> None:
    harness = Harness(rich).crash_at(checkpoint, key)
    run_id = _rich(harness)
    harness.skip(timedelta(minutes=1))
    assert harness.crashes == 1
    assert harness.output(run_id) == "n left n right n post x y"
    created = {name: count for name, count in effects.items() if name.startswith("create")}
    assert created == {"create n left": 1, "create n right": 1, "create n post": 1}
    positions = [r.position for r in harness.history(run_id) if r.position]
    assert len(positions) == len(set(positions)) or len(positions) == len(harness.keys(run_id))


def test_a_failed_step_replays_the_same_failure_without_running_again() -> None:
    harness = Harness(rich).crash_at("after_commit", "refuse#1")
    run_id = _rich(harness)
    assert harness.output(run_id)
    assert [r.attempts for r in harness.history(run_id) if r.key == "refuse#1"] == [1]


# 2: one worker at a time --------------------------------------------------------------------------------


@workflow("reading")
def reading(run: Run, name: str) -> str:
    return run.step(read, name)


def test_a_stale_worker_is_refused_and_its_late_result_with_it() -> None:
    harness = Harness(reading)
    run = harness.service.start("reading", "a", by="test:ana")
    mine = Claimant("old", LEASE, 1, frozenset({"reading"}))
    old = harness.store.claim(run.id, mine)
    assert old is not None
    assert harness.store.claim(run.id, replace(mine, owner="new")) is None
    harness.clock.advance(LEASE + timedelta(seconds=1))
    new = harness.store.claim(run.id, replace(mine, owner="new"))
    assert new is not None
    assert new.lease.token > old.lease.token
    with pytest.raises(LeaseLost):
        harness.store.commit(old.lease, Writes(run={"output": '"stale"'}))
    assert harness.run(run.id).output is None


# 3: nothing is lost -------------------------------------------------------------------------------------


@workflow("asking")
def asking(run: Run, name: str) -> str:
    made = run.approval("editor", show=name)
    return f"{name} {made.outcome}"


def test_lost_rings_are_rung_again() -> None:
    harness = Harness(asking)
    harness.queue.deaf = True
    run = harness.service.start("asking", "a", by="test:ana")
    harness.queue.deaf = False
    harness.skip(timedelta(seconds=10))
    assert harness.state(run.id) is RunState.WAITING
    harness.queue.deaf = True
    approval = harness.store.approvals()[0]
    harness.service.decide(approval.id, Outcome.APPROVED, by="test:editor")
    harness.queue.deaf = False
    harness.skip(timedelta(seconds=10))
    assert harness.output(run.id) == "a approved"


@step(idempotent=True)
def meddle(ctx: StepContext, name: str) -> str:
    meddler[0](ctx.run_id)
    return name


meddler: list[Any] = [None]


@workflow("interrupted")
def interrupted(run: Run, name: str) -> str:
    run.step(meddle, name)
    return str(run.signal("go", str))


def test_a_signal_that_arrives_while_the_run_is_being_suspended_is_seen() -> None:
    harness = Harness(interrupted)
    meddler[0] = lambda run_id: harness.service.signal(run_id, "go", "now", by="test:ana")
    assert harness.output(harness.start("interrupted", "a")) == "now"


# 4: waiting is free -------------------------------------------------------------------------------------


def test_a_waiting_run_holds_no_job_thread_or_lease() -> None:
    harness = Harness(asking)
    before = threading.active_count()
    ids = [harness.start("asking", str(n)) for n in range(50)]
    assert len(harness.queue) == 0
    assert threading.active_count() <= before + 1
    assert all(harness.run(i).lease_owner is None and harness.run(i).wake_at is None for i in ids)


# 5: effects once ----------------------------------------------------------------------------------------


@workflow("creating")
def creating(run: Run, name: str) -> str:
    return run.step(create, name)


@workflow("sending")
def sending(run: Run, name: str) -> str:
    return run.step(send, name)


def test_an_effect_found_after_a_crash_is_believed_at_once() -> None:
    harness = Harness(creating).crash_at("after_effect", "create#1")
    run_id = harness.start("creating", "a")
    assert harness.output(run_id) == "a"
    assert effects["create a"] == 1


def test_an_effect_not_found_is_believed_only_after_deadline_and_settle_time() -> None:
    harness = Harness(creating).crash_at("after_attempt", "create#1")
    run_id = harness.start("creating", "a")
    assert harness.state(run_id) is RunState.WAITING
    assert effects["create a"] == 0
    harness.skip(timedelta(seconds=17))  # 16 s of lease passed; 30 s time-out and 5 s settle are not over
    assert effects["create a"] == 0
    harness.skip(timedelta(seconds=5))
    assert effects["create a"] == 1
    assert harness.output(run_id) == "a"


def test_an_unknown_effect_without_reconcile_is_parked_and_never_repeated() -> None:
    harness = Harness(sending).crash_at("after_effect", "send#1")
    run_id = harness.start("sending", "a")
    assert harness.state(run_id) is RunState.PARKED
    assert "may have taken effect" in harness.error(run_id)
    harness.resume(run_id)
    assert harness.state(run_id) is RunState.PARKED
    assert effects["send a"] == 1
    harness.resume(run_id, again=True)
    assert harness.output(run_id) == "a"
    assert effects["send a"] == 2


def test_an_unknown_effect_can_be_skipped_with_a_value() -> None:
    harness = Harness(sending).crash_at("after_effect", "send#1")
    run_id = harness.start("sending", "a")
    harness.recovery.skip(run_id, "send#1", "seen there", by="test:ana")
    harness.work()
    assert harness.output(run_id) == "seen there"
    assert effects["send a"] == 1


@step(idempotent=False, reconcile=_found, settle=timedelta(seconds=5), timeout=timedelta(seconds=30))
def unclear(ctx: StepContext, name: str) -> str:
    effects[f"unclear {name}"] += 1
    if effects[f"unclear {name}"] == 1:
        if name == "done":
            there[ctx.key] = name
        raise Unclear("the answer was lost")
    return name


@workflow("unclear_once")
def unclear_once(run: Run, name: str) -> str:
    return run.step(unclear, name)


def test_an_unclear_error_is_reconciled_before_it_is_retried() -> None:
    harness = Harness(unclear_once)
    done, lost = harness.start("unclear_once", "done"), harness.start("unclear_once", "lost")
    harness.skip(timedelta(minutes=2))
    assert (harness.output(done), effects["unclear done"]) == ("done", 1)
    assert (harness.output(lost), effects["unclear lost"]) == ("lost", 2)


def _blind(key: str, name: str) -> str | None:
    raise Down("the service is away")


@step(idempotent=False, reconcile=_blind, timeout=timedelta(seconds=5))
def blind(ctx: StepContext, name: str) -> str:
    effects["blind"] += 1
    raise Unclear("cut off")


@workflow("blindly")
def blindly(run: Run, name: str) -> str:
    return run.step(blind, name)


def test_a_service_that_cannot_be_asked_parks_the_run_in_the_end() -> None:
    harness = Harness(blindly)
    run_id = harness.start("blindly", "a")
    harness.skip(timedelta(hours=3))
    assert harness.state(run_id) is RunState.PARKED
    assert effects["blind"] == 1


# 6: keys and generations --------------------------------------------------------------------------------

keys: list[str] = []


@step(idempotent=True, retry=Retry(attempts=2, first_delay=timedelta(milliseconds=10)))
def keyed(ctx: StepContext, name: str) -> str:
    keys.append(ctx.key)
    if len(keys) <= 2:
        raise Down("not yet")
    return name


@workflow("keying")
def keying(run: Run, name: str) -> str:
    return run.step(keyed, name)


def test_attempts_share_a_key_and_a_resume_after_a_definite_refusal_has_another() -> None:
    keys.clear()
    harness = Harness(keying)
    run_id = harness.start("keying", "a")
    assert harness.state(run_id) is RunState.FAILED
    harness.resume(run_id)
    assert harness.output(run_id) == "a"
    assert keys[0] == keys[1] != keys[2]


# 7: interruptions are not failures ----------------------------------------------------------------------


@workflow("swallowing")
def swallowing(run: Run, name: str) -> str:
    try:
        run.approval("editor", show=name)
    except Exception:  # noqa: BLE001 - what a careless author writes
        return "swallowed"
    finally:
        effects["finally"] += 1
    return "done"


def test_except_exception_does_not_see_a_suspend() -> None:
    harness = Harness(swallowing)
    run_id = harness.start("swallowing", "a")
    assert harness.state(run_id) is RunState.WAITING
    harness.decide()
    assert harness.output(run_id) == "done"


@workflow("greedy")
def greedy(run: Run, name: str) -> str:
    try:
        run.approval("editor", show=name)
    except BaseException:  # noqa: BLE001 - what a plan refuses; at run time it still must do no harm
        run.step(read, "too far")
    return "wrong"


def test_what_a_body_returns_after_a_suspend_is_ignored() -> None:
    harness = Harness(greedy)
    run_id = harness.start("greedy", "a")
    assert harness.state(run_id) is RunState.WAITING
    assert effects["read too far"] == 0


@step(idempotent=True)
def nesting(ctx: StepContext, name: str) -> str:
    return outer[0].step(read, name)


outer: list[Run] = []


@workflow("nested")
def nested(run: Run, name: str) -> str:
    outer[:] = [run]
    return run.step(nesting, name)


def _uses_outer(run: Run, name: str) -> str:
    return outer[0].step(read, name)


@workflow("mixed_up")
def mixed_up(run: Run, name: str) -> str:
    outer[:] = [run]
    return run.parallel(run.call(_uses_outer, name))[0]


@pytest.mark.parametrize(("name", "words"), [("nested", "inside a step"), ("mixed_up", "outer run inside a branch")])
def test_verbs_in_the_wrong_place_are_a_clear_error(name: str, words: str) -> None:
    harness = Harness(nested, mixed_up)
    run_id = harness.start(name, "a")
    assert harness.state(run_id) is RunState.PARKED
    assert words in harness.error(run_id)


# 8: a broken body ---------------------------------------------------------------------------------------


@workflow("breaks")
def breaks(run: Run, name: str) -> str:
    with run.saga() as saga:
        run.step(create, name)
        saga.on_failure(remove, name)
        return {"a": "b"}[name]


@workflow("breaks")
def mended(run: Run, name: str) -> str:
    with run.saga() as saga:
        run.step(create, name)
        saga.on_failure(remove, name)
        return {"a": "b"}.get(name, "mended")


def test_a_broken_body_parks_without_undoing_and_resumes_on_mended_code() -> None:
    harness = Harness(breaks)
    run_id = harness.start("breaks", "c")
    assert harness.state(run_id) is RunState.PARKED
    assert "KeyError: 'c' at test_promises.py:" in harness.error(run_id)
    assert effects["remove c"] == 0
    harness.deploy(mended)
    harness.resume(run_id)
    assert harness.output(run_id) == "mended"
    assert effects["create c"] == 1


# 9: everything has a place ------------------------------------------------------------------------------


@step(idempotent=True)
def cancels_itself(ctx: StepContext, name: str) -> str:
    meddler[0](ctx.run_id)
    return name


@workflow("cancelled_in_step")
def cancelled_in_step(run: Run, name: str) -> str:
    with run.saga() as saga:
        run.step(create, name)
        saga.on_failure(remove, name)
        run.step(cancels_itself, name)
        run.step(read, "never")
    return "done"


@pytest.mark.parametrize("checkpoint", ["", "after_commit"])
def test_a_cancel_in_mid_step_records_the_step_and_undoes_the_saga(checkpoint: str) -> None:
    harness = Harness(cancelled_in_step)
    meddler[0] = lambda run_id: harness.service.cancel(run_id, by="test:ana", reason="wrong one")
    if checkpoint:
        harness.crash_at(checkpoint, "undo.remove#1")
    run_id = harness.start("cancelled_in_step", "a")
    assert harness.state(run_id) is RunState.CANCELLED
    assert harness.error(run_id) == "cancelled by test:ana: wrong one"
    assert effects["read never"] == 0
    assert effects["remove a"] == 1
    assert "cancel" in harness.keys(run_id)
    assert next(r for r in harness.history(run_id) if r.key == "cancels_itself#1").state is StepState.SUCCEEDED


@workflow("bounded", timeout=timedelta(days=1))
def bounded(run: Run, name: str) -> str:
    with run.saga() as saga:
        run.step(create, name)
        saga.on_failure(remove, name)
        run.sleep(timedelta(days=3))
    return "done"


def test_a_run_time_out_undoes_and_becomes_a_dead_letter() -> None:
    harness = Harness(bounded)
    run_id = harness.start("bounded", "a")
    harness.skip(timedelta(days=2))
    assert harness.state(run_id) is RunState.FAILED
    assert effects["remove a"] == 1
    assert harness.run(run_id).dead_at is not None
    assert "took longer than its limit" in harness.error(run_id)


# 10: order ----------------------------------------------------------------------------------------------


@workflow("ordered")
def ordered(run: Run, name: str) -> str:
    run.step(read, name)
    run.approval("editor", show=name)
    return "old"


@workflow("ordered")
def reordered(run: Run, name: str) -> str:
    run.step(create, name)
    run.approval("editor", show=name)
    return "new"


@workflow("ordered")
def other_arguments(run: Run, name: str) -> str:
    run.step(read, name + "!")
    run.approval("editor", show=name)
    return "new"


@workflow("ordered")
def shorter(run: Run, name: str) -> str:
    return "new"


@workflow("ordered")
def guarded(run: Run, name: str) -> str:
    if run.patched("greet"):
        run.step(create, name)
    run.step(read, name)
    run.approval("editor", show=name)
    return "guarded"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (reordered, "history has step read#1, but the code asked for step create#1"),
        (other_arguments, "read#1 was recorded with other arguments"),
        (shorter, "At place 1 history has step read#1, but the code asked for nothing more"),
    ],
)
def test_code_that_does_not_match_history_parks_the_run(code: Any, words: str) -> None:
    harness = Harness(ordered)
    run_id = harness.start("ordered", "a")
    harness.deploy(code)
    harness.decide()
    assert harness.state(run_id) is RunState.PARKED
    assert words in harness.error(run_id)
    harness.deploy(ordered)
    harness.resume(run_id)
    assert harness.output(run_id) == "old"


def test_patched_guards_a_change_for_live_runs() -> None:
    harness = Harness(ordered)
    old = harness.start("ordered", "a")
    harness.deploy(guarded)
    new = harness.start("ordered", "b")
    harness.decide(run_id=old)
    harness.decide(run_id=new)
    assert harness.output(old) == harness.output(new) == "guarded"
    assert (effects["create a"], effects["create b"]) == (0, 1)


# 11: branches -------------------------------------------------------------------------------------------


def _saga_branch(run: Run, name: str) -> str:
    with run.saga() as saga:
        run.step(create, name)
        saga.on_failure(remove, name)
        run.approval("editor", show=name)
    return name


def _failing_branch(run: Run, name: str) -> str:
    run.sleep(timedelta(hours=1))
    return run.step(refuse, name)


@workflow("one_fails")
def one_fails(run: Run, name: str) -> str:
    return "".join(run.parallel(run.call(_saga_branch, name), run.call(_failing_branch, name)))


@pytest.mark.parametrize("crash", [False, True])
def test_a_failed_branch_has_its_siblings_undo_their_sagas(crash: bool) -> None:
    harness = Harness(one_fails)
    if crash:
        harness.crash_at("after_commit", "parallel#1/1:_failing_branch/refuse#1")
    run_id = harness.start("one_fails", "a")
    harness.skip(timedelta(hours=2))
    assert harness.state(run_id) is RunState.FAILED
    assert (effects["create a"], effects["remove a"]) == (1, 1)
    assert not harness.store.approvals()


@pytest.mark.parametrize("crash", [False, True])
def test_a_cancel_undoes_the_sagas_of_every_branch(crash: bool) -> None:
    harness = Harness(one_fails)
    run_id = harness.start("one_fails", "a")
    if crash:
        harness.crash_at("after_commit", "parallel#1/0:_saga_branch/undo.remove#1")
    harness.cancel(run_id)
    assert harness.state(run_id) is RunState.CANCELLED
    assert (effects["create a"], effects["remove a"]) == (1, 1)


# 12: sagas ----------------------------------------------------------------------------------------------

broken: set[str] = set()


@step(idempotent=True, retry=Retry(attempts=2, first_delay=timedelta(milliseconds=10)))
def undo(ctx: StepContext, name: str) -> None:
    if name in broken:
        raise Down(f"{name} can't be removed")
    effects[f"undo {name}"] += 1


@workflow("all_or_none")
def all_or_none(run: Run, ok: list[bool]) -> str:
    with run.saga() as saga:
        for name in ("one", "two", "three"):
            run.step(create, name)
            saga.on_failure(undo, name)
        run.step(gate, "g")
    return "all"


open_gate = [False]


@step(idempotent=True, retry=ONCE)
def gate(ctx: StepContext, name: str) -> str:
    if not open_gate[0]:
        raise Refusing("closed")
    return name


def test_a_compensation_that_fails_lets_the_others_go_on_and_parks() -> None:
    broken.add("two")
    open_gate[0] = False
    harness = Harness(all_or_none)
    run_id = harness.start("all_or_none", [])
    assert harness.state(run_id) is RunState.PARKED
    assert "two can't be removed" in harness.error(run_id)
    assert (effects["undo three"], effects["undo one"]) == (1, 1)
    broken.clear()
    harness.resume(run_id)
    assert harness.state(run_id) is RunState.FAILED
    assert (effects["undo three"], effects["undo two"], effects["undo one"]) == (1, 1, 1)


def test_a_resume_after_undoing_does_the_whole_saga_anew_in_a_new_generation() -> None:
    open_gate[0] = False
    harness = Harness(all_or_none)
    run_id = harness.start("all_or_none", [])
    assert harness.state(run_id) is RunState.FAILED
    open_gate[0] = True
    harness.resume(run_id)
    assert harness.output(run_id) == "all"
    assert effects["create one"] == 2
    assert {r.generation for r in harness.history(run_id)} == {1}


# 13: failure has an owner -------------------------------------------------------------------------------

tries: list[float] = []


@step(idempotent=True, retry=Retry(attempts=4, first_delay=timedelta(minutes=1), jitter=0))
def flaky(ctx: StepContext, times: int) -> int:
    tries.append(0)
    if len(tries) < times:
        raise Down("try later")
    return ctx.attempt


@workflow("patient")
def patient(run: Run, times: int) -> int:
    return run.step(flaky, times)


def test_a_long_retry_delay_suspends_and_grows() -> None:
    tries.clear()
    harness = Harness(patient)
    run_id = harness.start("patient", 3)
    assert harness.state(run_id) is RunState.WAITING
    assert harness.run(run_id).lease_owner is None
    harness.skip(timedelta(seconds=61))
    assert len(tries) == 2
    harness.skip(timedelta(seconds=61))
    assert len(tries) == 2
    harness.skip(timedelta(seconds=60))
    assert harness.output(run_id) == 3
    assert [a.state for a in harness.store.attempts(run_id)] == [AttemptState.FAILED, AttemptState.FAILED]


def test_what_fails_for_good_is_one_dead_letter_with_one_alert() -> None:
    tries.clear()
    harness = Harness(patient)
    run_id = harness.start("patient", 99)
    harness.skip(timedelta(hours=1))
    assert len(tries) == 4
    assert [run.id for run in harness.store.runs(RunQuery(dead=True))] == [run_id]
    assert len(harness.events(run_id, "run.dead_letter")) == 1
    assert harness.error(run_id) == "flaky failed after 4 attempts: try later"


def test_a_dead_letter_can_be_resumed_edited_forked_and_discarded() -> None:
    tries.clear()
    harness = Harness(patient)
    ids = [harness.start("patient", 99) for _ in range(3)]
    harness.skip(timedelta(hours=1))
    harness.recovery.edit(ids[0], 1, by="test:ana")
    harness.work()
    assert harness.output(ids[0]) == 1
    fork = harness.recovery.fork(ids[1], by="test:ana", given=1)
    harness.work()
    assert harness.output(fork.id) == 1
    assert harness.run(ids[1]).dead_at is None
    harness.recovery.discard(ids[2], by="test:ana", reason="obsolete")
    assert harness.store.runs(RunQuery(dead=True)) == []
    with pytest.raises(Refused, match="nothing to discard"):
        harness.recovery.discard(ids[2], by="test:ana")
    assert [entry.verb for entry in harness.store.audit(ids[2])] == ["start", "discard"]


@workflow("long_way")
def long_way(run: Run, name: str) -> str:
    first = run.step(create, name)
    second = run.step(gate, first)
    return run.step(read, second)


def test_a_resume_keeps_finished_steps() -> None:
    open_gate[0] = False
    harness = Harness(long_way)
    run_id = harness.start("long_way", "a")
    open_gate[0] = True
    harness.resume(run_id)
    assert harness.output(run_id) == "a"
    assert effects["create a"] == 1


def test_a_fork_keeps_what_came_before_the_step_it_starts_at() -> None:
    open_gate[0] = True
    harness = Harness(long_way)
    run_id = harness.start("long_way", "a")
    fork = harness.recovery.fork(run_id, by="test:ana", at="gate#1")
    harness.work()
    assert harness.output(fork.id) == "a"
    assert (effects["create a"], effects["read a"]) == (1, 2)


def test_a_fork_of_an_unclear_step_asks_with_the_originals_key_first() -> None:
    harness = Harness(creating).crash_at("after_attempt", "create#1")
    run_id = harness.start("creating", "a")
    assert harness.state(run_id) is RunState.WAITING
    attempt = harness.store.attempts(run_id)[0]
    from_original = _key(harness, run_id)
    there[from_original] = "a"
    fork = harness.recovery.fork(run_id, by="test:ana")
    harness.work()
    assert attempt.state in (AttemptState.RUNNING, AttemptState.UNKNOWN)
    assert harness.output(fork.id) == "a"
    assert effects["create a"] == 0
    assert harness.state(run_id) is RunState.CANCELLED


def _key(harness: Harness, run_id: str) -> str:
    return idempotency_key(run_id, harness.run(run_id).generation, "create#1")


@pytest.mark.parametrize("name", ["asking"])
def test_approvals_cannot_be_skipped(name: str) -> None:
    harness = Harness(asking)
    run_id = harness.start(name, "a")
    with pytest.raises(Refused, match="only a failed or parked run"):
        harness.recovery.skip(run_id, "editor#1", "yes", by="test:ana")


# 14: poison ---------------------------------------------------------------------------------------------


def test_a_crash_count_is_reset_by_progress() -> None:
    harness = Harness(rich).crash_at("after_commit", "refuse#1")
    run_id = _rich(harness)
    assert harness.run(run_id).crashes == 0


# 15: threads can't be killed ----------------------------------------------------------------------------

release = threading.Event()


@step(idempotent=True, timeout=timedelta(milliseconds=50), retry=Retry(attempts=2, first_delay=timedelta(0)))
def hangs(ctx: StepContext, name: str) -> str:
    if ctx.attempt == 1:
        release.wait(10)
        return "late"
    return "in time"


@workflow("hanging")
def hanging(run: Run, name: str) -> str:
    return run.step(hangs, name)


def test_a_step_past_its_time_out_is_left_behind_and_its_late_result_refused() -> None:
    harness = Harness(hanging)
    run_id = harness.start("hanging", "a")
    release.set()
    assert harness.output(run_id) == "in time"
    assert harness._threads.abandoned == 1
    attempts = harness.store.attempts(run_id)
    assert attempts[0].error is not None
    assert "no answer within 0.05 s" in attempts[0].error


# 16: rolling deploys ------------------------------------------------------------------------------------


def test_an_older_release_leaves_a_newer_ones_run_alone() -> None:
    harness = Harness(asking)
    run_id = harness.start("asking", "a")
    harness.service.decide(harness.store.approvals()[0].id, Outcome.APPROVED, by="test:editor")
    names = frozenset({"asking"})
    assert harness.store.claim(run_id, Claimant("old", LEASE, 0, names)) is None
    assert harness.store.claim(run_id, Claimant("other", LEASE, 2, frozenset())) is None
    assert harness.store.claim(run_id, Claimant("new", LEASE, 2, names)) is not None


def test_a_draining_worker_hands_its_runs_on() -> None:
    harness = Harness(reading)
    run = harness.service.start("reading", "a", by="test:ana")
    harness.drain()
    ring = harness.queue.take()
    assert ring is not None
    harness._engine.advance(run.id)
    assert effects["read a"] == 0
    assert harness.run(run.id).lease_owner is None
    harness.new_worker()
    harness.work()
    assert harness.output(run.id) == "a"


# 17: history is exact -----------------------------------------------------------------------------------


class Login(BaseModel):
    user: str
    password: SecretStr


@step(idempotent=True)
def leak(ctx: StepContext, name: str) -> Login:
    return Login(user=name, password=SecretStr("hunter2"))


@step(idempotent=True)
def huge(ctx: StepContext, name: str) -> str:
    return "x" * 5_000_000


@step(idempotent=True)
def no_json(ctx: StepContext, name: str) -> Any:
    return object()


@workflow("results")
def results(run: Run, name: str) -> Any:
    return run.step({"leak": leak, "huge": huge, "no_json": no_json}[name], name)


@pytest.mark.parametrize(
    ("name", "words"),
    [("leak", "holds a secret"), ("huge", "over the limit of 4 MB"), ("no_json", "can't be written as JSON")],
)
def test_results_that_no_history_can_hold_park_the_run_in_words(name: str, words: str) -> None:
    harness = Harness(results)
    run_id = harness.start("results", name)
    assert harness.state(run_id) is RunState.PARKED
    assert words in harness.error(run_id)
    assert "hunter2" not in repr(harness.history(run_id))


# 18 and the rest ----------------------------------------------------------------------------------------


@workflow("follow_up")
def follow_up(run: Run, days: int) -> int:
    reminded = 0
    for _ in range(days):
        run.sleep(timedelta(days=1))
        reminded += 1
    run.approval("editor", show=reminded, remind=timedelta(days=7), timeout=timedelta(days=90))
    return reminded


def test_ninety_days_pass_at_once() -> None:
    harness = Harness(follow_up)
    run_id = harness.start("follow_up", 90)
    harness.skip(timedelta(days=90, hours=1))
    assert harness.waits_for(run_id) == ["editor#1"]
    harness.skip(timedelta(days=89))
    assert len(harness.events(run_id, "approval.reminded")) == 12
    harness.decide()
    assert harness.output(run_id) == 90


@workflow("in_line", limit=Limit(2, key=lambda name: name))
def in_line(run: Run, name: str) -> str:
    run.approval("editor", show=name)
    return name


def test_a_limit_by_key_lets_the_oldest_in_first() -> None:
    harness = Harness(in_line)
    ids = [harness.start("in_line", "a") for _ in range(4)]
    other = harness.start("in_line", "b")
    assert [harness.state(i) for i in ids] == [RunState.WAITING, RunState.WAITING, RunState.QUEUED, RunState.QUEUED]
    assert harness.state(other) is RunState.WAITING
    harness.decide(run_id=ids[0])
    assert [harness.state(i) for i in ids[1:]] == [RunState.WAITING, RunState.WAITING, RunState.QUEUED]


def test_a_start_with_the_same_key_is_the_same_run() -> None:
    harness = Harness(reading)
    first, second = harness.start("reading", "a", key="topic 1"), harness.start("reading", "a", key="topic 1")
    assert first == second
    assert effects["read a"] == 1


def test_a_quorum_needs_as_many_and_one_rejection_ends_it() -> None:
    @workflow("by_two")
    def by_two(run: Run, name: str) -> str:
        return str(run.approval("board", show=name, approvers=["a", "b", "c"], quorum=2).outcome)

    harness = Harness(by_two)
    run_id = harness.start("by_two", "x")
    harness.decide(by="a")
    harness.decide(by="a")
    assert harness.state(run_id) is RunState.WAITING
    harness.decide(by="b")
    assert harness.output(run_id) == "approved"
    other = harness.start("by_two", "y")
    harness.decide(by="a")
    harness.decide(Outcome.REJECTED, by="c")
    assert harness.output(other) == "rejected"


@pytest.mark.parametrize(("by", "words"), [("test:stranger", "may not decide"), ("test:ana", "may not decide")])
def test_only_approvers_decide(by: str, words: str) -> None:
    harness = Harness(asking)
    harness.start("asking", "a")
    with pytest.raises(Refused, match=words):
        harness.decide(by=by)


def test_the_starter_does_not_decide_unless_allowed() -> None:
    harness = Harness(asking, approvers=("test:ana", "test:editor"))
    harness.start("asking", "a")
    with pytest.raises(Refused, match="somebody else has to decide"):
        harness.decide(by="test:ana")
    harness.decide(by="test:editor")


def test_a_late_decision_is_told_who_decided() -> None:
    harness = Harness(asking, approvers=("test:editor", "test:chief"))
    run_id = harness.start("asking", "a")
    approval = harness.store.approvals(run_id=run_id)[0]
    harness.decide(by="test:chief")
    with pytest.raises(Refused, match="already approved by test:chief"):
        harness.service.decide(approval.id, Outcome.REJECTED, by="test:editor")


def test_wrong_starts_say_what_to_do() -> None:
    harness = Harness(patient, asking, approvers=())
    with pytest.raises(UnknownWorkflow, match=r"There is no workflow nothing. Installed are: asking, patient"):
        harness.service.start("nothing", {}, by="test:ana")
    with pytest.raises(InvalidInput, match=r"patient can't start with this input. input: this is no whole number"):
        harness.service.start("patient", "many", by="test:ana")
    with pytest.raises(Refused, match="BATON_APPROVERS"):
        harness.service.start("asking", "a", by="test:ana")


@workflow("cancelled_unclear")
def cancelled_unclear(run: Run, name: str) -> str:
    with run.saga() as saga:
        made = run.step(create, name)
        saga.on_failure(remove, made)
        run.step(read, "never")
    return "done"


def test_a_cancel_finds_out_an_unclear_effect_before_it_undoes() -> None:
    harness = Harness(cancelled_unclear).crash_at("after_effect", "create#1")
    run = harness.service.start("cancelled_unclear", "a", by="test:ana")
    ring = harness.queue.take()
    assert ring is not None
    with pytest.raises(Crash):
        harness._engine.advance(run.id)
    harness.service.cancel(run.id, by="test:ana")
    harness.new_worker()
    harness.skip(timedelta(minutes=1))
    assert harness.state(run.id) is RunState.CANCELLED
    assert (effects["create a"], effects["remove a"], effects["read never"]) == (1, 1, 0)


@step(idempotent=True)
def leaves(ctx: StepContext, name: str) -> str:
    raise SystemExit(3)


@workflow("leaving")
def leaving(run: Run, name: str) -> str:
    return run.step(leaves, name)


def test_a_step_that_calls_exit_parks_the_run_and_frees_the_lease() -> None:
    harness = Harness(leaving)
    run_id = harness.start("leaving", "a")
    assert harness.state(run_id) is RunState.PARKED
    assert "SystemExit" in harness.error(run_id)
    assert harness.run(run_id).lease_owner is None


def _branch_with_more(run: Run, name: str, times: int) -> str:
    return run.step(read, name * times)


@workflow("partly")
def partly(run: Run, name: str) -> str:
    return run.parallel(run.call(partial(_branch_with_more, times=2), name))[0]


def test_a_branch_may_be_a_partial() -> None:
    harness = Harness(partly)
    run_id = harness.start("partly", "a")
    assert harness.output(run_id) == "aa"
    assert "parallel#1/0:_branch_with_more" in harness.keys(run_id)


@workflow("two_takers")
def two_takers(run: Run, name: str) -> list[str]:
    return list(run.parallel(run.call(_taker, "a"), run.call(_taker, "b")))


def _taker(run: Run, name: str) -> str:
    return name + run.signal("go", str)


def test_two_branches_never_take_the_same_signal() -> None:
    harness = Harness(two_takers)
    run_id = harness.start("two_takers", "a")
    harness.signal(run_id, "go", "1")
    assert harness.state(run_id) is RunState.WAITING
    harness.signal(run_id, "go", "2")
    assert sorted(word[1] for word in harness.output(run_id)) == ["1", "2"]


class Counting:
    """Counts the transactions of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.commits = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def commit(self, *args: Any, **kwargs: Any) -> Committed:
        self.commits += 1
        return self._store.commit(*args, **kwargs)


@workflow("priced")
def priced(run: Run, idempotent: bool) -> str:
    run.note("costs nothing of its own")
    run.now()
    for number in range(5):
        if idempotent:
            run.step(read, f"{number}")
        else:
            run.step(create, f"{number}")
    return "done"


@pytest.mark.parametrize(("idempotent", "commits"), [(True, 5 + 1), (False, 2 * 5 + 1)])
def test_an_idempotent_step_costs_one_transaction_and_any_other_two(idempotent: bool, commits: int) -> None:
    clock = ManualClock()
    store = Counting(MemoryStore(clock))
    harness = Harness(priced, store=cast(Store, store), clock=clock)
    assert harness.output(harness.start("priced", idempotent)) == "done"
    assert store.commits == commits  # the last is the end of the run
