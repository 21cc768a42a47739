"""Turns at a service that may not be asked too often."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.contract.outbox.shown import Shown
from workflows.engine.outbox import Budget, Left, Turn

SECOND = timedelta(seconds=1)
EVEN = Budget("post/C1", SECOND)
AHEAD = Budget("post/C1", SECOND, burst=3)


def turns(shown: Shown, budget: Budget) -> int:
    """How many turns there are right now."""
    count = 0
    while shown.outbox.reserve(budget).granted:
        count += 1
    return count


def test_one_turn_at_a_time(shown: Shown) -> None:
    assert turns(shown, EVEN) == 1
    assert shown.outbox.reserve(EVEN) == Turn(False, SECOND, 0)
    shown.manual.advance(SECOND)
    assert turns(shown, EVEN) == 1
    shown.manual.advance(SECOND * 60)
    assert turns(shown, EVEN) == 1


def test_what_is_urgent_takes_turns_ahead(shown: Shown) -> None:
    assert turns(shown, EVEN) == 1
    assert turns(shown, AHEAD) == 3
    assert shown.outbox.reserve(EVEN).wait == SECOND * 4
    shown.manual.advance(SECOND)
    assert not shown.outbox.reserve(EVEN).granted
    assert turns(shown, AHEAD) == 1


def test_names_have_turns_of_their_own(shown: Shown) -> None:
    assert turns(shown, EVEN) == 1
    assert turns(shown, Budget("post/C2", SECOND)) == 1


def test_a_hold_stops_everybody(shown: Shown) -> None:
    until = shown.outbox.hold("post/C1", SECOND * 30)
    assert until == shown.now() + SECOND * 30
    assert shown.outbox.hold("post/C1", SECOND) == until
    assert shown.outbox.reserve(AHEAD) == Turn(False, SECOND * 30, 0)
    shown.manual.advance(SECOND * 30)
    assert turns(shown, AHEAD) == 4


def test_who_has_to_wait_hears_how_many_wait(shown: Shown) -> None:
    shown.seen("r1")
    shown.seen("r2")
    assert turns(shown, EVEN) == 1
    assert shown.outbox.reserve(EVEN).behind == 2


def test_only_those_that_are_as_urgent_count(shown: Shown) -> None:
    for run_id, urgency in (("r1", 0), ("r2", 1), ("r3", 2), ("r4", 2)):
        shown.seen(run_id)
        claim = shown.take(run_id)
        shown.outbox.leave(claim.lease, Left(0, claim.card.wanted, urgency=urgency))
    assert turns(shown, EVEN) == 1
    counts = [shown.outbox.reserve(replace(EVEN, urgency=urgency)).behind for urgency in (0, 1, 2)]
    assert counts == [1, 2, 4]
    assert shown.outbox.behind() == 4


def test_only_those_of_the_same_place_count(shown: Shown) -> None:
    for run_id, place in (("r1", "C1"), ("r2", "C1"), ("r3", "C2")):
        shown.seen(run_id)
        claim = shown.take(run_id)
        shown.outbox.leave(claim.lease, Left(0, claim.card.wanted, place=place))
    assert turns(shown, EVEN) == 1
    counts = [shown.outbox.reserve(replace(EVEN, place=place)).behind for place in ("C1", "C2", "C3", "")]
    assert counts == [2, 1, 0, 3]
