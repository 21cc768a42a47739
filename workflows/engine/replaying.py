"""Replay without effects: an advance over recorded history that stops before anything new.

It is the engine's own advance, with ports that refuse: the store takes no writes, no step is called, nobody is rung,
and time stands still. Where one of them is asked for, history ends.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

from workflows.engine.advance import Catalogue, Engine
from workflows.engine.approving.book import NO_POLICIES, Book
from workflows.engine.errors import NonDeterminism, StoreUnavailable, Suspended, UnknownWorkflow
from workflows.engine.history import History
from workflows.engine.model import OVER, Approval, Kind, Record, Run, RunState, StepState, Writes
from workflows.engine.plan import plan_of
from workflows.engine.policy import current_call
from workflows.engine.ports import Claim, Claimant, Committed, Inbox, Lease, Recorded, Ring, Store
from workflows.engine.problem import Problem, describe, problem_from
from workflows.engine.threads import StepThreads
from workflows.engine.turn import Means, Turn
from workflows.engine.verdict import Cause, Difference, Next, Replayed, Verdict

NOBODY = "replay"
MARKS = frozenset({Kind.NOW, Kind.UUID, Kind.RANDOM, Kind.NOTE, Kind.PATCHED})
"""What a body may do past the end of history without an effect."""
CAUSES = {"NonDeterminism": Cause.ORDER, "CodecError": Cause.TYPE, "Parked": Cause.OTHER, "VerbMisuse": Cause.OTHER}


class Reached(Suspended):
    """History ends here. A branch that comes to its end waits, so that the others are replayed too."""


@dataclass
class Ahead:
    """What the run would do next; branches come to the end of their histories each for themselves."""

    found: list[Next] = field(default_factory=list)

    def stop(self, *would: Next) -> Reached:
        """Note it; raise what this returns."""
        self.found.extend(would)
        return Reached(", ".join(one.key for one in would))


class Past:
    """The store of one replay: it gives the run to the advance and takes nothing."""

    def __init__(self, seen: Recorded, approval: Callable[[str], Approval | None], ahead: Ahead) -> None:
        self.approval = approval
        self.left: Writes | None = None
        """What the advance wanted to write when it left the run."""
        self._seen = seen
        self._ahead = ahead

    def claim(self, _run_id: str, claimant: Claimant) -> Claim:
        seen = self._seen
        return Claim(
            Lease(seen.run.id, seen.run.token, claimant.owner),
            seen.run,
            seen.records,
            seen.attempts,
            seen.inbox,
            seen.now,
        )

    def inbox(self, _run_id: str) -> Inbox:
        return self._seen.inbox

    def commit(
        self, _lease: Lease, writes: Writes, *, leave: bool = False, expect_inbox: int | None = None
    ) -> Committed:
        """Nothing is written. An advance may leave, keep notes and begin to undo; whatever else it writes is news."""
        if leave:
            self.left = writes
        elif any(record.kind not in MARKS for record in writes.records) or _acts(writes):
            raise self._ahead.stop(*_news(writes))
        return Committed(True, self._seen.inbox.counter if expect_inbox is None else expect_inbox)


def _acts(writes: Writes) -> bool:
    """Whether a write does more than to record, tell, and say that undoing begins."""
    return replace(writes, records=(), events=(), run={}) != Writes() or writes.run not in (
        {}, {"state": RunState.COMPENSATING},
    )  # fmt: skip


def _news(writes: Writes) -> Iterator[Next]:
    """What a write says that the run does: the last record that is no note."""
    records = [record for record in writes.records if record.kind not in MARKS]
    if records:
        yield Next(records[-1].kind, records[-1].key, records[-1].state)


class Untaken(StepThreads):
    """No step, undoing or reconciling is called."""

    def __init__(self, ahead: Ahead) -> None:
        super().__init__()
        self._ahead = ahead

    def run(self, _do: Callable[[], Any], _seconds: float) -> Any:
        call = current_call()
        assert call is not None
        undoes = call.at.rsplit("/", 1)[-1].startswith("undo.")
        raise self._ahead.stop(Next(Kind.COMPENSATION if undoes else Kind.STEP, call.at))


@dataclass(frozen=True)
class Still:
    """A clock at the moment of the replay."""

    moment: datetime
    ahead: Ahead

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, _delay: timedelta) -> None:
        raise self.ahead.stop()


class Silence:
    """The queue and the tools of a replay."""

    def ring(self, _rings: Sequence[Ring]) -> None:
        """Ring nobody."""

    def get(self, cls: type[Any], /) -> Any:
        raise LookupError(f"{cls.__name__} is not asked at replay")


class Everything(Mapping[str, Callable[..., Any]]):
    """Stands in for each step and action, so that no connector is made; what it gives is never called."""

    def __getitem__(self, _name: str) -> Callable[..., Any]:
        return lambda *_args, **_kwargs: None

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


class Watched(History):
    """A history that remembers where the code left it."""

    difference: Difference | None = None

    def expect(
        self, scope: str, ordinal: int, kind: Kind, key: str, digest: str, *, in_order: bool = True
    ) -> Record | None:
        try:
            return super().expect(scope, ordinal, kind, key, digest, in_order=in_order)
        except NonDeterminism:
            self._part(scope, ordinal, kind, key)
            raise

    def check_all_used(self, scope: str, used: int) -> None:
        try:
            super().check_all_used(scope, used)
        except NonDeterminism:
            self._part(scope, used, None, "")
            raise

    def _part(self, scope: str, ordinal: int, kind: Kind | None, key: str) -> None:
        later = (record for record in self.within(scope, ordinal) if record.scope == scope)
        at = self.at(scope, ordinal) or min(later, key=lambda record: record.ordinal, default=None)
        self.difference = self.difference or Difference(scope, at, kind, key)


class _Replay(Engine):
    """One advance of one run, over what is recorded."""

    watched: Watched

    def _turn(self, claim: Claim, lease_until: float) -> Turn:
        turn = super()._turn(claim, lease_until)
        self.watched = turn.history = Watched(claim.records)
        return turn


def replay(
    seen: Recorded,
    catalogue: Catalogue,
    *,
    approvers: Sequence[str] = (),
    book: Book = NO_POLICIES,
    release: int | None = None,
    approval: Callable[[str], Approval | None] = lambda _id: None,
) -> Replayed:
    """Call today's code over a run's history and say where the two part. Nothing is written, called or rung.

    `approvers` and `book` are those of the settings, `release` is that of the workers that would take the run,
    and `approval` reads an approval's row. What the body itself does outside of steps happens here as at every
    replay. Raises StoreUnavailable when `approval` can't be answered.
    """
    run, count = seen.run, len(seen.records)
    if run.workflow not in catalogue.names():
        return Replayed(run, Verdict.NOT_INSTALLED, count, words=_missing(catalogue, run.workflow))
    today = plan_of(catalogue.get(run.workflow)).version
    if release is not None and run.release > release:
        words = f"Release {run.release} advanced it last, and this is release {release}: its workers leave it alone."
        return Replayed(run, Verdict.NEWER_RELEASE, count, today, words)
    ahead, moment = Ahead(), run.ended_at or seen.now
    past = Past(replace(seen, run=replace(run, crashes=0), now=moment), approval, ahead)
    means = Means(
        cast(Store, past),  # an advance asks for no more of it
        Silence(), Still(moment, ahead), Silence(), Untaken(ahead),
        approvers=tuple(approvers), book=book, worker=NOBODY, stand_ins=Everything(),
    )  # fmt: skip
    engine = _Replay(means, catalogue, Claimant(NOBODY, timedelta(days=1), run.release, catalogue.names()))
    with contextlib.suppress(Reached):
        engine.advance(run.id, alone=True)
    return _judged(seen, today, past.left, ahead, engine.watched.difference)


def _missing(catalogue: Catalogue, name: str) -> str:
    try:
        catalogue.get(name)
    except UnknownWorkflow as error:
        return str(error)
    return ""


# what came of it -------------------------------------------------------------------------------------------


def _judged(seen: Recorded, today: str, left: Writes | None, ahead: Ahead, difference: Difference | None) -> Replayed:
    run, count = seen.run, len(seen.records)
    state = left.run.get("state") if left else None
    if left is not None and state is None and not left.supersede_all:
        raise StoreUnavailable("The database went away during the replay; nothing was written. Try again.")
    if left is not None and state is RunState.PARKED:
        return _parked(seen, today, problem_from(left.run.get("error")), difference)
    then = (*ahead.found, *(_waits(left) if left else ()))
    if left is None or state is RunState.WAITING or left.supersede_all:
        verdict = Verdict.ENDS_OTHERWISE if run.state in (RunState.SUCCEEDED, RunState.FAILED) else Verdict.GOES_ON
        words = "continues as new" if left is not None and left.supersede_all else ""
        return Replayed(run, verdict, count, today, words, then=then)
    ended = replace(run, state=state or run.state, output=left.run.get("output"), error=left.run.get("error"))
    if run.state not in OVER:
        return Replayed(run, Verdict.GOES_ON, count, today, ending(ended), then=tuple(ahead.found))
    same = (run.state, run.output, _why(run)) == (ended.state, ended.output, _why(ended))
    return Replayed(
        run, Verdict.SAME if same else Verdict.ENDS_OTHERWISE, count, today, "" if same else ending(ended)
    )  # fmt: skip


def _waits(left: Writes) -> Iterator[Next]:
    for wait in json.loads(left.run.get("waiting") or "[]"):
        if wait["kind"] == "retry":
            yield Next(Kind.STEP, wait["key"], StepState.RETRYING)
        else:
            yield Next(Kind(wait["kind"]), wait["key"], StepState.RUNNING)


def _parked(seen: Recorded, today: str, problem: Problem | None, difference: Difference | None) -> Replayed:
    words = problem.message if problem else ""
    if problem is not None and problem.kind == "KeyboardInterrupt":
        raise KeyboardInterrupt
    cause = CAUSES.get(problem.kind, Cause.BODY) if problem else Cause.OTHER
    part = difference if cause is Cause.ORDER else None
    misfit = next((r.key for r in seen.records if words.startswith(f"The result of {r.key} ")), "")
    key = part.recorded.key if part and part.recorded else misfit if cause is Cause.TYPE else ""
    return Replayed(seen.run, Verdict.PARKS, len(seen.records), today, words, cause, part, key)


def ending(run: Run) -> str:
    """How a run ended, in words that follow *it*."""
    why = _why(run)
    return f"ends as {run.state}" + (f": {why}" if why else f" with {run.output}" if run.output else "")


def _why(run: Run) -> str:
    problem = problem_from(run.error)
    return describe(problem) if problem else ""
