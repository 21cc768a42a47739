"""Reads the records of one scope as a walk through the plan's nodes.

A plan is a grammar (sequence, choice, loop, fallback) and history is a sentence of it, perhaps not yet finished.
Each function gives every way in which a node can be read from a place on; what has not happened is planned. The
number of ways stays small, for ways that end at the same place in the same manner are one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from workflows.engine.model import Kind, Outcome, Record, StepState
from workflows.engine.plan import NodeKind, PlanNode
from workflows.engine.plan.model import UNKNOWN_NAME
from workflows.engine.progress.model import ROUND, Item, holding, planned, recorded

RAISED = "raise"
RETURNED = "return"
FORKS = {NodeKind.PARALLEL: Kind.PARALLEL, NodeKind.MAP: Kind.MAP, NodeKind.FIRST: Kind.FIRST}
SKIPPED = StepState.SKIPPED


@dataclass(frozen=True)
class Way:
    """One reading: up to which record it comes, how it leaves the block, and the items it makes."""

    end: int
    left: str = ""
    items: tuple[Item, ...] = ()

    def and_then(self, more: Way) -> Way:
        return Way(more.end, more.left, self.items + more.items)

    def within(self, node: PlanNode, *, left: str | None = None, record: Record | None = None) -> Way:
        """The same way with its items below one for `node`."""
        item = recorded(record, node, self.items) if record else holding(node, self.items)
        return Way(self.end, self.left if left is None else left, (item,))


class Ways:
    """The readings of one scope's records. `branches` makes the item of an operation that has branches."""

    def __init__(self, records: Sequence[Record], branches: Callable[[Record, PlanNode], Item]) -> None:
        self._records = records
        self._branches = branches
        self._read: dict[tuple[int, int], list[Way]] = {}
        self._plans: dict[tuple[int, StepState], Item] = {}

    def whole(self, nodes: Sequence[PlanNode], *, failed: bool) -> tuple[Item, ...]:
        """The items of the reading that explains the most; records that no reading explains stand for themselves."""
        ways = self.sequence(nodes, 0)
        best = max(ways, key=lambda way: (way.end, (way.left == RAISED) is failed), default=None)
        if best is not None and best.end == len(self._records):
            return best.items
        return self._forgiving(nodes)

    def _forgiving(self, nodes: Sequence[PlanNode]) -> tuple[Item, ...]:
        """The items when plan and history differ, as they do after a change of the code."""
        at, known, to_come = 0, [], []
        for node in nodes:
            best = max(self.node(node, at), key=lambda way: way.end, default=None) if at < len(self._records) else None
            if best is None or best.end == at:
                to_come.append(self.planned(node))
            else:
                at = best.end
                known += [*to_come, *best.items]
                to_come = []
        return (*known, *(self._bare(record) for record in self._records[at:]), *to_come)

    def _bare(self, record: Record) -> Item:
        if record.kind in FORKS.values():
            node = PlanNode(NodeKind(record.kind.value), record.name, record.title, 0)
            return self._branches(record, node)
        return recorded(record)

    # one after the other ---------------------------------------------------------------------------------

    def sequence(self, nodes: Iterable[PlanNode], at: int) -> list[Way]:
        """Every way through the nodes, one after the other."""
        ways = [Way(at)]
        for node in nodes:
            ways = _distinct(
                way.and_then(more)
                for way in ways
                for more in (
                    [Way(way.end, way.left, (self.planned(node, SKIPPED),))] if way.left else self.node(node, way.end)
                )
            )
        return ways

    def node(self, node: PlanNode, at: int) -> list[Way]:
        """Every way to read one node; found out once for each place."""
        place = (id(node), at)
        if place not in self._read:
            self._read[place] = self._node(node, at)
        return self._read[place]

    def planned(self, node: PlanNode, state: StepState = StepState.PENDING) -> Item:
        """The item of what has not happened; made once."""
        known = (id(node), state)
        if known not in self._plans:
            self._plans[known] = planned(node, state)
        return self._plans[known]

    def _node(self, node: PlanNode, at: int) -> list[Way]:
        if node.kind is NodeKind.CONTINUE:
            return [Way(at, RETURNED, (self.planned(node),))]
        if at >= len(self._records):
            return [Way(at, "", (self.planned(node),))]
        match node.kind:
            case NodeKind.LOOP:
                return self._loop(node, at)
            case NodeKind.CHOICE:
                return self._choice(node, at)
            case NodeKind.FALLBACK:
                return self._fallback(node, at)
            case NodeKind.SAGA:
                return self._saga(node, at)
            case NodeKind.PARALLEL | NodeKind.MAP | NodeKind.FIRST:
                return self._fork(node, at)
            case NodeKind.STEP | NodeKind.APPROVAL | NodeKind.SLEEP | NodeKind.SIGNAL | NodeKind.CHILD:
                return self._leaf(node, at)
            case NodeKind.COMPENSATION:
                return self._compensation(node, at)
        ways = self.sequence(node.children, at)
        return _distinct(way.within(node, left="" if way.left == RETURNED else way.left) for way in ways)

    # what has a record -----------------------------------------------------------------------------------

    def _leaf(self, node: PlanNode, at: int) -> list[Way]:
        record = self._records[at]
        if record.kind.value != node.kind.value or node.name not in (record.name, UNKNOWN_NAME):
            return []
        item = recorded(record, node)
        if record.state is StepState.FAILED:
            return [Way(at + 1, RAISED, (item,))]
        on = Way(at + 1, "", (item,))
        return [on, replace(on, left=RAISED)] if _refused(record) else [on]

    def _compensation(self, node: PlanNode, at: int) -> list[Way]:
        record = self._records[at]
        fits = record.kind is Kind.COMPENSATION and node.name in (record.name.removeprefix("undo."), UNKNOWN_NAME)
        return [Way(at + 1, "", (recorded(record, node),))] if fits else []

    def _saga(self, node: PlanNode, at: int) -> list[Way]:
        record = self._records[at]
        if record.kind is not Kind.SAGA:
            return []
        return [way.within(node, record=record) for way in self.sequence(node.children, at + 1)]

    def _fork(self, node: PlanNode, at: int) -> list[Way]:
        record = self._records[at]
        if record.kind is not FORKS[node.kind]:
            return []
        item = self._branches(record, node)
        failed = record.state is not StepState.SUCCEEDED or node.kind is NodeKind.FIRST
        raised = failed and any(child.state is StepState.FAILED for child in item.children)
        return [Way(at + 1, RAISED if raised else "", (item,))]

    # what decides ----------------------------------------------------------------------------------------

    def _loop(self, node: PlanNode, at: int) -> list[Way]:
        found: list[Way] = []
        reached, seen = [Way(at)], {at}
        while reached:
            done = reached.pop(0)
            found.append(self._looped(node, done))
            for way in self.sequence(node.children, done.end) if done.end < len(self._records) else []:
                if way.end == done.end:
                    continue
                one = Item(ROUND, node.name, f"Round {len(done.items) + 1}", children=way.items)
                after = Way(way.end, way.left, (*done.items, one))
                if way.left in ("", "continue") and way.end not in seen:
                    seen.add(way.end)
                    reached.append(replace(after, left=""))
                elif way.left:
                    found.append(self._looped(node, replace(after, left="" if way.left == "break" else way.left)))
        return _distinct(reversed(found))

    def _choice(self, node: PlanNode, at: int) -> list[Way]:
        ways = []
        for index, option in enumerate(node.children):
            others = [self.planned(other, SKIPPED) for other in node.children]
            for way in self.sequence(option.children, at):
                others[index] = _taken(option, way)
                ways.append(Way(way.end, way.left or option.leaves, tuple(others)).within(node))
        untaken = tuple(self.planned(option, SKIPPED) for option in node.children)
        return _distinct([*ways, Way(at, "", untaken).within(node)])

    def _fallback(self, node: PlanNode, at: int) -> list[Way]:
        attempt = next(child for child in node.children if child.kind is NodeKind.ATTEMPT)
        others = [child for child in node.children if child.kind is NodeKind.OTHERWISE]
        always = [child for child in node.children if child.kind is NodeKind.ALWAYS]
        ways = []
        for tried in self.sequence(attempt.children, at):
            first = _taken(attempt, tried)
            if tried.left == RAISED:
                for index, other in enumerate(others):
                    parts = [self.planned(one, SKIPPED) for one in others]
                    for way in self.sequence(other.children, tried.end):
                        parts[index] = _taken(other, way)
                        ways.append(Way(way.end, way.left or other.leaves, (first, *parts)))
            ways.append(Way(tried.end, tried.left, (first, *(self.planned(other, SKIPPED) for other in others))))
        for last in always:
            ways = [
                Way(more.end, more.left or way.left, (*way.items, _taken(last, more)))
                for way in ways
                for more in self.sequence(last.children, way.end)
            ]
        return _distinct(way.within(node) for way in ways)

    def _looped(self, node: PlanNode, way: Way) -> Way:
        return way.within(node) if way.items else Way(way.end, way.left, (self.planned(node, SKIPPED),))


def _distinct(ways: Iterable[Way]) -> list[Way]:
    """The first of the ways that end alike."""
    found: dict[tuple[int, str], Way] = {}
    for way in ways:
        found.setdefault((way.end, way.left), way)
    return list(found.values())


def _taken(node: PlanNode, way: Way) -> Item:
    item = holding(node, way.items)
    return item if way.items else replace(item, state=StepState.SUCCEEDED)


def _refused(record: Record) -> bool:
    """Whether a decision may have ended the block by `require_approved`."""
    if record.kind is not Kind.APPROVAL or record.output is None:
        return False
    made = json.loads(record.output)
    return isinstance(made, dict) and made.get("outcome") != Outcome.APPROVED
