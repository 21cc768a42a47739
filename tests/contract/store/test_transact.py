"""Commands from outside: read and write under the run's lock."""

from __future__ import annotations

import pytest

from tests.contract.store.opened import GRACE, Opened, approval, attempt, event, message, record, run
from workflows.engine.errors import Refused, UnknownRun
from workflows.engine.model import Decision, NewRun, Outcome, RunState, Writes
from workflows.engine.ports import Committed, Ring, View
from workflows.engine.testing.clock import START, ManualClock


def test_a_change_sees_the_run_and_all_that_belongs_to_it(made: Opened, clock: ManualClock) -> None:
    claim = made.claimed()
    child = NewRun(run("child", parent_id="r1"))
    decision = Decision("a1", "ada", Outcome.APPROVED, START)
    made.store.commit(
        claim.lease,
        Writes(
            records=(record(),), attempts=(attempt(),), approvals=(approval(),), decisions=(decision,), starts=(child,)
        ),
    )
    clock.advance(GRACE)
    seen: list[View] = []

    def look(view: View) -> Writes:
        assert view.run == made_run
        assert view.now == START + GRACE
        assert list(view.records()) == [record()]
        assert list(view.attempts()) == [attempt()]
        assert view.approval("a1") == approval()
        assert view.approval("none") is None
        assert list(view.approvals()) == [approval()]
        assert list(view.decisions("a1")) == [decision]
        assert [c.id for c in view.children()] == ["child"]
        seen.append(view)
        return Writes()

    made_run = made.store.run("r1")
    assert made.store.transact("r1", look) == Committed(True, 0)
    assert len(seen) == 1
    assert made.store.run("r1") == made_run


def test_a_change_writes_and_rings(made: Opened) -> None:
    made.over(state=RunState.FAILED, queue="slow")
    writes = Writes(run={"state": RunState.QUEUED, "ended_at": None}, events=(event("run.resumed"),), ring=True)
    assert made.store.transact("r1", lambda _view: writes).rings == (Ring("r1", 0, "slow", again=True),)
    found = made.store.run("r1")
    assert (found.state, found.ended_at, found.wake_at) == (RunState.QUEUED, None, START + GRACE)
    assert made.store.events("r1")[-1].kind == "run.resumed"
    made.claim()


def test_a_change_that_raises_writes_nothing(made: Opened) -> None:
    made.create()
    before = made.store.run("r1")

    def refuse(_view: View) -> Writes:
        raise Refused("not yours")

    with pytest.raises(Refused, match="not yours"):
        made.store.transact("r1", refuse)
    assert made.store.run("r1") == before


def test_an_unknown_run(made: Opened) -> None:
    with pytest.raises(UnknownRun, match="no run r9"):
        made.store.transact("r9", lambda _view: Writes())
    for ask in (made.store.run, made.store.inbox):
        with pytest.raises(UnknownRun):
            ask("r9")


def test_one_change_can_reach_several_runs(made: Opened) -> None:
    made.waiting("parent")
    made.create("child", parent_id="parent")
    writes = Writes(run={"state": RunState.CANCELLED}, messages=(message(run_id="parent"),))
    assert made.store.transact("child", lambda _view: writes).rings == (Ring("parent", 1),)
    made.claim("parent")
