"""What came of the runs, judged from the calls that the server saw, the history, and what was done to whom.

Pure: facts go in, findings come out, so that each finding is a test of its own (`test_audit.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.chaos.excuses import Hit, Killed, Stopped, course
from tests.chaos.shapes import CHILDREN, Sort, output_of, shape_of
from tests.servers.effects import Execution
from workflows.engine.model import OPEN, OVER, RunState

UNCLEAR = "It may have taken effect"
"""What an engine says that parks a run for an effect of unknown outcome."""
AGAIN = "finished steps run again"
"""The kind of finding that tells the whole course of its step."""
NEAR = timedelta(seconds=2)
"""How long after a database fault an attempt may still suffer from it."""


@dataclass(frozen=True)
class Step:
    """A step in history that ended well, and the answer that was recorded for it."""

    place: int
    serial: int


@dataclass(frozen=True)
class Unclear:
    """A step that is not over, with its last recorded attempt."""

    sort: str
    place: int
    worker: str
    started_at: datetime
    key: str = ""


@dataclass(frozen=True)
class Ended:
    """A run as the store has it in the end."""

    number: int
    run_id: str
    workflow: str
    state: RunState
    output: str | None = None
    error: str = ""
    steps: tuple[Step, ...] = ()
    unclear: tuple[Unclear, ...] = ()


@dataclass(frozen=True)
class Facts:
    """All that is known at the end."""

    asked: Mapping[int, str]
    """The runs that were started: number to workflow."""
    runs: Sequence[Ended]
    """Those and their children."""
    executions: Sequence[Execution]
    """In the order of their serials."""
    hits: Sequence[Hit] = ()
    pids: Mapping[str, int] = field(default_factory=dict)
    """The owner's name in a lease to the process."""
    starved: frozenset[tuple[str, str]] = frozenset()
    """Run and owner: a worker that lived on says itself that this lease of its ran out."""


@dataclass(frozen=True)
class Findings:
    """What is wrong, in words, each by its kind; and what is as it may be, counted."""

    lost: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    """Ended otherwise than it must, or without an effect that belongs to it."""
    again: tuple[str, ...] = ()
    """A finished step that was carried out once more."""
    keyed_twice: tuple[str, ...] = ()
    made_twice: tuple[str, ...] = ()
    hoped_twice: tuple[str, ...] = ()
    causeless: tuple[str, ...] = ()
    """Parked without a cause."""
    parked: tuple[Ended, ...] = ()
    """Parked, since the outcome of an effect was unclear."""
    late: tuple[str, ...] = ()
    """Sent by a process that was stopped in between, past its last look at its lease: only a key is safe then."""
    posthumous: tuple[str, ...] = ()
    """Sent by a process that was killed, and carried out after another one had done the step under the same key."""
    starved: tuple[Ended, ...] = ()
    """Parked, since the lease ran out under a worker that lived: the machine was too busy to renew it."""

    def wrongs(self) -> Mapping[str, tuple[str, ...]]:
        """What must be empty."""
        return {
            "lost": self.lost,
            "stuck": self.stuck,
            "ended wrongly": self.wrong,
            AGAIN: self.again,
            "duplicate effects, keyed": self.keyed_twice,
            "duplicate effects, reconciled": self.made_twice,
            "duplicate effects, neither": self.hoped_twice,
            "parked without cause": self.causeless,
        }

    @property
    def clean(self) -> bool:
        return not any(self.wrongs().values())


def audit(facts: Facts) -> Findings:
    """Judge the end of a chaos run."""
    calls: defaultdict[int, list[Execution]] = defaultdict(list)
    for execution in facts.executions:
        calls[execution.number].append(execution)
    stopped = Stopped(facts.hits)
    late: list[str] = []
    posthumous: list[str] = []
    judge = _Again(facts.hits, stopped, late, posthumous)
    again = [words for run in facts.runs for words in judge.found(run, calls[run.number])]
    twice = {sort: list(_twice(facts.executions, sort, stopped, late)) for sort in Sort}
    parked = [run for run in facts.runs if run.state is RunState.PARKED]
    return Findings(
        lost=tuple(_lost(facts)),
        stuck=tuple(f"{_name(run)} is {run.state}" for run in facts.runs if run.state in OPEN),
        wrong=tuple(words for run in facts.runs for words in _wrong(run, calls[run.number])),
        again=tuple(again),
        keyed_twice=tuple(twice[Sort.KEYED]),
        made_twice=tuple(twice[Sort.MADE]),
        hoped_twice=tuple(twice[Sort.HOPED]),
        causeless=tuple(f"{_name(run)}: {run.error}" for run in parked if not _caused(run, facts)),
        parked=tuple(run for run in parked if _caused(run, facts)),
        late=tuple(dict.fromkeys(late)),
        posthumous=tuple(posthumous),
        starved=tuple(run for run in parked if _starved(run, facts)),
    )


