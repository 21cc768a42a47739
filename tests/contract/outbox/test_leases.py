"""One deliverer at a time, and what it may write."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.contract.outbox.shown import TTL, Shown, delivery, stale
from tests.contract.store.opened import record
from workflows.engine.errors import LeaseLost
from workflows.engine.model import Writes
from workflows.engine.outbox import DeliveryState, Left
from workflows.engine.testing.clock import START

URL = "https://hooks.slack.com/actions/T1/1/x"


def test_one_deliverer_at_a_time(shown: Shown) -> None:
    shown.seen()
    first = shown.take()
    assert shown.outbox.claim("r1", "b", TTL) is None
    assert list(shown.outbox.due(limit=10)) == []
    shown.manual.advance(TTL)
    assert list(shown.outbox.due(limit=10)) == ["r1"]
    second = shown.take(owner="b")
    assert second.lease.token > first.lease.token
    for lease in (first.lease, stale(second.lease), replace(second.lease, owner="c")):
        with pytest.raises(LeaseLost):
            shown.outbox.save(lease, delivery())
    with pytest.raises(LeaseLost):
        shown.leave(first, delivery())
    assert list(shown.outbox.deliveries("r1")) == []
    assert shown.card().shown == 0


def test_an_expired_lease_writes_nothing(shown: Shown) -> None:
    shown.seen()
    claim = shown.take()
    shown.manual.advance(TTL)
    with pytest.raises(LeaseLost):
        shown.outbox.save(claim.lease, delivery())


def test_saving_renews(shown: Shown) -> None:
    shown.seen()
    claim = shown.take()
    for _ in range(3):
        shown.manual.advance(TTL - timedelta(seconds=1))
        shown.outbox.save(claim.lease, delivery())
    shown.leave(claim)
    assert shown.card().lease_owner is None


def test_a_shown_card_is_not_claimed(shown: Shown) -> None:
    shown.seen()
    shown.show()
    assert shown.outbox.claim("r1", "b", TTL) is None
    assert shown.outbox.behind() == 0


def test_a_card_that_changed_meanwhile_is_due_soon(shown: Shown) -> None:
    shown.seen()
    claim = shown.take()
    shown.store.commit(shown.claim().lease, Writes(records=(record(),)))
    shown.leave(claim, wait=timedelta(minutes=5))
    assert shown.card().shown == claim.card.wanted
    assert list(shown.outbox.due(limit=10)) == []
    shown.manual.advance(timedelta(seconds=1))
    assert list(shown.outbox.due(limit=10)) == ["r1"]


def test_a_card_waits_as_long_as_it_is_told(shown: Shown) -> None:
    shown.seen()
    left = Left(0, shown.card().wanted, timedelta(seconds=30), "C9", 2, "Slack is away")
    shown.outbox.leave(shown.take().lease, left)
    card = shown.card()
    assert (card.place, card.failures, card.error) == ("C9", 2, "Slack is away")
    assert [c.run_id for c in shown.outbox.troubled(limit=5)] == ["r1"]
    assert shown.outbox.behind() == 1
    shown.manual.advance(timedelta(seconds=29))
    assert list(shown.outbox.due(limit=10)) == []
    shown.manual.advance(timedelta(seconds=1))
    assert list(shown.outbox.due(limit=10)) == ["r1"]


def test_an_older_view_does_not_count_back(shown: Shown) -> None:
    shown.seen()
    shown.show()
    shown.outbox.touch("r1")
    shown.outbox.leave(shown.take().lease, Left(0, shown.card().wanted))
    assert shown.card().shown == shown.card().wanted - 1


def test_who_died_is_released(shown: Shown) -> None:
    shown.seen("r1")
    shown.seen("r2")
    lost = shown.take("r1", owner="dead")
    shown.take("r2", owner="live")
    shown.store.release("dead", crashed=True)
    assert list(shown.outbox.due(limit=10)) == ["r1"]
    with pytest.raises(LeaseLost):
        shown.outbox.save(lost.lease, delivery())
    assert shown.outbox.release("live") == 1
    assert shown.outbox.release("live") == 0


def test_messages_are_kept_as_they_were_left(shown: Shown) -> None:
    shown.seen()
    claim = shown.take()
    posting = delivery(attempts=1, unclear=START)
    shown.outbox.save(claim.lease, posting)
    posted = replace(
        posting, channel="C1", ts="1.2", thread_ts="1.1", digest="d", state=DeliveryState.POSTED, posted_at=START,
        unclear=None,
    )  # fmt: skip
    shown.outbox.save(claim.lease, posted, delivery("end/0"))
    assert list(shown.outbox.deliveries("r1")) == [posted, delivery("end/0")]
    assert shown.outbox.at("C1", "1.2") == posted
    assert shown.outbox.at("C1", "") is None
    assert shown.outbox.at("C2", "1.2") is None


def test_a_reply_address_is_taken_by_the_next_claim(shown: Shown) -> None:
    shown.seen()
    shown.show("r1", delivery(ts="1.2", channel="C1"))
    until = START + timedelta(minutes=30)
    assert shown.outbox.reply_via("r1", "card", URL, until=until)
    assert not shown.outbox.reply_via("r1", "alert/1", URL, until=until)
    shown.outbox.touch("r1")
    claim = shown.take()
    assert [(d.reply_url, d.reply_until) for d in claim.deliveries] == [(URL, until)]
    assert [d.reply_url for d in shown.outbox.deliveries("r1")] == [""]


def test_a_reply_address_finds_its_message_by_where_it_stands(shown: Shown) -> None:
    shown.seen("r1")
    shown.seen("r2")
    shown.show("r1", delivery(ts="1.2", channel="C1"))
    until = START + timedelta(minutes=30)
    assert shown.outbox.reply_at("r1", "C1", "1.2", URL, until=until)
    assert not shown.outbox.reply_at("r2", "C1", "1.2", URL, until=until)
    assert not shown.outbox.reply_at("r1", "C2", "1.2", URL, until=until)
    assert not shown.outbox.reply_at("r1", "C1", "", URL, until=until)
    assert [(d.reply_url, d.reply_until) for d in shown.outbox.deliveries("r1")] == [(URL, until)]


def test_a_reply_address_that_comes_meanwhile_stays(shown: Shown) -> None:
    shown.seen()
    shown.show("r1", delivery(ts="1.2", channel="C1"))
    shown.outbox.touch("r1")
    claim = shown.take()
    shown.outbox.reply_via("r1", "card", URL, until=START)
    shown.leave(claim, replace(claim.deliveries[0], digest="new"))
    assert [(d.reply_url, d.digest) for d in shown.outbox.deliveries("r1")] == [(URL, "new")]
