"""The nodes that the verbs of a run stand for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from types import FunctionType
from typing import Any

from workflows.engine.approving.policy import Policy
from workflows.engine.definition import Workflow
from workflows.engine.plan.calls import IMPORT_ADVICE, follow, name_of, spec_name, unwrapped
from workflows.engine.plan.context import Site
from workflows.engine.plan.items import item_of
from workflows.engine.plan.model import UNKNOWN_NAME, NodeKind, PlanNode
from workflows.engine.plan.values import (
    Arguments,
    Handle,
    Imported,
    Known,
    LambdaValue,
    Later,
    LocalFunction,
    Maybe,
    Repeated,
    Series,
    Several,
    Unknown,
    Value,
    Verb,
    alternatives,
)

Make = Callable[[Value], list[PlanNode]]
WAITS = frozenset({"signal", "sleep", "approval", "child"})
"""What `run.first` can wait for."""
NO_TARGET = Unknown("it has no first argument")


def verb_nodes(site: Site, verb: str, arguments: Arguments) -> list[PlanNode]:
    """What one call of a verb shows as; `now`, `note` and the like show as nothing."""
    site.ctx.verbs += 1
    reader = _READERS.get(verb)
    return reader(site, arguments) if reader is not None else []


def _target(arguments: Arguments, name: str = "") -> Value:
    return arguments.get(0, name) or NO_TARGET


def _steps(site: Site, arguments: Arguments) -> list[PlanNode]:
    return chosen(site, _target(arguments), lambda value: [_step(site, NodeKind.STEP, value)])


def compensation(site: Site, arguments: Arguments) -> list[PlanNode]:
    """What `saga.on_failure(…)` shows as."""
    site.ctx.verbs += 1
    return chosen(site, _target(arguments), lambda value: [_step(site, NodeKind.COMPENSATION, value)])


def chosen(site: Site, value: Value, make: Make) -> list[PlanNode]:
    """What `make` gives for the value, or a choice when it may be one of several."""
    if not isinstance(value, Several):
        return make(value)
    options = []
    for one, title in alternatives(value):
        name = one.obj if isinstance(one, Known) and isinstance(one.obj, str) else name_of(one)[0]
        options.append(site.node(NodeKind.OPTION, name, title or name, make(one)))
    return [site.node(NodeKind.CHOICE, "which", "One of these", options)]


def _step(site: Site, kind: NodeKind, value: Value) -> PlanNode:
    spec = spec_name(unwrapped(value)[0])
    if spec is not None:
        return site.node(kind, spec.name, spec.title)
    verb = "run.step" if kind is NodeKind.STEP else "saga.on_failure"
    site.error(f"{verb}: {_no_step(unwrapped(value)[0])}")
    text = value.text if isinstance(value, Unknown) else name_of(value)[0]
    return site.node(kind, UNKNOWN_NAME, text)


def _no_step(value: Value) -> str:
    advice = "name a step or action from the top of a module, or choose between two with `a if … else b`"
    match value:
        case LocalFunction(node=node):
            return f"{node.name} is defined inside the body: move the step to the top of the module"
        case LambdaValue():
            return "a lambda is no step: write a function and decorate it with @step(idempotent=…)"
        case Known(obj=Workflow(name=name)):
            return f"{name} is a workflow: start it with run.child"
        case Known(obj=FunctionType() as fn):
            how = f"decorate it with @step(idempotent=…), or call {fn.__name__}(run, …) if it takes the run"
            return f"{fn.__qualname__} is neither a step nor an action: {how}"
        case Known(obj=obj):
            return f"{getattr(obj, '__qualname__', repr(obj)[:80])} is neither a step nor an action: {advice}"
        case Imported(dotted=dotted):
            return f"{dotted} is imported inside the body: {IMPORT_ADVICE}"
        case Unknown(reason=reason):
            return f"the target can't be resolved ({reason}): {advice}"
    return f"the target is neither a step nor an action: {advice}"


def _children(site: Site, arguments: Arguments) -> list[PlanNode]:
    return chosen(site, _target(arguments, "workflow"), lambda value: [_child(site, value)])


def _child(site: Site, value: Value) -> PlanNode:
    match value:
        case Known(obj=Workflow(name=name, title=title)):
            return site.node(NodeKind.CHILD, name, title)
        case Unknown(reason=reason, text=text):
            site.error(f"run.child: the workflow can't be resolved ({reason}): name one from the top of a module")
            return site.node(NodeKind.CHILD, UNKNOWN_NAME, text)
    site.error(f"run.child: {name_of(value)[0]} is no workflow: decorate it with @workflow(…)")
    return site.node(NodeKind.CHILD, UNKNOWN_NAME, UNKNOWN_NAME)


def branch_nodes(site: Site, target: Value, arguments: Arguments) -> list[PlanNode]:
    """What one branch of `parallel`, `first` or `map` does, with a run handle of its own."""

    def make(value: Value) -> list[PlanNode]:
        inner, given = unwrapped(value)
        if spec_name(inner) is not None:
            return [_step(site, NodeKind.STEP, inner)]
        if isinstance(inner, Verb):
            return verb_nodes(site, inner.name, given.before(arguments))
        if isinstance(inner, Known) and isinstance(inner.obj, Workflow):
            site.error(f"{inner.obj.name} is a workflow: write run.call(Run.child, {inner.obj.name}, …)")
            return [site.node(NodeKind.CHILD, inner.obj.name, inner.obj.title)]
        handle = Handle(f"the branch {name_of(inner)[0]}", branch=True)
        return follow(site, value, Arguments((handle,)).before(arguments), handle)

    return chosen(site, target, make)


def _parallel(site: Site, arguments: Arguments) -> list[PlanNode]:
    children = _branches(site, "parallel", arguments)
    return [site.node(NodeKind.PARALLEL, "parallel", "Side by side", children)]


def _first(site: Site, arguments: Arguments) -> list[PlanNode]:
    children = _branches(site, "first", arguments)
    return [site.node(NodeKind.FIRST, "first", "Whichever comes first", children)]


def _branches(site: Site, verb: str, arguments: Arguments) -> list[PlanNode]:
    if not arguments.positional:
        site.error(f"run.{verb} has no branches: give it run.call(…) for each")
    return [node for value in arguments.positional for node in _branch(site, verb, value)]


def _branch(site: Site, verb: str, value: Value) -> list[PlanNode]:
    match value:
        case Later():
            return [_called(site.to(value.node), verb, value)]
        case Repeated(item=item, title=title, node=node):
            return [site.to(node).node(NodeKind.LOOP, "for", title, _branch(site, verb, item))]
        case Maybe(item=item):
            option = site.node(NodeKind.OPTION, "if", "if asked for", _branch(site, verb, item))
            return [site.node(NodeKind.CHOICE, "if", "One of these", [option])]
        case Several():
            return chosen(site, value, lambda one: _branch(site, verb, one))
        case Series(items=items):
            return [node for item in items for node in _branch(site, verb, item)]
    why = f" ({value.reason})" if isinstance(value, Unknown) else ""
    site.error(f"run.{verb}: a branch can't be read{why}: write each as run.call(f, …), or use run.map")
    return []


def _called(site: Site, verb: str, later: Later) -> PlanNode:
    """One `run.call(…)` as a branch."""
    name, title = name_of(later.target)
    if later.handle is not site.frame.handle:
        site.error("run.call was made with another run than the one that takes it")
    waits = all(isinstance(one, Verb) and one.name in WAITS for one, _ in alternatives(later.target))
    if verb == "first" and not waits:
        site.error(f"run.first waits for Run.signal, Run.sleep, Run.approval or Run.child, not for {name}")
    return site.node(NodeKind.BRANCH, name, title, branch_nodes(site, later.target, later.arguments))


def _map(site: Site, arguments: Arguments) -> list[PlanNode]:
    target = _target(arguments, "fn")
    name, title = name_of(target)
    items = arguments.get(1, "items")
    item = item_of(items) if items is not None else NO_TARGET
    children = branch_nodes(site, target, Arguments((item,)))
    return [site.node(NodeKind.MAP, name, f"For each: {title}", children)]


def _approval(site: Site, arguments: Arguments) -> list[PlanNode]:
    approvers = arguments.keywords.get("approvers")
    policy = arguments.keywords.get("policy")
    by_policy = policy.obj if isinstance(policy, Known) and isinstance(policy.obj, Policy | str) else None
    named = policy is not None or (approvers is not None and not _empty(approvers))
    told = _told(approvers) if approvers is not None and not _empty(approvers) else None
    given = arguments.keywords.get("title")
    title = given.obj if isinstance(given, Known) and isinstance(given.obj, str) else ""

    def make(value: Value) -> list[PlanNode]:
        name = _name(site, "approval", value)
        node = site.node(NodeKind.APPROVAL, name, title or name.replace("_", " ").capitalize())
        return [replace(node, names_approvers=named, approvers=told, policy=by_policy)]

    return chosen(site, _target(arguments, "name"), make)


def _told(approvers: Value) -> Sequence[str] | Callable[[Any], Sequence[str]] | None:
    """Who may decide, as far as the source tells: a list of texts, or a function at the top of a module."""
    match approvers:
        case Known(obj=FunctionType() as fn):
            return fn
        case Known(obj=(list() | tuple()) as people):
            return tuple(people)
        case Series(items=items) if all(isinstance(item, Known) and isinstance(item.obj, str) for item in items):
            return tuple(item.obj for item in items if isinstance(item, Known))
    return None


def _empty(value: Value) -> bool:
    return (isinstance(value, Known) and not value.obj) or (isinstance(value, Series) and not value.items)


def _signal(site: Site, arguments: Arguments) -> list[PlanNode]:
    def make(value: Value) -> list[PlanNode]:
        name = _name(site, "signal", value)
        return [site.node(NodeKind.SIGNAL, name, f"Wait for {name}")]

    return chosen(site, _target(arguments, "name"), make)


def _sleep(site: Site, arguments: Arguments) -> list[PlanNode]:
    return [site.node(NodeKind.SLEEP, "sleep", f"Wait {_words(_target(arguments, 'delay'))}")]


def _continue(site: Site, arguments: Arguments) -> list[PlanNode]:
    if site.frame.handle.branch or site.ctx.sagas:
        site.error("run.continue_as_new must be called in the body itself, outside branches and sagas")
    title = "Start over with another input" if arguments.positional or arguments.keywords else "Start over"
    return [site.node(NodeKind.CONTINUE, "continue_as_new", title)]


def _saga(site: Site, _arguments: Arguments) -> list[PlanNode]:
    site.error("run.saga() undoes steps only as a block: write `with run.saga() as saga:`")
    return []


def _name(site: Site, verb: str, value: Value) -> str:
    if isinstance(value, Known) and isinstance(value.obj, str):
        return value.obj
    site.warn(f"the name of this {verb} is known at run time only: write it as text, so that it can be shown")
    return UNKNOWN_NAME


def _words(value: Value) -> str:
    """A pause as people say it."""
    if isinstance(value, Unknown):
        return value.text
    if not isinstance(value, Known) or not isinstance(value.obj, timedelta):
        return UNKNOWN_NAME
    seconds = value.obj.total_seconds()
    for size, word in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        count = seconds / size
        if count >= 1 and count == int(count):
            return f"{int(count)} {word}{'' if count == 1 else 's'}"
    return f"{seconds:g} seconds"


_READERS: dict[str, Callable[[Site, Arguments], list[PlanNode]]] = {
    "step": _steps,
    "child": _children,
    "parallel": _parallel,
    "first": _first,
    "map": _map,
    "approval": _approval,
    "signal": _signal,
    "sleep": _sleep,
    "continue_as_new": _continue,
    "saga": _saga,
}
