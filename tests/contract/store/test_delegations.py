"""Delegations: who decides for whom, until the database's clock says otherwise."""

from __future__ import annotations

from datetime import timedelta

from tests.contract.store.opened import Opened
from workflows.engine.approving.delegation import Delegation
from workflows.engine.model import Audit
from workflows.engine.testing.clock import START, ManualClock

HOUR = timedelta(hours=1)
AUDIT = Audit(START, "ada", "delegate", "", "ada -> Bö")


def test_delegations_are_kept_replaced_and_end_by_the_database_s_clock(made: Opened, clock: ManualClock) -> None:
    kept = made.store.delegations
    assert kept.all() == kept.to("Bö") == []
    first = Delegation("ada", "", "Bö", START + HOUR, START)
    scoped = Delegation("ada", "policy:pay", "Bö", START + 3 * HOUR, START)
    away = Delegation("cyd", "", "ada", None, START, away=True)
    for one in (away, scoped, first):
        kept.put(one, AUDIT)
    assert kept.all() == [first, scoped, away]
    assert kept.to("Bö") == [first, scoped]
    other = Delegation("ada", "", "dov", START + 2 * HOUR, START)
    kept.put(other, AUDIT)
    assert (kept.to("Bö"), kept.to("dov")) == ([scoped], [other])
    clock.advance(2 * HOUR - timedelta(seconds=1))
    assert kept.to("dov") == [other]
    clock.advance(timedelta(seconds=1))
    assert (kept.to("dov"), kept.all()) == ([], [scoped, away])


def test_delegations_are_taken_back_and_audited(made: Opened, clock: ManualClock) -> None:
    kept, ended = made.store.delegations, Audit(START, "ada", "undelegate", "", "ada")
    kept.put(Delegation("ada", "", "Bö", START + HOUR, START), AUDIT)
    kept.put(Delegation("ada", "workflow:w", "cyd", START + HOUR, START), AUDIT)
    assert kept.end("ada", ended) == 2
    assert kept.end("ada", ended) == 0
    assert kept.all() == []
    assert made.store.audit("") == [AUDIT, AUDIT, ended]
    kept.put(Delegation("ada", "", "Bö", START + HOUR, START), AUDIT)
    clock.advance(HOUR)
    assert kept.end("ada", ended) == 0  # it had ended by itself
