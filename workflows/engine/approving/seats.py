"""Who of those who agreed takes which seat. One person takes one seat, and each person's say counts once."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

Node = tuple[Hashable, ...]
_START: Node = ("start",)
_END: Node = ("end",)


@dataclass(frozen=True)
class Taken:
    """A seat that is taken."""

    seat: int
    says: str
    """Whose say it is: the voter's own, or that of whom they decide for."""


def seated(votes: Sequence[tuple[str, Mapping[str, Iterable[int]]]], seats: int) -> dict[str, Taken]:
    """As many seats as can be taken at once, by voter.

    A vote is a person and, for each say they have (their own first), the seats that it is good for. It is a flow of
    one unit for each voter, through one say, to one seat; paths that turn out to be in the way are turned around.
    """
    good = _good(votes, seats)
    ways: dict[Node, list[Node]] = {_START: [("voter", by) for by, _ in votes]}
    for by, says in votes:
        ways[("voter", by)] = [("say", person) for person in says]
    for person, allowed in good.items():
        ways[("say", person)] = [("said", person)]
        ways[("said", person)] = [("seat", number) for number in sorted(allowed)]
    for number in range(seats):
        ways[("seat", number)] = [_END]
    flow: dict[Node, set[Node]] = {}
    while path := _path(ways, flow):
        for a, b in itertools.pairwise(path):
            if a in flow.get(b, ()):
                flow[b].discard(a)
            else:
                flow.setdefault(a, set()).add(b)
    return _read(votes, flow)


def _good(votes: Sequence[tuple[str, Mapping[str, Iterable[int]]]], seats: int) -> dict[str, set[int]]:
    """The seats that each say is good for; of two who report differently of one say, what both do."""
    found: dict[str, set[int]] = {}
    for _, says in votes:
        for person, allowed in says.items():
            within = {number for number in allowed if number < seats}
            found[person] = found[person] & within if person in found else within
    return found


def _path(ways: Mapping[Node, list[Node]], flow: Mapping[Node, set[Node]]) -> list[Node]:
    """A way from start to end with a unit to spare, also back over what flows."""
    came: dict[Node, Node] = {_START: _START}
    left = [_START]
    for node in left:
        back = [other for other, to in flow.items() if node in to]
        ahead = [other for other in ways.get(node, ()) if other not in flow.get(node, ())]
        for other in (*ahead, *back):
            if other not in came:
                came[other] = node
                left.append(other)
    if _END not in came:
        return []
    path = [_END]
    while path[-1] != _START:
        path.append(came[path[-1]])
    return path[::-1]


def _read(votes: Sequence[tuple[str, Mapping[str, Iterable[int]]]], flow: Mapping[Node, set[Node]]) -> dict[str, Taken]:
    found: dict[str, Taken] = {}
    for by, _ in votes:
        for _, person in flow.get(("voter", by), set()):
            for _, number in flow.get(("said", person), set()):
                found[by] = Taken(int(str(number)), str(person))
    return found
