"""When failures are unusual."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.engine.alerts.rates import Usual, begins, goes_on

COUNTS = st.integers(min_value=0, max_value=200)
DAYS = st.lists(COUNTS, min_size=7, max_size=7)


def test_one_bad_day_makes_nothing_usual() -> None:
    assert begins(5, [0, 0, 0, 400, 0, 0, 0], Usual())
    assert not begins(15, [5] * 7, Usual())
    assert begins(16, [5] * 7, Usual())
    assert not begins(4, [0] * 7, Usual())
    assert begins(2, [0] * 7, Usual(failures=2))
    assert begins(5, [], Usual())


@settings(deadline=None, derandomize=True)
@given(COUNTS, DAYS)
def test_what_begins_goes_on_and_more_of_it_too(now: int, before: list[int]) -> None:
    usual = Usual()
    if begins(now, before, usual):
        assert goes_on(now, before, usual)
        assert begins(now + 1, before, usual)
    if not goes_on(now, before, usual):
        assert not begins(2 * now, before, usual) or 2 * now == 0
