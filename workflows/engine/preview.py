"""A dry run: what a start would do, and what is in its way, with nothing written and no step taken."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflows.engine import codec
from workflows.engine.approving.book import Book
from workflows.engine.approving.policy import PolicyError
from workflows.engine.definition import Workflow
from workflows.engine.errors import NotAllowed, Refused
from workflows.engine.model import OVER, RunState
from workflows.engine.operations.child import limits
from workflows.engine.plan import Plan, plan_of
from workflows.engine.plan.model import PlanNode
from workflows.engine.ports import RunQuery

if TYPE_CHECKING:
    from workflows.engine.service import Service

NOBODY = "{} asks for an approval and names nobody: set BATON_APPROVERS to those who may decide."
MOST = 1000
"""So many open runs are counted against a limit."""


@dataclass(frozen=True)
class AskedOf:
    """An approval that a run may ask for, and whom; nobody where only the run knows."""

    name: str
    title: str
    approvers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Preview:
    """What a start would do."""

    workflow: str
    title: str
    plan: Plan
    input: str
    """JSON, with the defaults filled in."""
    approvals: tuple[AskedOf, ...] = ()
    problems: tuple[str, ...] = ()
    """What is in its way, in words; empty when it would start at once."""


def preview(service: Service, workflow: Workflow[Any, Any], text: str, by: str, approvers: Sequence[str]) -> Preview:
    """Look at all that a start looks at."""
    plan = plan_of(workflow)
    given = codec.decode(text, workflow.input_type, "The input")
    asked = tuple(_asked_of(service, node, given, approvers) for node in plan.approvals())
    problems = tuple(_problems(service, workflow, plan, text, by, approvers))
    return Preview(workflow.name, workflow.title, plan, text, asked, problems)


def check_policies(book: Book, workflow: Workflow[Any, Any]) -> None:
    """Raise Refused where an approval of a workflow follows a policy that can't be used."""
    for node in plan_of(workflow).approvals():
        try:
            if node.policy is not None:
                book.policy(node.policy)
        except PolicyError as error:
            raise Refused(f"{workflow.name} can't start: {error}") from None


def _asked_of(service: Service, node: PlanNode, given: Any, approvers: Sequence[str]) -> AskedOf:
    book, now = service.book, service.now()
    if node.policy is not None:
        try:
            values = {"input": json.loads(codec.encode(given, "The input"))}
            opening = book.opening(book.policy(node.policy), values, now)
            return AskedOf(node.name, node.title, opening.recorded.approvers)
        except PolicyError:  # it looks at what is shown, which only the run knows
            return AskedOf(node.name, node.title)
    if not node.names_approvers:
        return AskedOf(node.name, node.title, tuple(approvers))
    told = node.approvers
    try:
        people = told(given) if callable(told) else told or ()
        return AskedOf(node.name, node.title, tuple(people))
    except Exception:  # noqa: BLE001 - an author's function; the run itself will say what is wrong with it
        return AskedOf(node.name, node.title)


def _problems(
    service: Service, workflow: Workflow[Any, Any], plan: Plan, text: str, by: str, approvers: Sequence[str]
) -> Iterator[str]:
    try:
        service.access.start(by, workflow)
    except NotAllowed as refused:
        yield str(refused)
    if not approvers and any(not node.names_approvers for node in plan.approvals()):
        yield NOBODY.format(workflow.name)
    try:
        check_policies(service.book, workflow)
    except Refused as refused:
        yield str(refused)
    for pause in service.pauses():
        if pause.workflow in ("", workflow.name):
            why = f": {pause.reason}" if pause.reason else ""
            yield f"{pause.workflow or 'Everything'} is paused by {pause.by}{why}. The run would wait until that ends."
    yield from _in_line(service, workflow, text)
    for problem in plan.errors:
        yield f"Its plan can't be shown whole. {problem}"


def _in_line(service: Service, workflow: Workflow[Any, Any], text: str) -> Iterator[str]:
    if workflow.limit is None:
        return
    key = limits(workflow, text, service.now())["limit_key"]
    going = service.store.runs(RunQuery(states=frozenset(RunState) - OVER, workflow=workflow.name, limit=MOST))
    before = sum(run.limit_key == key and run.limit_runs is not None for run in going)
    if before >= workflow.limit.runs:
        yield (
            f"{before} {'run' if before == 1 else 'runs'} of {workflow.name} with the same limit "
            f"{'is' if before == 1 else 'are'} open and {workflow.limit.runs} may be: it would wait in line."
        )
