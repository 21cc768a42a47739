"""Follows an expression to what it stands for: aliases, attributes, choices, partials, dispatch tables."""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Callable
from datetime import timedelta
from types import BuiltinFunctionType, FunctionType, MethodDescriptorType, ModuleType
from typing import Any

from workflows.engine.plan.items import bind, entries_of, item_of, picked
from workflows.engine.plan.scope import Frame
from workflows.engine.plan.values import (
    VERBS,
    Arguments,
    Handle,
    Imported,
    Known,
    LambdaValue,
    Later,
    Made,
    Partial,
    Repeated,
    SagaHandle,
    Series,
    Several,
    Table,
    Unknown,
    Value,
    Verb,
    alternatives,
    one_of,
)

LONGEST = 70
CALLABLE = (FunctionType, BuiltinFunctionType, MethodDescriptorType, staticmethod, classmethod)


def shown(node: ast.AST) -> str:
    """An expression as one short line."""
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def resolve(node: ast.expr, frame: Frame) -> Value:
    """What `node` stands for at this line of `frame`."""
    reader = _READERS.get(type(node))
    return reader(node, frame) if reader is not None else computed(node)


def computed(node: ast.AST) -> Unknown:
    """A value that only the run can know."""
    text = shown(node)
    return Unknown(f"`{text}` is computed at run time", text)


def attribute(value: Value, name: str, text: str) -> Value:
    """What `value.name` stands for."""
    match value:
        case Several():
            pairs = alternatives(value)
            return one_of([attribute(one, name, text) for one, _ in pairs], [title for _, title in pairs])
        case Imported(dotted=dotted):
            return Imported(f"{dotted}.{name}")
        case Made(cls=cls):
            return _method(value, cls, name, text)
        case Known(obj=obj):
            if isinstance(obj, type) and obj.__name__ == "Run" and name in VERBS:
                return Verb(name)
            return _looked_up(obj, name, text)
    return Unknown(f"`{text}` is known at run time only", text)


def _looked_up(obj: Any, name: str, text: str) -> Value:
    """The attribute of an object that exists, without running a property of an instance."""
    if not isinstance(obj, ModuleType | type):
        found = inspect.getattr_static(obj, name, None)
        if found is None or (hasattr(found, "__get__") and not isinstance(found, CALLABLE)):
            return Unknown(f"`{text}` is known at run time only", text)
    try:
        return Known(getattr(obj, name))
    except Exception as error:  # noqa: BLE001 - a lazy module may raise anything
        return Unknown(f"`{text}` can't be looked up: {error}", text)


def _method(value: Made, cls: type[Any], name: str, text: str) -> Value:
    found = inspect.getattr_static(cls, name, None)
    if isinstance(found, staticmethod):
        return Known(found.__func__)
    if isinstance(found, classmethod):
        return Partial(Known(found.__func__), Arguments((Known(cls),)))
    if isinstance(found, FunctionType):
        return Partial(Known(found), Arguments((value,)))
    return Unknown(f"`{text}` belongs to an object that is made at run time", text)


def arguments_of(node: ast.Call, frame: Frame) -> Arguments:
    """The arguments of a call, as values."""
    positional, open_ended = _spread(node.args, frame)
    keywords = {keyword.arg: resolve(keyword.value, frame) for keyword in node.keywords if keyword.arg}
    return Arguments(positional, keywords, open_ended or any(keyword.arg is None for keyword in node.keywords))


def _spread(nodes: list[ast.expr], frame: Frame) -> tuple[tuple[Value, ...], bool]:
    """The values of a list of expressions, and whether one of them is `*` of unknown length."""
    values: list[Value] = []
    open_ended = False
    for node in nodes:
        if not isinstance(node, ast.Starred):
            values.append(resolve(node, frame))
            continue
        inner = resolve(node.value, frame)
        if isinstance(inner, Series):
            values.extend(inner.items)
        else:
            open_ended = True
            values.append(inner)
    return tuple(values), open_ended


def _repeated(node: ast.ListComp | ast.GeneratorExp | ast.SetComp, frame: Frame) -> Value:
    before = frame.names
    frame.names = dict(before)
    try:
        for generator in node.generators:
            bind(generator.target, item_of(resolve(generator.iter, frame)), frame)
        first = node.generators[0]
        made = Repeated(resolve(node.elt, frame), each(first.target, first.iter), node)
        return Series((made,)) if isinstance(node, ast.ListComp) else made
    finally:
        frame.names = before


def each(target: ast.expr, items: ast.expr) -> str:
    """A loop's head as people read it."""
    return f"for {shown(target)} in {shown(items)}"


