"""Reads `try`: an attempt, what is done otherwise, and what is done in any case."""

from __future__ import annotations

import ast

from workflows.engine.plan.context import Context, Site
from workflows.engine.plan.exits import check_handlers, check_swallowing_exits, leaves
from workflows.engine.plan.model import NodeKind, PlanNode
from workflows.engine.plan.resolve import shown
from workflows.engine.plan.scope import Frame, merge
from workflows.engine.plan.values import Unknown


def fallback(ctx: Context, node: ast.Try | ast.TryStar, frame: Frame) -> list[PlanNode]:
    """The nodes of a `try`."""
    seen, before = ctx.verbs, dict(frame.names)
    attempt = ctx.read_block(ctx, node.body, frame)
    check_handlers(ctx, node, frame, around_verbs=ctx.verbs > seen)
    failed = merge([before, frame.names])
    attempt += ctx.read_block(ctx, node.orelse, frame)
    ends = [] if leaves(node.body) or leaves(node.orelse) else [frame.names]
    parts = []
    for handler in node.handlers:
        frame.names = dict(failed)
        if handler.name:
            frame.names[handler.name] = Unknown("an error is known at run time only", handler.name)
        nodes, end = ctx.read_block(ctx, handler.body, frame), leaves(handler.body)
        name = shown(handler.type).strip("()") if handler.type else "everything"
        site = Site(ctx, handler, frame)
        parts.append(site.leaving(NodeKind.OTHERWISE, name, f"if it fails with {name}", (nodes, end)))
        if not end:
            ends.append(frame.names)
    frame.names = merge(ends) if ends else failed
    around_verbs = ctx.verbs > seen
    always = ctx.read_block(ctx, node.finalbody, frame)
    check_swallowing_exits(ctx, node.finalbody, frame, around_verbs=around_verbs)
    return _fallback(Site(ctx, node, frame), node, attempt, parts, always)


def _fallback(
    site: Site, node: ast.Try | ast.TryStar, attempt: list[PlanNode], parts: list[PlanNode], always: list[PlanNode]
) -> list[PlanNode]:
    """A fallback, or the plain steps when nothing else is tried."""
    falls_back = any(part.children or (attempt and part.leaves != "raise") for part in parts)
    if not falls_back and not always:
        return attempt
    inner = [site.node(NodeKind.ATTEMPT, "", "try", attempt), *parts]
    if always:
        inner.append(site.to(node.finalbody[0]).node(NodeKind.ALWAYS, "", "in any case", always))
    return [site.node(NodeKind.FALLBACK, "", "With a fallback" if falls_back else "With an end in any case", inner)]
