"""What happened, as every store tells it."""

from __future__ import annotations

from datetime import timedelta

from tests.contract.digests.stage import ANA, BEN, OPS, House
from workflows.engine.happenings import Count
from workflows.engine.model import RunState


def test_runs_are_counted_by_their_ends_and_children_are_not(house: House) -> None:
    first = house.clock.now()
    one = house.start("errand", "tea", channel=OPS)
    two = house.start("errand", "nothing", by=BEN)
    house.clock.advance(timedelta(hours=1))
    second = house.clock.now()
    three = house.start("both", "milk")
    house.start("asking", BEN)
    house.clock.advance(timedelta(hours=1))
    third = house.clock.now()

    counts = house.happenings.counts(first, second)
    assert sorted(counts, key=lambda one: one.channel) == [
        Count("errand", RunState.FAILED, "", BEN, 1), Count("errand", RunState.SUCCEEDED, OPS, ANA, 1)
    ]  # fmt: skip
    assert [one.workflow for one in house.happenings.counts(second, third)] == ["both"]
    assert house.happenings.counts(third, third + timedelta(days=1)) == []

    told = house.happenings.ended(first, third, limit=10)
    assert [run.id for run in told] == [three, two, one]
    assert [run.id for run in house.happenings.ended(first, third, limit=1)] == [three]
    failed = frozenset({RunState.FAILED})
    [lost] = house.happenings.ended(first, third, states=failed, limit=10)
    assert (lost.id, lost.title, lost.started_by, lost.ended_at) == (two, "Run an errand", BEN, first)
    assert "there is nothing" in (lost.error or "")


def test_finished_steps_are_told_of_the_runs_asked_for(house: House) -> None:
    one, _ = house.start("errand", "tea"), house.start("errand", "milk")
    [told] = house.happenings.steps([one])
    assert (told.run_id, told.name, told.title, told.attempts) == (one, "fetch", "Fetch it", 1)
    assert told.started_at == told.ended_at == house.clock.now()
    assert house.happenings.steps([]) == []
