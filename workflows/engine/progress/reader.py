"""Lays a run's history over its plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from workflows.engine.model import OVER, Kind, Record, Run, RunState
from workflows.engine.plan import NodeKind, Plan, PlanNode
from workflows.engine.progress.model import PER_ITEM, Item, Progress, planned, recorded, settled
from workflows.engine.progress.ways import Ways

MARKS = frozenset({Kind.NOW, Kind.UUID, Kind.RANDOM, Kind.NOTE, Kind.PATCHED, Kind.CANCEL, Kind.TIMEOUT})
"""Records that are no steps of a plan."""
AFTER = "on_failure/"


def progress(plan: Plan | None, records: Iterable[Record], run: Run) -> Progress:
    """What the run did, is doing and will do; without a plan, or where they differ, history speaks for itself."""
    history = _History(records, failed=run.state is RunState.FAILED)
    over = run.state in OVER
    items = history.read(plan.nodes if plan else (), "")
    after = history.read(plan.on_failure if plan else (), AFTER) if history.has(AFTER) else ()
    return Progress(
        run.title or run.workflow, run.state, settled(items, run.state, over=over),
        settled(after, run.state, over=over),
    )  # fmt: skip


class _History:
    """The records by the scope they belong to."""

    def __init__(self, records: Iterable[Record], *, failed: bool) -> None:
        self._failed = failed
        self._scopes: dict[str, list[Record]] = defaultdict(list)
        for record in sorted(records, key=lambda record: record.ordinal):
            if not record.superseded and record.kind not in MARKS and record.scope != "!":
                self._scopes[record.scope].append(record)

    def has(self, scope: str) -> bool:
        return any(name.startswith(scope) for name in self._scopes)

    def read(self, nodes: Sequence[PlanNode], scope: str) -> tuple[Item, ...]:
        """The items of one scope."""
        return Ways(self._scopes.get(scope, []), self.forked).whole(nodes, failed=self._failed)

    def forked(self, record: Record, node: PlanNode) -> Item:
        """The item of an operation with branches: `parallel`, `map` or `first`."""
        begun = self._branches(record.key + "/")
        if node.kind is NodeKind.MAP:
            shown = [self._mapped(node, index, part) for index, part in sorted(begun.items())]
            return recorded(record, node, tuple(shown) or tuple(planned(child) for child in node.children))
        plans = [child for child in node.children if child.kind is NodeKind.BRANCH]
        if len(plans) == len(node.children):
            places = dict(enumerate(plans)) | dict.fromkeys(begun.keys() - range(len(plans)))
            shown = [self._branch(plan, begun.get(index)) for index, plan in sorted(places.items())]
        else:  # loops and conditions make the branches: their names tell which they are
            named = {branch.name: branch for branch in node.walk() if branch.kind is NodeKind.BRANCH}
            shown = [self._branch(named.get(_name(part)), part) for _, part in sorted(begun.items())]
        return recorded(record, node, tuple(shown) or tuple(planned(child) for child in node.children))

    def _branches(self, scope: str) -> dict[int, str]:
        """The key of each branch that has begun, by its place."""
        keys = {record.key for record in self._scopes.get(scope, [])}
        keys |= {
            scope + name[len(scope) :].split("/", 1)[0]
            for name in self._scopes
            if name.startswith(scope) and name != scope
        }
        return {int(index): key for key in keys if (index := key[len(scope) :].partition(":")[0]).isdigit()}

    def _branch(self, plan: PlanNode | None, key: str | None) -> Item:
        if key is None:
            return planned(plan) if plan is not None else Item(NodeKind.BRANCH, "", "")
        record = self._own(key)
        if record is not None and record.kind is not Kind.BRANCH:
            leaf = plan.children[0] if plan is not None and len(plan.children) == 1 else None
            return recorded(record, leaf if leaf is not None and leaf.kind.value == record.kind.value else None)
        name = _name(key)
        title = plan.title if plan is not None else name.replace("_", " ").capitalize()
        children = self.read(plan.children if plan is not None else (), key + "/")
        whole = recorded(record, plan) if record else Item(NodeKind.BRANCH, name, title)
        return replace(whole, children=children)

    def _mapped(self, node: PlanNode, index: int, key: str) -> Item:
        whole = self._branch(replace(node, kind=NodeKind.BRANCH), key)
        return whole if whole.kind != NodeKind.BRANCH else replace(whole, kind=PER_ITEM, title=f"Item {index + 1}")

    def _own(self, key: str) -> Record | None:
        scope = key.rsplit("/", 1)[0] + "/"
        return next((record for record in self._scopes.get(scope, []) if record.key == key), None)


def _name(key: str) -> str:
    return key.rsplit("/", 1)[-1].partition(":")[2]
