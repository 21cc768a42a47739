"""Votes and the seats that they take."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from workflows.engine.approving.delegation import Say
from workflows.engine.approving.recorded import seats_of
from workflows.engine.approving.seats import Taken, seated
from workflows.engine.model import Approval, Decision


def says_text(by: str, says: Sequence[Say]) -> str:
    """Whose say a vote is, as it is kept: judged when it is given, and not again."""
    return json.dumps({say.person: sorted(say.seats) for say in sorted(says, key=lambda one: one.person != by)})


def taken(approval: Approval, votes: Sequence[Decision]) -> dict[str, Taken]:
    """The seats that these approvals take together, by voter."""
    count = len(seats_of(approval))
    return seated([(vote.by, _says(vote, count)) for vote in votes], count)


def behalf(decision: Decision, seats: Mapping[str, Taken]) -> str:
    """For whom a decision is given: as it is counted, else the only one whose say it is; "" for one's own."""
    says = json.loads(decision.says or "{}")
    seat = seats.get(decision.by)
    person = seat.says if seat is not None else next(iter(says), decision.by)
    return "" if person == decision.by else person


def _says(vote: Decision, seats: int) -> Mapping[str, Sequence[int]]:
    """Votes of before policies are good for any seat."""
    found: dict[str, list[int]] = json.loads(vote.says) if vote.says else {vote.by: list(range(seats))}
    return found
