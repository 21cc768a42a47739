"""step: one durable unit of work, recorded once, read back after."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workflows.engine import codec
from workflows.engine.calls import target_of
from workflows.engine.copying import replace
from workflows.engine.cursor import Cursor, Place
from workflows.engine.definition import spec_of
from workflows.engine.detail import replayed
from workflows.engine.model import DONE, Kind, StepState
from workflows.engine.retrying import Attempts


def step(cursor: Cursor, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Take a step, or read it back when it is recorded."""
    spec = spec_of(fn)
    given = codec.arguments(args, kwargs, f"An argument of {spec.name}")
    place = cursor.begin(Kind.STEP, spec.name, digest=codec.digest(given), title=spec.title)
    return take(cursor, place, fn, args, kwargs, given)


def take(
    cursor: Cursor, place: Place, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], given: str
) -> Any:
    """Carry out the step at a place, from its record on."""
    target = target_of(fn, spec_of(fn), cursor.turn.means.tools, cursor.turn.means.stand_ins)
    if place.found is not None and place.found.state in DONE:
        return replayed(place.found, target.result)
    cursor.turn.check_lease()
    record = place.found or replace(cursor.new(place, StepState.PENDING), input=given)
    return Attempts(cursor, record, target, args, kwargs).result()
