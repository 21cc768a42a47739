"""The plan: what a workflow may do, as a tree of steps, before it does any of it."""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from workflows.engine.approving.policy import Policy
from workflows.engine.errors import PlanError

UNKNOWN_NAME = "…"
"""The name of a node that the source does not tell."""


class NodeKind(enum.StrEnum):
    """What one node of a plan stands for."""

    STEP = "step"
    APPROVAL = "approval"
    SLEEP = "sleep"
    SIGNAL = "signal"
    CHILD = "child"
    CONTINUE = "continue"
    """The run goes on with a fresh history: nothing after it happens."""
    COMPENSATION = "compensation"
    """Done only when the saga around it is undone."""
    FIRST = "first"
    """Its children are branches; the first to end wins."""
    PARALLEL = "parallel"
    """Its children are branches, or a loop that makes them."""
    BRANCH = "branch"
    MAP = "map"
    """Its children are what happens for one item."""
    LOOP = "loop"
    CHOICE = "choice"
    """Its children are options, of which at most one is taken."""
    OPTION = "option"
    FALLBACK = "fallback"
    """Its children are one attempt, any number of otherwise, and an always when there is a `finally`."""
    ATTEMPT = "attempt"
    OTHERWISE = "otherwise"
    ALWAYS = "always"
    SAGA = "saga"
    GROUP = "group"
    """What a function that was given the run does."""


DURABLE = frozenset({NodeKind.STEP, NodeKind.APPROVAL, NodeKind.SLEEP, NodeKind.SIGNAL, NodeKind.CHILD, NodeKind.FIRST})
"""The kinds that count as one step of a level."""


@dataclass(frozen=True)
class PlanNode:
    """One node of a plan; `line` is the line in the file that the node was read from."""

    kind: NodeKind
    name: str
    title: str
    line: int
    children: tuple[PlanNode, ...] = ()
    names_approvers: bool = False
    """Whether an approval says who may decide; otherwise the settings must."""
    approvers: Sequence[str] | Callable[[Any], Sequence[str]] | None = None
    """Who they are, or the function of the input that says so, where the source tells; not part of the version."""
    policy: Policy | str | None = None
    """The policy that an approval names, where the source tells; not part of the version."""
    leaves: str = ""
    """How an option, branch or otherwise ends the block around it: return, raise, break, continue or empty."""

    def walk(self) -> Iterator[PlanNode]:
        """This node and everything below it, in the order of the source."""
        yield self
        for child in self.children:
            yield from child.walk()


class Severity(enum.StrEnum):
    """How bad a problem is: an error fails `baton plan`, a warning is advice."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Problem:
    """Something in the source that the plan can't show, or that would break a replay."""

    severity: Severity
    message: str
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


@dataclass(frozen=True)
class Plan:
    """The tree of steps of one workflow, and what is wrong with its source."""

    workflow: str
    title: str
    nodes: tuple[PlanNode, ...]
    problems: tuple[Problem, ...]
    version: str
    """Twelve hex digits that change when the tree's structure or names change."""
    on_failure: tuple[PlanNode, ...] = ()
    """What is done after the run failed for good."""

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that keep the plan from being whole."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The problems that are advice."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.WARNING)

    def require(self) -> Plan:
        """This plan when it is whole; raises PlanError with every error otherwise."""
        if self.errors:
            raise PlanError("\n".join(str(problem) for problem in self.errors))
        return self

    def walk(self) -> Iterator[PlanNode]:
        """Every node, in the order of the source; what follows a failure comes last."""
        for node in (*self.nodes, *self.on_failure):
            yield from node.walk()

    def approvals(self) -> list[PlanNode]:
        """Every approval that a run may ask for."""
        return [node for node in self.walk() if node.kind is NodeKind.APPROVAL]


def version_of(nodes: Iterable[PlanNode], on_failure: Iterable[PlanNode] = ()) -> str:
    """A short hash of structure and names: titles, lines and formatting do not count."""
    shape = [[_shape(node) for node in nodes], [_shape(node) for node in on_failure]]
    text = json.dumps(shape, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:12]


def _shape(node: PlanNode) -> list[Any]:
    return [node.kind.value, node.name, node.leaves, [_shape(child) for child in node.children]]
