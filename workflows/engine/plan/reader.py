"""Reads the plan of a workflow from the source of its function."""

from __future__ import annotations

import os
from functools import lru_cache
from types import FunctionType
from typing import Any

from workflows.engine.definition import Workflow
from workflows.engine.errors import PlanError
from workflows.engine.plan.calls import body_nodes, unwrapped
from workflows.engine.plan.context import Context
from workflows.engine.plan.lint import check_length
from workflows.engine.plan.model import Plan, PlanNode, Problem, Severity, version_of
from workflows.engine.plan.scope import Frame, bound, local_names
from workflows.engine.plan.source import source_of
from workflows.engine.plan.statements import block
from workflows.engine.plan.values import Arguments, Handle, Known, Unknown


def plan_of(workflow: Workflow[Any, Any], *, strict: bool = False) -> Plan:
    """The plan of a workflow; with `strict`, one that has errors raises PlanError.

    It is read once per function. What can't be read is among `Plan.problems`, and shown as `…`.
    """
    plan = _read(workflow.fn, workflow.on_failure, workflow.name, workflow.title)
    return plan.require() if strict else plan


@lru_cache(maxsize=1024)
def _read(fn: Any, on_failure: Any, name: str, title: str) -> Plan:
    ctx = Context(block)
    nodes = _nodes(ctx, fn, "the workflow")
    after = _nodes(ctx, on_failure, "what follows a failure") if on_failure is not None else ()
    problems = sorted(ctx.problems, key=lambda problem: problem.severity)
    return Plan(name, title, nodes, tuple(problems), version_of(nodes, after), after)


def _nodes(ctx: Context, fn: Any, what: str) -> tuple[PlanNode, ...]:
    """The nodes of one function that the engine calls with a run."""
    file, line = _place(fn)
    callee, given = unwrapped(Known(fn))
    if not isinstance(callee, Known) or not isinstance(callee.obj, FunctionType):
        message = f"{what} is {fn!r}, whose source can't be read: use a plain function"
        ctx.add(Problem(Severity.ERROR, message, file, line))
        return ()
    try:
        source = source_of(callee.obj)
        handle = Handle(what)
        values = (handle, Unknown("the input is known at run time only", "input"))
        names = bound(source.node, given.before(Arguments(values)), {})
        trail = (source.node,)
        local = local_names(source.node)
        frame = Frame(source.file, handle, source.outside, source.unset, local, None, trail, names)
        nodes = tuple(body_nodes(ctx, source.node, frame))
    except PlanError as error:
        ctx.add(Problem(Severity.ERROR, str(error), file, line))
        return ()
    except RecursionError:
        ctx.add(Problem(Severity.ERROR, "the code is nested too deep to be read: split it up", file, line))
        return ()
    check_length(ctx, nodes, file, line)
    return nodes


def _place(fn: Any) -> tuple[str, int]:
    """The file and first line of a function, as far as they are known."""
    code = getattr(fn, "__code__", None)
    return (os.path.abspath(code.co_filename), code.co_firstlineno) if code else ("?", 1)