def _called(node: ast.Call, frame: Frame) -> Value:
    if isinstance(node.func, ast.Attribute):
        owner = resolve(node.func.value, frame)
        if isinstance(owner, Handle):
            return _made_by_verb(node, node.func.attr, owner, frame)
        if node.func.attr == "get" and entries_of(owner) and node.args:
            default = resolve(node.args[1], frame) if len(node.args) > 1 else None
            return picked(owner, resolve(node.args[0], frame), shown(node), default)
    callee = resolve(node.func, frame)
    arguments = arguments_of(node, frame)
    if isinstance(callee, Known):
        return _constructed(callee.obj, arguments, shown(node))
    return computed(node)


def _made_by_verb(node: ast.Call, verb: str, handle: Handle, frame: Frame) -> Value:
    arguments = arguments_of(node, frame)
    if verb == "saga":
        return SagaHandle()
    if verb == "call" and arguments.positional:
        return Later(arguments.positional[0], arguments.after(1), node, handle)
    return computed(node)


def _constructed(obj: Any, arguments: Arguments, text: str) -> Value:
    given = arguments.positional
    if obj is functools.partial and given:
        return Partial(given[0], arguments.after(1))
    if obj is timedelta:
        return _computed_now(timedelta, arguments, text)
    if (obj is list or obj is tuple) and len(given) == 1 and isinstance(given[0], Series | Repeated):
        return given[0] if isinstance(given[0], Series) else Series((given[0],))
    if isinstance(obj, type):
        return Made(obj)
    if getattr(obj, "baton_names_action", False):
        return _computed_now(obj, arguments, text)
    return Unknown(f"`{text}` is computed at run time", text)


def _computed_now(fn: Callable[..., Any], arguments: Arguments, text: str) -> Value:
    """What a call gives whose arguments the source tells, of a function that needs no run."""
    plain = [value.obj for value in arguments.positional if isinstance(value, Known)]
    named = {name: value.obj for name, value in arguments.keywords.items() if isinstance(value, Known)}
    whole = len(plain) == len(arguments.positional) and len(named) == len(arguments.keywords)
    if whole and not arguments.open_ended:
        try:
            return Known(fn(*plain, **named))
        except (TypeError, OverflowError, ValueError):
            pass
    return Unknown(f"`{text}` is computed at run time", text)


def _constant(node: ast.Constant, _frame: Frame) -> Value:
    return Known(node.value)


def _name(node: ast.Name, frame: Frame) -> Value:
    return frame.lookup(node.id)


def _attribute(node: ast.Attribute, frame: Frame) -> Value:
    return attribute(resolve(node.value, frame), node.attr, shown(node))


def _named(node: ast.NamedExpr, frame: Frame) -> Value:
    return resolve(node.value, frame)


def _conditional(node: ast.IfExp, frame: Frame) -> Value:
    return one_of([resolve(node.body, frame), resolve(node.orelse, frame)], [f"if {shown(node.test)}", "else"])


def _sum(node: ast.BinOp, frame: Frame) -> Value:
    """Two lists in a row; a list of unknown length is one repeated item."""
    sides = [resolve(node.left, frame), resolve(node.right, frame)]
    if not isinstance(node.op, ast.Add) or not all(isinstance(side, Series | Repeated) for side in sides):
        return computed(node)
    return Series(tuple(item for side in sides for item in (side.items if isinstance(side, Series) else (side,))))


def _either(node: ast.BoolOp, frame: Frame) -> Value:
    return one_of(resolve(value, frame) for value in node.values)


def _lambda(node: ast.Lambda, _frame: Frame) -> Value:
    return LambdaValue(node)


def _series(node: ast.Tuple | ast.List, frame: Frame) -> Value:
    return Series(_spread(node.elts, frame)[0])


def _dict(node: ast.Dict, frame: Frame) -> Value:
    pairs = [(key, value) for key, value in zip(node.keys, node.values, strict=True) if key is not None]
    if len(pairs) < len(node.keys):
        return computed(node)
    return Table(tuple((resolve(key, frame), resolve(value, frame)) for key, value in pairs))


def _subscript(node: ast.Subscript, frame: Frame) -> Value:
    return picked(resolve(node.value, frame), resolve(node.slice, frame), shown(node))


_READERS: dict[type[ast.expr], Callable[[Any, Frame], Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.NamedExpr: _named,
    ast.IfExp: _conditional,
    ast.BinOp: _sum,
    ast.BoolOp: _either,
    ast.Lambda: _lambda,
    ast.Tuple: _series,
    ast.List: _series,
    ast.ListComp: _repeated,
    ast.GeneratorExp: _repeated,
    ast.SetComp: _repeated,
    ast.Dict: _dict,
    ast.Subscript: _subscript,
    ast.Call: _called,
}
