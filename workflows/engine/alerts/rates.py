"""When failures are unusual: against what was usual at this hour on the days before. Pure rules over numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Usual:
    """What counts as unusual."""

    failures: int = 5
    """Fewer are nobody's concern."""
    times: float = 3.0
    """So many times the usual number, and more, are unusual."""


def begins(now: int, before: Sequence[int], usual: Usual) -> bool:
    """Whether so many failures in an hour are unusual; `before` are those of the same hour on the days before."""
    return now >= usual.failures and now > usual.times * usually(before)


def goes_on(now: int, before: Sequence[int], usual: Usual) -> bool:
    """Whether it is still so: it is over when there are fewer than half of what would begin it."""
    return 2 * now >= usual.failures and 2 * now > usual.times * usually(before)


def usually(before: Sequence[int]) -> float:
    """How many there usually are."""
    return float(median(before)) if before else 0.0
