"""What a record keeps beside its result, and how a finished one is read back."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Any

from workflows.engine import codec
from workflows.engine.errors import Parked
from workflows.engine.model import Record, StepState
from workflows.engine.problem import error_from, problem_from


@dataclass
class Detail:
    """What a step's record keeps beside its result."""

    usage: list[dict[str, Any]]
    origin_key: str = ""
    """The idempotency key of the step that this one was forked from, when its outcome was unknown."""
    unclear: bool = False
    """The last attempt's outcome has to be found out before anything else."""
    finding: int = 0
    """How often the service could not be asked."""
    again: bool = False
    """A person said that the unclear attempt may be repeated."""
    saga: str = ""
    """For a compensation: the key of the saga that it belongs to."""
    target: str = ""
    """For a compensation: where its function is, as `module:name`."""
    named: bool = False
    """For a compensation: the last of its arguments are the named ones."""
    writes: bool = False
    """It changes something in another system."""
    end: int = 0
    """For a saga that was undone: the ordinal after its block."""

    def text(self) -> str:
        """As JSON, without what is empty."""
        held = {name: value for name, value in self.__dict__.items() if value}
        return json.dumps(held, sort_keys=True) if held else "{}"


KNOWN = frozenset(field.name for field in fields(Detail))


def detail_of(record: Record) -> Detail:
    """Read a step record's detail."""
    kept = json.loads(record.detail) if record.detail and record.detail != "{}" else {}
    return Detail(**{"usage": [], **{name: kept[name] for name in kept.keys() & KNOWN}})  # a newer release knows more


def replayed(record: Record, result: Any) -> Any:
    """What a finished record gives the body: its result, or its error raised again."""
    if record.state is StepState.FAILED:
        problem = problem_from(record.error)
        if problem is None:
            raise Parked(f"{record.key} failed, but its record holds no error. Fork the run before this step.")
        raise error_from(problem)
    return codec.decode(record.output, result, f"The result of {record.key}")
