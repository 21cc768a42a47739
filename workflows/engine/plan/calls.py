"""Follows a call into the function that is given the run."""

from __future__ import annotations

import ast
import functools
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

from workflows.engine.definition import Workflow, first_line
from workflows.engine.errors import PlanError
from workflows.engine.plan.context import DEEPEST, Context, Site
from workflows.engine.plan.model import UNKNOWN_NAME, NodeKind, PlanNode
from workflows.engine.plan.resolve import resolve
from workflows.engine.plan.scope import Frame, bound, local_names, own_yields, stores
from workflows.engine.plan.source import Definition, FunctionSource, source_of
from workflows.engine.plan.values import (
    Arguments,
    Handle,
    Imported,
    Known,
    LambdaValue,
    LocalFunction,
    Partial,
    SagaHandle,
    Series,
    Unknown,
    Value,
    Verb,
)

IMPORT_ADVICE = "import it at the top of the module"


def unwrapped(value: Value) -> tuple[Value, Arguments]:
    """A callable without partials and bound objects, and the arguments that these give."""
    arguments = Arguments()
    while True:
        match value:
            case Partial(target=target, arguments=given):
                value, arguments = target, given.before(arguments)
            case Known(obj=MethodType() as method):
                value, arguments = Known(method.__func__), Arguments((Known(method.__self__),)).before(arguments)
            case Known(obj=functools.partial() as partial):
                keywords = {name: Known(item) for name, item in partial.keywords.items()}
                given = Arguments(tuple(Known(item) for item in partial.args), keywords)
                value, arguments = Known(partial.func), given.before(arguments)
            case _:
                return value, arguments


def spec_name(value: Value) -> Any:
    """The `CallSpec` of a step or action, or None."""
    return getattr(value.obj, "baton_spec", None) if isinstance(value, Known) else None


def name_of(value: Value) -> tuple[str, str]:
    """The name and title of a callable, for a branch or group."""
    match unwrapped(value)[0]:
        case Known(obj=Workflow(name=name, title=title)):
            return name, title
        case Known(obj=obj):
            spec = getattr(obj, "baton_spec", None)
            if spec is not None:
                return spec.name, spec.title
            name = getattr(obj, "__name__", UNKNOWN_NAME)
            return name, (first_line(obj) if isinstance(obj, FunctionType) else "") or name
        case LocalFunction(node=node):
            doc = (ast.get_docstring(node) or "").split("\n", 1)[0].rstrip(".")
            return node.name, doc or node.name
        case Verb(name=name):
            return name, name
    return UNKNOWN_NAME, UNKNOWN_NAME


def carries_run(arguments: Arguments) -> bool:
    """Whether a call gives away the run or a saga."""
    values = (*arguments.positional, *arguments.keywords.values())
    return any(_holds_run(value) for value in values)


def _holds_run(value: Value) -> bool:
    return isinstance(value, Handle | SagaHandle) or (isinstance(value, Partial) and carries_run(value.arguments))


def follow(site: Site, value: Value, arguments: Arguments, handle: Handle) -> list[PlanNode]:
    """The nodes of the body of a function that is called with `arguments`, its verbs due on `handle`."""
    value, given = unwrapped(value)
    arguments = given.before(arguments)
    site.ctx.verbs += 1
    outer = None
    match value:
        case LocalFunction(node=node, frame=outer):
            source = FunctionSource(node, outer.file, outer.outside, outer.unset)
            names = bound(node, arguments, _local_defaults(node, outer))
        case Known(obj=FunctionType() as fn):
            try:
                source = source_of(fn)
            except PlanError as error:
                site.error(f"the steps of {fn.__qualname__} can't be read: {error}")
                return []
            names = bound(source.node, arguments, {name: Known(value) for name, value in source.defaults.items()})
        case _:
            site.error(_not_followed(value))
            return []
    if handle in arguments.positional and not _takes(names, handle):
        site.error(f"{source.node.name} is given the run but has no parameter for it: make it the first one")
        return []
    trail = (*site.frame.trail, source.node)
    local = local_names(source.node)
    inner = Frame(source.file, handle, source.outside, source.unset, local, outer, trail, names)
    return _body(site, source.node, inner)


def _takes(names: dict[str, Value], handle: Handle) -> bool:
    return any(value is handle or (isinstance(value, Series) and handle in value.items) for value in names.values())


def _body(site: Site, node: Definition, inner: Frame) -> list[PlanNode]:
    if node in site.frame.trail:
        site.warn(f"{node.name} calls itself; a loop is easier to follow and to replay")
        return [site.node(NodeKind.LOOP, node.name, f"{node.name} again")]
    if len(inner.trail) > DEEPEST:
        site.error(f"calls are nested more than {DEEPEST} deep; split the workflow into child workflows")
        return []
    return body_nodes(site.ctx, node, inner)


def body_nodes(ctx: Context, node: Definition, frame: Frame) -> list[PlanNode]:
    """The nodes of a function's body; a coroutine or generator is a problem."""
    if isinstance(node, ast.AsyncFunctionDef):
        ctx.error(frame, node, f"{node.name} is `async def`; write a plain `def`, waiting costs no worker")
        return []
    if own_yields(node):
        ctx.error(frame, node, f"{node.name} contains `yield`; return a list, so that its steps have an order")
        return []
    for name in [name for name, value in frame.names.items() if isinstance(value, Handle)]:
        for place in stores(node, name):
            ctx.error(frame, place, f"`{name}` is the run and is assigned anew: use another name")
    return ctx.read_block(ctx, node.body, frame)


def _not_followed(value: Value) -> str:
    match value:
        case Known(obj=type() as cls):
            return f"the run is given to the class {cls.__name__}, where its steps can't be seen: give it to a method"
        case Known(obj=Workflow(name=name)):
            return f"{name} is a workflow: start it with run.child"
        case Known(obj=BuiltinFunctionType() as fn):
            return f"the run is given to {fn.__name__}, where its steps can't be seen: call the verb itself"
        case Known(obj=obj) if callable(obj):
            shown = getattr(obj, "__qualname__", type(obj).__name__)
            return f"the run is given to {shown}, whose source can't be read: give it to a plain function"
        case LambdaValue():
            return "this is a lambda; write a function with `def`, so that its steps can be read"
        case Imported(dotted=dotted):
            return f"the run is given to {dotted}, imported inside the body: {IMPORT_ADVICE}"
        case Unknown(reason=reason):
            return f"the run is given to something that can't be followed ({reason}): call a function by its name"
    return "the run is given to something that can't be followed: call a function by its name"


def _local_defaults(node: Definition, frame: Frame) -> dict[str, Value]:
    taken = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args)]
    given = node.args.defaults
    defaults = {
        name: resolve(value, frame) for name, value in zip(taken[len(taken) - len(given) :], given, strict=True)
    }
    for arg, value in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
        if value is not None:
            defaults[arg.arg] = resolve(value, frame)
    return defaults
