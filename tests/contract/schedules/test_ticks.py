"""What becomes of ticks: once each, by overlap and catch-up, in order, bounded."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.contract.schedules.stage import ANA, DAY, HOUR, MINUTE, CatchUp, House, Order, Overlap
from workflows.engine.expiry import Expiry
from workflows.engine.model import Audit, Pause, RunState, Writes
from workflows.engine.schedules.due import MOST_MISSED, PER_PASS, moment_of
from workflows.engine.schedules.model import TickState
from workflows.engine.schedules.passing import MOST_STARTS, MOST_WAITING
from workflows.engine.schedules.ports import ScheduleWrites
from workflows.engine.starters import starters_of
from workflows.engine.testing.clock import START

YEAR = timedelta(days=365)


def test_a_tick_starts_one_run_with_its_input(house: House) -> None:
    house.add("30 9 * * mon", workflow="quick", channel="#news", given=Order(topic="Ö", copies=2))
    house.pass_(29 * MINUTE)
    assert house.runs() == []
    house.pass_(MINUTE)
    house.pass_(DAY)
    [run] = house.runs()
    assert (run.workflow, json.loads(run.input)) == ("quick", {"topic": "Ö", "copies": 2})
    assert (run.started_by, run.channel) == ("schedule:hourly", "#news")
    assert json.loads(run.labels) == {"schedule": "hourly", "tick": "2026-01-05T09:30:00+00:00"}
    [tick] = house.ticks()
    assert (tick.at, tick.state, tick.run_id) == (START + 30 * MINUTE, TickState.STARTED, run.id)
    house.harness.work()
    assert house.runs()[0].state is RunState.SUCCEEDED


def test_a_scheduled_run_is_rung_and_audited(house: House) -> None:
    house.add()
    house.pass_(HOUR)
    [run] = house.runs()
    ring = house.harness.queue.take()
    assert ring is not None
    assert ring.run_id == run.id
    audit = house.harness.store.audit(run.id)
    assert audit == [Audit(START + HOUR, "schedule:hourly", "start", run.id, f"scheduled by {ANA}")]
    assert starters_of(house.harness.store, run.id) == {"schedule:hourly", ANA}
    assert [event.kind for event in house.harness.store.events(run.id)] == ["run.queued"]


def test_clocks_that_look_at_once_start_one_run(house: House) -> None:
    house.add()
    others = [house.clock_process() for _ in range(3)]
    for _ in range(3):
        house.harness.clock.advance(HOUR)
        found = house.book.due(limit=10)
        assert [house.passing.look(), *(other.look() for other in others)] == [1, 0, 0, 0]
        for schedule in found.schedules:  # one that read before the others wrote
            assert others[0]._deal(schedule, found.now) == 0
        house.end()
    assert house.started() == ["05 10:00", "05 11:00", "05 12:00"]


def test_what_a_clock_read_before_another_wrote_counts_no_more(house: House) -> None:
    house.add("* * * * *", catch_up=CatchUp.ALL, overlap=Overlap.ALLOW, workflow="quick")
    house.harness.clock.advance(3 * PER_PASS * MINUTE)
    [before] = house.book.due(limit=10).schedules
    assert house.passing.look() == PER_PASS
    after = house.row()
    assert house.clock_process()._deal(before, house.now) == 0
    assert house.row() == after
    assert house.look() == 2 * PER_PASS


# overlap ------------------------------------------------------------------------------------------------


def test_skip_leaves_out_ticks_while_a_run_goes_on_and_says_so(house: House) -> None:
    house.add(overlap=Overlap.SKIP)
    house.pass_(2 * HOUR)
    [run] = house.runs()
    house.end()
    house.pass_(HOUR)
    assert house.story() == [("05 10:00", "started"), ("05 11:00", "skipped"), ("05 12:00", "started")]
    assert house.ticks()[1].reason == f"run {run.id} went on"


def test_allow_starts_whatever_goes_on(house: House) -> None:
    house.add(overlap=Overlap.ALLOW)
    house.pass_(3 * HOUR)
    assert [run.state for run in house.runs()] == [RunState.QUEUED] * 3


def test_queue_starts_one_after_the_other_in_order(house: House) -> None:
    house.add(overlap=Overlap.QUEUE)
    house.pass_(3 * HOUR)
    assert house.story() == [("05 10:00", "started"), ("05 11:00", "waiting"), ("05 12:00", "waiting")]
    house.end()
    house.pass_(MINUTE)
    assert house.started() == ["05 10:00", "05 11:00"]
    house.end()
    house.pass_(MINUTE)
    house.end()
    house.pass_(HOUR)
    assert house.started() == ["05 10:00", "05 11:00", "05 12:00", "05 13:00"]
    assert {tick.state for tick in house.ticks()} == {TickState.STARTED}


def test_a_waiting_tick_goes_first_when_the_next_comes(house: House) -> None:
    house.add(overlap=Overlap.QUEUE)
    house.pass_(2 * HOUR)
    house.end()
    house.away(HOUR)
    assert house.story() == [("05 10:00", "started"), ("05 11:00", "started"), ("05 12:00", "waiting")]


def test_a_queue_is_bounded_and_says_so(house: House) -> None:
    house.add("* * * * *", overlap=Overlap.QUEUE)
    house.pass_((MOST_WAITING + 3) * MINUTE)
    states = [tick.state for tick in house.ticks()]
    assert states == [TickState.STARTED] + [TickState.WAITING] * MOST_WAITING + [TickState.SKIPPED] * 2
    assert house.ticks()[-1].reason == f"{MOST_WAITING} ticks were waiting already"


def test_a_parked_run_holds_no_tick_up(house: House) -> None:
    house.add()
    house.pass_(HOUR)
    [run] = house.runs()
    house.harness.store.transact(run.id, lambda _view: Writes(run={"state": RunState.PARKED}))
    house.pass_(HOUR)
    assert house.started() == ["05 10:00", "05 11:00"]


def test_a_deleted_run_holds_no_tick_up(house: House) -> None:
    house.add()
    house.pass_(HOUR)
    house.end()
    assert house.harness.store.prune(Expiry(house.now + DAY), limit=10).runs == 1
    house.pass_(HOUR)
    assert house.story() == [("05 10:00", "started"), ("05 11:00", "started")]


# catch-up -----------------------------------------------------------------------------------------------


def test_catch_up_none_leaves_out_what_was_missed(house: House) -> None:
    house.add(catch_up=CatchUp.NONE)
    assert house.away(3 * HOUR + 30 * MINUTE) == 0
    [tick] = house.ticks()
    assert (tick.at, tick.state) == (START + 3 * HOUR, TickState.SKIPPED)
    assert tick.reason == "missed, with all ticks from 2026-01-05 10:00 UTC on; catch-up is none"
    house.pass_(30 * MINUTE)
    assert house.started() == ["05 13:00"]


def test_catch_up_last_starts_the_newest_alone(house: House) -> None:
    house.add(catch_up=CatchUp.LAST)
    assert house.away(3 * HOUR + 30 * MINUTE) == 1
    assert house.story() == [("05 11:00", "skipped"), ("05 12:00", "started")]


def test_the_last_one_is_the_one_that_comes_on_time(house: House) -> None:
    house.add(catch_up=CatchUp.LAST)
    assert house.away(3 * HOUR) == 1
    assert house.started() == ["05 12:00"]


def test_catch_up_all_starts_each(house: House) -> None:
    house.add(catch_up=CatchUp.ALL, overlap=Overlap.ALLOW)
    assert house.away(3 * HOUR + 30 * MINUTE) == 3
    assert house.started() == ["05 10:00", "05 11:00", "05 12:00"]
    assert house.told == []


def test_catch_up_all_in_a_queue_starts_each_in_turn(house: House) -> None:
    house.add(catch_up=CatchUp.ALL, overlap=Overlap.QUEUE)
    house.away(3 * HOUR + 30 * MINUTE)
    for count in range(1, 4):
        assert len(house.started()) == count
        house.end()
        house.pass_(MINUTE)


def test_a_late_look_within_the_minute_is_on_time(house: House) -> None:
    house.add(catch_up=CatchUp.NONE)
    assert house.away(HOUR + MINUTE) == 1


@pytest.mark.parametrize("policy", list(CatchUp))
def test_a_year_away_is_bounded_and_told(house: House, policy: CatchUp) -> None:
    house.add("* * * * *", catch_up=policy, overlap=Overlap.ALLOW, workflow="quick")
    house.harness.clock.advance(YEAR + 30 * timedelta(seconds=1))
    first = house.passing.look()
    rest = house.look()
    if policy is CatchUp.ALL:
        assert (first, rest) == (PER_PASS, MOST_MISSED - PER_PASS)
        [told] = house.told
        assert "newest 100 ticks at most" in told.words
        assert house.runs()[-1].labels.endswith('"tick": "2027-01-05T09:00:00+00:00"}')
    else:
        assert (first, rest, house.told) == (1, 0, [])
    house.pass_(2 * MINUTE)
    assert house.started()[-2:] == ["05 09:01", "05 09:02"]


def test_one_pass_starts_so_many_runs_of_all_schedules_together(house: House) -> None:
    count = MOST_STARTS // PER_PASS + 2
    for number in range(count):
        house.add("* * * * *", name=f"s{number}", catch_up=CatchUp.ALL, overlap=Overlap.ALLOW, workflow="quick")
    house.harness.clock.advance(PER_PASS * MINUTE)
    assert house.passing.look() == MOST_STARTS
    assert house.look() == 2 * PER_PASS


# what holds ticks back ----------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["report", ""])
def test_a_paused_workflow_holds_its_ticks_and_catches_up(house: House, what: str) -> None:
    house.add(catch_up=CatchUp.LAST)
    house.harness.service.pause(what, by=ANA)
    house.pass_(3 * HOUR + MINUTE)
    assert (house.runs(), house.told, house.row().trouble) == ([], [], "")
    assert house.schedules.look("hourly", by=ANA).held == f"{what or 'everything'} is paused by {ANA}"
    house.harness.service.unpause(what, by=ANA)
    house.pass_(MINUTE)
    assert house.started() == ["05 12:00"]


def test_a_workflow_that_is_gone_is_told_once_and_caught_up_with(house: House) -> None:
    house.add(catch_up=CatchUp.ALL, overlap=Overlap.ALLOW)
    catalogue = house.harness.catalogue
    report = catalogue._workflows.pop("report")
    house.pass_(2 * HOUR + 30 * MINUTE)
    assert house.runs() == []
    [told] = house.told
    assert told.schedule.name == "hourly"
    assert "There is no workflow report" in told.words
    assert [schedule.name for schedule in house.schedules.troubled()] == ["hourly"]
    assert "There is no workflow report" in house.schedules.listed(by=ANA)[0].held
    catalogue._workflows["report"] = report
    house.pass_(MINUTE)
    assert house.started() == ["05 10:00", "05 11:00"]
    assert house.schedules.troubled() == []
    assert house.schedules.listed(by=ANA)[0].held == ""


def test_a_clock_of_an_older_release_leaves_the_tick_to_another(house: House) -> None:
    house.add(catch_up=CatchUp.NONE)
    catalogue = house.harness.catalogue
    house.harness.clock.advance(HOUR)
    report = catalogue._workflows.pop("report")
    assert house.passing.look() == 0
    catalogue._workflows["report"] = report
    house.harness.clock.advance(timedelta(seconds=10))
    assert house.clock_process().look() == 1
    assert house.told == []


def test_an_input_that_fits_no_more_is_told(house: House) -> None:
    house.add()
    row = house.row()
    house.book.change(row.id, lambda view: ScheduleWrites(replace(view.schedule, input='{"subject": "tea"}')))
    house.pass_(HOUR + 2 * MINUTE)
    [told] = house.told
    assert "topic" in told.words
    assert house.runs() == []


def test_a_zone_that_is_unknown_here_is_told_and_holds_up_no_other(house: House) -> None:
    house.add(name="lost")
    house.add()
    house.book.change(house.row("lost").id, lambda view: ScheduleWrites(replace(view.schedule, zone="Mars/Base")))
    house.pass_(HOUR + MINUTE)
    assert house.started() == ["05 10:00"]
    assert [told.schedule.name for told in house.told] == ["lost"]
    assert [seen.held[:23] for seen in house.schedules.listed(by=ANA)] == ["", "There is no time zone '"]


# jitter -------------------------------------------------------------------------------------------------


def test_jitter_is_the_same_for_every_clock_and_within_its_bound(house: House) -> None:
    step = timedelta(seconds=20)
    house.add(jitter=10 * MINUTE, overlap=Overlap.ALLOW)
    row = house.row()
    moments = [moment_of(row, START + number * HOUR) - (START + number * HOUR) for number in range(1, 9)]
    assert len(set(moments)) == 8
    assert all(timedelta(0) <= moment < 10 * MINUTE for moment in moments)
    house.pass_(8 * HOUR + 10 * MINUTE, step=step)
    begun = [tick.decided_at - tick.at for tick in house.ticks()]
    assert all(moment <= delay < moment + step for moment, delay in zip(moments, begun, strict=True))


# time that jumps ----------------------------------------------------------------------------------------


def test_the_doubled_and_the_skipped_hour_fire_once(house: House) -> None:
    house.add("30 2 * * *", zone="Europe/Berlin", overlap=Overlap.ALLOW, workflow="quick")
    house.harness.clock.advance(datetime(2026, 3, 28, tzinfo=UTC) - house.now)
    house.look()
    before = len(house.runs())
    house.pass_(2 * DAY, step=10 * MINUTE)
    assert house.started()[before:] == ["28 01:30", "29 01:00"]
    house.harness.clock.advance(datetime(2026, 10, 24, tzinfo=UTC) - house.now)
    house.look()
    ticks = len(house.ticks())
    house.pass_(3 * DAY, step=10 * MINUTE)
    assert [f"{tick.at:%d %H:%M}" for tick in house.ticks()[ticks:]] == ["24 00:30", "25 00:30", "26 01:30"]


def test_a_clock_that_is_set_back_fires_nothing_again(house: House) -> None:
    house.add(workflow="quick", overlap=Overlap.ALLOW)
    house.pass_(2 * HOUR)
    house.harness.clock._passed -= HOUR + MINUTE
    house.pass_(HOUR)
    assert house.started() == ["05 10:00", "05 11:00"]


def test_a_pause_of_another_workflow_holds_nothing(house: House) -> None:
    house.harness.store.pause(Pause("other", ANA, START))
    house.add()
    house.pass_(HOUR)
    assert len(house.runs()) == 1
