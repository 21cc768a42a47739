"""parallel and map: branches side by side."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from workflows.engine import codec
from workflows.engine.calls import Call
from workflows.engine.cursor import Cursor
from workflows.engine.definition import return_type
from workflows.engine.detail import replayed
from workflows.engine.model import Kind, Record, StepState
from workflows.engine.operations.branches import Branches, branch_name
from workflows.engine.problem import error_from, problem_from


def parallel(cursor: Cursor, calls: list[Call[Any]], handle: Callable[[Cursor], Any]) -> list[Any]:
    """Run every call at once; the results in order."""
    asked = json.dumps([branch_name(call.fn) for call in calls])
    records = _together(cursor, Kind.PARALLEL, "parallel", asked, calls, len(calls), handle, collect=False)
    return _results(calls, records, collect=False)


def map_items(
    cursor: Cursor,
    fn: Callable[..., Any],
    items: Sequence[Any],
    handle: Callable[[Cursor], Any],
    *,
    concurrency: int,
    collect: bool,
) -> list[Any]:
    """Call `fn` for every item, at most `concurrency` at a time; the results in the items' order."""
    if concurrency < 1:
        raise ValueError(f"run.map(concurrency={concurrency}): at least one item has to be worked on at a time")
    calls: list[Call[Any]] = [Call(fn, (item,)) for item in items]
    asked = json.dumps([branch_name(fn), json.loads(codec.encode(list(items), "The items of run.map"))])
    records = _together(cursor, Kind.MAP, "map", asked, calls, concurrency, handle, collect=collect)
    return _results(calls, records, collect=collect)


def _together(
    cursor: Cursor,
    kind: Kind,
    name: str,
    asked: str,
    calls: list[Call[Any]],
    concurrency: int,
    handle: Callable[[Cursor], Any],
    *,
    collect: bool,
) -> list[Record]:
    place = cursor.begin(
        kind, name, digest=codec.digest(asked), title="Side by side" if kind is Kind.PARALLEL else "For each"
    )
    record = place.found
    if record is None:
        cursor.go_on()
        record = cursor.keep(cursor.new(place, StepState.RUNNING))
        cursor.flush()  # the branches' records must not come before their operation's
    records = Branches(cursor, place, calls, concurrency, collect=collect, handle=handle).run()
    if record.state is not StepState.SUCCEEDED:
        cursor.keep(replace(record, state=StepState.SUCCEEDED, ended_at=cursor.turn.now()))
    return records


def _results(calls: list[Call[Any]], records: list[Record], *, collect: bool) -> list[Any]:
    results: list[Any] = []
    for call, record in zip(calls, records, strict=True):
        problem = problem_from(record.error)
        if collect and problem is not None:
            results.append(error_from(problem))
        else:
            results.append(replayed(record, return_type(call.fn)))
    return results
