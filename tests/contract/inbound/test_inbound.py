"""What came in: what every book of it keeps to."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from tests.contract.inbound.stage import ACTOR, SHOP, Post, pays, starts
from workflows import SendSignal, StartRun
from workflows.engine.errors import StoreUnavailable
from workflows.engine.hooks.model import Inbound, InboundState
from workflows.engine.hooks.ports import Arrival
from workflows.engine.model import RunState
from workflows.storage.ledger import Ledger

DAY = timedelta(days=1)


def about(event_id: str) -> Inbound:
    return Inbound(ACTOR, event_id, "order.placed", InboundState.IGNORED, datetime(2026, 12, 1, tzinfo=UTC))


def test_an_event_starts_one_run_however_often_it_is_told(post: Post) -> None:
    first = post.tell(starts)
    assert (first.new, first.inbound.state) == (True, InboundState.STARTED)
    assert [ring.run_id for ring in first.rings] == [first.inbound.run_id]
    again = post.tell(starts)
    assert (again.new, again.rings) == (False, ())
    assert again.inbound == first.inbound == post.book.find(ACTOR, "e1")
    (run,) = post.runs()
    assert (run.id, run.started_by, run.labels) == (first.inbound.run_id, ACTOR, '{"hook": "shop"}')
    assert [entry.verb for entry in post.store.audit(run.id)] == ["start"]
    assert post.tell(starts, "e2").inbound.run_id != run.id


def test_a_signal_reaches_the_run_once_also_before_it_waits(post: Post) -> None:
    run_id = post.tell(starts).inbound.run_id
    told = post.tell(pays, "e2", {"amount": 5}, run_id)
    assert (told.inbound.state, told.inbound.run_id) == (InboundState.SIGNALLED, run_id)
    assert [ring.run_id for ring in told.rings] == [run_id]
    assert not post.tell(pays, "e2", {"amount": 6}, run_id).new
    assert len(post.store.inbox(run_id).messages) == 1
    post.harness.work()
    run = post.store.run(run_id)
    assert (run.state, run.output) == (RunState.SUCCEEDED, "5")
    assert [(entry.verb, entry.actor) for entry in post.store.audit(run_id)] == [("start", ACTOR), ("signal", ACTOR)]


def test_a_signal_to_a_run_that_is_over_or_gone_is_told_as_ignored(post: Post) -> None:
    run_id = post.tell(starts).inbound.run_id
    message = post.taking._signal(SHOP, SendSignal(run_id, "paid", {"amount": 5}), about("e2"))
    post.harness.service.cancel(run_id, by="cli:ana")
    post.harness.work()
    took = post.book.take(message)  # decided on while the run was open
    assert took.inbound.state is InboundState.IGNORED
    assert "cancelled" in took.inbound.words
    assert post.book.find(ACTOR, "e2") == took.inbound
    assert post.store.inbox(run_id).messages == ()
    gone = post.tell(pays, "e3", {"amount": 5}, "01nowhere")
    assert (gone.inbound.state, gone.inbound.words) == (InboundState.IGNORED, "There is no run 01nowhere here.")


def test_two_events_with_one_key_share_a_run(post: Post) -> None:
    acts = StartRun("shipping", {"number": 7}, key="order 7")
    first, second = post.tell(lambda _: acts), post.tell(lambda _: acts, "e2")
    assert second.new
    assert second.inbound.run_id == first.inbound.run_id
    assert second.rings == ()
    assert post.book.find(ACTOR, "e2") == second.inbound
    assert len(post.runs()) == 1


def test_what_failed_is_taken_when_it_comes_again(post: Post) -> None:
    failed = post.tell(starts, data={"number": "many"})
    assert failed.inbound.state is InboundState.FAILED
    assert "number" in failed.inbound.words
    assert post.runs() == []
    mended = post.tell(starts)
    assert (mended.new, mended.inbound.state, mended.inbound.words) == (True, InboundState.STARTED, "")
    assert not post.tell(starts, data={"number": "many"}).new
    assert len(post.runs()) == 1


def test_of_those_who_take_an_event_at_once_one_acts(post: Post) -> None:
    arrivals = [post.taking._start(SHOP, StartRun("shipping", {"number": n}), about("e1")) for n in range(4)]
    gate, took = threading.Barrier(len(arrivals)), []

    def take(arrival: Arrival) -> None:
        gate.wait(60)
        took.append(post.book.take(arrival))

    threads = [threading.Thread(target=take, args=(arrival,)) for arrival in arrivals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    (run,) = post.runs()
    assert sorted(one.new for one in took) == [False, False, False, True]
    assert {one.inbound.run_id for one in took} == {run.id}


@pytest.mark.parametrize("post", ["sqlite", "postgres"], indirect=True)
@pytest.mark.parametrize("kind", ["start", "signal"])
def test_a_crash_before_the_end_of_the_transaction_leaves_nothing_and_then_it_acts_once(
    post: Post, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = post.tell(starts, "before").inbound.run_id
    act = starts if kind == "start" else pays
    flush = Ledger.flush

    def dies(ledger: Ledger) -> None:
        flush(ledger)
        raise StoreUnavailable("the process died here")

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "flush", dies)
        with pytest.raises(StoreUnavailable):
            post.tell(act, run=run_id)
    assert post.book.find(ACTOR, "e1") is None
    assert len(post.runs()) == 1
    assert post.store.inbox(run_id).messages == ()
    assert post.tell(act, run=run_id).new
    assert not post.tell(act, run=run_id).new
    assert len(post.runs()) + len(post.store.inbox(run_id).messages) == 2


def test_old_ones_are_forgotten_and_the_newest_are_listed(post: Post) -> None:
    for number in range(3):
        post.tell(lambda _: None, f"e{number}")
        post.clock.advance(DAY)
    post.book.take(Arrival(Inbound("hook:other", "x", "t", InboundState.IGNORED, post.clock.now())))
    assert [one.event_id for one in post.book.latest(ACTOR, limit=2)] == ["e2", "e1"]
    assert post.book.forget(2 * DAY, limit=1) == 1
    assert post.book.forget(2 * DAY, limit=9) == 1
    assert post.book.forget(2 * DAY, limit=9) == 0
    assert [one.event_id for one in post.book.latest(ACTOR, limit=9)] == ["e2"]
    assert post.book.find("hook:other", "x") is not None
