"""Pages of people: what every book of them keeps to."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.contract.homes.conftest import Hall
from tests.contract.outbox.shown import stale
from workflows.engine.errors import LeaseLost
from workflows.engine.homes import Home, home_id, whose

ANA, BEN = home_id("T1", "U1"), home_id("T1", "U2")
HOUR = timedelta(hours=1)


def test_who_looks_is_to_be_shown_their_page_at_once(hall: Hall) -> None:
    assert hall.book.find(ANA) is None
    assert not hall.book.touch(ANA)
    hall.book.open(ANA)
    assert hall.shown.outbox.due(limit=9) == [ANA]
    assert hall.book.find(ANA) == Home(ANA)
    assert hall.shown.outbox.deliveries(ANA) == []


def test_a_page_has_one_writer_and_remembers_what_it_shows(hall: Hall) -> None:
    hall.book.open(ANA)
    claim = hall.shown.take(ANA)
    assert hall.shown.outbox.claim(ANA, "b", HOUR) is None
    with pytest.raises(LeaseLost):
        hall.book.keep(stale(claim.lease), Home(ANA, "d0", "m0"))
    hall.book.keep(claim.lease, Home(ANA, "d1", "m1"))
    hall.shown.leave(claim)
    assert hall.book.find(ANA) == Home(ANA, "d1", "m1")
    assert hall.shown.outbox.due(limit=9) == []


def test_what_changes_is_shown_after_the_pause_and_who_looks_again_waits_for_nothing(hall: Hall) -> None:
    hall.book.open(ANA)
    claim = hall.shown.take(ANA)
    hall.book.keep(claim.lease, Home(ANA, "d1", "m1"))
    hall.shown.leave(claim, wait=timedelta(seconds=3))
    assert hall.book.touch(ANA)
    assert hall.shown.outbox.due(limit=9) == []
    hall.shown.manual.advance(timedelta(seconds=4))
    assert hall.shown.outbox.due(limit=9) == [ANA]
    hall.shown.show(ANA, wait=HOUR)
    hall.book.open(ANA)
    assert hall.shown.outbox.due(limit=9) == [ANA]
    assert hall.book.find(ANA) == Home(ANA, "", "m1"), "it is shown whatever stands there"


def test_those_who_looked_lately_are_known(hall: Hall) -> None:
    hall.book.open(BEN)
    hall.shown.manual.advance(HOUR)
    hall.book.open(ANA)
    assert hall.book.opened(2 * HOUR) == [ANA, BEN]
    assert hall.book.opened(HOUR / 2) == [ANA]
    hall.book.close(ANA)
    assert hall.book.opened(2 * HOUR) == [BEN]
    assert hall.book.find(ANA) is None
    assert hall.shown.outbox.card(ANA) is None


def test_a_run_is_no_page(hall: Hall) -> None:
    hall.shown.seen("r1")
    assert whose("r1") is None
    assert whose("home-T1") is None
    assert whose(ANA) == ("T1", "U1")
