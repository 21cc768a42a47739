"""What each workflow of the long chaos run must have done in the end, place by place."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass

from workflows.engine.model import RunState


class Sort(enum.StrEnum):
    """How a repeat of an effect is kept harmless."""

    KEYED = "keyed"
    """The server honours the idempotency key."""
    MADE = "made"
    """It does not, but says whether it was done: the action has a `reconcile`."""
    HOPED = "hoped"
    """Neither: an unclear outcome parks the run."""


@dataclass(frozen=True)
class Call:
    """One step of a workflow. Steps of equal rank run side by side."""

    sort: Sort
    place: int
    rank: int


@dataclass(frozen=True)
class Shape:
    """A workflow's calls to the server and its end."""

    calls: tuple[Call, ...]
    end: RunState = RunState.SUCCEEDED

    def ranks(self) -> Mapping[int, int]:
        """Place to rank."""
        return {call.place: call.rank for call in self.calls}


KINDS = {"k": Sort.KEYED, "m": Sort.MADE, "h": Sort.HOPED}


def _calls(letters: str, first: int = 1) -> tuple[Call, ...]:
    return tuple(Call(KINDS[letter], place, place) for place, letter in enumerate(letters, first))


_ERRAND = tuple(Call(call.sort, call.place, 4 if call.place == 5 else call.rank) for call in _calls("kmkkmkmk"))
_UNDONE = tuple(Call(Sort.KEYED, place, rank) for rank, place in enumerate((14, 13, 12), 6))
_WORDS = {
    "errand": Shape(_ERRAND),
    "family": Shape((*_calls("km"), *_calls("km", 7))),
    "little_errand": Shape(_calls("kmkm", 3)),
    "asked": Shape(_calls("kmkmkmkm")),
    "told": Shape(_calls("kmkmkmkm")),
    "hopeful": Shape(_calls("khmkmhkm")),
}
_TRIP = Shape(_calls("kmmkmkmk"))
_FAILED_TRIP = Shape((*_calls("kmmk"), *_UNDONE), RunState.FAILED)
_DEALT = ("errand",) * 7 + ("family",) * 3 + ("trip",) * 3 + ("asked",) * 3 + ("told",) * 3 + ("hopeful",)
CHILDREN = {"family": "little_errand"}


def workflow_of(number: int) -> str:
    """The workflow that the run of this number is of; of twenty in a row all are there."""
    return _DEALT[number * 7 % len(_DEALT)]


def shape_of(workflow: str, number: int) -> Shape:
    """What a run must have done."""
    if workflow == "trip":
        return _FAILED_TRIP if number % 2 else _TRIP
    return _WORDS[workflow]


def calls_of(number: int) -> int:
    """How many calls to the server a run and its child make at least."""
    workflow = workflow_of(number)
    names = [workflow, *([CHILDREN[workflow]] if workflow in CHILDREN else [])]
    return sum(len(shape_of(name, number).calls) for name in names)


def output_of(workflow: str, number: int) -> str | None:
    """The result that a run must have, where it is known beforehand."""
    return json.dumps(word_for(number)) if workflow == "told" else None


def word_for(number: int) -> str:
    """What the run of this number is told."""
    return f"word {number}"
