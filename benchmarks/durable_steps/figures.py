"""What came out of the rounds: paces, their same-round ratios, processor time, and the targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.durable_steps.contender import Taken

FLOOR, GOAL, COST = 4.0, 10.0, 0.45


@dataclass(frozen=True)
class Round:
    """All contenders, one after the other; `disk` is the probe before them, in fsyncs a second."""

    disk: float
    taken: tuple[Taken, ...]
    failed: tuple[str, ...] = ()

    def of(self, name: str) -> Taken | None:
        return next((one for one in self.taken if one.name == name), None)


@dataclass(frozen=True)
class Target:
    """Something promised about medians."""

    what: str
    measured: float
    limit: float
    above: bool = True

    @property
    def met(self) -> bool:
        return self.measured >= self.limit if self.above else self.measured <= self.limit

    def __str__(self) -> str:
        verdict = "met   " if self.met else "MISSED"
        side = "at least" if self.above else "at most"
        return f"{verdict}  {self.what}: {self.measured:.2f}, to be {side} {self.limit:g}"


def line(number: int, taken: Taken) -> str:
    """One contender's part of a round."""
    return (
        f"round {number + 1}  {taken.name:<24}{taken.pace:9.0f} steps/s {taken.seconds:8.2f} s "
        f"{taken.cost:8.3f} s of processor per 1,000   {taken.detail}"
    )


def table(rounds: Sequence[Round]) -> str:
    """Medians over the rounds, and the ratios that are compared."""
    names = list(dict.fromkeys(taken.name for one in rounds for taken in one.taken))
    lines = ["", f"{'':<26}{'steps/s':>9}{'min':>9}{'max':>9}   processor s per 1,000 steps"]
    for name in sorted(names):
        taken = [found for one in rounds if (found := one.of(name))]
        paces = [one.pace for one in taken]
        cost = median(one.cost for one in taken)
        lines.append(f"{name:<26}{median(paces):9.0f}{min(paces):9.0f}{max(paces):9.0f}   {cost:.3f}")
    disks = [one.disk for one in rounds]
    lines.append(f"{'fsyncs of 4 kB a second':<26}{median(disks):9.0f}{min(disks):9.0f}{max(disks):9.0f}")
    lines += ["", f"{'same-round ratios':<48}{'median':>9}{'min':>9}{'max':>9}"]
    for ours in (name for name in names if name.startswith("baton")):
        for theirs in (name for name in names if _comparable(ours, name)):
            times = ratios(rounds, ours, theirs)
            if times:
                lines.append(f"{ours + ' / ' + theirs:<48}{median(times):9.2f}{min(times):9.2f}{max(times):9.2f}")
    return "\n".join([*lines, ""])


def ratios(rounds: Sequence[Round], ours: str, theirs: str) -> list[float]:
    """How many times as fast we were, in each round in which both were measured."""
    pairs = [(one.of(ours), one.of(theirs)) for one in rounds]
    return [mine.pace / other.pace for mine, other in pairs if mine and other]


def targets(rounds: Sequence[Round]) -> list[Target]:
    """What is promised, as far as it was measured."""
    found: list[Target] = []
    for database in ("sqlite", "postgres"):
        ours = f"baton-{database}"
        for theirs, limit in (
            (f"dbos-{database}", FLOOR),
            (f"dbos-{database}", GOAL),
            ("restate", 1.0),
            ("celery", 1.0),
        ):
            ratio = ratios(rounds, ours, theirs)
            if ratio:
                word = {FLOOR: " (floor)", GOAL: " (goal)"}.get(limit, "")
                found.append(Target(f"{ours} / {theirs}{word}", median(ratio), limit))
        costs = [taken.cost for one in rounds if (taken := one.of(ours))]
        if costs:
            found.append(Target(f"{ours}, processor s per 1,000 steps", median(costs), COST, above=False))
    return found


def _comparable(ours: str, theirs: str) -> bool:
    """Peers without a database of their kind are compared with both."""
    if theirs.startswith("baton"):
        return False
    other = {"sqlite": "postgres", "postgres": "sqlite"}["postgres" if "postgres" in ours else "sqlite"]
    return other not in theirs
