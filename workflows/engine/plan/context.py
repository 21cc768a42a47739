"""What all parts of the reader share while one plan is read."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from workflows.engine.errors import PlanError
from workflows.engine.plan.model import NodeKind, PlanNode, Problem, Severity
from workflows.engine.plan.scope import Frame

MOST_NODES = 2000
MOST_STEPS = 20
DEEPEST = 40


@dataclass
class Context:
    """Collects problems and counts what was read."""

    read_block: Callable[[Context, list[ast.stmt], Frame], list[PlanNode]]
    """Reads the statements of a function; given here so that calls can be followed into bodies."""
    problems: dict[Problem, None] = field(default_factory=dict)
    verbs: int = 0
    """Verbs and followed calls seen so far: whether a block holds any is told by the difference."""
    nodes: int = 0

    sagas: int = 0
    """How many sagas are open around what is being read."""

    def add(self, problem: Problem) -> None:
        """Note a problem once."""
        self.problems[problem] = None

    def error(self, frame: Frame, at: ast.AST, message: str) -> None:
        """Note something that keeps the plan from being whole."""
        self.add(Problem(Severity.ERROR, message, frame.file, line_of(at)))

    def warn(self, frame: Frame, at: ast.AST, message: str) -> None:
        """Note something that works but is unwise."""
        self.add(Problem(Severity.WARNING, message, frame.file, line_of(at)))

    def node(self, node: PlanNode) -> PlanNode:
        """Count a node, while there are not too many."""
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise PlanError(f"the plan has more than {MOST_NODES} nodes; split it into child workflows")
        return node


def line_of(at: ast.AST) -> int:
    """The line of a piece of source in its file."""
    return int(getattr(at, "lineno", 1))


@dataclass(frozen=True)
class Site:
    """A piece of source, in the function that it is read in."""

    ctx: Context
    at: ast.AST
    frame: Frame

    def to(self, at: ast.AST) -> Site:
        """Another piece of the same function."""
        return Site(self.ctx, at, self.frame)

    def error(self, message: str) -> None:
        """Note something here that keeps the plan from being whole."""
        self.ctx.error(self.frame, self.at, message)

    def warn(self, message: str) -> None:
        """Note something here that works but is unwise."""
        self.ctx.warn(self.frame, self.at, message)

    def node(self, kind: NodeKind, name: str, title: str, children: Sequence[PlanNode] = ()) -> PlanNode:
        """Make a node that stands for this piece of source."""
        return self.ctx.node(PlanNode(kind, name, title, line_of(self.at), tuple(children)))

    def leaving(self, kind: NodeKind, name: str, title: str, part: Part) -> PlanNode:
        """Make a node for a block, with how it ends."""
        nodes, leaves = part
        return self.ctx.node(PlanNode(kind, name, title, line_of(self.at), tuple(nodes), leaves=leaves))


Part = tuple[Sequence[PlanNode], str]
"""The nodes of a block, and how it leaves the block around it."""
