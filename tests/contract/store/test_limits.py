"""Runs that share a limit."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.contract.store.opened import GRACE, Opened
from workflows.engine.model import RunState, Writes
from workflows.engine.ports import Ring
from workflows.engine.testing.clock import START

LINE = timedelta(seconds=30)


def queue_up(made: Opened, *run_ids: str, places: int = 1, key: str | None = "k") -> None:
    for number, run_id in enumerate(run_ids):
        created_at = START + timedelta(seconds=number)
        made.create(run_id, limit_key=key, limit_runs=places, created_at=created_at)


@pytest.mark.parametrize("key", ["k", "", None])
def test_a_run_over_the_limit_waits_in_line(made: Opened, key: str | None) -> None:
    queue_up(made, "a", "b", key=key)
    assert made.claim("a").run.admitted
    assert made.refuses("b")
    waiting = made.store.run("b")
    assert (waiting.state, waiting.admitted, waiting.token, waiting.wake_at) == (
        RunState.QUEUED,
        False,
        0,
        START + LINE,
    )


def test_the_end_of_a_run_rings_the_next_in_line(made: Opened) -> None:
    queue_up(made, "a", "c", "b")
    claim = made.claim("a")
    done = made.store.commit(claim.lease, Writes(run={"state": RunState.FAILED}), leave=True)
    assert done.rings == (Ring("c", 0),)
    assert made.store.run("c").wake_at == START + GRACE
    assert not made.store.run("a").admitted
    assert made.refuses("b")
    assert made.claim("c").run.admitted


def test_a_younger_run_does_not_overtake(made: Opened) -> None:
    queue_up(made, "b", "a")
    assert made.refuses("a")
    assert made.claim("b").run.admitted


def test_a_younger_run_takes_a_place_that_the_older_does_not_need(made: Opened) -> None:
    queue_up(made, "a", "b", "c", places=2)
    made.claim("b")
    assert made.refuses("c")
    made.claim("a")
    assert made.refuses("c")


def test_a_place_is_kept_while_waiting_and_parked(made: Opened) -> None:
    queue_up(made, "a", "b")
    claim = made.claim("a")
    made.store.commit(claim.lease, Writes(run={"state": RunState.WAITING, "due_at": START}), leave=True)
    assert made.refuses("b")
    claim = made.claim("a")
    made.store.commit(claim.lease, Writes(run={"state": RunState.PARKED}), leave=True)
    assert made.refuses("b")
    ended = made.store.transact("a", lambda _view: Writes(run={"state": RunState.CANCELLED}))
    assert ended.rings == (Ring("b", 0),)


def test_other_keys_and_workflows_have_lines_of_their_own(made: Opened) -> None:
    queue_up(made, "a", "b")
    queue_up(made, "c", key="other")
    made.create("d", workflow="v", limit_key="k", limit_runs=1)
    made.create("e", limit_key="k")
    for run_id in ("a", "c", "d", "e"):
        made.claim(run_id)
    assert made.refuses("b")


def test_every_free_place_is_rung(made: Opened) -> None:
    queue_up(made, "a", "b", "c", "d", "e", places=2)
    first, second = made.claim("a"), made.claim("b")
    made.store.commit(first.lease, Writes(run={"state": RunState.SUCCEEDED}), leave=True)
    done = made.store.commit(second.lease, Writes(run={"state": RunState.SUCCEEDED}), leave=True)
    assert done.rings == (Ring("c", 0), Ring("d", 0))


def test_a_cancelled_run_in_line_comes_to_its_end(made: Opened) -> None:
    queue_up(made, "a", "b")
    made.claim("a")
    made.store.transact("b", lambda _view: Writes(cancels=(("b", "by ada"),)))
    assert not made.claim("b").run.admitted


def test_a_resumed_run_stands_in_line_again(made: Opened) -> None:
    queue_up(made, "a", "b")
    made.end(made.claim("a"), RunState.FAILED)
    made.claim("b")
    made.store.transact("a", lambda _view: Writes(run={"state": RunState.QUEUED}, ring=True))
    assert made.refuses("a")
