"""What the tests of this folder share: steps that count what they did, and a store that a test can disturb."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from workflows import ONCE, Effect, Run, StepContext, step, workflow
from workflows.engine.model import OVER, RunState, StepState, Writes
from workflows.engine.ports import Committed, Lease, RunQuery
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.harness import Harness
from workflows.engine.testing.memory import MemoryStore

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

effects: Counter[str] = Counter()
"""How often each step did what it does: `create a`, `remove a`."""
there: dict[str, str] = {}
"""What the other system holds, by idempotency key."""
hooks: dict[str, Callable[[StepContext], object]] = {}
"""What happens while a `read` or a `gate` with this name is at work."""
failing: set[str] = set()
"""Names that `send` and `gate` fail for, and `remove a` for a removal that fails."""


def clear() -> None:
    for shared in (effects, there, hooks, failing):
        shared.clear()


class Down(Exception):
    retryable = True
    effect = Effect.NONE


class Refusing(Exception):
    retryable = False
    effect = Effect.NONE


class Unclear(Exception):
    retryable = True
    effect = Effect.UNKNOWN


def _found(key: str, name: str) -> str | None:
    return there.get(key)


def _visit(ctx: StepContext, name: str) -> None:
    if name in hooks:
        hooks[name](ctx)


@step(idempotent=True)
def read(ctx: StepContext, name: str) -> str:
    effects[f"read {name}"] += 1
    _visit(ctx, name)
    return name


@step(idempotent=False, reconcile=_found, settle=timedelta(seconds=5), timeout=timedelta(seconds=30))
def create(ctx: StepContext, name: str) -> str:
    effects[f"create {name}"] += 1
    there[ctx.key] = name
    return name


@step(idempotent=False, timeout=timedelta(seconds=30))
def send(ctx: StepContext, name: str) -> str:
    effects[f"send {name}"] += 1
    if name in failing:
        raise Unclear("cut off")
    return name


@step(idempotent=True)
def remove(ctx: StepContext, name: str) -> None:
    effects[f"remove {name}"] += 1
    if f"remove {name}" in failing:
        raise Refusing(name)


@step(idempotent=True, retry=ONCE)
def gate(ctx: StepContext, name: str) -> str:
    _visit(ctx, name)
    if name in failing:
        raise Refusing(f"{name} is closed")
    effects[f"gate {name}"] += 1
    return name


@workflow("kid")
def kid(run: Run, name: str) -> str:
    run.sleep(DAY)
    return name


@workflow("asks")
def asks(run: Run, name: str) -> str:
    return str(run.approval("editor", show=name).outcome)


@workflow("parent")
def parent(run: Run, name: str) -> str:
    return run.child(kid, name)


def asking_branch(run: Run, name: str) -> str:
    return str(run.approval("editor", show=name).outcome)


def child_branch(run: Run, name: str) -> str:
    return run.child(kid, name)


def sending_branch(run: Run, name: str) -> str:
    return run.step(send, name)


def gate_branch(run: Run, name: str) -> str:
    return run.step(gate, name)


def late_gate_branch(run: Run, name: str) -> str:
    """Waits an hour before it comes to the gate."""
    run.sleep(HOUR)
    return run.step(gate, name)


def children(harness: Harness, run_id: str = "") -> list[RunState]:
    """The states of the children (of this run)."""
    runs = harness.store.runs(RunQuery(parent_id=run_id, limit=1000))
    return [run.state for run in runs if run.parent_id]


def open_children(harness: Harness) -> int:
    return sum(state not in OVER for state in children(harness))


def child_of(harness: Harness, run_id: str) -> str:
    [child] = harness.store.runs(RunQuery(parent_id=run_id))
    return child.id


def record_state(harness: Harness, run_id: str, key: str) -> StepState:
    [state] = [record.state for record in harness.history(run_id) if record.key == key]
    return state


class DisturbedStore(MemoryStore):
    """Calls `before` and `after` around the first commit that `when` is true for."""

    def __init__(
        self,
        clock: ManualClock,
        when: Callable[[Writes], bool],
        *,
        before: Callable[[Lease], object] = lambda lease: None,
        after: Callable[[Lease], object] = lambda lease: None,
    ) -> None:
        super().__init__(clock)
        self._when, self._before, self._after = when, before, after
        self.disturbed = False

    def commit(
        self, lease: Lease, writes: Writes, *, leave: bool = False, expect_inbox: int | None = None
    ) -> Committed:
        mine = not self.disturbed and self._when(writes)
        if not mine:
            return super().commit(lease, writes, leave=leave, expect_inbox=expect_inbox)
        self.disturbed = True
        self._before(lease)
        made = super().commit(lease, writes, leave=leave, expect_inbox=expect_inbox)
        self._after(lease)
        return made


def raising(error: BaseException) -> Callable[[Any], None]:
    def act(_given: Any) -> None:
        raise error

    return act
