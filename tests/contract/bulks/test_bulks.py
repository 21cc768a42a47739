"""One move for all of a group: bound to what was confirmed, done once, and told as it went, on every store."""

from __future__ import annotations

import pytest

from tests.contract.bulks.stage import ANA, BEN, OPS, Died, Stage
from workflows.engine.bulks.model import ASKED_KEPT, ENDED_KEPT, EndedAs, Move
from workflows.engine.bulks.moving import LEASE, Mover
from workflows.engine.errors import NotAllowed, Refused
from workflows.engine.model import Audit, RunState, StepState, Writes

SUCCEEDED, FAILED = RunState.SUCCEEDED, RunState.FAILED


def test_the_set_is_frozen_when_it_is_asked_for_and_moved_when_it_is_confirmed(stage: Stage) -> None:
    runs = stage.fail("a", "b", "c")
    asked = stage.desk.ask(stage.group().group.id, Move.RESUME, by=ANA)
    assert (asked.bulk.total, asked.since) == (3, 0)
    [later] = stage.fail("d")
    stage.move()
    assert stage.standing(asked.bulk.id).pending == 3, "nobody confirmed it"
    assert stage.desk.confirm(asked.bulk.id, by=ANA).since == 1
    stage.open()
    stage.move()
    stage.harness.work()
    found = stage.standing(asked.bulk.id)
    assert (found.done, found.pending, found.since, found.bulk.ended_as) == (3, 0, 1, EndedAs.DONE)
    assert stage.states([*runs, later]) == [SUCCEEDED] * 3 + [FAILED]
    for run_id in runs:
        [entry] = [one for one in stage.store.audit(run_id) if one.verb == "resume"]
        assert (entry.actor, entry.detail) == (ANA, f"(bulk {asked.bulk.id})")
    [entry] = [one for one in stage.store.audit("") if one.verb == "resume all"]
    assert (entry.actor, f"bulk {asked.bulk.id}, 3 runs" in entry.detail) == (ANA, True)


def test_what_somebody_moved_meanwhile_is_left_alone_and_counted(stage: Stage) -> None:
    runs = stage.fail("a", "b", "c")
    bulk = stage.ask(Move.DISCARD)
    stage.harness.recovery.resume(runs[0], by=ANA)
    stage.harness.work()  # it fails again: another dead letter, which nobody confirmed anything about
    stage.harness.recovery.discard(runs[1], by=ANA)
    stage.move()
    found = stage.standing(bulk)
    assert (found.done, found.elsewhere, found.refused, found.since) == (1, 2, 0, 1)
    assert [stage.times(run_id, "discard") for run_id in runs] == [0, 1, 1]
    assert stage.store.run(runs[0]).dead_at is not None


def test_a_process_that_dies_is_taken_over_from_and_nothing_is_done_twice(stage: Stage) -> None:
    runs = stage.fail("a", "b", "c", "d")
    bulk = stage.ask(Move.FORK)
    dying = stage.dying(after=lambda run_id: run_id == runs[1])
    with pytest.raises(Died):
        dying.carry_on()
    assert stage.standing(bulk).done == 2, "a move and the note of it are one transaction"
    assert stage.mover.carry_on() is None, "the dead process holds it"
    stage.clock.advance(LEASE)
    stage.move()
    found = stage.standing(bulk)
    assert (found.done, found.elsewhere, found.bulk.ended_as) == (4, 0, EndedAs.DONE)
    assert [stage.times(run_id, "fork") for run_id in runs] == [1] * 4


def test_one_process_at_a_time_holds_a_bulk(stage: Stage) -> None:
    stage.fail("a")
    bulk = stage.ask()
    assert stage.bulks.claim("one", LEASE) is not None
    assert stage.bulks.claim("two", LEASE, bulk_id=bulk) is None
    assert not stage.bulks.rest(bulk, "one")
    assert stage.bulks.claim("two", LEASE, bulk_id=bulk) is not None


def test_two_who_move_the_same_run_at_once_move_it_once(stage: Stage) -> None:
    [run] = stage.fail("a")
    bulk = stage.ask(Move.FORK)
    [turn] = stage.bulks.turns(bulk, limit=5)
    slow = Mover(stage.harness.service, stage.bulks)
    stage.move()
    slow._take(stage.standing(bulk).bulk, turn)  # its lease ran out while it thought
    assert (stage.standing(bulk).done, stage.standing(bulk).elsewhere, stage.times(run, "fork")) == (1, 0, 1)


def test_a_bulk_can_be_stopped(stage: Stage) -> None:
    runs = stage.fail("a", "b", "c")
    bulk = stage.ask(Move.DISCARD)
    with pytest.raises(Died):
        stage.dying(after=lambda run_id: run_id == runs[0]).carry_on()
    with pytest.raises(NotAllowed, match="may not stop this"):
        stage.desk.cancel(bulk, by=BEN)
    stopped = stage.desk.cancel(bulk, by=OPS)
    assert (stopped.done, stopped.left, stopped.bulk.ended_as) == (1, 2, EndedAs.CANCELLED)
    stage.clock.advance(LEASE)
    stage.move()
    assert [stage.times(run_id, "discard") for run_id in runs] == [1, 0, 0]
    stage.store.transact(runs[1], lambda _: Writes(run={"dead_at": None}, bulk=bulk))  # was on its way just then
    assert (stage.standing(bulk).done, stage.standing(bulk).left) == (2, 1)
    with pytest.raises(Refused, match="over already"):
        stage.desk.cancel(bulk, by=OPS)


