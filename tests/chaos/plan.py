"""What will be done to whom, and when: the same for the same seed."""

from __future__ import annotations

import enum
import random
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass


class Kind(enum.StrEnum):
    """The faults. The words are those of the report and of `--without`."""

    KILL_CHILD = "kill-child"
    KILL_WORKER = "kill-worker"
    KILL_CLOCK = "kill-clock"
    KILL_WEB = "kill-web"
    STOP_WORKER = "stop-worker"
    RING_TWICE = "ring-twice"
    REDIS_FLUSH = "redis-flush"
    REDIS_KILL = "redis-kill"
    REDIS_OLD = "redis-old"
    POSTGRES_RESTART = "postgres-restart"
    POSTGRES_CUT = "postgres-cut"
    SLOW_DISK = "slow-disk"
    SKEW = "skew"


WEIGHTS = {
    Kind.KILL_CHILD: 40,
    Kind.KILL_WORKER: 7,
    Kind.KILL_CLOCK: 5,
    Kind.KILL_WEB: 3,
    Kind.STOP_WORKER: 5,
    Kind.RING_TWICE: 5,
    Kind.REDIS_FLUSH: 8,
    Kind.REDIS_KILL: 7,
    Kind.REDIS_OLD: 4,
    Kind.SLOW_DISK: 6,
}
ON_POSTGRES = {Kind.POSTGRES_RESTART: 3, Kind.POSTGRES_CUT: 10, Kind.SKEW: 4}
WORDS = {
    Kind.KILL_CHILD: "SIGKILL for a worker's child",
    Kind.KILL_WORKER: "SIGKILL for a worker's parent",
    Kind.KILL_CLOCK: "SIGKILL for a clock",
    Kind.KILL_WEB: "SIGKILL for the web process",
    Kind.STOP_WORKER: "SIGSTOP for a worker, SIGCONT when its leases are gone",
    Kind.RING_TWICE: "Runs rung once more, whatever they are at",
    Kind.REDIS_FLUSH: "Redis flushed",
    Kind.REDIS_KILL: "Redis killed and started again",
    Kind.REDIS_OLD: "Redis killed and started with an old append-only file",
    Kind.POSTGRES_RESTART: "PostgreSQL killed and started again",
    Kind.POSTGRES_CUT: "PostgreSQL's connections terminated, those in a transaction first",
    Kind.SLOW_DISK: "Each fsync made slow",
    Kind.SKEW: "A worker replaced by one whose clock is minutes off",
}


@dataclass(frozen=True)
class Fault:
    """One fault: when so much of the work is done, and the dice it needs."""

    kind: Kind
    at: float
    """The share of all calls to the server that were carried out, 0 to 1."""
    pick: float
    """Whom it hits, of those who are there, 0 to 1."""
    size: float
    """How long or how much, 0 to 1."""


LAST = 0.92
"""The last fault comes while there is work left to be hit."""


def make_plan(seed: int, faults: int, *, postgres: bool, without: Collection[Kind] = ()) -> list[Fault]:
    """The faults in their order. Every kind comes up at least once when there are enough of them."""
    dice = random.Random(f"{seed} {faults} {'postgresql' if postgres else 'sqlite'}")
    weights = {**WEIGHTS, **(ON_POSTGRES if postgres else {})}
    kinds = [kind for kind in weights if kind not in without]
    if not kinds:
        return []
    dealt = kinds[:faults] + dice.choices(kinds, [weights[kind] for kind in kinds], k=max(0, faults - len(kinds)))
    dice.shuffle(dealt)
    moments = sorted(dice.uniform(0.01, LAST) for _ in dealt)
    return [Fault(kind, at, dice.random(), dice.random()) for kind, at in zip(dealt, moments, strict=True)]


def told(plan: Sequence[Fault]) -> str:
    """The plan in one line."""
    counts = Counter(fault.kind for fault in plan)
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
