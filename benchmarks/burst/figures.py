"""What was measured, and how it is written down."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Sent:
    """One request: when it was sent and answered, in seconds of CLOCK_MONOTONIC, which all processes share."""

    at: float
    answered: float
    status: int
    body: str

    @property
    def seconds(self) -> float:
        return self.answered - self.at


@dataclass(frozen=True)
class Target:
    """A figure that was promised."""

    what: str
    measured: float
    limit: float
    unit: str = "ms"

    @property
    def met(self) -> bool:
        return self.measured < self.limit

    def __str__(self) -> str:
        verdict = "met   " if self.met else "MISSED"
        limit = f"{_figure(self.limit)} {self.unit}"
        return f"{verdict}  {self.what}: {_figure(self.measured)} {self.unit}, to be under {limit}"


def _figure(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.3g}"


@dataclass(frozen=True)
class Row:
    """A line of the table; times in seconds."""

    name: str
    times: tuple[float, ...]
    note: str = ""

    @property
    def p99(self) -> float:
        return percentile(self.times, 99)

    def __str__(self) -> str:
        figures = (percentile(self.times, 50), self.p99, max(self.times))
        cells = " ".join(f"{1000 * figure:9.0f}" for figure in figures)
        return f"{self.name:<34}{len(self.times):>6} {cells}   {self.note}"


HEADING = f"{'milliseconds':<34}{'count':>6} {'p50':>9} {'p99':>9} {'max':>9}"


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many per cent of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(math.ceil(percent / 100 * len(ordered)) - 1, 0)]