def test_a_skip_puts_one_value_in_the_place_of_each_failed_step(stage: Stage) -> None:
    runs = stage.fail("a", "b")
    stage.ask(Move.SKIP, value="bought elsewhere")
    stage.move()
    stage.harness.work()
    assert [stage.harness.output(run_id) for run_id in runs] == ["bought elsewhere"] * 2
    assert [stage.harness.history(run_id)[-1].state for run_id in runs] == [StepState.SKIPPED] * 2


def test_a_discard_says_why_and_on_whose_behalf(stage: Stage) -> None:
    [run] = stage.fail("a")
    bulk = stage.ask(Move.DISCARD, reason="sorted out by hand")
    stage.move()
    assert stage.store.run(run).dead_at is None
    assert stage.store.audit(run)[-1].detail == f"sorted out by hand (bulk {bulk})"
    with pytest.raises(Refused, match="Nothing in group"):
        stage.desk.ask(stage.group().group.id, Move.DISCARD, by=ANA)


# who may -----------------------------------------------------------------------------------------------------


def test_others_move_only_what_they_started(stage: Stage) -> None:
    mine, others = stage.fail("a", by=BEN), stage.fail("b", by="test:eve")
    group = stage.group().group.id
    with pytest.raises(NotAllowed, match="runs that others started"):
        stage.desk.ask(group, Move.DISCARD, by="test:kim")
    asked = stage.desk.ask(group, Move.DISCARD, by=BEN)
    assert (asked.bulk.total, asked.bulk.only, asked.since) == (1, BEN, 0)
    for other in (ANA, OPS, "test:eve"):
        with pytest.raises(NotAllowed, match="asked for this"):
            stage.desk.confirm(asked.bulk.id, by=other)
    stage.desk.confirm(asked.bulk.id, by=BEN)
    stage.move()
    assert [stage.times(run_id, "discard") for run_id in (*mine, *others)] == [1, 0]


def test_each_run_is_moved_by_what_the_person_may_do_then(stage: Stage) -> None:
    runs = stage.fail("a", "b")
    asked = stage.desk.ask(stage.group().group.id, Move.DISCARD, by=OPS)
    stage.admins.clear()
    with pytest.raises(NotAllowed, match="Ask anew for your own"):
        stage.desk.confirm(asked.bulk.id, by=OPS)
    stage.admins.append(OPS)
    stage.desk.confirm(asked.bulk.id, by=OPS)
    stage.admins.clear()
    stage.move()
    found = stage.standing(asked.bulk.id)
    assert (found.done, found.refused, found.bulk.ended_as) == (0, 2, EndedAs.DONE)
    assert "may not discard run" in found.why
    assert [stage.times(run_id, "discard") for run_id in runs] == [0, 0]


def test_nothing_is_moved_while_nobody_can_say_who_asked_and_others_get_their_turn(stage: Stage) -> None:
    stage.fail("a", "b", by=BEN)
    unclear, clear = stage.ask(Move.DISCARD, by=OPS), stage.ask(Move.DISCARD, by=ANA)
    stage.people.unheard.add(OPS)
    stage.move()
    assert (stage.standing(unclear).pending, stage.standing(clear).done) == (2, 2)
    stage.people.unheard.clear()
    stage.clock.advance(LEASE)
    stage.move()
    assert stage.standing(unclear).elsewhere == 2


def test_a_run_that_is_broken_in_itself_holds_up_no_other(stage: Stage) -> None:
    runs = stage.fail("a", "b")
    stage.store.transact(runs[0], lambda _: Writes(run={"error": "no JSON"}))
    bulk = stage.ask(Move.SKIP, value="x")
    stage.move()
    found = stage.standing(bulk)
    assert (found.done, found.refused, "went wrong in Baton itself" in found.why) == (1, 1, True)


# what is not confirmed, and what is over ---------------------------------------------------------------------


def test_a_question_is_good_for_a_while_and_answered_once(stage: Stage) -> None:
    stage.fail("a")
    group = stage.group().group.id
    asked = stage.desk.ask(group, Move.RESUME, by=ANA).bulk.id
    stage.desk.confirm(asked, by=ANA)
    with pytest.raises(Refused, match="in time"):
        stage.desk.confirm(asked, by=ANA)
    late = stage.desk.ask(group, Move.RESUME, by=ANA).bulk.id
    stage.clock.advance(ASKED_KEPT)
    with pytest.raises(Refused, match="in time"):
        stage.desk.confirm(late, by=ANA)
    assert (stage.bulks.forget(limit=5), stage.bulks.look(late)) == (1, None)
    with pytest.raises(Refused, match="in time"):
        stage.desk.confirm(late, by=ANA)
    shown = stage.bulks.of_group(group)
    assert shown is not None
    assert shown.bulk.id == asked


def test_what_is_long_over_is_forgotten_and_the_audit_stays(stage: Stage) -> None:
    [run] = stage.fail("a")
    bulk = stage.ask(Move.DISCARD)
    assert stage.bulks.forget(limit=5) == 0
    stage.move()
    stage.clock.advance(ENDED_KEPT)
    assert stage.bulks.forget(limit=5) == 1
    assert (stage.bulks.look(bulk), stage.bulks.turns(bulk, limit=5), stage.times(run, "discard")) == (None, [], 1)


def test_the_groups_card_is_shown_as_it_goes(stage: Stage) -> None:
    stage.fail("a")
    stage.letters.stir(limit=5)
    name = f"group/{stage.group().group.id}"
    cards = stage.cards(name)
    bulk = stage.ask(Move.DISCARD)
    begun = stage.cards(name)
    stage.move()
    assert cards < begun < stage.cards(name)
    assert not stage.bulks.confirm(bulk, Audit(stage.clock.now(), ANA, "resume all"))
