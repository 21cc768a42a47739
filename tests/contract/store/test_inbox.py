"""Messages and cancellations: nothing that was sent is lost or counted twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.contract.store.opened import GRACE, TTL, Opened, message
from workflows.engine.model import MessageKind, RunState, Writes
from workflows.engine.ports import Inbox, Ring
from workflows.engine.testing.clock import START, ManualClock

HOUR = timedelta(hours=1)


def test_messages_come_in_the_order_of_their_arrival(made: Opened) -> None:
    made.create()
    late = message("m0", kind=MessageKind.DECISION, name="a1", payload='{"x": 1}', sent_at=START - HOUR)
    made.send(message("m9"))
    made.send(late)
    assert made.store.inbox("r1") == Inbox(2, (message("m9"), late))


def test_the_same_message_again_is_harmless(made: Opened) -> None:
    made.create()
    first = made.store.transact("r1", lambda _view: Writes(messages=(message(), message())))
    again = made.store.transact("r1", lambda _view: Writes(messages=(message(payload="[]"),)))
    assert (first.inbox, first.rings) == (1, (Ring("r1", 1),))
    assert (again.inbox, again.rings) == (1, ())
    assert made.store.inbox("r1").messages == (message(),)


def test_a_taken_message_is_not_there_any_more(made: Opened) -> None:
    claim = made.claimed()
    made.send(message("m1"))
    made.send(message("m2"))
    made.store.commit(claim.lease, Writes(taken=(("m1", "paid#1"),)))
    assert made.store.inbox("r1") == Inbox(2, (message("m2"),))


def test_a_message_wakes_a_waiting_run_soon(made: Opened) -> None:
    made.waiting(due_at=START + HOUR)
    made.send(message())
    assert made.store.run("r1").wake_at == START + GRACE
    made.waiting("r2", due_at=START + GRACE / 2)
    made.send(message("m2", run_id="r2"))
    assert made.store.run("r2").wake_at == START + GRACE / 2


def test_a_message_leaves_the_rescue_of_a_held_run_to_its_lease(made: Opened) -> None:
    made.claimed()
    made.send(message())
    assert made.store.run("r1").wake_at == START + TTL


def test_a_message_is_no_change_for_a_viewer(made: Opened) -> None:
    made.create()
    before = made.store.run("r1").revision
    made.send(message())
    assert made.store.run("r1").revision == before


def test_a_message_to_a_run_that_is_over_is_kept_and_does_not_ring(made: Opened) -> None:
    made.over()
    sent = made.store.transact("r1", lambda _view: Writes(messages=(message(),)))
    assert sent.rings == ()
    assert made.store.inbox("r1").messages == (message(),)
    assert made.store.run("r1").wake_at is None


def test_a_message_to_nobody_is_dropped(made: Opened) -> None:
    claim = made.claimed()
    done = made.store.commit(claim.lease, Writes(messages=(message(run_id="nobody"),)))
    assert (done.applied, done.rings) == (True, ())


def test_a_run_that_tells_itself_something_while_leaving_goes_on(made: Opened) -> None:
    claim = made.claimed()
    writes = Writes(run={"state": RunState.WAITING}, messages=(message(),))
    done = made.store.commit(claim.lease, writes, leave=True)
    assert (done.inbox, done.rings) == (1, (Ring("r1", 1),))
    assert made.store.run("r1").wake_at == START + GRACE
    assert made.claim(owner="b").inbox.messages == (message(),)


@pytest.mark.parametrize("before", [RunState.WAITING, RunState.PARKED])
def test_a_cancellation_is_asked_for_once(made: Opened, before: RunState) -> None:
    claim = made.claimed()
    made.store.commit(claim.lease, Writes(run={"state": before}), leave=True)
    asked = Writes(cancels=(("r1", "by ada"), ("r1", "again"), ("nobody", "x")))
    assert made.store.transact("r1", lambda _view: asked).rings == (Ring("r1", 1),)
    run = made.store.run("r1")
    assert (run.cancel, run.inbox, run.wake_at) == ("by ada", 1, START + GRACE)
    last = made.store.events("r1")[-1]
    assert (last.kind, last.data, last.number) == ("run.cancel_requested", '{"reason": "by ada"}', run.revision)


def test_what_is_over_is_not_cancelled(made: Opened) -> None:
    made.over()
    assert made.store.transact("r1", lambda _view: Writes(cancels=(("r1", "late"),))).rings == ()
    assert made.store.run("r1").cancel is None


def test_a_parent_cancels_its_children(made: Opened, clock: ManualClock) -> None:
    made.waiting("child", parent_id="r1")
    claim = made.claimed()
    clock.advance(timedelta(seconds=1))
    done = made.store.commit(claim.lease, Writes(cancels=(("child", "parent"),)))
    assert done.rings == (Ring("child", 1),)
    assert made.store.events("child")[-1].at == START + timedelta(seconds=1)
    assert made.claim("child").inbox == Inbox(1, (), "parent")
