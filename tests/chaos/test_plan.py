"""The same seed gives the same plan, and every kind of fault has its share."""

from __future__ import annotations

from collections import Counter

from tests.chaos.faults import Faults
from tests.chaos.plan import LAST, ON_POSTGRES, WEIGHTS, WORDS, Kind, make_plan, told


def test_the_same_seed_gives_the_same_plan_and_another_seed_another() -> None:
    assert make_plan(1, 200, postgres=True) == make_plan(1, 200, postgres=True)
    assert make_plan(1, 200, postgres=True) != make_plan(2, 200, postgres=True)


def test_every_kind_comes_up_and_the_moments_are_in_order() -> None:
    plan = make_plan(7, 500, postgres=True)
    assert {fault.kind for fault in plan} == set(Kind)
    assert len(plan) == 500
    assert [fault.at for fault in plan] == sorted(fault.at for fault in plan)
    assert 0 < plan[0].at < plan[-1].at <= LAST


def test_sqlite_has_no_fault_of_a_server() -> None:
    kinds = {fault.kind for fault in make_plan(7, 500, postgres=False)}
    assert kinds == set(WEIGHTS)
    assert not kinds & set(ON_POSTGRES)


def test_what_is_left_out_does_not_come_up() -> None:
    plan = make_plan(7, 500, postgres=True, without={Kind.SKEW, Kind.KILL_CHILD})
    assert len(plan) == 500
    assert {fault.kind for fault in plan} == set(Kind) - {Kind.SKEW, Kind.KILL_CHILD}
    assert make_plan(7, 5, postgres=False, without=set(Kind)) == []


def test_each_fault_can_be_done_and_has_words() -> None:
    assert set(Faults._DO) == set(WORDS) == set(Kind)


def test_a_plan_is_told_with_the_number_of_each_fault() -> None:
    plan = make_plan(7, 50, postgres=False)
    counts = Counter(fault.kind for fault in plan)
    assert f"{counts[Kind.KILL_CHILD]} kill-child" in told(plan)
    assert told([]) == ""
