"""Who could decide an approval, who could not, and why; and whether there are enough."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from workflows.engine.access import WHY, Access
from workflows.engine.approving.recorded import quorum_words, seat_words, seats_of
from workflows.engine.approving.seats import seated
from workflows.engine.directory import is_among
from workflows.engine.model import Approval
from workflows.engine.ports import Membership, Standing


@dataclass(frozen=True)
class Judged:
    """One person and an approval."""

    person: str
    may: bool
    because: str
    """In words, whether they may or not."""
    seats: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Circle:
    """Everybody who is asked, each with a reason."""

    people: tuple[Judged, ...]
    unknown: tuple[str, ...] = ()
    """Entries of the policy of which nobody can say now who they are."""
    impossible: str = ""
    """Why it can't be decided as it stands; "" when it can, or nobody knows."""


def circle_of(access: Access, directory: Membership, approval: Approval, starters: Collection[str]) -> Circle:
    """Judge everybody behind the entries of an approval. It may ask a service, so never within a transaction."""
    found: dict[str, None] = {}
    unknown: list[str] = []
    for entry in _entries(approval):
        people = directory.people(entry)
        if people is None:
            unknown.append(entry)
        else:
            found |= dict.fromkeys(people)
    judged = tuple(_judged(access, person, approval, starters) for person in found)
    unsure = unknown or any(directory.standing(one.person) is Standing.UNKNOWN for one in judged)
    return Circle(judged, tuple(unknown), "" if unsure else _lacking(judged, approval))


def _entries(approval: Approval) -> Iterable[str]:
    return dict.fromkeys((*approval.approvers, *(one for seat in seats_of(approval) for one in seat)))


def _judged(access: Access, person: str, approval: Approval, starters: Collection[str]) -> Judged:
    seats, all_seats = access.seats(person, approval), seats_of(approval)
    standing = access.directory.standing(person)
    if standing is Standing.GONE:
        return Judged(person, may=False, because=WHY[standing])
    if not approval.allow_self and is_among(person, starters):
        return Judged(person, may=False, because="Started or changed this run, and four eyes are asked for.")
    if not seats:
        held = f"It takes {quorum_words(all_seats)}, and this person is neither." if any(all_seats) else ""
        return Judged(person, may=False, because=held or WHY.get(standing, "Is not asked."))
    named = dict.fromkeys(seat_words(all_seats[number]) for number in sorted(seats))
    return Judged(person, may=True, because=f"Counts as {', or '.join(named)}.", seats=seats)


def _lacking(judged: Iterable[Judged], approval: Approval) -> str:
    """What is missing for the quorum, in words; "" when there are enough. Deputies add no say, so they don't count."""
    able = [(one.person, {one.person: one.seats}) for one in judged if one.may]
    seats = seats_of(approval)
    taken = {one.seat for one in seated(able, len(seats)).values()}
    if len(taken) == len(seats):
        return ""
    empty = quorum_words([seat for number, seat in enumerate(seats) if number not in taken])
    who = ", ".join(person for person, _ in able) or "nobody"
    return f"It needs {quorum_words(seats)}, and those who may decide are too few ({who}): nobody is left for {empty}."
