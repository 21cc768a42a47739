"""A plan as a tree of plain text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workflows.engine.plan.model import NodeKind, Plan, PlanNode

BARE = frozenset({NodeKind.OPTION, NodeKind.ATTEMPT, NodeKind.OTHERWISE, NodeKind.ALWAYS, NodeKind.LOOP})
"""Kinds whose title says it all."""


def tree_text(plan: Plan) -> str:
    """The plan as lines, one for each node, with the problems below."""
    lines = [f"{plan.workflow}: {_line(plan.title)} (version {plan.version})", *_branches(plan.nodes)]
    if plan.on_failure:
        lines += ["after a failure", *_branches(plan.on_failure)]
    lines += [f"{problem.severity}: {_line(str(problem))}" for problem in plan.problems]
    return "\n".join(lines) + "\n"


def _branches(nodes: Sequence[PlanNode], indent: str = "") -> Iterator[str]:
    for index, node in enumerate(nodes):
        last = index == len(nodes) - 1
        yield f"{indent}{'└─ ' if last else '├─ '}{label(node)}"
        yield from _branches(node.children, indent + ("   " if last else "│  "))


def label(node: PlanNode) -> str:
    """One node in one line."""
    if node.kind in BARE:
        text = node.title
    elif node.kind in (NodeKind.CHOICE, NodeKind.FALLBACK, NodeKind.SAGA, NodeKind.PARALLEL, NodeKind.FIRST):
        text = f"{node.kind}: {node.title}"
    elif node.title in ("", node.name):
        text = f"{node.kind} {node.name}"
    else:
        text = f"{node.kind} {node.name}: {node.title}"
    if node.kind is NodeKind.APPROVAL and node.names_approvers:
        text += " (names its approvers)"
    if node.leaves:
        text += f", then {node.leaves}"
    return _line(text)


def _line(text: str) -> str:
    """Text without line breaks and control characters."""
    return "".join(char if char.isprintable() else " " for char in text)
