"""Starting later, pausing, looking ahead, labels, and what a workflow says of itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from workflows import Limit, Run, StepContext, step, workflow
from workflows.engine.directory import LocalDirectory
from workflows.engine.errors import DefinitionError, InvalidInput, NotAllowed, Refused, UnknownWorkflow
from workflows.engine.model import RunState
from workflows.engine.ports import RunQuery
from workflows.engine.preview import AskedOf
from workflows.engine.testing.clock import START
from workflows.engine.testing.harness import Harness

HOUR = timedelta(hours=1)
made: list[str] = []


class Order(BaseModel):
    name: str
    owners: list[str] = []


@step(idempotent=True)
def make(ctx: StepContext, name: str) -> str:
    """Make it."""
    made.append(name)
    return name


@workflow("making", title="Make something")
def making(run: Run, order: Order) -> str:
    return run.step(make, order.name)


def owners(order: Order) -> list[str]:
    return [f"test:{name}" for name in order.owners]


@workflow("owned", title="Make what its owners want", starters=("role:makers",), limit=Limit(1))
def owned(run: Run, order: Order) -> None:
    run.approval("first_look", show=order)
    run.approval("owners", show=order, approvers=owners)
    run.approval("board", show=order, approvers=["role:board", "test:eva"])
    run.approval("some", show=order, approvers=order.owners)


@pytest.fixture(autouse=True)
def _fresh() -> None:
    made.clear()


# later --------------------------------------------------------------------------------------------------


def test_a_run_that_starts_later_waits_until_then() -> None:
    harness = Harness(making)
    run = harness.service.start("making", {"name": "a"}, by="test:ana", at=START + HOUR)
    assert (run.state, run.due_at, run.wake_at) == (RunState.QUEUED, START + HOUR, START + HOUR)
    assert json.loads(run.waiting or "") == [
        {"kind": "start", "name": "start", "key": "", "due_at": (START + HOUR).isoformat(), "approval": ""}
    ]
    assert json.loads(harness.events(run.id)[0].data) == {"at": (START + HOUR).isoformat()}
    harness.skip(HOUR - timedelta(seconds=1))
    harness.service.signal(run.id, "hurry", by="test:ana")
    harness.work()
    assert (harness.state(run.id), made) == (RunState.QUEUED, [])
    harness.skip(timedelta(seconds=1))
    assert (harness.output(run.id), made) == ("a", ["a"])
    assert harness.run(run.id).due_at is None


def test_a_run_that_starts_later_can_be_called_off() -> None:
    harness = Harness(making)
    run = harness.service.start("making", {"name": "a"}, by="test:ana", at=START + HOUR)
    harness.cancel(run.id)
    assert (harness.state(run.id), made) == (RunState.CANCELLED, [])


def test_times_that_are_no_later_start_at_once_and_unclear_ones_not_at_all() -> None:
    harness = Harness(making)
    run = harness.service.start("making", {"name": "a"}, by="test:ana", at=START)
    assert (run.due_at, run.waiting) == (None, None)
    with pytest.raises(InvalidInput, match="says no time zone"):
        harness.service.start("making", {"name": "a"}, by="test:ana", at=datetime(2026, 1, 6, 9))  # noqa: DTZ001 - the point
    with pytest.raises(InvalidInput, match="more than ten years away"):
        harness.service.start("making", {"name": "a"}, by="test:ana", at=datetime(2096, 1, 6, tzinfo=UTC))


def test_the_time_limit_of_a_run_counts_from_its_start() -> None:
    @workflow("timed", timeout=HOUR)
    def timed(run: Run, given: None) -> str:
        run.sleep(timedelta(minutes=50))
        return "done"

    harness = Harness(timed)
    run = harness.service.start("timed", None, by="test:ana", at=START + 5 * HOUR)
    assert run.deadline == START + 6 * HOUR
    harness.skip(6 * HOUR)
    assert harness.output(run.id) == "done"


def test_a_run_that_starts_later_holds_up_nobody_in_its_line() -> None:
    @workflow("lined", limit=Limit(1))
    def lined(run: Run, name: str) -> str:
        return name

    harness = Harness(lined)
    later = harness.service.start("lined", "later", by="test:ana", at=START + HOUR)
    now = harness.start("lined", "now")
    assert harness.output(now) == "now"
    harness.skip(HOUR)
    assert harness.output(later.id) == "later"


# pauses -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["making", ""])
def test_what_is_paused_is_recorded_and_waits(what: str) -> None:
    harness = Harness(making)
    pause = harness.service.pause(what, by="cli:root", reason="holidays")
    assert harness.service.pauses() == [pause]
    run_id = harness.start("making", {"name": "a"})
    harness.skip(HOUR)
    assert (harness.state(run_id), made) == (RunState.QUEUED, [])
    assert harness.store.totals().due_since is None
    harness.service.unpause(what, by="cli:root")
    harness.work()
    assert (harness.output(run_id), made, harness.service.pauses()) == ("a", ["a"], [])
    assert [(a.actor, a.verb, a.detail) for a in harness.store.audit("")] == [
        ("cli:root", "pause", f"{what or 'everything'}: holidays"), ("cli:root", "unpause", what or "everything")
    ]  # fmt: skip


def test_other_workflows_go_on_and_a_paused_run_can_be_cancelled() -> None:
    @workflow("other")
    def other(run: Run, given: None) -> str:
        return "done"

    harness = Harness(making, other)
    harness.service.pause("making", by="cli:root")
    run_id = harness.start("making", {"name": "a"})
    assert harness.output(harness.start("other")) == "done"
    harness.cancel(run_id)
    assert (harness.state(run_id), made) == (RunState.CANCELLED, [])


def test_who_pauses_and_what_there_is_to_pause() -> None:
    harness = Harness(making, admins=("test:root",))
    with pytest.raises(NotAllowed, match=r"test:ana may not pause everything. Admins \(test:root\) may."):
        harness.service.pause(by="test:ana")
    with pytest.raises(NotAllowed, match="may not unpause making"):
        harness.service.unpause("making", by="test:ana")
    with pytest.raises(UnknownWorkflow):
        harness.service.pause("makin", by="test:root")
    with pytest.raises(Refused, match=r"^Everything is not paused.$"):
        harness.service.unpause(by="test:root")
    harness.service.pause("making", by="test:root")
    with pytest.raises(Refused, match=r"^Everything is not paused. Paused: making.$"):
        harness.service.unpause(by="test:root")


# looking ahead ------------------------------------------------------------------------------------------


def looked(harness: Harness, name: str, given: Any, by: str = "test:ana") -> Any:
    before = (harness.store.runs(RunQuery()), harness.store.audit(""), len(harness.queue))
    seen = harness.service.preview(name, given, by=by)
    assert before == (harness.store.runs(RunQuery()), harness.store.audit(""), len(harness.queue))
    return seen


def test_a_dry_run_says_what_would_happen_and_does_nothing() -> None:
    harness = Harness(making)
    seen = looked(harness, "making", {"name": "a"})
    assert (seen.workflow, seen.title, json.loads(seen.input)) == (
        "making", "Make something", {"name": "a", "owners": []}
    )  # fmt: skip
    assert [node.name for node in seen.plan.nodes] == ["make"]
    assert (seen.approvals, seen.problems, made) == ((), (), [])
    with pytest.raises(InvalidInput, match="name: Field required") as refused:
        looked(harness, "making", {})
    assert refused.value.fields == {"name": "Field required"}
    with pytest.raises(UnknownWorkflow):
        looked(harness, "makin", {})


def test_a_dry_run_says_who_would_be_asked() -> None:
    seen = looked(Harness(owned), "owned", {"name": "a", "owners": ["ben"]})
    assert seen.approvals == (
        AskedOf("first_look", "First look", ("test:editor",)),
        AskedOf("owners", "Owners", ("test:ben",)),
        AskedOf("board", "Board", ("role:board", "test:eva")),
        AskedOf("some", "Some", ()),
    )


def test_a_dry_run_says_what_is_in_the_way() -> None:
    harness = Harness(owned, approvers=(), directory=LocalDirectory({"makers": ("test:maker",)}))
    harness.service.pause("owned", by="cli:root", reason="holidays")
    harness.service.pause(by="cli:root")
    refused, nobody, everything, paused = looked(harness, "owned", {"name": "a"}).problems
    assert "test:ana may not start owned. Those who may: role:makers." in refused
    assert "names nobody: set BATON_APPROVERS" in nobody
    assert everything == "Everything is paused by cli:root. The run would wait until that ends."
    assert paused == "owned is paused by cli:root: holidays. The run would wait until that ends."


def test_a_dry_run_sees_the_line() -> None:
    harness = Harness(owned, directory=LocalDirectory({"makers": ("test:ana",)}))
    harness.start("owned", {"name": "a"})
    assert looked(harness, "owned", {"name": "b"}).problems == (
        "1 run of owned with the same limit is open and 1 may be: it would wait in line.",
    )


# labels -------------------------------------------------------------------------------------------------


def test_labels_are_kept_and_found() -> None:
    harness = Harness(making)
    run = harness.service.start("making", {"name": "a"}, by="test:ana", labels={"team": "red", "for": "Ö"})
    assert json.loads(run.labels) == {"for": "Ö", "team": "red"}
    assert [r.id for r in harness.store.runs(RunQuery(labels=(("team", "red"),)))] == [run.id]
    assert harness.store.runs(RunQuery(labels=(("team", "blue"),))) == []


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ({"": "x"}, "needs a name"),
        ({"n" * 101: "x"}, "too long"),
        ({"n": "x" * 101}, "too long"),
        ({f"n{i}": "x" for i in range(21)}, "20 at most"),
    ],
)
def test_labels_that_nobody_could_search_for(labels: dict[str, str], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        Harness(making).service.start("making", {"name": "a"}, by="test:ana", labels=labels)


# what a workflow says of itself -------------------------------------------------------------------------


def test_a_workflow_has_a_command_and_a_summary_of_its_own() -> None:
    @workflow("told", command="/told", summary=lambda result: f"Made {result}")
    def told(run: Run, given: None) -> str:
        return "tea"

    assert told.command == "/told"
    assert told.summary is not None
    assert told.summary("tea") == "Made tea"
    assert (making.command, making.summary) == ("", None)


@pytest.mark.parametrize("command", ["told", "/Told", "/to ld", "/baton", "/" + "a" * 32, "/"])
def test_commands_that_slack_would_refuse(command: str) -> None:
    with pytest.raises(DefinitionError, match="must be / and at most 31"):
        workflow("told", command=command)
