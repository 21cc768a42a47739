"""Pauses and later starts: what no worker takes, and what the rescue tick leaves alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.contract.store.opened import GRACE, TTL, Opened, message
from workflows.engine.model import Audit, Pause, RunState, Writes
from workflows.engine.ports import Ring
from workflows.engine.testing.clock import START, ManualClock

HOUR = timedelta(hours=1)


def rescued(made: Opened) -> list[str]:
    return [ring.run_id for ring in made.store.rescue(limit=10, grace=GRACE)]


# pauses -------------------------------------------------------------------------------------------------


def test_pauses_are_kept_replaced_lifted_and_audited(made: Opened, clock: ManualClock) -> None:
    store = made.store
    assert store.pauses() == []
    first, everything = Pause("w", "ada", START, "Ö"), Pause("", "bö", START)
    store.pause(first)
    store.pause(everything)
    newer = Pause("w", "bö", START + HOUR)
    store.pause(newer)
    assert store.pauses() == [everything, newer]
    clock.advance(HOUR)
    assert store.unpause("w", "ada")
    assert not store.unpause("w", "ada")
    assert store.pauses() == [everything]
    assert store.audit("") == [
        Audit(START, "ada", "pause", "", "w: Ö"),
        Audit(START, "bö", "pause", "", "everything"),
        Audit(START + HOUR, "bö", "pause", "", "w"),
        Audit(START + HOUR, "ada", "unpause", "", "w"),
    ]


@pytest.mark.parametrize("what", ["w", ""])
def test_a_paused_run_is_not_claimed_until_the_pause_is_lifted(made: Opened, clock: ManualClock, what: str) -> None:
    made.store.pause(Pause(what, "ada", START))
    made.create()
    assert made.refuses()
    clock.advance(HOUR)
    assert rescued(made) == []
    assert made.store.totals().due_since is None
    made.store.unpause(what, "ada")
    assert rescued(made) == ["r1"]
    assert made.claim().run.state is RunState.RUNNING


def test_other_workflows_are_not_held(made: Opened, clock: ManualClock) -> None:
    made.store.pause(Pause("v", "ada", START))
    made.create()
    clock.advance(HOUR)
    assert rescued(made) == ["r1"]
    made.claim()


def test_a_paused_run_that_is_cancelled_comes_to_its_end(made: Opened) -> None:
    made.store.pause(Pause("", "ada", START))
    made.create()
    made.store.transact("r1", lambda _view: Writes(cancels=(("r1", "why"),)))
    assert made.claim().run.cancel == "why"


def test_a_run_at_work_goes_on_although_it_is_paused(made: Opened, clock: ManualClock) -> None:
    claim = made.claimed()
    made.store.pause(Pause("w", "ada", START))
    made.store.commit(claim.lease, Writes())
    clock.advance(TTL)
    assert rescued(made) == []
    assert made.refuses()


def test_a_pause_holds_a_line_too(made: Opened) -> None:
    made.create(limit_runs=1)
    made.store.pause(Pause("w", "ada", START))
    assert made.refuses()
    made.store.unpause("w", "ada")
    assert made.claim().run.admitted


# later --------------------------------------------------------------------------------------------------


def test_a_later_run_is_neither_rung_nor_claimed_before_its_time(made: Opened, clock: ManualClock) -> None:
    created = made.create(due_at=START + HOUR, waiting='[{"kind":"start"}]')
    assert (created.rings, created.run.wake_at) == ((), START + HOUR)
    assert made.refuses()
    clock.advance(HOUR - timedelta(seconds=1))
    assert rescued(made) == []
    clock.advance(timedelta(seconds=1))
    assert rescued(made) == ["r1"]
    run = made.claim().run
    assert (run.due_at, run.waiting, run.state) == (None, None, RunState.RUNNING)
    assert made.store.run("r1") == run


def test_a_message_does_not_hurry_a_later_run(made: Opened) -> None:
    made.create(due_at=START + HOUR)
    sent = made.store.transact("r1", lambda _view: Writes(messages=(message("m1"),)))
    assert sent.rings == ()
    assert (made.store.run("r1").wake_at, made.store.run("r1").inbox) == (START + HOUR, 1)
    assert made.refuses()


def test_a_later_run_that_is_cancelled_is_rung_and_claimed_at_once(made: Opened) -> None:
    made.create(due_at=START + HOUR)
    committed = made.store.transact("r1", lambda _view: Writes(cancels=(("r1", "why"),)))
    assert committed.rings == (Ring("r1", 1),)
    assert made.store.run("r1").wake_at == START + GRACE
    assert made.claim().run.cancel == "why"


def test_a_time_that_has_passed_is_no_later(made: Opened) -> None:
    created = made.create(due_at=START)
    assert (created.rings, created.run.wake_at) == ((Ring("r1", 0),), START + GRACE)
    assert made.claim().run.due_at is None


def test_a_later_run_stands_in_line_from_its_time_on(made: Opened, clock: ManualClock) -> None:
    made.create("r1", limit_runs=1, due_at=START + HOUR)
    made.create("r2", limit_runs=1, created_at=START + timedelta(seconds=1))
    made.claim("r2")
    clock.advance(HOUR)
    assert made.refuses("r1")
    made.end(made.claim("r2"))
    assert made.claim("r1").run.admitted


def test_the_timer_of_a_run_that_began_stays_with_it(made: Opened, clock: ManualClock) -> None:
    claim = made.claimed()
    waits = Writes(run={"state": RunState.WAITING, "due_at": START + HOUR, "waiting": "[]"})
    made.store.commit(claim.lease, waits, leave=True)
    clock.advance(HOUR)
    again = made.claim().run
    assert (again.due_at, again.waiting) == (START + HOUR, "[]")
