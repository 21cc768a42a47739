"""Two runs side by side: where their inputs, steps and ends differ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from workflows.engine.model import Kind, Record, Run

OF_A_RUN = ("workflow", "version", "state", "input", "output", "error")
OF_A_RECORD = ("state", "attempts", "input", "output", "error", "undone")
CHANCE = frozenset({Kind.NOW, Kind.UUID, Kind.RANDOM})
"""Marks that differ between any two runs."""


@dataclass(frozen=True)
class Changed:
    """A column that differs: as in the first run, as in the second."""

    name: str
    one: object
    other: object


@dataclass(frozen=True)
class Step:
    """A record's key, with the record of each run that has it."""

    key: str
    one: Record | None
    other: Record | None

    @property
    def changes(self) -> tuple[Changed, ...]:
        """What differs, where both runs have it."""
        if self.one is None or self.other is None:
            return ()
        return _changes(OF_A_RECORD, self.one, self.other)

    @property
    def same(self) -> bool:
        return self.one is not None and self.other is not None and not self.changes


@dataclass(frozen=True)
class Comparison:
    """Two runs: the columns in which they differ, and their records by key, in order."""

    one: Run
    other: Run
    changes: tuple[Changed, ...]
    steps: tuple[Step, ...]

    @property
    def same(self) -> bool:
        return not self.changes and all(step.same for step in self.steps)


def compared(one: Run, records: Sequence[Record], other: Run, others: Sequence[Record]) -> Comparison:
    """Compare two runs; records are matched by key, and times and ids are no difference."""
    left, right = _by_key(records), _by_key(others)
    keys = _merged(list(left), list(right))
    steps = tuple(Step(key, left.get(key), right.get(key)) for key in keys)
    return Comparison(one, other, _changes(OF_A_RUN, one, other), steps)


def _by_key(records: Iterable[Record]) -> dict[str, Record]:
    return {record.key: record for record in records if record.kind not in CHANCE}


def _merged(left: list[str], right: list[str]) -> list[str]:
    """The keys of both in an order that is that of each, as far as the two agree."""
    keys: dict[str, None] = {}
    for _, i, j, k, m in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        keys.update(dict.fromkeys([*left[i:j], *right[k:m]]))
    return list(keys)


def _changes(names: Iterable[str], one: object, other: object) -> tuple[Changed, ...]:
    pairs = ((name, getattr(one, name), getattr(other, name)) for name in names)
    return tuple(Changed(name, a, b) for name, a, b in pairs if a != b)
