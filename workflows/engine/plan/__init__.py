"""The plan of a workflow: every step it may take, read from its source before it runs."""

from workflows.engine.plan.mermaid import mermaid
from workflows.engine.plan.model import NodeKind, Plan, PlanNode, Problem, Severity
from workflows.engine.plan.reader import plan_of
from workflows.engine.plan.tree_text import tree_text

__all__ = ["NodeKind", "Plan", "PlanNode", "Problem", "Severity", "mermaid", "plan_of", "tree_text"]
