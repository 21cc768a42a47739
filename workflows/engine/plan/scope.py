"""What the names of a function mean at the line that is being read."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from workflows.engine.plan.source import Definition
from workflows.engine.plan.values import Arguments, Handle, Known, Maybe, Series, Unknown, Value, one_of, same

Scope = (
    ast.FunctionDef
    | ast.AsyncFunctionDef
    | ast.ClassDef
    | ast.Lambda
    | ast.ListComp
    | ast.SetComp
    | ast.DictComp
    | ast.GeneratorExp
)


@dataclass(eq=False)
class Frame:
    """One function while it is read; `names` changes from statement to statement."""

    file: str
    handle: Handle
    """The handle that verbs must be called on here."""
    outside: Mapping[str, Any]
    unset: frozenset[str]
    local: frozenset[str]
    outer: Frame | None
    """The function around a nested one."""
    trail: tuple[Definition, ...]
    """The functions being read, outermost first."""
    names: dict[str, Value] = field(default_factory=dict)

    def lookup(self, name: str) -> Value:
        """What `name` means at this line."""
        if name in self.names:
            return self.names[name]
        if name in self.local:
            return Unknown(f"`{name}` has no value yet at this line", name)
        if self.outer is not None:
            return self.outer.lookup(name)
        if name in self.unset:
            return Unknown(f"`{name}` of the enclosing function has no value yet", name)
        if name in self.outside:
            return Known(self.outside[name])
        return Unknown(f"`{name}` is not defined in this module (an import under TYPE_CHECKING does not count)", name)


def merge(branches: list[dict[str, Value]]) -> dict[str, Value]:
    """The names after one of several branches was taken, without saying which."""
    names: dict[str, Value] = {}
    for name in dict.fromkeys(name for branch in branches for name in branch):
        names[name] = _either([branch[name] for branch in branches if name in branch])
    return names


def _either(values: list[Value]) -> Value:
    """One of several values; of lists that grew in some branches, the list with what may be in it."""
    series = [value for value in values if isinstance(value, Series)]
    if len(series) < len(values) or len({len(value.items) for value in series}) < 2:
        return one_of(values)
    base = min(series, key=lambda value: len(value.items)).items
    if not all(same(one, other) for value in series for one, other in zip(base, value.items, strict=False)):
        return one_of(values)
    return Series((*base, *(Maybe(item) for value in series for item in value.items[len(base) :])))


def changed(before: Mapping[str, Value], after: Mapping[str, Value]) -> list[str]:
    """The names of `before` that mean something else in `after`."""
    return [name for name, value in before.items() if name in after and not same(value, after[name])]


def bound(node: Definition, arguments: Arguments, defaults: Mapping[str, Value]) -> dict[str, Value]:
    """What the parameters of a function mean for one call."""
    taken = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args)]
    keyword_only = [arg.arg for arg in node.args.kwonlyargs]
    names = dict(zip(taken, arguments.positional, strict=False))
    for name in (*taken[len(arguments.positional) :], *keyword_only):
        missing = defaults.get(name, Unknown(f"`{name}` is a parameter that gets its value at run time", name))
        if arguments.open_ended:
            missing = Unknown(f"`{name}` comes from `*` or `**` arguments", name)
        names[name] = arguments.keywords.get(name, missing)
    if node.args.vararg is not None:
        names[node.args.vararg.arg] = Series(arguments.positional[len(taken) :])
    if node.args.kwarg is not None:
        names[node.args.kwarg.arg] = Unknown("`**` arguments are known at run time only", node.args.kwarg.arg)
    return names


def local_names(node: Definition) -> frozenset[str]:
    """Every name that a function binds itself."""
    names: set[str] = set()
    shared: set[str] = set()
    for inner in _own_nodes(node.body):
        match inner:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                names.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names.update((alias.asname or alias.name).split(".")[0] for alias in aliases)
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                names.add(name)
            case ast.MatchMapping(rest=str(name)):
                names.add(name)
            case ast.Global(names=given) | ast.Nonlocal(names=given):
                shared.update(given)
    return frozenset(names - shared)


def stores(node: Definition, name: str) -> list[ast.Name]:
    """Where a function gives `name` another meaning."""
    own = (inner for inner in _own_nodes(node.body) if isinstance(inner, ast.Name) and inner.id == name)
    return [inner for inner in own if not isinstance(inner.ctx, ast.Load)]


def own_yields(node: Definition) -> bool:
    """Whether a function is a generator or awaits something."""
    return any(isinstance(inner, ast.Yield | ast.YieldFrom | ast.Await) for inner in _own_nodes(node.body))


def _own_nodes(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """The nodes of a body without those of inner scopes (their definitions are given, not their insides)."""
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, Scope):
            waiting.extend(ast.iter_child_nodes(node))
