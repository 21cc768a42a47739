"""Seats: as many as can be taken at once, whoever came first, each person and each say once."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from workflows.engine.approving.seats import Taken, seated

Votes = list[tuple[str, dict[str, list[int]]]]
PEOPLE = ("ana", "ben", "cai", "dov")


def test_a_lead_of_finance_makes_room_for_one_who_can_only_be_finance() -> None:
    finance, lead = 0, 1
    votes: Votes = [("lea", {"lea": [finance, lead]}), ("fin", {"fin": [finance]})]
    assert seated(votes, 2) == {"lea": Taken(lead, "lea"), "fin": Taken(finance, "fin")}


def test_one_person_takes_one_seat() -> None:
    assert len(seated([("lea", {"lea": [0, 1]})], 2)) == 1


def test_a_say_counts_once_whoever_brings_it() -> None:
    both: Votes = [("ana", {"ana": [0, 1]}), ("ben", {"ana": [0, 1]})]
    assert len(seated(both, 2)) == 1


def test_a_deputy_uses_the_own_say_first_and_the_other_s_where_that_fills_more() -> None:
    ben = {"ben": [0], "ana": [1]}
    assert seated([("ben", ben)], 2) == {"ben": Taken(0, "ben")}
    zoe: Votes = [("zoe", {"zoe": [0]}), ("ben", ben)]
    assert seated(zoe, 2) == {"zoe": Taken(0, "zoe"), "ben": Taken(1, "ana")}


def brute_force(votes: Votes, seats: int) -> int:
    """Try every choice of a say and a seat for every voter; a say is good for what all who report it agree on."""
    good: dict[str, set[int]] = {}
    for _, says in votes:
        for person, allowed in says.items():
            good[person] = good.get(person, set(allowed)) & set(allowed)
    choices = [
        [None, *((person, seat) for person in says for seat in good[person] if seat < seats)] for _, says in votes
    ]
    best = 0
    for chosen in product(*choices):
        taken = [one for one in chosen if one is not None]
        people, places = {person for person, _ in taken}, {seat for _, seat in taken}
        if len(people) == len(places) == len(taken):
            best = max(best, len(taken))
    return best


says = st.dictionaries(st.sampled_from(PEOPLE), st.lists(st.integers(0, 3), max_size=3, unique=True), max_size=3)
votes_ = st.lists(st.tuples(st.sampled_from(PEOPLE), says), max_size=4, unique_by=lambda vote: vote[0])


@given(votes=votes_, seats=st.integers(1, 3))
def test_it_is_as_many_as_trying_everything_finds(votes: Votes, seats: int) -> None:
    found = seated(votes, seats)
    assert len(found) == brute_force(votes, seats)
    assert len({one.seat for one in found.values()}) == len({one.says for one in found.values()}) == len(found)
    by_voter = dict(votes)
    assert all(one.seat in by_voter[voter][one.says] for voter, one in found.items())
