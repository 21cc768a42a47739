"""Dead letters that are alike are one group, in the transaction that makes them, on every store."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.contract.letters.stage import SHUT, Failing
from workflows.engine.errors import LeaseLost
from workflows.engine.expiry import Expiry
from workflows.engine.letters.model import FRESH, Closed
from workflows.engine.model import Audit, RunState, Writes

SECOND = timedelta(seconds=1)


def other(number: int) -> str:
    return f"Order {number} was refused by shop {number + 1}"


def test_alike_are_counted_together_and_others_apart(failing: Failing) -> None:
    failing.fail("r1", channel="c1")
    failing.fail("r2", replace(SHUT, message=other(99)), channel="c1")
    failing.fail("r3", channel="c2")
    failing.fail("r4", replace(SHUT, message="The shop burnt down"), channel="c1")
    failing.fail("r5", workflow="v", channel="c1")
    counted = {
        (one.group.channel, one.group.workflow, one.group.words): (one.runs, one.open) for one in failing.groups()
    }
    assert counted == {
        ("c1", "w", "Order # was refused by shop #"): (2, 2),
        ("c2", "w", "Order # was refused by shop #"): (1, 1),
        ("c1", "w", "The shop burnt down"): (1, 1),
        ("c1", "v", "Order # was refused by shop #"): (1, 1),
    }
    assert [one.group.workflow for one in failing.groups(workflow="v")] == ["v"]
    group = failing.one(workflow="v").group
    assert (group.step, group.error, group.release, group.closed_at) == ("buy", "Unavailable", 1, None)


def test_what_was_dealt_with_no_longer_waits(failing: Failing) -> None:
    for run_id in ("r1", "r2"):
        failing.fail(run_id)
        failing.manual.advance(SECOND)
    failing.revive("r1")
    found = failing.one()
    assert (found.runs, found.open) == (2, 1)
    assert [m.run_id for m in failing.letters.members(found.group.id)] == ["r2", "r1"]
    assert [m.run_id for m in failing.letters.members(found.group.id, open_only=True)] == ["r2"]
    failing.discard("r2")
    assert failing.groups() == []
    assert (failing.one(open=False).runs, failing.one(open=False).open) == (2, 0)


def test_a_run_that_fails_again_so_is_one_run_with_two_letters(failing: Failing) -> None:
    failing.fail("r1")
    failing.fail("r2")
    failing.revive("r1")
    failing.manual.advance(SECOND)
    failing.fail("r1", release=2)
    found = failing.one()
    assert (found.runs, found.open, found.last_release) == (2, 2, 2)
    assert [(m.run_id, m.number) for m in failing.letters.members(found.group.id)] == [("r1", 2), ("r2", 1)]
    last = failing.letters.of_run("r1")
    assert last is not None
    assert (last.number, last.settled_at) == (2, None)
    assert failing.letters.of_run("r9") is None


def test_cancelling_a_parked_run_deals_with_it(failing: Failing) -> None:
    failing.create("r1")
    claim = failing.claim("r1")
    parked = replace(failing.dead("r1"), run={"state": RunState.PARKED, "dead_at": failing.now()})
    failing.store.commit(claim.lease, parked, leave=True)
    assert failing.one().open == 1
    failing.store.transact("r1", lambda _: Writes(cancels=(("r1", "enough"),)))
    assert failing.groups() == []


def test_nothing_joins_when_the_write_is_refused(failing: Failing) -> None:
    failing.create("r1")
    claim = failing.claim("r1")
    failing.store.transact("r1", lambda _: Writes(run={"state": RunState.CANCELLED}))
    with pytest.raises(LeaseLost):
        failing.store.commit(claim.lease, failing.dead("r1"), leave=True)
    assert failing.groups(open=False) == []


def test_who_started_its_runs_in_the_order_of_their_first_failures(failing: Failing) -> None:
    for run_id, by in (("r3", "eve"), ("r1", "ana"), ("r2", "eve"), ("r4", "")):
        failing.create(run_id, started_by=by)
        failing.fail(run_id)
        failing.manual.advance(SECOND)
    failing.discard("r3")
    group = failing.one().group.id
    assert failing.letters.people(group) == ["eve", "ana", ""]
    assert failing.letters.people(group, limit=1) == ["eve"]
    assert failing.letters.people("nowhere") == []


# episodes ----------------------------------------------------------------------------------------------------


def test_an_episode_ends_when_all_is_dealt_with_and_the_next_failure_begins_another(failing: Failing) -> None:
    failing.fail("r1")
    failing.revive("r1")
    [first] = failing.letters.stir(limit=10)
    failing.fail("r1", release=3)
    second = failing.one()
    assert second.group.id != first
    assert (second.earlier, second.first_release, second.group.release) == (1, 1, 3)
    before = failing.letters.group(first)
    assert before is not None
    assert (before.group.closed_as, before.open, before.earlier) == (Closed.DEALT, 0, 0)


def test_what_has_not_happened_for_a_day_is_told_anew(failing: Failing) -> None:
    failing.fail("r1")
    failing.manual.advance(FRESH - SECOND)
    failing.fail("r2")
    assert failing.one().runs == 2
    failing.letters.stir(limit=10)
    failing.manual.advance(FRESH)
    failing.fail("r3")
    assert failing.one(open=True).runs == 3, "a day after the last one it is still the same episode"
    failing.letters.stir(limit=10)
    failing.manual.advance(FRESH + SECOND)
    failing.fail("r4")
    newest, former = failing.groups()
    assert (newest.runs, former.runs, former.group.closed_as) == (1, 3, Closed.QUIET)


def test_a_group_is_over_when_enough_runs_passed_since(failing: Failing) -> None:
    failing.over("r0")
    failing.manual.advance(SECOND)
    failing.fail("r1")
    group = failing.one().group.id
    failing.manual.advance(SECOND)
    failing.over("r2")
    failing.over("r3", workflow="v")
    assert not failing.letters.close_if_passed(group, runs=2), "one of the two passed before it failed"
    failing.over("r4", state=RunState.FAILED)
    failing.over("r5")
    assert [one.id for one in failing.letters.unclosed(limit=10)] == [group]
    assert failing.letters.close_if_passed(group, runs=2)
    assert not failing.letters.close_if_passed(group, runs=2)
    found = failing.letters.group(group)
    assert found is not None
    assert (found.group.closed_as, found.open) == (Closed.PASSED, 1), "what failed still waits for a person"
    assert failing.letters.unclosed(limit=10) == []
    failing.fail("r6")
    assert len(failing.groups()) == 2


# what is shown -----------------------------------------------------------------------------------------------


def test_a_group_is_stirred_once_for_all_that_happened(failing: Failing) -> None:
    for number in range(5):
        failing.fail(f"r{number}", channel="slack:T1:C1")
    [group] = failing.letters.stir(limit=10)
    card = failing.card(group)
    assert (card.channel, card.wanted, card.shown) == ("slack:T1:C1", 1, 0)
    assert f"group/{group}" in failing.outbox.due(limit=10)
    assert failing.letters.stir(limit=10) == []
    failing.revive("r3")
    assert failing.letters.stir(limit=10) == [group]
    failing.letters.touch(group)
    assert failing.card(group).wanted == 3


def test_no_more_groups_are_stirred_than_asked_for(failing: Failing) -> None:
    for number in range(3):
        failing.fail(f"r{number}", channel=f"c{number}")
    assert [len(failing.letters.stir(limit=2)) for _ in range(3)] == [2, 1, 0]


# owners ------------------------------------------------------------------------------------------------------


def test_of_two_who_claim_one_gets_it(failing: Failing) -> None:
    failing.fail("r1")
    group = failing.one().group.id
    audit = Audit(failing.now(), "ana", "claim", "", group)
    assert failing.letters.own(group, "ana", instead_of="", audit=audit)
    assert not failing.letters.own(group, "ben", instead_of="", audit=replace(audit, actor="ben"))
    owned = failing.one(owner="ana").group
    assert (owned.owner, owned.claimed_at) == ("ana", failing.now())
    assert failing.groups(owner="ben") == []
    assert [entry.actor for entry in failing.store.audit("")] == ["ana"]
    assert failing.letters.own(group, "", instead_of="ana", audit=replace(audit, verb="release"))
    assert (failing.one().group.owner, failing.one().group.claimed_at) == ("", None)


# letters of other releases, and of deleted runs --------------------------------------------------------------


def test_what_an_earlier_release_wrote_is_mended(failing: Failing) -> None:
    failing.create("r1")
    claim = failing.claim("r1")
    failing.store.commit(claim.lease, replace(failing.dead("r1"), letter=None), leave=True)
    assert failing.letters.astray(limit=10) == ["r1"]
    assert failing.letters.mend("r1")
    assert not failing.letters.mend("r1")
    assert not failing.letters.mend("r9")
    assert (failing.one().runs, failing.one().group.words) == (1, "Order # was refused by shop #")
    assert failing.letters.astray(limit=10) == []


def test_a_deleted_run_leaves_its_group_and_an_empty_group_goes(failing: Failing) -> None:
    failing.fail("r1")
    failing.fail("r2")
    group = failing.one().group.id
    failing.letters.stir(limit=10)
    failing.manual.advance(timedelta(days=40))
    old = Expiry(failing.now() - timedelta(days=30), failed=True)
    failing.outbox.release("nobody")
    assert failing.store.prune(old, limit=1).runs == 1
    assert failing.one().runs == 1
    failing.store.prune(old, limit=5)
    assert failing.groups(open=False) == []
    failing.store.sweep(old, limit=10)
    assert failing.outbox.card(f"group/{group}") is None
