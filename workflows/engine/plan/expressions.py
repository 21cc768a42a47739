"""Reads expressions in the order in which Python evaluates them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from workflows.engine.plan.calls import carries_run, follow, name_of, spec_name, unwrapped
from workflows.engine.plan.context import Context, Site
from workflows.engine.plan.items import bind, item_of
from workflows.engine.plan.lint import check_unordered, check_use
from workflows.engine.plan.model import NodeKind, PlanNode
from workflows.engine.plan.resolve import arguments_of, each, resolve, shown
from workflows.engine.plan.scope import Frame
from workflows.engine.plan.values import (
    VERBS,
    Arguments,
    Handle,
    Known,
    LambdaValue,
    Later,
    LocalFunction,
    Maybe,
    Partial,
    Repeated,
    SagaHandle,
    Series,
    Table,
    Unknown,
    Value,
    alternatives,
)
from workflows.engine.plan.verbs import chosen, compensation, verb_nodes

Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
GROWING = frozenset({"append", "extend"})
CHANGING = frozenset({"insert", "remove", "pop", "clear", "sort", "reverse", "update", "setdefault", "popitem"})
"""What changes a list or dict in a way that is not followed."""


def expression(ctx: Context, node: ast.expr | None, frame: Frame) -> list[PlanNode]:
    """The nodes of one expression."""
    match node:
        case None | ast.Constant():
            return []
        case ast.Call():
            return _call(ctx, node, frame)
        case ast.Name() | ast.Attribute():
            return _name(ctx, node, frame)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            parts = [(f"if {shown(test)}", body), ("else", orelse)]
            return [*expression(ctx, test, frame), *_either(ctx, node, parts, frame)]
        case ast.BoolOp(values=[first, *rest]):
            start = expression(ctx, first, frame)
            word = "unless" if isinstance(node.op, ast.Or) else "if"
            parts = [(f"{word} {shown(before)}", value) for before, value in zip(node.values, rest, strict=False)]
            return [*start, *_either(ctx, node, parts, frame)]
        case ast.NamedExpr(target=target, value=value):
            nodes = expression(ctx, value, frame)
            bind(target, resolve(value, frame), frame)
            return nodes
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            return _comprehension(ctx, node, frame)
        case ast.Lambda():
            check_hidden(ctx, node, frame)
            return []
    return [inner for child in _in_order(node) for inner in expression(ctx, child, frame)]


def _in_order(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions right below a node, in the order of evaluation."""
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if key is not None:
                yield key
            yield value
        return
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            yield child
        elif isinstance(child, ast.keyword):
            yield child.value


def _either(ctx: Context, at: ast.AST, parts: list[tuple[str, ast.expr]], frame: Frame) -> list[PlanNode]:
    options = []
    for title, part in parts:
        nodes = expression(ctx, part, frame)
        options.append(Site(ctx, part, frame).node(NodeKind.OPTION, title.split(" ")[0], title, nodes))
    if not any(option.children for option in options):
        return []
    return [Site(ctx, at, frame).node(NodeKind.CHOICE, "if", "One of these", options)]


def _comprehension(ctx: Context, node: Comprehension, frame: Frame) -> list[PlanNode]:
    first = node.generators[0]
    start = expression(ctx, first.iter, frame)
    before, frame.names = frame.names, dict(frame.names)
    inside: list[PlanNode] = []
    for generator in node.generators:
        if generator is not first:
            inside += expression(ctx, generator.iter, frame)
        bind(generator.target, item_of(resolve(generator.iter, frame)), frame)
        for test in generator.ifs:
            inside += expression(ctx, test, frame)
    results = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
    for result in results:
        inside += expression(ctx, result, frame)
    frame.names = before
    if not inside:
        return start
    check_unordered(ctx, first.iter, frame)
    title = each(first.target, first.iter)
    return [*start, Site(ctx, node, frame).node(NodeKind.LOOP, "for", title, inside)]


def _name(ctx: Context, node: ast.Name | ast.Attribute, frame: Frame) -> list[PlanNode]:
    """A name that is not called: the run itself must not be put anywhere."""
    if isinstance(node, ast.Attribute):
        owner = resolve(node.value, frame)
        if isinstance(owner, Handle):
            if node.attr in VERBS:
                ctx.error(frame, node, f"{shown(node)} is used as a value: call the verb where the step is to happen")
            return []
        check_use(ctx, resolve(node, frame), node, frame)
        return [] if isinstance(owner, SagaHandle) else expression(ctx, node.value, frame)
    if isinstance(node.ctx, ast.Store):
        return []
    value = resolve(node, frame)
    check_use(ctx, value, node, frame)
    if isinstance(value, Handle | SagaHandle):
        ctx.error(
            frame, node, f"`{node.id}` is put where its steps can't be seen: give it to a function as an argument"
        )
    elif isinstance(value, LocalFunction):
        check_hidden(ctx, value.node, value.frame)
    return []


def check_hidden(ctx: Context, node: ast.AST, frame: Frame) -> None:
    """Report verbs inside a lambda, class or function that is called by others than the body."""
    own: set[str] = set()
    if isinstance(node, ast.Lambda | ast.FunctionDef | ast.AsyncFunctionDef):
        own = {inner.arg for inner in ast.walk(node.args) if isinstance(inner, ast.arg)}
    for inner in ast.walk(node):
        if not isinstance(inner, ast.Name) or inner.id in own or not isinstance(inner.ctx, ast.Load):
            continue
        if isinstance(frame.lookup(inner.id), Handle | SagaHandle):
            what = "a lambda" if isinstance(node, ast.Lambda) else getattr(node, "name", "this")
            ctx.error(frame, inner, f"the steps in {what} can't be seen: write a function and call it with the run")
            return


