"""What a verb is asked to call: a step, an action, or a function that takes `run`."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache
from inspect import signature
from typing import Any, Generic, TypeVar, get_type_hints

from workflows.engine import codec
from workflows.engine.definition import return_type, spec_of
from workflows.engine.detail import detail_of
from workflows.engine.errors import Parked
from workflows.engine.model import Record
from workflows.engine.policy import CallInProgress, CallSpec
from workflows.engine.ports import Tools

T = TypeVar("T")
C = TypeVar("C")


@dataclass(frozen=True)
class Call(Generic[T]):
    """A call to be made later, by `parallel` or `first`."""

    fn: Callable[..., T]
    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)


class StepContext:
    """What a step sees of the run it belongs to."""

    def __init__(
        self,
        call: CallInProgress,
        tools: Tools,
        log: logging.LoggerAdapter[Any],
        progress: Callable[[int, int, str], None],
    ) -> None:
        self._call = call
        self._tools = tools
        self._progress = progress
        self.log = log
        """Bound to the run, the step and the attempt."""

    @property
    def key(self) -> str:
        """The idempotency key: the same for every attempt of this step, another for every other step."""
        return self._call.key

    @property
    def attempt(self) -> int:
        """Counted from 1."""
        return self._call.attempt

    @property
    def run_id(self) -> str:
        return self._call.run_id

    def use(self, cls: type[C]) -> C:
        """The connector that the settings bound to `cls`."""
        return self._tools.get(cls)

    def progress(self, done: int, total: int, text: str = "") -> None:
        """Tell how far long work has come; shown on the card, never replayed."""
        self._progress(done, total, text)

    def check(self) -> None:
        """Stop here when this worker has lost the run or the attempt is past its time-out."""
        self._call.check()


@dataclass(frozen=True)
class Target:
    """A step or action, ready to be called."""

    spec: CallSpec
    """The policy of what is really called; its name is the one that history keeps."""
    invoke: Callable[[StepContext, tuple[Any, ...], dict[str, Any]], Any]
    reconcile: Callable[[str, tuple[Any, ...], dict[str, Any]], Any] | None
    result: Any
    """The type of the result."""

    @property
    def timeout(self) -> timedelta:
        return self.spec.timeout


def target_of(
    fn: Callable[..., Any], spec: CallSpec, tools: Tools, stand_ins: Mapping[str, Callable[..., Any]]
) -> Target:
    """Find what to call; a protocol's action is the bound connector's, under the protocol's name."""
    stand_in = stand_ins.get(spec.name)
    if stand_in is not None:
        return Target(spec, lambda _context, args, kwargs: stand_in(*args, **kwargs), None, return_type(fn))
    if spec.owner is None:
        return _step(fn)
    try:
        connector = tools.get(spec.owner)
        bound = getattr(connector, fn.__name__)
    except LookupError as error:
        raise Parked(
            f"{spec.name} can't be called: {error.args[0] if error.args else error}. Set it, then resume."
        ) from error
    concrete: CallSpec = getattr(bound, "baton_spec", spec)
    finder = getattr(connector, concrete.reconcile) if isinstance(concrete.reconcile, str) else None
    return Target(
        replace(concrete, name=spec.name, title=spec.title),
        lambda _context, args, kwargs: bound(*args, **kwargs),
        (lambda key, args, kwargs: finder(key, *args, **kwargs)) if finder else None,
        return_type(fn),
    )


@lru_cache(maxsize=4096)
def _step(fn: Callable[..., Any]) -> Target:
    spec = spec_of(fn)
    finder = spec.reconcile if callable(spec.reconcile) else None
    return Target(
        spec,
        lambda context, args, kwargs: fn(context, *args, **kwargs),
        (lambda key, args, kwargs: finder(key, *args, **kwargs)) if finder else None,
        return_type(fn),
    )


def address_of(fn: Callable[..., Any]) -> str:
    """Where a step or action is, so that it is found again without the body that named it."""
    return f"{fn.__module__}:{fn.__qualname__}"


def recorded_call(record: Record) -> Call[Any]:
    """A compensation from its row alone; raises Parked when its function is not where it was."""
    detail = detail_of(record)
    module, _, path = detail.target.partition(":")
    found: Any = sys.modules.get(module)
    for name in path.split("."):
        found = getattr(found, name, None)
    if not callable(found):
        raise Parked(f"{record.key} undoes with {detail.target}, which is no longer there. Put it back, then resume.")
    values = json.loads(record.input or "[]")
    named = values.pop() if detail.named else {}
    hints = get_type_hints(found)
    positional = [name for name in list(signature(found).parameters)[1:] if name not in named]
    what = f"An argument of {record.key}"
    args = [_typed(value, hints.get(name, Any), what) for name, value in zip(positional, values, strict=False)]
    return Call(found, tuple(args), {name: _typed(value, hints.get(name, Any), what) for name, value in named.items()})


def _typed(value: Any, kind: Any, what: str) -> Any:
    return codec.decode(json.dumps(value), kind, what)
