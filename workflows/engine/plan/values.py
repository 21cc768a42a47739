"""What a name or expression of a body stands for, as far as the source tells."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from workflows.engine.plan.model import UNKNOWN_NAME
from workflows.engine.plan.source import Definition

VERBS = frozenset(
    {"step", "call", "parallel", "map", "first", "approval", "sleep", "signal", "child", "saga"}
    | {"now", "uuid", "random", "patched", "note", "continue_as_new"}
)
MANY = 50
"""More alternatives than this are not shown one by one."""


@dataclass(frozen=True, eq=False)
class Handle:
    """The run handle that a workflow or branch was given."""

    name: str
    branch: bool = False


@dataclass(frozen=True, eq=False)
class SagaHandle:
    """What `with run.saga() as saga` binds."""


@dataclass(frozen=True, eq=False)
class Known:
    """A Python object that exists before the run: a function, class, module or constant."""

    obj: Any


@dataclass(frozen=True, eq=False)
class Made:
    """An instance that the body makes; only its class is known."""

    cls: type[Any]


@dataclass(frozen=True, eq=False)
class LocalFunction:
    """A function that is defined in the body; `frame` is where."""

    node: Definition
    frame: Any


@dataclass(frozen=True, eq=False)
class LambdaValue:
    """A lambda; its steps have no name to stand under."""

    node: ast.Lambda


@dataclass(frozen=True, eq=False)
class Verb:
    """`Run.signal` and the like, taken from the class."""

    name: str


@dataclass(frozen=True, eq=False)
class Imported:
    """What an import inside the body binds."""

    dotted: str


@dataclass(frozen=True, eq=False)
class Unknown:
    """A value that only the run knows."""

    reason: str
    text: str = UNKNOWN_NAME


@dataclass(frozen=True, eq=False)
class Arguments:
    """The arguments of one call, as values."""

    positional: tuple[Value, ...] = ()
    keywords: Mapping[str, Value] = field(default_factory=dict)
    open_ended: bool = False
    """Whether `*args` or `**kwargs` of unknown content were among them."""

    def get(self, position: int, name: str) -> Value | None:
        """The argument at `position` or called `name`."""
        if position < len(self.positional):
            return self.positional[position]
        return self.keywords.get(name)

    def before(self, more: Arguments) -> Arguments:
        """These arguments, then `more`."""
        keywords = {**self.keywords, **more.keywords}
        return Arguments(self.positional + more.positional, keywords, self.open_ended or more.open_ended)

    def after(self, count: int) -> Arguments:
        """Without the first `count` positional arguments."""
        return Arguments(self.positional[count:], self.keywords, self.open_ended)


@dataclass(frozen=True, eq=False)
class Partial:
    """A callable with its first arguments given: `functools.partial`, or a method and its object."""

    target: Value
    arguments: Arguments


@dataclass(frozen=True, eq=False)
class Later:
    """What `run.call(f, …)` makes: a branch for `parallel` or `first`."""

    target: Value
    arguments: Arguments
    node: ast.Call
    handle: Handle


@dataclass(frozen=True, eq=False)
class Series:
    """A tuple or list whose items the source tells."""

    items: tuple[Value, ...]


@dataclass(frozen=True, eq=False)
class Repeated:
    """Items that a loop or comprehension makes."""

    item: Value
    title: str
    node: ast.AST


@dataclass(frozen=True, eq=False)
class Maybe:
    """An item that was added to a list under a condition."""

    item: Value


@dataclass(frozen=True, eq=False)
class Table:
    """A dict whose keys and values the source tells."""

    entries: tuple[tuple[Value, Value], ...]


@dataclass(frozen=True, eq=False)
class Several:
    """One of these; `titles` say when, as far as the source tells."""

    values: tuple[Value, ...]
    titles: tuple[str, ...] = ()


Value = (
    Handle
    | SagaHandle
    | Known
    | Made
    | LocalFunction
    | LambdaValue
    | Verb
    | Imported
    | Unknown
    | Partial
    | Later
    | Series
    | Repeated
    | Maybe
    | Table
    | Several
)


def one_of(values: Iterable[Value], titles: Iterable[str] = ()) -> Value:
    """The value when all are the same, else the choice between them."""
    given, named = list(values), list(titles)
    kept: list[Value] = []
    labels: list[str] = []
    for index, value in enumerate(given):
        title = named[index] if index < len(named) else ""
        inner = alternatives(value, title)
        for one, label in inner:
            if not any(same(one, other) for other in kept):
                kept.append(one)
                labels.append(label)
    return kept[0] if len(kept) == 1 else Several(tuple(kept), tuple(labels))


def alternatives(value: Value, title: str = "") -> list[tuple[Value, str]]:
    """The alternatives of a value, each with the condition it stands under."""
    if not isinstance(value, Several):
        return [(value, title)]
    labels = value.titles or ("",) * len(value.values)
    return [(one, label or title) for one, label in zip(value.values, labels, strict=True)]


def same(one: Value, other: Value) -> bool:
    """Whether two values are surely the same."""
    if one is other:
        return True
    if isinstance(one, Known) and isinstance(other, Known):
        if isinstance(one.obj, str | int | float | None):
            return type(one.obj) is type(other.obj) and bool(one.obj == other.obj)
        return one.obj is other.obj
    if isinstance(one, Unknown) and isinstance(other, Unknown):
        return one.reason == other.reason
    return isinstance(one, LocalFunction) and isinstance(other, LocalFunction) and one.node is other.node
