"""Claims of several lanes at once share a transaction with each other and with writes; each stands for itself."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import cast

import pytest
from sqlalchemy import delete, select

from tests.contract.store.opened import Opened, claimant, message, record, run
from tests.contract.store.test_races import at_once
from workflows.engine.errors import CodecError, LeaseLost
from workflows.engine.model import NewRun, Pause, RunState, Writes
from workflows.engine.ports import Claim, Committed
from workflows.engine.testing.clock import START
from workflows.storage.committer import Request, Wish
from workflows.storage.store import SqlStore
from workflows.storage.tables import BLOB, BLOB_USE, RUN


def test_each_gets_what_is_its_own(made: Opened) -> None:
    again = [f"again{number}" for number in range(4)]
    for name in again:
        claim = made.claimed(name)
        made.store.commit(claim.lease, Writes(records=(record(run_id=name, output=f'"{name}"'),)), leave=True)
        made.send(message(f"to-{name}", run_id=name))
    fresh = [f"fresh{number}" for number in range(4)]
    for name in fresh:
        made.create(name)
    made.store.create(NewRun(run("strange", workflow="unknown here")), Writes())
    made.claimed("held", owner="b")
    made.create("later", due_at=START + timedelta(days=400))
    made.create("limited", limit_key="k", limit_runs=1)
    names = [*again, *fresh, fresh[0], "strange", "held", "later", "limited", "nowhere"]
    claims = at_once([lambda name=name: made.store.claim(name, claimant()) for name in names])  # type: ignore[misc]
    got = [claim for claim in claims if claim is not None]
    assert sorted(claim.run.id for claim in got) == sorted([*again, *fresh, "limited"])
    for claim in got:
        name, second = claim.run.id, claim.run.id in again
        assert (claim.lease.run_id, claim.lease.owner, claim.lease.token) == (name, "a", 1 + second)
        assert [each.output for each in claim.records] == ([f'"{name}"'] if second else [])
        assert [each.id for each in claim.inbox.messages] == ([f"to-{name}"] if second else [])
        assert (claim.run.state, claim.run.started_at) == (RunState.RUNNING, made.store.run(name).started_at)
        assert [each.kind for each in made.store.events(name)].count("run.started") == 1
        assert made.store.commit(claim.lease, Writes(records=(record(2, run_id=name),))).applied


def test_writes_and_claims_at_the_same_time(made: Opened) -> None:
    """A batch of both: what is refused is nothing to the others."""
    held = [made.claimed(f"held{number}") for number in range(4)]
    made.end(held[0])
    free = [f"free{number}" for number in range(4)]
    for name in free:
        made.create(name)

    def write(claim: Claim) -> Committed | None:
        try:
            return made.store.commit(claim.lease, Writes(records=(record(run_id=claim.run.id),)))
        except LeaseLost:
            return None

    works: list[Callable[[], Committed | Claim | None]] = []
    for claim, name in zip(held, free, strict=True):
        works += [lambda claim=claim: write(claim), lambda name=name: made.store.claim(name, claimant())]  # type: ignore[misc]
    told = at_once(works)
    assert [one is not None for one in told[::2]] == [False, True, True, True]
    assert sorted(cast(Claim, one).run.id for one in told[1::2]) == free


def test_nobody_waits_for_a_run_that_is_locked(real_postgres: Opened) -> None:
    for name in ("free", "locked"):
        real_postgres.create(name)
    store = cast(SqlStore, real_postgres.store)
    with ThreadPoolExecutor(1) as pool:
        with store._database.engine.begin() as conn:
            conn.execute(select(RUN.c.id).where(RUN.c.id == "locked").with_for_update(key_share=True))
            late = pool.submit(store.claim, "locked", claimant())
            assert real_postgres.claim("free").run.id == "free"
        claim = late.result(60)
    assert claim is not None
    assert claim.lease.token == 1


def test_a_paused_workflow_is_taken_by_nobody(made: Opened) -> None:
    for name in ("r1", "r2"):
        made.create(name)
    made.store.pause(Pause("w", "ana", made.now()))
    assert at_once([lambda: made.store.claim("r1", claimant()), lambda: made.store.claim("r2", claimant())]) == [
        None,
        None,
    ]
    made.store.unpause("w", "ana")
    assert made.claim("r1").run.id == "r1"


def test_a_claim_that_fails_is_nothing_to_the_others(real: Opened) -> None:
    """A run whose history can't be read keeps no other lane from its own run."""
    for name in ("broken", "sound"):
        real.create(name)
    claim = real.claim("broken")
    large = record(run_id="broken", output='"' + "x" * 70_000 + '"')
    real.store.commit(claim.lease, Writes(records=(large,)), leave=True)
    store = cast(SqlStore, real.store)
    with store._database.engine.begin() as conn:
        for table in (BLOB_USE, BLOB):
            conn.execute(delete(table))
    wishes = [Wish(name, claimant()) for name in ("broken", "sound")]
    store._committer._write(wishes)
    with pytest.raises(KeyError):
        wishes[0].reply.wait()
    found = wishes[1].reply.wait()
    assert isinstance(found, Claim)
    assert found.run.id == "sound"


@pytest.mark.parametrize("bad", ["a\0b", "\ud800"])
def test_a_value_that_the_database_refuses_is_nothing_to_the_others(real: Opened, bad: str) -> None:
    held = [real.claimed(f"r{number}") for number in range(3)]
    outputs = ['"fine"', f'"{bad}"', '"grün \\u0000"']
    requests = [
        Request(claim.lease, Writes(records=(record(run_id=claim.run.id, output=text),)), False, None)
        for claim, text in zip(held, outputs, strict=True)
    ]
    store = cast(SqlStore, real.store)
    store._committer._write(requests)
    kept = [[each.output for each in store.records(claim.run.id)] for claim in held]
    takes_nul = store._database.lite and bad != "\ud800"
    assert kept == [[outputs[0]], [outputs[1]] if takes_nul else [], [outputs[2]]]
    if not takes_nul:
        with pytest.raises(CodecError):
            requests[1].reply.wait()
