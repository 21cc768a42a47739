"""Which records have to go when a step is to be taken anew."""

from __future__ import annotations

from collections.abc import Iterable

from workflows.engine.history import History
from workflows.engine.model import Kind, Record, StepState


def redone(records: Iterable[Record], failing: Record) -> Iterable[Record]:
    """What has to happen anew when `failing` does.

    From its undone saga's start, or from itself, to the end of every enclosing branch.
    """
    history = History(records)
    start = undone_saga(list(records), failing) or failing
    gone = {record.key: record for record in history.within(start.scope, start.ordinal)}
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
        scope = holder.scope
    return gone.values()


def undone_saga(records: list[Record], failing: Record) -> Record | None:
    def encloses(saga: Record) -> bool:
        if not failing.key.startswith(saga.scope):
            return False
        top = next(
            (r for r in records if r.scope == saga.scope and (r is failing or failing.scope.startswith(r.key + "/"))),
            None,
        )
        return top is not None and top.ordinal > saga.ordinal

    sagas = [r for r in records if r.kind is Kind.SAGA and r.state is StepState.FAILED and encloses(r)]
    return min(sagas, key=lambda saga: (len(saga.scope), saga.ordinal), default=None)
