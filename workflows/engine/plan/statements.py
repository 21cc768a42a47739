"""Reads the statements of a body: sequences, loops, choices, fallbacks and sagas."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from workflows.engine.plan.context import Context, Site
from workflows.engine.plan.exits import check_suppress, leaves
from workflows.engine.plan.expressions import check_hidden, expression, forget
from workflows.engine.plan.fallbacks import fallback
from workflows.engine.plan.items import bind, item_of
from workflows.engine.plan.lint import check_unordered
from workflows.engine.plan.model import NodeKind, PlanNode
from workflows.engine.plan.resolve import each, resolve, shown
from workflows.engine.plan.scope import Frame, merge
from workflows.engine.plan.source import Definition
from workflows.engine.plan.values import (
    Handle,
    Imported,
    LocalFunction,
    Repeated,
    SagaHandle,
    Series,
    Unknown,
    Value,
    one_of,
)

Part = Callable[[], list[PlanNode]]


def block(ctx: Context, body: list[ast.stmt], frame: Frame) -> list[PlanNode]:
    """The nodes of a sequence of statements."""
    nodes: list[PlanNode] = []
    for statement in body:
        nodes += _statement(ctx, statement, frame)
        if leaves([statement]):
            break  # what follows is never reached
    return nodes


def _statement(ctx: Context, node: ast.stmt, frame: Frame) -> list[PlanNode]:
    reader = _READERS.get(type(node))
    if reader is not None:
        return reader(ctx, node, frame)
    return _parts(ctx, (child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)), frame)


def _parts(ctx: Context, parts: Iterable[ast.expr], frame: Frame) -> list[PlanNode]:
    return [node for part in parts for node in expression(ctx, part, frame)]


def _function(ctx: Context, node: Definition, frame: Frame) -> list[PlanNode]:
    defaults = (part for part in (*node.args.defaults, *node.args.kw_defaults) if part is not None)
    nodes = _parts(ctx, (*node.decorator_list, *defaults), frame)
    frame.names[node.name] = LocalFunction(node, frame)
    return nodes


def _class(ctx: Context, node: ast.ClassDef, frame: Frame) -> list[PlanNode]:
    check_hidden(ctx, node, frame)
    frame.names[node.name] = Unknown(f"{node.name} is a class that is defined inside the body", node.name)
    return []


def _import(_ctx: Context, node: ast.Import, frame: Frame) -> list[PlanNode]:
    for alias in node.names:
        root = alias.name.split(".", maxsplit=1)[0]
        frame.names[alias.asname or root] = Imported(alias.name if alias.asname else root)
    return []


def _import_from(_ctx: Context, node: ast.ImportFrom, frame: Frame) -> list[PlanNode]:
    for alias in node.names:
        frame.names[alias.asname or alias.name] = Imported(f"{node.module or ''}.{alias.name}")
    return []


def _assign(ctx: Context, node: ast.Assign | ast.AnnAssign | ast.AugAssign, frame: Frame) -> list[PlanNode]:
    if node.value is None:
        return []
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    if isinstance(node, ast.AugAssign):
        left = ast.copy_location(ast.BinOp(node.target, node.op, node.value), node)
        value: Value = resolve(left, frame)
    else:
        value = resolve(node.value, frame)
    alias = isinstance(value, Handle | SagaHandle) and all(isinstance(target, ast.Name) for target in targets)
    nodes = [] if alias or isinstance(value, LocalFunction) else expression(ctx, node.value, frame)
    for target in targets:
        if not isinstance(target, ast.Name):
            nodes += expression(ctx, target, frame)
        if isinstance(target, ast.Subscript):
            forget(target.value, frame)
        bind(target, value, frame)
    return nodes


def _apart(frame: Frame, parts: list[tuple[Part, str]], *, complete: bool) -> list[list[PlanNode]]:
    """Read parts of which one is taken, and leave the names as any of them may have left them."""
    before = frame.names
    after = [] if complete else [before]
    read = []
    for part, end in parts:
        frame.names = dict(before)
        read.append(part())
        if not end:
            after.append(frame.names)
    frame.names = merge(after) if after else dict(before)
    return read


def _if(ctx: Context, node: ast.If, frame: Frame) -> list[PlanNode]:
    start = expression(ctx, node.test, frame)
    name, title, otherwise = _condition(node.test, frame)
    ends = leaves(node.body), leaves(node.orelse)
    parts = [(lambda: block(ctx, node.body, frame), ends[0]), (lambda: block(ctx, node.orelse, frame), ends[1])]
    taken, other = _apart(frame, parts, complete=True)
    if not taken and not other:
        return start
    site = Site(ctx, node, frame)
    options = [site.leaving(NodeKind.OPTION, name, title, (taken, ends[0]))]
    if len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If) and [n.kind for n in other] == [NodeKind.CHOICE]:
        options += other[0].children  # elif
    elif node.orelse:
        last = Site(ctx, node.orelse[0], frame)
        options.append(last.leaving(NodeKind.OPTION, "else", otherwise, (other, ends[1])))
    return [*start, site.node(NodeKind.CHOICE, "if", "One of these", options)]


def _condition(test: ast.expr, frame: Frame) -> tuple[str, str, str]:
    """The name and title of an `if`, and the title of its `else`."""
    match test:
        case ast.Call(func=ast.Attribute(value=owner, attr="patched"), args=[ast.Constant(value=str() as patch)]):
            if isinstance(resolve(owner, frame), Handle):
                return f"patched {patch}", f"with the change {patch}", f"without the change {patch}"
    return "if", f"if {shown(test)}", "else"


def _match(ctx: Context, node: ast.Match, frame: Frame) -> list[PlanNode]:
    start = expression(ctx, node.subject, frame)

    def part(case: ast.match_case) -> Part:
        def read() -> list[PlanNode]:
            for inner in ast.walk(case.pattern):
                name = getattr(inner, "name", None) or getattr(inner, "rest", None)
                if isinstance(name, str):
                    frame.names[name] = Unknown(f"`{name}` is known at run time only", name)
            return expression(ctx, case.guard, frame) + block(ctx, case.body, frame)

        return read

    parts = [(part(case), leaves(case.body)) for case in node.cases]
    read = _apart(frame, parts, complete=False)
    if not any(read):
        return start
    options = []
    for case, nodes in zip(node.cases, read, strict=True):
        guard = f" if {shown(case.guard)}" if case.guard else ""
        title = f"case {shown(case.pattern)}{guard}"
        site = Site(ctx, case.pattern, frame)
        options.append(site.leaving(NodeKind.OPTION, "case", title, (nodes, leaves(case.body))))
    title = f"depending on {shown(node.subject)}"
    return [*start, Site(ctx, node, frame).node(NodeKind.CHOICE, "match", title, options)]


def _loop(ctx: Context, node: ast.For | ast.While, frame: Frame) -> list[PlanNode]:
    start = expression(ctx, node.iter, frame) if isinstance(node, ast.For) else []
    before = dict(frame.names)
    for name in set(_assigned(node.body)) & set(before):
        frame.names[name] = _unsure(name, before[name])
    if isinstance(node, ast.For):
        bind(node.target, item_of(resolve(node.iter, frame)), frame)
        inside, name, title = [], "for", each(node.target, node.iter)
    else:
        inside, name, title = expression(ctx, node.test, frame), "while", f"while {shown(node.test)}"
    inside = inside + block(ctx, node.body, frame)
    frame.names = merge([_grown(before, frame.names, title, node), before])
    nodes = list(start)
    if inside:
        if isinstance(node, ast.For):
            check_unordered(ctx, node.iter, frame)
        nodes.append(Site(ctx, node, frame).node(NodeKind.LOOP, name, title, inside))
    after = block(ctx, node.orelse, frame)
    if after:
        site = Site(ctx, node.orelse[0], frame)
        option = site.node(NodeKind.OPTION, "if", "if the loop ran to its end", after)
        nodes.append(site.node(NodeKind.CHOICE, "if", "One of these", [option]))
    return nodes


def _assigned(body: list[ast.stmt]) -> Iterator[str]:
    for statement in body:
        for inner in ast.walk(statement):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                yield inner.id


def _unsure(name: str, value: Value) -> Value:
    """A name that the loop assigns again: its value in the next round is not told by the line before."""
    if isinstance(value, Handle | SagaHandle | Series):
        return value
    return Unknown(f"`{name}` is assigned again inside this loop; give each its own name", name)


def _grown(before: dict[str, Value], after: dict[str, Value], title: str, node: ast.AST) -> dict[str, Value]:
    """The names after a loop, in which lists may have been added to any number of times."""
    names = dict(after)
    for name, value in after.items():
        old = before.get(name)
        if isinstance(old, Series) and isinstance(value, Series) and len(value.items) > len(old.items):
            more = Repeated(one_of(value.items[len(old.items) :]), title, node)
            names[name] = before[name] = Series((*old.items, more))
    return names


def _with(ctx: Context, items: list[ast.withitem], node: ast.With, frame: Frame) -> list[PlanNode]:
    if not items:
        return block(ctx, node.body, frame)
    item, rest = items[0], items[1:]
    value = resolve(item.context_expr, frame)
    if isinstance(value, SagaHandle):
        ctx.verbs += 1
        if item.optional_vars is not None:
            bind(item.optional_vars, value, frame)
        ctx.sagas += 1
        inside = _with(ctx, rest, node, frame)
        ctx.sagas -= 1
        return [Site(ctx, item.context_expr, frame).node(NodeKind.SAGA, "saga", "All or none", inside)]
    nodes = expression(ctx, item.context_expr, frame)
    if item.optional_vars is not None:
        bind(item.optional_vars, Unknown("what a `with` binds is known at run time only"), frame)
    seen = ctx.verbs
    nodes += _with(ctx, rest, node, frame)
    check_suppress(ctx, item.context_expr, frame, around_verbs=ctx.verbs > seen)
    return nodes


def _with_items(ctx: Context, node: ast.With, frame: Frame) -> list[PlanNode]:
    return _with(ctx, node.items, node, frame)


_READERS: dict[type[ast.stmt], Callable[[Context, Any, Frame], list[PlanNode]]] = {
    ast.If: _if,
    ast.Match: _match,
    ast.For: _loop,
    ast.While: _loop,
    ast.Try: fallback,
    ast.TryStar: fallback,
    ast.With: _with_items,
    ast.Assign: _assign,
    ast.AnnAssign: _assign,
    ast.AugAssign: _assign,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
}
