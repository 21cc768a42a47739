"""What people see of a run: a tree of what was done, what is being done, and what is still to come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from workflows.engine.model import DONE, Record, RunState, StepState
from workflows.engine.plan import NodeKind, PlanNode
from workflows.engine.problem import describe, problem_from

ROUND = "round"
"""The kind of an item that stands for one time through a loop."""
PER_ITEM = "item"
"""The kind of an item that stands for one item of a `map`."""

LEAVES = frozenset({NodeKind.STEP, NodeKind.APPROVAL, NodeKind.SLEEP, NodeKind.SIGNAL, NodeKind.CHILD})
"""The kinds that are work or waits of their own; the others hold them together."""
_ALL_TOGETHER = frozenset({NodeKind.PARALLEL, NodeKind.MAP, NodeKind.BRANCH, PER_ITEM})
"""Kinds that have failed when any of their children has."""


@dataclass(frozen=True)
class Item:
    """One line of a run's progress. `kind` is a plan's kind, or `round` or `item` for what a loop or map repeats."""

    kind: str
    name: str
    title: str
    state: StepState = StepState.PENDING
    key: str = ""
    """The key of its record; empty for what has not happened."""
    attempts: int = 0
    started: datetime | None = None
    ended: datetime | None = None
    due: datetime | None = None
    """When a wait or a pause before the next attempt is over."""
    error: str = ""
    undone: bool = False
    children: tuple[Item, ...] = ()

    def walk(self) -> Iterator[Item]:
        """This item and everything below it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True)
class Progress:
    """The tree of one run."""

    title: str
    state: RunState
    items: tuple[Item, ...]
    after_failure: tuple[Item, ...] = ()
    """What was done after the run had failed for good."""

    def walk(self) -> Iterator[Item]:
        """Every item, in order."""
        for item in (*self.items, *self.after_failure):
            yield from item.walk()

    @property
    def counted(self) -> tuple[int, int]:
        """How many steps and waits are over, and how many there are as far as is known; those skipped do not count."""
        leaves = [item for item in self.walk() if item.kind in LEAVES and item.state is not StepState.SKIPPED]
        return sum(item.state in DONE for item in leaves), len(leaves)


def planned(node: PlanNode, state: StepState = StepState.PENDING) -> Item:
    """What has not happened yet, or no longer will."""
    children = tuple(planned(child, state) for child in node.children)
    return Item(node.kind.value, node.name, node.title or node.name, state, children=children)


def holding(node: PlanNode, children: tuple[Item, ...]) -> Item:
    """What holds others together and has no record of its own; its state follows from theirs."""
    return Item(node.kind.value, node.name, node.title or node.name, children=children)


def recorded(record: Record, node: PlanNode | None = None, children: tuple[Item, ...] = ()) -> Item:
    """What history says of one item."""
    problem = problem_from(record.error)
    title = record.title or (node.title if node else "") or record.name
    return Item(
        node.kind.value if node else record.kind.value, record.name, title, record.state, record.key, record.attempts,
        record.started_at, record.ended_at, record.due_at, describe(problem) if problem else "", record.undone,
        children,
    )  # fmt: skip


def settled(items: Iterable[Item], run: RunState, *, over: bool) -> tuple[Item, ...]:
    """The items with their last touches: states of what holds others, and no undoing where nothing is undone."""
    shown = (_settled(item, run, over=over) for item in items)
    return tuple(item for item in shown if not _idle_undo(item, run))


def _settled(item: Item, run: RunState, *, over: bool) -> Item:
    children = settled(item.children, run, over=over)
    state = item.state
    if item.kind not in LEAVES and item.kind != NodeKind.COMPENSATION and state not in DONE:
        state = _derived(item, [child for child in children if child.kind != NodeKind.COMPENSATION])
    if over and state is StepState.PENDING:
        state = StepState.SKIPPED
    return replace(item, state=state, children=children)


def _idle_undo(item: Item, run: RunState) -> bool:
    idle = item.state in (StepState.PENDING, StepState.SKIPPED) and not item.attempts
    return item.kind == NodeKind.COMPENSATION and idle and not (item.key and run is RunState.COMPENSATING)


def _derived(item: Item, children: list[Item]) -> StepState:
    states = [child.state for child in children]
    for busy in (StepState.RUNNING, StepState.RETRYING):
        if busy in states:
            return busy
    happened = [state for state in states if state not in (StepState.PENDING, StepState.SKIPPED)]
    if not states:
        return item.state
    if StepState.FAILED in states and (item.kind in _ALL_TOGETHER or happened[-1] is StepState.FAILED):
        return StepState.RUNNING if item.kind == NodeKind.FALLBACK and StepState.PENDING in states else StepState.FAILED
    if StepState.PENDING in states:
        return StepState.RUNNING if happened else StepState.PENDING
    return StepState.SUCCEEDED if happened else StepState.SKIPPED
