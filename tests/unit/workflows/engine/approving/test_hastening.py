"""An escalation comes early where too few of those who are asked are there."""

from __future__ import annotations

from datetime import time

import pytest

from tests.unit.workflows.engine.approving.stage import HOUR, ROLES, opened
from workflows.engine.approving.book import Book
from workflows.engine.approving.hours import Quiet
from workflows.engine.directory import LocalDirectory
from workflows.engine.hastening import Hastening
from workflows.engine.model import RunState
from workflows.engine.testing.harness import Harness

FINANCE = {"test:fay", "test:fin", "test:lea"}


def looked(harness: Harness, directory: LocalDirectory | None = None) -> int:
    return Hastening(harness.service, directory or LocalDirectory(ROLES), harness.away.__contains__).look()


def approvers(harness: Harness) -> tuple[str, ...]:
    return harness.store.approvals()[0].approvers


@pytest.fixture
def harness() -> Harness:
    made = opened()
    made.start("pay", {"amount": 5})
    return made


def test_when_all_are_away_the_next_are_asked_at_once_and_nobody_loses_their_say(harness: Harness) -> None:
    harness.away |= FINANCE - {"test:fay"}
    assert looked(harness) == 0  # one is there, and one is enough
    harness.away |= FINANCE
    assert looked(harness) == 1
    assert looked(harness) == 0  # it is due already
    harness.store.remind(limit=9)
    assert approvers(harness) == ("role:finance", "role:cfo")
    audit = harness.store.audit(harness.store.approvals()[0].run_id)
    assert [one.detail for one in audit if one.verb == "hasten"] == ["pay: away: test:fay, test:fin, test:lea"]
    assert looked(harness) == 0  # there is nothing left to be brought forward
    harness.decide(by="test:fay")
    assert harness.store.approvals(state=None)[0].outcome == "approved"


def test_a_deputy_who_is_there_is_enough(harness: Harness) -> None:
    harness.away |= FINANCE
    until = harness.clock.now() + 5 * HOUR
    harness.deputies.delegate("test:fay", "test:dan", by="test:fay", until=until)
    assert looked(harness) == 0
    harness.away.add("test:dan")
    assert looked(harness) == 1


def test_two_who_are_needed_are_not_one() -> None:
    harness = opened()
    run_id = harness.start("pay", {"amount": 10_000})
    harness.away |= {"test:fin", "test:lea", "test:leo"}
    assert looked(harness) == 1
    assert harness.state(run_id) is RunState.WAITING


def test_where_nobody_says_who_is_asked_nothing_is_brought_forward(harness: Harness) -> None:
    class Silent(LocalDirectory):
        def people(self, to: str) -> None:
            return None

    harness.away |= FINANCE
    assert looked(harness, Silent(ROLES)) == 0
    assert approvers(harness) == ("role:finance",)


def test_it_waits_for_the_end_of_the_quiet_hours() -> None:
    harness = opened(book=Book(quiet=Quiet(time(8), time(12), "UTC")))
    harness.start("pay", {"amount": 5})  # at nine
    harness.away |= FINANCE
    assert looked(harness) == 1
    harness.clock.advance(2 * HOUR)
    assert looked(harness) == 0
    harness.store.remind(limit=9)
    assert approvers(harness) == ("role:finance",)
    harness.clock.advance(HOUR)
    harness.store.remind(limit=9)
    assert approvers(harness) == ("role:finance", "role:cfo")
