"""Starting runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.contract.store.opened import GRACE, Opened, event, message, record, run
from workflows.engine.model import Audit, Event, NewRun, Writes
from workflows.engine.ports import Lineage, Ring, RunQuery
from workflows.engine.testing.clock import START


def test_a_new_run_is_there_and_is_rung(made: Opened) -> None:
    created = made.create(queue="slow", writes=Writes(events=(event("run.created"),)))
    assert created.new
    assert created.rings == (Ring("r1", 0, "slow"),)
    assert created.run == made.store.run("r1") == run(queue="slow", wake_at=START + GRACE, revision=1)
    assert [(e.kind, e.number) for e in made.store.events("r1")] == [("run.created", 1)]


def test_every_column_is_kept(made: Opened) -> None:
    given = run(
        generation=2,
        version="v",
        release=7,
        error="{}",
        waiting="[]",
        started_by="ada",
        channel="C1",
        parent_id="p",
        parent_key="0/child#1",
        dedupe="d",
        limit_key="k",
        limit_runs=3,
        deadline=START + GRACE,
        labels='{"a": 1}',
    )
    made.store.create(NewRun(given), Writes())
    assert made.store.run("r1") == replace(given, wake_at=START + GRACE, revision=1, carded=True)


def test_the_same_idempotency_key_gives_the_first_run(made: Opened) -> None:
    made.create("r1", dedupe="order-7")
    again = made.create("r2", dedupe="order-7", writes=Writes(audit=(Audit(START, "ada", "start"),)))
    assert (again.new, again.run.id, again.rings) == (False, "r1", ())
    assert not made.store.audit("r1")
    assert made.create("r3", dedupe="order-7", workflow="v").new
    assert made.create("r4", dedupe="order-8").new


def test_the_same_id_gives_the_run_that_is_there(made: Opened) -> None:
    made.create("r1", title="first")
    again = made.create("r1", title="second", writes=Writes(events=(event(),)))
    assert (again.new, again.run.title, again.rings) == (False, "first", ())
    assert not made.store.events("r1")


def test_a_fork_begins_with_history(made: Opened) -> None:
    made.store.create(NewRun(run("fork"), (record(1, run_id="original"),)), Writes())
    assert made.store.records("fork") == [record(1, run_id="fork")]


def test_a_run_starts_children_and_tells_them(made: Opened) -> None:
    claim = made.claimed()
    child = NewRun(run("child", parent_id="r1"), (record(1, run_id="child"),))
    writes = Writes(starts=(child,), messages=(message(run_id="child"),))
    done = made.store.commit(claim.lease, writes)
    assert done.rings == (Ring("child", 1),)
    assert made.store.run("child").revision == 1
    assert made.store.inbox("child").messages == (message(run_id="child"),)
    again = made.store.commit(claim.lease, writes)
    assert again.rings == ()
    assert made.store.inbox("child").counter == 1


def test_a_child_with_a_key_that_is_taken_is_left_out(made: Opened) -> None:
    claim = made.claimed()
    made.create("other", dedupe="k")
    large = '"' + "x" * 100_000 + '"'
    made.store.commit(claim.lease, Writes(starts=(NewRun(run("child", dedupe="k", input=large)),)))
    assert [r.id for r in made.store.runs(RunQuery())] == ["r1", "other"]


def test_the_newest_of_the_audit_comes_first_whichever_run_it_is_of(made: Opened) -> None:
    later = START + timedelta(minutes=1)
    made.create("r1", writes=Writes(audit=(Audit(START, "ada", "start", "r1"),)))
    made.create("r2", writes=Writes(audit=(Audit(later, "bo", "start", "r2"),)))
    made.store.transact("r1", lambda _: Writes(audit=(Audit(START, "bo", "edit", "r1"), Audit(later, "bo", "cancel"))))
    found = [(entry.verb, entry.run_id) for entry in made.store.audited(limit=3)]
    assert found == [("cancel", "r1"), ("start", "r2"), ("edit", "r1")]
    assert len(made.store.audited(limit=50)) == 4


def test_audit_belongs_to_the_run_it_was_written_with(made: Opened) -> None:
    made.create(writes=Writes(audit=(Audit(START, "ada", "start", detail="x"),)))
    assert made.store.audit("r1") == [Audit(START, "ada", "start", "r1", "x")]


@pytest.mark.parametrize("events", [(), (event("run.queued"),), (event("run.queued"), event("run.labelled"))])
def test_a_start_answers_with_the_run_as_it_is_kept(made: Opened, events: tuple[Event, ...]) -> None:
    created = made.create(channel="slack:T1:C1", writes=Writes(events=events))
    kept = made.store.run("r1")
    assert created.run == kept
    assert kept.revision == max(len(events), 1)
    assert [fact.kind for fact in made.store.events("r1")] == [fact.kind for fact in events]


def test_a_start_with_changes_of_its_own_answers_with_them(made: Opened) -> None:
    created = made.create(writes=Writes(run={"version": "v2"}, events=(event("run.queued"),)))
    assert created.run == made.store.run("r1")
    assert created.run.version == "v2"


def test_the_lineage_of_a_run_tells_whose_it_is_and_what_was_done(made: Opened) -> None:
    made.create("r1", started_by="ada", parent_id="r0", writes=Writes(audit=(Audit(START, "ada", "start", "r1"),)))
    made.store.transact("r1", lambda _: Writes(audit=(Audit(START, "bo", "edit", "r1", "input"),)))
    lineage = made.store.lineage("r1")
    assert (lineage.started_by, lineage.parent_id) == ("ada", "r0")
    assert [(entry.actor, entry.verb) for entry in lineage.audit] == [("ada", "start"), ("bo", "edit")]
    assert made.store.lineage("r9") == Lineage(None, None, ())