def _call(ctx: Context, node: ast.Call, frame: Frame) -> list[PlanNode]:
    if isinstance(node.func, ast.Attribute):
        nodes = _on_owner(ctx, node, node.func, frame)
        if nodes is not None:
            return nodes
    callee = resolve(node.func, frame)
    if isinstance(callee, Known) and _only_looks(callee):
        return _arguments(ctx, node, frame, verb=True)
    arguments = arguments_of(node, frame)
    partial = isinstance(resolve(node, frame), Partial)
    gives_run = carries_run(Arguments((callee,)).before(arguments)) or _is_local(callee)
    nodes = [] if isinstance(node.func, ast.Name) else expression(ctx, node.func, frame)
    nodes += _arguments(ctx, node, frame, verb=gives_run or partial)
    site = Site(ctx, node, frame)
    if gives_run and not partial:
        nodes += chosen(site, callee, lambda one: _group(site, one, arguments))
    else:
        _check_callee(site, node, callee, arguments)
    for inner in node.args:
        if isinstance(inner, ast.Name) and _holds_calls(resolve(inner, frame)):
            forget(inner, frame)
    return nodes


def _on_owner(ctx: Context, node: ast.Call, func: ast.Attribute, frame: Frame) -> list[PlanNode] | None:
    """The nodes of a method of the run, a saga or a list that is followed; None for any other."""
    owner = resolve(func.value, frame)
    if isinstance(owner, Handle) and func.attr in VERBS:
        return _verb(ctx, node, func.attr, owner, frame)
    if isinstance(owner, SagaHandle):
        nodes = _arguments(ctx, node, frame, verb=True)
        if func.attr == "on_failure":
            nodes += compensation(Site(ctx, node, frame), arguments_of(node, frame))
        return nodes
    if isinstance(func.value, ast.Name) and func.attr in GROWING and isinstance(owner, Series):
        return _grow(ctx, node, func.value.id, owner, frame)
    if func.attr in CHANGING:
        forget(func.value, frame)
    return None


def _check_callee(site: Site, node: ast.Call, callee: Value, arguments: Arguments) -> None:
    check_use(site.ctx, callee, node, site.frame, arguments)
    if spec_name(unwrapped(callee)[0]) is not None:
        site.warn(f"{shown(node.func)} is called directly and not recorded: write run.step({shown(node.func)}, …)")


def _holds_calls(value: Value) -> bool:
    """Whether a list may be one of branches, which a function that is given it could add to."""
    return isinstance(value, Series) and all(isinstance(item, Later | Repeated | Maybe) for item in value.items)


def _verb(ctx: Context, node: ast.Call, verb: str, handle: Handle, frame: Frame) -> list[PlanNode]:
    site = Site(ctx, node, frame)
    nodes = _arguments(ctx, node, frame, verb=True)
    if handle is not frame.handle:
        where = f"run.{verb} is called on the run of {handle.name} inside {frame.handle.name}"
        site.error(f"{where}: use the run that the branch is given as its first parameter")
    arguments = arguments_of(node, frame)
    if carries_run(arguments):
        site.error(
            f"run.{verb} is given the run itself: a step takes a StepContext, and a branch gets a run of its own"
        )
    return nodes + verb_nodes(site, verb, arguments)


def _arguments(ctx: Context, node: ast.Call, frame: Frame, *, verb: bool) -> list[PlanNode]:
    """The nodes inside a call's arguments; with `verb`, functions and runs among them are dealt with elsewhere."""
    nodes: list[PlanNode] = []
    for inner in (*node.args, *(keyword.value for keyword in node.keywords)):
        if verb and isinstance(inner, ast.Name) and not _is_hidden(resolve(inner, frame)):
            continue
        nodes += expression(ctx, inner, frame)
    return nodes


def _is_hidden(value: Value) -> bool:
    return not isinstance(value, Handle | SagaHandle | LocalFunction | LambdaValue)


def _is_local(value: Value) -> bool:
    return any(isinstance(unwrapped(one)[0], LocalFunction) for one, _ in alternatives(value))


def _only_looks(callee: Known) -> bool:
    """Whether a builtin looks at the run without keeping it."""
    return any(callee.obj is harmless for harmless in (isinstance, type, id, repr, str, print, bool, len, list, tuple))


def _group(site: Site, callee: Value, arguments: Arguments) -> list[PlanNode]:
    """What a function that is given the run does, under its name."""
    inner = unwrapped(callee)[0]
    name, title = name_of(inner)
    if spec_name(inner) is not None:
        site.error(f"{name} is a step: write run.step({name}, …)")
        return [site.node(NodeKind.STEP, name, title)]
    nodes = follow(site, callee, arguments, site.frame.handle)
    again = len(nodes) == 1 and nodes[0].kind is NodeKind.LOOP and nodes[0].name == name
    return [site.node(NodeKind.GROUP, name, title, nodes)] if nodes and not again else nodes


def forget(node: ast.expr, frame: Frame) -> None:
    """A list or dict is changed in place: what is in it is no longer told."""
    if isinstance(node, ast.Name) and isinstance(frame.names.get(node.id), Series | Table):
        frame.names[node.id] = Unknown(f"`{node.id}` is changed in place", node.id)


def _grow(ctx: Context, node: ast.Call, name: str, owner: Series, frame: Frame) -> list[PlanNode]:
    """A list of branches that is added to."""
    nodes = _arguments(ctx, node, frame, verb=True)
    added = arguments_of(node, frame).positional[:1]
    grown: Iterable[Value] = added
    if node.args and isinstance(node.func, ast.Attribute) and node.func.attr == "extend":
        grown = added[0].items if isinstance(added[0], Series) else added
    frame.names[name] = Series((*owner.items, *grown))
    return nodes
