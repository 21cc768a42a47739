"""Which records have to go when a step is to be taken anew."""

from __future__ import annotations

from collections.abc import Iterable

from workflows.engine.detail import detail_of
from workflows.engine.history import History
from workflows.engine.model import Kind, Record, StepState
from workflows.engine.problem import Problem, problem_from


def redone(records: Iterable[Record], failing: Record) -> Iterable[Record]:
    """What has to happen anew when `failing` does.

    From its undone saga's start, or from itself, to the end of every enclosing branch.
    """
    history = History(records)
    start = undone_saga(list(records), failing) or failing
    gone = {r.key: r for r in history.within(start.scope, start.ordinal) if _same_branch(r, start)}
    scope = start.scope
    while scope:
        holder = next((r for r in records if r.key + "/" == scope), None)
        branch = scope.rstrip("/")
        if holder is None:  # a branch that has not ended has no record of its own: go on with what is around it
            scope = branch.rsplit("/", 1)[0] + "/" if "/" in branch else ""
            continue
        if holder.kind is Kind.BRANCH:
            gone[holder.key] = holder
        elif holder.kind in (Kind.PARALLEL, Kind.MAP, Kind.FIRST):
            gone.update({r.key: r for r in history.within(holder.scope, holder.ordinal + 1)})
            ended = [r for r in records if r.scope == holder.key + "/" and r.state is StepState.FAILED]
            gone.update({r.key: r for r in ended})
            causes = [cause for branch in ended if (cause := _cause(records, branch)) is not None]
            for again in (*stopped_sagas(records, holder.key + "/", "BranchStopped"), *causes):
                gone.update({r.key: r for r in history.within(again.scope, again.ordinal) if _same_branch(r, again)})
        scope = holder.scope
    return gone.values()


def _cause(records: Iterable[Record], branch: Record) -> Record | None:
    """What ended a branch that failed: its undone saga, or its failed step; None for a single step."""
    ended = problem_from(branch.error)
    inner = [r for r in records if r.scope.startswith(branch.key + "/") and r.state is StepState.FAILED and r.error]
    fits = [r for r in inner if (found := problem_from(r.error)) and ended and _same(found, ended)]
    cause = max((r for r in fits if r.kind is not Kind.SAGA), key=lambda record: record.position, default=None)
    return (undone_saga(list(records), cause) or cause) if cause else None


def _same(one: Problem, other: Problem) -> bool:
    return (one.kind, one.step, one.message) == (other.kind, other.step, other.message)


def _same_branch(record: Record, start: Record) -> bool:
    """Side by side, a later place is another branch and no consequence."""
    side_by_side = start.scope.rstrip("/").rsplit("/", 1)[-1].startswith(("parallel#", "map#"))
    return not side_by_side or record.key == start.key or record.scope.startswith(start.key + "/")


def undone_saga(records: list[Record], failing: Record) -> Record | None:
    def encloses(saga: Record) -> bool:
        if not failing.key.startswith(saga.scope):
            return False
        top = next(
            (r for r in records if r.scope == saga.scope and (r is failing or failing.scope.startswith(r.key + "/"))),
            None,
        )
        return top is not None and saga.ordinal < top.ordinal < (detail_of(saga).end or top.ordinal + 1)

    sagas = [r for r in records if r.kind is Kind.SAGA and r.state is StepState.FAILED and encloses(r)]
    return min(sagas, key=lambda saga: (len(saga.scope), saga.ordinal), default=None)


def stopped_sagas(records: Iterable[Record], scope: str, *causes: str) -> list[Record]:
    """Sagas below a scope that were undone because of something outside them."""
    return [
        r
        for r in records
        if r.kind is Kind.SAGA
        and r.state is StepState.FAILED
        and r.scope.startswith(scope)
        and (problem := problem_from(r.error)) is not None
        and problem.kind in causes
    ]
