"""What an author declares: workflows and steps."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, get_type_hints

from workflows.engine.errors import DefinitionError
from workflows.engine.policy import DEFAULT_TIMEOUT, CallSpec, Retry

if TYPE_CHECKING:
    from workflows.engine.run import Run

P = ParamSpec("P")
T = TypeVar("T")
I = TypeVar("I")  # noqa: E741 - the input model of a workflow
O = TypeVar("O")  # noqa: E741 - its output

NAME = re.compile(r"^[a-z][a-z0-9_]{0,62}$")
COMMAND = re.compile(r"^/[a-z0-9_-]{1,31}\Z")
OURS = "/baton"
"""The command that everything can be asked with."""


@dataclass(frozen=True)
class Limit:
    """At most `runs` runs with the same key are open at a time; the others wait in line, oldest first."""

    runs: int
    key: Callable[[Any], str] = lambda _input: ""


@dataclass(frozen=True)
class Workflow(Generic[I, O]):
    """A named function of `(run, input)`, as the catalogue holds it."""

    name: str
    title: str
    fn: Callable[[Run, I], O]
    queue: str = "default"
    timeout: timedelta | None = None
    limit: Limit | None = None
    on_failure: Callable[[Run, I, str], object] | None = None
    starters: tuple[str, ...] = ()
    """Who may start it: people, roles, groups. Empty means everyone who may use Baton."""
    command: str = ""
    """A slash command of its own, such as `/content`."""
    summary: Callable[[Any], str] | None = None
    """Makes the text that is posted in the run's channel when it succeeded, from its result."""
    internal: bool = False
    """It belongs to Baton itself: it is in no list, nobody starts it by hand, and its runs get no card."""
    source: str = field(default="", compare=False)

    @property
    def input_type(self) -> Any:
        """The annotation of the second parameter: the form, the schema and the codec of the input."""
        return _parameter_type(self.fn, 1)

    @property
    def output_type(self) -> Any:
        """The annotation of the result; `Any` when there is none."""
        return return_type(self.fn)


def workflow(
    name: str,
    *,
    title: str = "",
    queue: str = "default",
    timeout: timedelta | None = None,
    limit: Limit | None = None,
    on_failure: Callable[[Run, Any, str], object] | None = None,
    starters: tuple[str, ...] = (),
    command: str = "",
    summary: Callable[[Any], str] | None = None,
    internal: bool = False,
) -> Callable[[Callable[[Run, I], O]], Workflow[I, O]]:
    """Make a function of `(run, input)` a workflow.

    `name` is persisted with every run. `timeout` bounds the whole run, waits included. `on_failure` is
    called with the run, the input and the reason after the run failed for good and was compensated.
    `starters` are people, roles and groups. `command` is a slash command of its own, such as "/content".
    `summary` is given the result of a run that succeeded and makes the text posted in the run's channel.
    `internal` is for workflows that belong to Baton itself.
    """
    if not NAME.match(name):
        raise DefinitionError(
            f"The workflow name {name!r} must be lower-case letters, digits and _, and start with a letter"
        )
    if command and (not COMMAND.match(command) or command == OURS):
        raise DefinitionError(
            f"Workflow {name}: the command {command!r} must be / and at most 31 lower-case letters, digits, - and _, "
            f"and not {OURS}"
        )

    def declare(fn: Callable[[Run, I], O]) -> Workflow[I, O]:
        if len(inspect.signature(fn).parameters) != 2:
            raise DefinitionError(f"Workflow {name}: {fn.__qualname__} must take exactly (run, input)")
        shown = title or first_line(fn) or name.replace("_", " ").capitalize()
        return Workflow(
            name, shown, fn, queue, timeout, limit, on_failure, starters, command, summary, internal,
            source=fn.__module__,
        )  # fmt: skip

    return declare


def step(
    *,
    idempotent: bool,
    name: str = "",
    retry: Retry = Retry(),
    timeout: timedelta = DEFAULT_TIMEOUT,
    reconcile: Callable[..., Any] | None = None,
    settle: timedelta = timedelta(0),
    writes: bool | None = None,
) -> Callable[[Callable[Concatenate[Any, P], T]], Callable[Concatenate[Any, P], T]]:
    """Make a function whose first parameter is a `StepContext` a step.

    `idempotent=True` says that a second call with the same key does no harm; with False a crash in mid-step
    asks `reconcile(key, *args)` whether the effect happened, and parks the run when there is no `reconcile`.
    `settle` is how long after its deadline an attempt's effect may still appear. `writes=True` marks an
    idempotent step that changes something in another system, so that `baton effects` shows it.
    """

    def declare(fn: Callable[Concatenate[Any, P], T]) -> Callable[Concatenate[Any, P], T]:
        spec = CallSpec(
            name or fn.__name__,
            first_line(fn) or fn.__name__.replace("_", " ").capitalize(),
            idempotent,
            retry,
            timeout,
            reconcile,
            settle,
            writes,
        )
        fn.baton_spec = spec  # type: ignore[attr-defined]
        return fn

    return declare


def spec_of(fn: Callable[..., Any]) -> CallSpec:
    """The `CallSpec` of a step or action; raises DefinitionError when `fn` is neither."""
    spec = getattr(fn, "baton_spec", None)
    if not isinstance(spec, CallSpec):
        shown = getattr(fn, "__qualname__", repr(fn))
        raise DefinitionError(
            f"{shown} is neither a step nor an action: decorate it with @step(…), or name a connector's action"
        )
    return spec


def first_line(fn: Callable[..., Any]) -> str:
    """The first line of a docstring without its full stop: the title that people see."""
    doc = inspect.getdoc(fn) or ""
    return doc.split("\n", 1)[0].rstrip(".")


def unwrapped(fn: Callable[..., Any]) -> Callable[..., Any]:
    """The function behind `functools.partial`."""
    while isinstance(fn, partial):
        fn = fn.func
    return fn


@lru_cache(maxsize=4096)
def return_type(fn: Callable[..., Any]) -> Any:
    """The annotation of the result of `fn`, resolved; `Any` when there is none."""
    return get_type_hints(unwrapped(fn)).get("return", Any)


@lru_cache(maxsize=4096)
def _parameter_type(fn: Callable[..., Any], index: int) -> Any:
    name = list(inspect.signature(fn).parameters)[index]
    return get_type_hints(fn).get(name, Any)
