"""Every commit of a rich run disturbed in turn: what a user sees afterwards is what an undisturbed run gives."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import pytest

from tests.unit.workflows.engine.stage import (
    DAY,
    HOUR,
    DisturbedStore,
    clear,
    create,
    effects,
    failing,
    gate,
    open_children,
    read,
    remove,
)
from workflows import Run, StepFailed, workflow
from workflows.engine.errors import Refused, StoreUnavailable
from workflows.engine.model import OPEN, OVER, Outcome, RunState
from workflows.engine.ports import Lease
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.harness import Crash, Harness

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _fresh() -> None:
    clear()


def saga_branch(run: Run, name: str) -> str:
    with run.saga() as saga:
        run.step(create, name)
        saga.on_failure(remove, name)
        run.sleep(5 * MINUTE)
    return name


def failing_branch(run: Run, name: str) -> str:
    run.sleep(2 * MINUTE)
    return run.step(gate, name)


def item(run: Run, name: str) -> str:
    run.step(create, f"item {name}")
    return run.step(read, name)


@workflow("sub")
def sub(run: Run, name: str) -> str:
    with run.saga() as saga:
        run.step(create, "sub")
        saga.on_failure(remove, "sub")
        run.sleep(HOUR)
    return name


@workflow("rich")
def rich(run: Run, name: str) -> str:
    said: list[str] = []
    with run.saga() as saga:
        run.step(create, "first")
        saga.on_failure(remove, "first")
        said += run.parallel(run.call(saga_branch, "kept"), run.call(item, "p"), run.call(create, "single"))
        won = run.first(run.call(Run.signal, "paid"), run.call(Run.approval, "chief"), run.call(Run.sleep, 2 * HOUR))
        said.append(f"{won.index}")
        said += run.map(item, ["x", "y"], concurrency=2)
        run.note(f"since {run.now():%Y}")
        said.append(run.child(sub, "sub"))
        run.approval("editor", show=[f"{run.uuid()}"]).require_approved()
        try:
            run.parallel(run.call(saga_branch, "given up"), run.call(failing_branch, "closed"))
        except StepFailed:
            said.append("caught")
        said.append(run.signal("go", str))
    run.step(create, "last")
    return " ".join(said)


@dataclass
class Story:
    """One telling of the run, with the commit of this number disturbed."""

    number: int
    before: Callable[[Story, Lease], None] = lambda _story, _lease: None
    after: Callable[[Story, Lease], None] = lambda _story, _lease: None

    def __post_init__(self) -> None:
        clear()
        failing.add("closed")
        counter = itertools.count(1)
        self.commits = 0
        self.drained = False

        def when(_writes: object) -> bool:
            self.commits = next(counter)
            return self.commits == self.number

        clock = ManualClock()
        store = DisturbedStore(
            clock, when, before=lambda lease: self.before(self, lease), after=lambda lease: self.after(self, lease)
        )
        self.harness = Harness(rich, sub, store=store, clock=clock)
        self.run_id = self.harness.service.start("rich", "n", by="test:ana").id
        self._tell()

    def drain(self) -> None:
        self.drained = True
        self.harness.drain()

    def cancel(self) -> None:
        with suppress(Refused):  # it may be over already
            self.harness.service.cancel(self.run_id, by="test:ana")

    def _pass(self, delay: timedelta) -> None:
        self.harness.skip(delay)
        if self.drained:
            self.drained = False
            self.harness.new_worker()
            self.harness.skip(delay)

    def _tell(self) -> None:
        for _ in range(4):
            self._pass(2 * HOUR)
        for approval in self.harness.store.approvals(run_id=self.run_id):
            if approval.name == "editor":
                self.harness.service.decide(approval.id, Outcome.APPROVED, by="test:editor")
        self._pass(HOUR)
        if self.harness.state(self.run_id) in OPEN:
            self.harness.service.signal(self.run_id, "go", "went", by="test:ana")
        self._pass(DAY)

    def left_open(self) -> str:
        """What should not be there any more."""
        left = [f"{open_children(self.harness)} children open"] if open_children(self.harness) else []
        left += [f"{approval.key} is still asked" for approval in self.harness.store.approvals()]
        return ", ".join(left)


def counted(*, but: str = "") -> dict[str, int]:
    """Effects that must not be repeated; reading may be, and so may an undoing whose record was lost."""
    return {name: times for name, times in effects.items() if not name.startswith(("read", but or "read"))}


def _crash(_story: Story, _lease: Lease) -> None:
    raise Crash


def _away(_story: Story, _lease: Lease) -> None:
    raise StoreUnavailable("away")


def _drain(story: Story, _lease: Lease) -> None:
    story.drain()


def _news(story: Story, lease: Lease) -> None:
    with suppress(Refused):  # it may be over already
        story.harness.service.signal(lease.run_id, "unrelated", 1, by="test:ana")


def _cancel(story: Story, _lease: Lease) -> None:
    story.cancel()


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("disturbance", [_crash, _away, _drain, _news])
def test_a_disturbance_at_any_commit_changes_nothing_that_a_user_sees(
    disturbance: Callable[[Story, Lease], None], moment: str
) -> None:
    clean = Story(0)
    output, done = clean.harness.output(clean.run_id), counted(but="remove")
    least = 0 if disturbance is _drain else 1  # time passes while nobody works: the saga may be complete by then
    wrong = []
    for number in range(1, clean.commits + 1):
        story = Story(number, **{moment: disturbance})
        state = story.harness.state(story.run_id)
        if state is not RunState.SUCCEEDED or story.harness.output(story.run_id) != output:
            wrong.append((number, str(state), story.harness.error(story.run_id)))
        if counted(but="remove") != done or not least <= effects["remove given up"] <= 2:
            wrong.append((number, "effects", f"{counted()}"))
        if left := story.left_open():
            wrong.append((number, "left", left))
    assert wrong == []


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_cancel_at_any_commit_ends_the_run_and_undoes_its_sagas(moment: str) -> None:
    clean = Story(0)
    wrong = []
    for number in range(1, clean.commits + 1):
        story = Story(number, **{moment: _cancel})
        state = story.harness.state(story.run_id)
        if state not in OVER:
            wrong.append((number, str(state), story.harness.error(story.run_id)))
        if any(times > 1 for times in counted().values()):
            wrong.append((number, "effects", f"{counted()}"))
        undone = all(effects[f"create {name}"] == effects[f"remove {name}"] for name in ("first", "kept"))
        if state is RunState.CANCELLED and not effects["create last"] and not undone:
            wrong.append((number, "not undone", f"{counted()}"))
        if left := story.left_open():
            wrong.append((number, "left", left))
    assert wrong == []
