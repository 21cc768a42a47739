"""Which leases a process may still believe in."""

from __future__ import annotations

import math

from bot.renewals import Renewals

TTL = 15.0


def test_a_lease_holds_until_its_end_without_renewals() -> None:
    renewals = Renewals(TTL)
    assert renewals.holds(115, now=114.9)
    assert not renewals.holds(115, now=115)


def test_renewals_in_a_row_carry_a_lease_on() -> None:
    renewals = Renewals(TTL)
    for asked in range(100, 200, 5):
        renewals.renewed(asked + TTL)
    assert renewals.holds(112, now=209)
    assert renewals.holds(207, now=209)
    assert not renewals.holds(207, now=210)


def test_after_a_gap_a_lease_that_ran_out_in_it_stays_lost() -> None:
    renewals = Renewals(TTL)
    renewals.renewed(100 + TTL)
    renewals.renewed(160 + TTL)  # the machine slept for a minute
    assert not renewals.holds(112, now=161)
    assert renewals.holds(161 + TTL, now=165), "it was taken after the gap"
    renewals.renewed(165 + TTL)
    assert not renewals.holds(112, now=166)
    assert renewals.holds(161 + TTL, now=179)


def test_a_first_renewal_that_comes_late_revives_nothing() -> None:
    renewals = Renewals(TTL)
    renewals.renewed(200 + TTL)
    assert not renewals.holds(112, now=201)
    assert renewals.holds(205, now=214)


def test_an_answer_that_comes_out_of_order_shortens_nothing() -> None:
    renewals = Renewals(TTL)
    renewals.renewed(105 + TTL)
    renewals.renewed(100 + TTL)
    assert renewals.holds(112, now=119)


def test_where_nobody_else_is_leases_hold_for_ever() -> None:
    renewals = Renewals(TTL)
    renewals.renewed(math.inf)
    assert renewals.holds(112, now=1e9)
