"""What a policy came to for one approval: resolved when it opens, recorded with it, and covered by its digest."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

from workflows.engine.approving.policy import Seat
from workflows.engine.model import Approval


@dataclass(frozen=True)
class Step:
    """An escalation that is planned."""

    at: str
    """The moment, in ISO 8601."""
    to: tuple[str, ...]


@dataclass(frozen=True)
class Recorded:
    """The terms of one approval."""

    name: str
    """The policy's."""
    rule: str
    """For which cases the rule is that was taken, in words."""
    facts: Mapping[str, str]
    """The values that the rules looked at."""
    approvers: tuple[str, ...]
    seats: tuple[Seat, ...]
    escalation: tuple[Step, ...] = ()
    calendar: str = ""
    """The working hours that moments were computed in, in words."""

    def text(self) -> str:
        """As it is kept."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)

    def decided_by(self, names: Iterable[str]) -> list[str]:
        """Those of these fields of what is shown that the rules looked at."""
        asked = {path.removeprefix("show.").partition(".")[0] for path in self.facts}
        return [name for name in names if name in asked]

    def handed(self, to: tuple[str, ...]) -> Recorded:
        """The terms once an admin handed the approval to others: so many of them have to agree."""
        return replace(self, approvers=to, seats=((),) * len(self.seats), escalation=())


def recorded(approval: Approval) -> Recorded | None:
    """The terms that an approval was opened with; None where no policy was named."""
    return _read(approval.policy) if approval.policy else None


def seats_of(approval: Approval) -> tuple[Seat, ...]:
    """The seats of an approval; any approver takes one where no policy says otherwise."""
    terms = recorded(approval)
    return terms.seats if terms is not None else ((),) * approval.quorum


def escalated_to(approval: Approval) -> tuple[str, ...]:
    """Those who were asked as well since nobody decided: they may take any seat."""
    terms = recorded(approval)
    return tuple(one for one in approval.approvers if one not in terms.approvers) if terms is not None else ()


def seat_words(seat: Seat) -> str:
    """Who may take a seat, in words."""
    return " and ".join(one.removeprefix("role:") for one in seat) or "any of those who are asked"


def quorum_words(seats: Sequence[Seat]) -> str:
    """All seats in words: `1 finance, 1 finance and lead`."""
    counted: dict[Seat, int] = {}
    for seat in seats:
        counted[seat] = counted.get(seat, 0) + 1
    return ", ".join(f"{count} of {seat_words(seat)}" for seat, count in counted.items())


@lru_cache(maxsize=256)
def _read(text: str) -> Recorded:
    given: dict[str, Any] = json.loads(text)
    steps = tuple(Step(one["at"], tuple(one["to"])) for one in given["escalation"])
    seats = tuple(tuple(seat) for seat in given["seats"])
    return Recorded(
        given["name"], given["rule"], given["facts"], tuple(given["approvers"]), seats, steps, given["calendar"]
    )