def _name(run: Ended) -> str:
    return f"{run.workflow} {run.number} ({run.run_id})"


def _lost(facts: Facts) -> Iterator[str]:
    there = {(run.number, run.workflow): run.state for run in facts.runs}
    for number, workflow in facts.asked.items():
        state = there.get((number, workflow))
        child = CHILDREN.get(workflow)
        if state is None:
            yield f"{workflow} {number} is not in the store"
        elif child and state in OVER and (number, child) not in there:
            yield f"{workflow} {number} is {state}, and its {child} is not in the store"


def _wrong(run: Ended, calls: Sequence[Execution]) -> Iterator[str]:
    if run.state in OPEN or run.state is RunState.PARKED:
        return
    shape = shape_of(run.workflow, run.number)
    if run.state is not shape.end:
        yield f"{_name(run)} is {run.state}, not {shape.end}: {run.error}"
        return
    output = output_of(run.workflow, run.number)
    if output is not None and run.output != output:
        yield f"{_name(run)} gave {run.output}, not {output}"
    done, recorded = {call.place for call in calls}, {step.place for step in run.steps}
    for call in shape.calls:
        if call.place not in done:
            yield f"{_name(run)} ended, but its step {call.place} had no effect"
        if call.place not in recorded:
            yield f"{_name(run)} ended, but its step {call.place} is not in history"


class _Again:
    """Finds calls after the one that history has, or after one that the body comes to later."""

    def __init__(self, hits: Sequence[Hit], stopped: Stopped, late: list[str], posthumous: list[str]) -> None:
        """What is excused goes to `late` and `posthumous`."""
        self._hits = hits
        self._stopped = stopped
        self._killed = Killed(hits)
        self._late = late
        self._posthumous = posthumous

    def found(self, run: Ended, calls: Sequence[Execution]) -> Iterator[str]:
        """What is not excused, each with the whole course of its step."""
        ranks = shape_of(run.workflow, run.number).ranks()
        recorded = {step.place: step.serial for step in run.steps}
        by_serial = {call.serial: call for call in calls}
        highest = 0
        for call in calls:
            rank = ranks.get(call.place)
            if rank is None:
                continue  # the parent's, or the child's
            after = call.serial > recorded.get(call.place, call.serial)
            if not after and rank >= highest:
                highest = rank
                continue
            words = (
                f"{_name(run)}: step {call.place} was carried out again (attempt {call.attempt}, call {call.serial})"
            )
            if self._stopped.excuses(call):
                self._late.append(words)
            elif self._killed.excuses(call, by_serial.get(recorded.get(call.place, 0))):
                self._posthumous.append(words)
            else:
                yield "\n        ".join((words, *course(run.number, call.place, calls, self._hits)))


def _twice(calls: Iterable[Execution], sort: Sort, stopped: Stopped, late: list[str]) -> Iterator[str]:
    """Places with more than one effect: for a keyed action, under more than one key."""
    by_place: defaultdict[tuple[int, int], list[Execution]] = defaultdict(list)
    for call in calls:
        if call.sort == sort:
            by_place[call.number, call.place].append(call)
    for (number, place), found in by_place.items():
        effects = len({call.key for call in found}) if sort is Sort.KEYED else len(found)
        if effects == 1:
            continue
        sent = ", ".join(f"attempt {call.attempt} by process {call.pid}" for call in found)
        words = f"step {place} of run {number} took effect {effects} times: {sent}"
        if sort is Sort.MADE and all(stopped.excuses(call) for call in found[1:]):
            late.append(words)  # the first was not theirs to know of when they last looked
        else:
            yield words


def _caused(run: Ended, facts: Facts) -> bool:
    """Whether a parked run stands before an effect that nobody can find out about, and whose worker was hit."""
    if UNCLEAR not in run.error:
        return False
    return any(_was_hit(one, facts) for one in run.unclear if one.sort == Sort.HOPED) or _starved(run, facts)


def _starved(run: Ended, facts: Facts) -> bool:
    """Whether it stands before such an effect, and the worker that had it says that it lived, and lost the lease."""
    if UNCLEAR not in run.error:
        return False
    return any((run.run_id, one.worker) in facts.starved for one in run.unclear if one.sort == Sort.HOPED)


def _was_hit(unclear: Unclear, facts: Facts) -> bool:
    pid = facts.pids.get(unclear.worker)
    for hit in facts.hits:
        if pid is not None and pid in hit.killed | hit.stopped:
            return True
        if hit.database and unclear.started_at < hit.ended + NEAR and hit.ended > unclear.started_at:
            return True
    return False
