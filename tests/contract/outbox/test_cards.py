"""Which runs have a card, and that what is wanted grows with the run."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.contract.outbox.shown import Shown, delivery
from tests.contract.store.opened import approval, claimant, event, message, record, run
from workflows.engine.errors import UnknownRun
from workflows.engine.expiry import Expiry, Swept
from workflows.engine.model import Decision, NewRun, Outcome, RunState, Writes
from workflows.engine.outbox import POSTS, DeliveryState
from workflows.engine.testing.clock import START

DAY = timedelta(days=1)


def test_a_run_with_a_channel_gets_a_card(shown: Shown) -> None:
    created = shown.create("r1", writes=Writes(events=(event("run.queued"),)), channel="slack:T1:C1")
    card = shown.card()
    assert created.run.carded
    assert (card.channel, card.wanted, card.shown, card.place, card.error) == ("slack:T1:C1", 1, 0, "", "")
    assert card.wanted == created.run.revision
    assert list(shown.outbox.due(limit=10)) == ["r1"]


def test_a_run_without_a_channel_has_none(shown: Shown) -> None:
    claim = shown.claimed()
    shown.store.commit(claim.lease, Writes(records=(record(),)))
    assert shown.outbox.card("r1") is None
    assert not shown.store.run("r1").carded
    assert shown.outbox.claim("r1", "a", timedelta(seconds=1)) is None
    assert list(shown.outbox.due(limit=10)) == []
    assert not shown.outbox.touch("r1")


def test_children_and_forks_get_their_own(shown: Shown) -> None:
    shown.create("r1")
    child = NewRun(run("r2", channel="#content", parent_id="r1"))
    shown.store.transact("r1", lambda _view: Writes(starts=(child,)))
    assert shown.outbox.card("r1") is None
    assert shown.card("r2").channel == "#content"
    assert shown.agrees("r2")


def test_what_is_wanted_grows_with_every_change(shown: Shown) -> None:
    shown.seen()
    claim = shown.claim()
    assert shown.agrees()
    changes = [
        Writes(records=(record(1),)),
        Writes(events=(event("a"), event("b"))),
        Writes(approvals=(approval(),)),
        Writes(records=(record(2),), supersede=((0, "fetch#1"),)),
        Writes(run={"waiting": "[]"}),
    ]
    wanted = [shown.card().wanted]
    for writes in changes:
        shown.store.commit(claim.lease, writes)
        wanted.append(shown.card().wanted)
        assert shown.agrees()
    assert wanted == sorted(set(wanted))
    shown.store.transact("r1", lambda _view: Writes(cancels=(("r1", "enough"),)))
    assert shown.agrees()
    assert shown.card().wanted > wanted[-1]


def test_a_message_alone_is_nothing_to_see(shown: Shown) -> None:
    shown.seen()
    wanted = shown.card().wanted
    shown.send(message())
    assert shown.card().wanted == wanted
    assert shown.agrees()


def test_a_second_claim_of_the_run_is_seen(shown: Shown) -> None:
    shown.seen()
    shown.store.commit(shown.claim().lease, Writes(), leave=True)
    shown.show()
    assert shown.store.claim("r1", claimant("b")) is not None
    assert shown.agrees()
    assert shown.card().shown < shown.card().wanted


def test_reminders_are_seen(shown: Shown) -> None:
    soon = START + timedelta(minutes=1)
    asked = approval(remind_every=timedelta(hours=1), remind_at=soon)
    shown.create("r1", writes=Writes(approvals=(asked,)), channel="#content")
    shown.show()
    shown.manual.advance(timedelta(minutes=2))
    assert shown.store.remind(limit=10) == 1
    assert shown.agrees()
    assert list(shown.outbox.due(limit=10)) == ["r1"]


@pytest.mark.parametrize("what", ["approval", "decision", "end"])
def test_what_people_wait_for_does_not_wait_for_its_turn(shown: Shown, what: str) -> None:
    shown.create("r1", writes=Writes(approvals=(approval(),)), channel="#content")
    claim = shown.claim()
    shown.show(wait=timedelta(minutes=1))
    shown.store.commit(claim.lease, Writes(records=(record(),)))
    assert list(shown.outbox.due(limit=10)) == []
    match what:
        case "approval":
            shown.store.commit(claim.lease, Writes(approvals=(approval("a2"),)))
        case "decision":
            made = Decision("a1", "ada", Outcome.APPROVED, START)
            shown.store.transact("r1", lambda _view: Writes(decisions=(made,)))
        case _:
            shown.end(claim)
    assert list(shown.outbox.due(limit=10)) == ["r1"]
    assert shown.agrees()


def test_a_run_can_be_watched_later(shown: Shown) -> None:
    claim = shown.claimed()
    assert shown.outbox.watch("r1")
    assert not shown.outbox.watch("r1")
    assert shown.store.run("r1").carded
    assert shown.agrees()
    shown.store.commit(claim.lease, Writes(records=(record(),)))
    assert shown.agrees()
    with pytest.raises(UnknownRun, match="There is no run r9"):
        shown.outbox.watch("r9")


def test_runs_that_need_people_are_adopted(shown: Shown) -> None:
    shown.create("r1", writes=Writes(approvals=(approval(),)))
    shown.create("r2")
    shown.store.commit(shown.claim("r2").lease, Writes(run={"state": RunState.PARKED, "dead_at": START}), leave=True)
    shown.create("r3", writes=Writes(approvals=(approval("a3", "r3"),)))
    shown.seen("r4", writes=Writes(approvals=(approval("a4", "r4"),)))
    assert shown.outbox.adopt(limit=10) == 2
    assert shown.outbox.adopt(limit=10) == 0
    assert set(shown.outbox.due(limit=10)) == {"r1", "r3", "r4"}, "a dead letter is shown by its group"


def test_touching_asks_for_another_look(shown: Shown) -> None:
    shown.seen()
    shown.show()
    assert list(shown.outbox.due(limit=10)) == []
    assert shown.outbox.touch("r1")
    assert list(shown.outbox.due(limit=10)) == ["r1"]
    assert shown.agrees()


def test_a_post_gives_its_run_a_card(shown: Shown) -> None:
    shown.create("r1")
    first = shown.outbox.post(delivery("post/k1", payload='{"text": "hi"}', channel="#news"))
    again = shown.outbox.post(delivery("post/k1", id="other", payload='{"text": "no"}'))
    assert first == again
    assert [d.payload for d in shown.outbox.deliveries("r1")] == ['{"text": "hi"}']
    assert shown.agrees()
    shown.show()
    shown.outbox.post(delivery("post/k2", payload="{}"))
    assert list(shown.outbox.due(limit=10)) == ["r1"]
    assert shown.agrees()
    with pytest.raises(UnknownRun):
        shown.outbox.post(delivery("post/k3", run_id="r9"))


def test_posts_without_a_run_share_a_card(shown: Shown) -> None:
    for key in ("post/k1", "post/k2", "post/k1"):
        shown.outbox.post(delivery(key, run_id=POSTS, payload="{}"))
    assert list(shown.outbox.due(limit=10)) == [POSTS]
    claim = shown.take(POSTS)
    assert [d.key for d in claim.deliveries] == ["post/k1", "post/k2"]
    shown.leave(claim)
    assert list(shown.outbox.due(limit=10)) == []
    shown.outbox.post(delivery("post/k3", run_id=POSTS))
    assert list(shown.outbox.due(limit=10)) == [POSTS]


def test_pruning_takes_cards_and_messages_along(shown: Shown) -> None:
    shown.over("r1", channel="#content")
    shown.show("r1", delivery())
    shown.seen("r2")
    shown.show("r2", delivery(run_id="r2"))
    assert shown.store.prune(Expiry(START + timedelta(days=1)), limit=10).runs == 1
    assert shown.outbox.card("r1") is None
    assert list(shown.outbox.deliveries("r1")) == []
    assert len(shown.outbox.deliveries("r2")) == 1


def test_pruning_takes_old_posts_along(shown: Shown) -> None:
    for number, state in enumerate(DeliveryState):
        shown.outbox.post(delivery(f"post/{number}", run_id=POSTS, state=state))
    shown.outbox.post(delivery("post/new", run_id=POSTS, state=DeliveryState.POSTED, created_at=START + 2 * DAY))
    assert shown.store.sweep(Expiry(START + DAY), limit=1) == Swept(posts=1)
    assert shown.store.sweep(Expiry(START + DAY), limit=10).posts == 2
    left = {row.key: row.state for row in shown.outbox.deliveries(POSTS)}
    assert left == {"post/0": DeliveryState.PENDING, "post/new": DeliveryState.POSTED}
