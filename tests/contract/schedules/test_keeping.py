"""What people may ask of schedules: making, listing, pausing, resuming, one run more, removing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.contract.schedules.stage import ANA, HOUR, MINUTE, CatchUp, House, Order, Overlap
from workflows.engine.errors import BatonError, InvalidInput, NotAllowed, Refused, UnknownWorkflow
from workflows.engine.model import RunState
from workflows.engine.schedules.keeping import LARGEST, Wanted
from workflows.engine.schedules.model import LOOK_BACK, TickState
from workflows.engine.schedules.ports import ScheduleView, ScheduleWrites, UnknownSchedule
from workflows.engine.testing.clock import START

STRANGER = "slack:T1:U1"
"""Somebody whom the directory of this installation does not know."""


def test_a_schedule_is_kept_as_it_was_made(house: House) -> None:
    made = house.add(
        " 0  9 * * MON-fri ", "a.B_c-1", zone="Europe/Berlin", overlap=Overlap.QUEUE, catch_up=CatchUp.ALL,
        jitter=timedelta(seconds=90), channel="#Ö", given={"topic": "tea"},
    )  # fmt: skip
    row = house.row("a.B_c-1")
    assert row == made.schedule
    assert (row.cron, row.zone, row.input) == ("0 9 * * MON-fri", "Europe/Berlin", '{"copies":1,"topic":"tea"}')
    assert (row.overlap, row.catch_up, row.jitter) == (Overlap.QUEUE, CatchUp.ALL, timedelta(seconds=90))
    assert (row.channel, row.created_by, row.created_at, row.ticked_to) == ("#Ö", ANA, START, START)
    assert [f"{tick:%a %H:%M %z}" for tick in made.next] == ["Tue 09:00 +0100", "Wed 09:00 +0100", "Thu 09:00 +0100"]


def test_schedules_are_listed_by_name_with_their_last_tick(house: House) -> None:
    house.add(name="b")
    house.add(name="A", workflow="quick")
    house.pass_(HOUR)
    found = house.schedules.listed(by=ANA)
    assert [seen.schedule.name for seen in found] == ["A", "b"]
    assert [seen.last.at for seen in found if seen.last] == [START + HOUR] * 2
    assert [seen.next[0] for seen in found] == [START + 2 * HOUR] * 2


@pytest.mark.parametrize(
    ("changed", "error", "said"),
    [
        ({"name": "a b"}, InvalidInput, "'a b' is no name for a schedule"),
        ({"name": ""}, InvalidInput, "is no name"),
        ({"name": "x" * 65}, InvalidInput, "is no name"),
        ({"workflow": "reprt"}, UnknownWorkflow, "There is no workflow reprt"),
        ({"cron": "0 9 * *"}, InvalidInput, "has 4 fields"),
        ({"zone": "Europe/Berln"}, InvalidInput, "Did you mean Europe/Berlin?"),
        ({"given": {"subject": "tea"}}, InvalidInput, "topic"),
        ({"given": Order(topic="x" * LARGEST)}, InvalidInput, "let a step fetch what is large"),
        ({"jitter": timedelta(minutes=61)}, InvalidInput, "longer than the shortest time between two ticks, 1:00:00"),
        ({"jitter": -MINUTE}, InvalidInput, "can't be meant"),
    ],
)
def test_what_does_not_fit_is_refused_when_it_is_made(
    house: House, changed: dict[str, Any], error: type[BatonError], said: str
) -> None:
    wanted = replace(Wanted("hourly", "report", "0 * * * *", {"topic": "tea"}), **changed)
    with pytest.raises(error) as refused:
        house.schedules.add(wanted, by=ANA)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert house.schedules.listed(by=ANA) == []


def test_a_name_is_taken_once(house: House) -> None:
    house.add()
    with pytest.raises(Refused, match="There is a schedule hourly already"):
        house.add("@daily")
    assert house.row().cron == "0 * * * *"


def test_a_pause_lets_ticks_pass_and_catches_up_with_none(house: House) -> None:
    house.add(catch_up=CatchUp.ALL, workflow="quick", overlap=Overlap.ALLOW)
    house.pass_(HOUR)
    paused = house.schedules.pause("hourly", by=ANA)
    assert (paused.held, paused.next) == (f"paused by {ANA}", ())
    house.pass_(2 * HOUR)
    resumed = house.schedules.resume("hourly", by=ANA)
    assert resumed.next[0] == START + 4 * HOUR
    house.pass_(HOUR)
    assert house.story() == [("05 10:00", "started"), ("05 13:00", "started")]


def test_a_pause_skips_what_waits(house: House) -> None:
    house.add(overlap=Overlap.QUEUE)
    house.pass_(2 * HOUR)
    house.schedules.pause("hourly", by=ANA)
    house.end()
    house.pass_(HOUR)
    [_, tick] = house.ticks()
    assert (tick.state, tick.reason, tick.decided_at) == (TickState.SKIPPED, f"paused by {ANA}", START + 2 * HOUR)


def test_pausing_and_resuming_twice_is_said(house: House) -> None:
    house.add()
    with pytest.raises(Refused, match="is not paused"):
        house.schedules.resume("hourly", by=ANA)
    house.schedules.pause("hourly", by=ANA)
    with pytest.raises(Refused, match=f"paused already, by {ANA}"):
        house.schedules.pause("hourly", by="cli:ben")


def test_run_now_is_one_run_more_and_no_tick(house: House) -> None:
    house.add()
    first = house.schedules.run_now("hourly", by="cli:ben")
    second = house.schedules.run_now("hourly", by="cli:ben")
    assert (first.started_by, first.labels) == ("cli:ben", '{"schedule": "hourly"}')
    assert house.row().ticked_to == START
    house.pass_(HOUR)
    house.end()
    house.pass_(HOUR)
    assert house.started() == ["05 11:00"]
    extra = [tick for tick in house.ticks() if tick.extra]
    assert {tick.run_id for tick in extra} <= {first.id, second.id}
    skipped = next(tick for tick in house.ticks() if tick.state is TickState.SKIPPED)
    assert (skipped.at, skipped.reason[:4]) == (START + HOUR, "run ")


def test_run_now_is_rung(house: House) -> None:
    house.add(workflow="quick")
    run = house.schedules.run_now("hourly", by=ANA)
    house.harness.work()
    assert house.harness.store.run(run.id).state is RunState.SUCCEEDED


def test_run_now_of_a_paused_schedule_runs(house: House) -> None:
    house.add(workflow="quick")
    house.schedules.pause("hourly", by=ANA)
    house.schedules.run_now("hourly", by=ANA)
    assert len(house.runs()) == 1


def test_what_is_removed_ticks_no_more_and_its_runs_go_on(house: House) -> None:
    house.add()
    house.pass_(HOUR)
    due = house.row()
    house.harness.clock.advance(HOUR)
    house.schedules.remove("hourly", by=ANA)
    assert house.passing._deal(due, house.now) == 0  # a clock that read it before
    assert house.look() == 0
    house.end()
    assert [run.state for run in house.runs()] == [RunState.SUCCEEDED]
    with pytest.raises(UnknownSchedule, match="There is no schedule hourly"):
        house.schedules.look("hourly", by=ANA)


def test_a_name_that_was_removed_begins_anew(house: House) -> None:
    house.add(workflow="quick")
    house.pass_(HOUR)
    house.schedules.remove("hourly", by=ANA)
    house.add(workflow="quick")
    assert house.ticks() == []
    house.pass_(HOUR)
    assert house.story() == [("05 11:00", "started")]


def test_everything_is_audited(house: House) -> None:
    house.add()
    house.schedules.pause("hourly", by="cli:ben")
    house.schedules.resume("hourly", by=ANA)
    house.schedules.remove("hourly", by="cli:ben")
    said = [(entry.actor, entry.verb, entry.detail) for entry in house.harness.store.audit("")]
    detail = "hourly: report, 0 * * * *, UTC"
    assert said == [
        (ANA, "schedule add", detail),
        ("cli:ben", "schedule pause", detail),
        (ANA, "schedule resume", detail),
        ("cli:ben", "schedule remove", detail),
    ]


def test_ticks_of_long_ago_are_forgotten(house: House) -> None:
    house.add("0 0 1 * *", workflow="quick")
    for _ in range(5):
        house.away(timedelta(days=31))
        house.harness.work()
    assert all(house.now - tick.at <= LOOK_BACK + timedelta(days=31) for tick in house.ticks())
    assert len(house.runs()) > len(house.ticks())


# who may ------------------------------------------------------------------------------------------------


def test_who_is_unknown_may_nothing(house: House) -> None:
    house.add()
    asked: list[Any] = [
        lambda: house.schedules.add(Wanted("x", "report", "@daily", {"topic": "tea"}), by=STRANGER),
        lambda: house.schedules.look("hourly", by=STRANGER),
        lambda: house.schedules.pause("hourly", by=STRANGER),
        lambda: house.schedules.resume("hourly", by=STRANGER),
        lambda: house.schedules.run_now("hourly", by=STRANGER),
        lambda: house.schedules.remove("hourly", by=STRANGER),
        lambda: house.schedules.ticks("hourly", by=STRANGER),
    ]
    for ask in asked:
        with pytest.raises(NotAllowed):
            ask()
    assert house.schedules.listed(by=STRANGER) == []
    assert (len(house.runs()), house.row().paused_at) == (0, None)


def test_a_member_keeps_their_own_and_an_admin_all(house: House) -> None:
    house.add()
    house.schedules.add(Wanted("mine", "report", "@daily", {"topic": "tea"}), by="test:eva")
    with pytest.raises(NotAllowed, match=f"{ANA}, who made it, and admins"):
        house.schedules.pause("hourly", by="test:eva")
    house.schedules.pause("mine", by="test:eva")
    house.schedules.resume("mine", by="test:boss")
    house.schedules.remove("hourly", by="test:boss")
    house.schedules.run_now("mine", by="test:tom")
    house.schedules.remove("mine", by=ANA)


def test_a_schedule_in_a_channel_is_seen_by_those_who_are_there(house: House) -> None:
    house.add(channel="C1")
    assert house.schedules.listed(by="test:eva") == []
    assert len(house.schedules.listed(by="test:boss")) == 1


def test_nothing_is_written_when_the_change_raises(house: House) -> None:
    house.add()

    def change(view: ScheduleView) -> ScheduleWrites:
        raise Refused("no")

    with pytest.raises(Refused):
        house.book.change(house.row().id, change)
    assert house.row().paused_at is None
