"""Figures for a monitor, in Prometheus' text format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from redis.exceptions import RedisError
from rq.queue import Queue

from bot.hooks.counting import HookCounts
from bot.runtime import Runtime
from bot.settings import program_version
from workflows.engine.beats.model import PartKind
from workflows.engine.beats.watching import standing_of
from workflows.engine.errors import StoreUnavailable
from workflows.engine.ports import Totals


@dataclass(frozen=True)
class Gauge:
    """A named figure with its samples: labels and value."""

    name: str
    help: str
    samples: tuple[tuple[dict[str, str], float], ...]
    kind: str = "gauge"


class Monitor:
    """Reads the figures at each call; what is away is left out, and a figure says so."""

    def __init__(self, runtime: Runtime, hooks: HookCounts) -> None:
        self._runtime = runtime
        self._hooks = hooks

    def text(self) -> str:
        """Everything there is to tell."""
        return rendered(self._gauges())

    def _gauges(self) -> Iterator[Gauge]:
        yield Gauge("baton_info", "The release of this process.", (({"version": program_version()}, 1),))
        if calls := self._hooks.all():
            samples = tuple(({"hook": hook, "outcome": told}, number) for (hook, told), number in sorted(calls.items()))
            yield Gauge(
                "baton_hook_calls_total", "Calls to hooks of this process, and their events.", samples, "counter"
            )
        totals = self._totals()
        yield _one("baton_database_up", "Whether the database answers.", totals is not None)
        if totals:
            yield from _of_runs(totals)
            yield from self._parts()
        queues = self._queues()
        yield _one("baton_redis_up", "Whether Redis answers.", queues is not None)
        if queues is not None:
            samples = tuple(({"queue": name}, length) for name, length in sorted(queues.items()))
            yield Gauge("baton_queue_length", "Rings that no worker has taken yet.", samples)

    def _parts(self) -> Iterator[Gauge]:
        """How many parts of each kind live; a kind of which none does is told too."""
        try:
            standing = standing_of(self._runtime.store.beats)
        except StoreUnavailable:
            return
        living = Counter(beat.kind for beat in standing.living())
        samples = tuple(({"kind": kind.value}, living[kind]) for kind in PartKind)
        yield Gauge("baton_parts", "Parts of Baton that were heard of lately.", samples)

    def _totals(self) -> Totals | None:
        try:
            return self._runtime.store.totals()
        except StoreUnavailable:
            return None

    def _queues(self) -> dict[str, int] | None:
        """The length of each queue that a worker of this installation or a ring ever named."""
        redis = self._runtime.redis
        try:
            known = {queue.name for queue in Queue.all(connection=redis)} | set(self._runtime.settings.baton_queues)
            return {name: Queue(name, connection=redis).count for name in known}
        except RedisError:
            return None


def _of_runs(totals: Totals) -> Iterator[Gauge]:
    runs = tuple(({"workflow": name, "state": state}, count) for (name, state), count in sorted(totals.runs.items()))
    yield Gauge("baton_runs", "Runs by workflow and state.", runs)
    yield _one("baton_dead_letters", "Runs that a person has to look at.", totals.dead)
    yield _one("baton_approvals_open", "Decisions that people are asked for.", totals.approvals)
    late = (totals.now - totals.due_since).total_seconds() if totals.due_since else 0.0
    yield _one("baton_oldest_overdue_seconds", "For how long the most overdue run has waited to go on.", late)


def _one(name: str, told: str, value: float) -> Gauge:
    return Gauge(name, told, (({}, value),))


def rendered(gauges: Iterable[Gauge]) -> str:
    """The figures as text."""
    lines = []
    for gauge in gauges:
        lines += [f"# HELP {gauge.name} {gauge.help}", f"# TYPE {gauge.name} {gauge.kind}"]
        lines += [f"{gauge.name}{_labels(labels)} {float(value):g}" for labels, value in gauge.samples]
    return "\n".join([*lines, ""])


def _labels(labels: dict[str, str]) -> str:
    listed = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{listed}}}" if listed else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
