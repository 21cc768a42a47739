"""A digest is told once for each window and place, whoever dies, and of nothing that its place may not read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest

from bot.digests.keeping import Ask
from tests.contract.digests.stage import ANA, BEN, BOSS, OPS, SECRET, House
from workflows.engine.errors import InvalidInput, NotAllowed, Refused
from workflows.engine.schedules.ports import UnknownSchedule


def test_once_with_three_clocks_and_a_worker_that_dies_between_post_and_record(house: House) -> None:
    house.start("errand", "nothing")
    house.add("daily_ops", OPS, "daily 9:30 UTC")
    house.clock.advance(timedelta(minutes=30))
    clocks = [house.clock_process() for _ in range(3)]
    house.harness.crash_at("after_effect", "map#1/0:tell/digests.post#1")
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda clock: clock.look(), clocks))
    house.harness.work()
    assert house.harness.crashes == 1
    [post] = house.posts()
    assert post.channel == OPS
    assert "there is nothing" in post.payload


def test_a_window_begins_where_the_one_before_ended_and_what_was_missed_is_told_once(house: House) -> None:
    house.add("daily_ops", OPS, "daily 9:30 Europe/Berlin")
    house.start("errand", "tea")
    house.pass_(days=1)
    [first] = house.texts()
    assert "*Runs* 1 (before: 0)" in first
    house.start("errand", "milk")
    house.clock.advance(timedelta(days=3))  # no clock runs
    house.look()
    house.look()
    assert len(house.posts()) == 2
    assert "*Runs* 1 (before: 1)" in house.texts()[1]
    house.pass_(days=1)
    assert "*Runs* 0 (before: 0)" in house.texts()[2]


def test_asked_for_now_it_moves_no_window(house: House) -> None:
    name = house.add("daily_ops", OPS, "daily 9:30 UTC")
    house.start("errand", "tea")
    house.clock.advance(timedelta(minutes=1))
    house.digests.now(name, by=ANA)
    house.harness.work()
    house.pass_(minutes=29)
    assert ["*Runs* 1" in text for text in house.texts()] == [True, True]


@pytest.mark.parametrize(("start", "days"), [(date(2026, 3, 27), 2), (date(2026, 10, 23), 2)], ids=["spring", "autumn"])
def test_it_comes_once_a_day_at_nine_on_the_wall_when_the_clocks_change(house: House, start: date, days: int) -> None:
    house.clock.advance(timedelta(days=(start - house.clock.now().date()).days))
    house.add("daily_ops", OPS, "daily 9:00 Europe/Berlin")
    house.pass_(days=days)
    runs = [tick.at.hour for tick in house.book.ticks(house.digests.listed(by=ANA)[0].schedule.id, limit=9)]
    assert runs == ([7, 8] if start.month == 3 else [8, 7])[:days]
    assert len(house.posts()) == days


def test_a_channel_is_told_of_what_everybody_in_it_may_read(house: House) -> None:
    house.start("errand", "nothing", channel=SECRET)
    house.start("errand", "nothing", channel=OPS, by=BEN)
    house.start("asking", BEN, channel=SECRET)
    house.add("daily_ops", OPS, "daily 9:30 UTC")
    house.add("daily_ops", SECRET, "daily 9:30 UTC")
    with pytest.raises(NotAllowed, match="may not have something posted"):
        house.add("daily_ops", SECRET, "daily 10:30 UTC", by=BEN)
    house.pass_(minutes=30)
    [ops], [secret] = house.texts(OPS), house.texts(SECRET)
    assert "*Runs* 1" in ops
    assert "May it?" not in ops
    assert "*Runs* 2" in secret
    assert "May it?" in secret


def test_people_are_told_by_their_own_clock_and_not_on_their_holidays(house: House) -> None:
    house.start("asking", BEN)
    house.start("asking", ANA, by=BEN)
    house.add("my_approvals", "everyone", "daily 9:00")
    house.free[date(2026, 1, 6), "Europe/Berlin"] = "Epiphany"
    told: list[tuple[str, str]] = []
    for hours in (5, 18, 6, 18):  # Monday, 14:00 UTC; Tuesday, 8:00 and 14:00; Wednesday, 8:00
        house.clock.advance(timedelta(hours=hours))
        house.look()
        told += [(post.channel, f"{house.clock.now():%d %H:%M}") for post in house.posts()[len(told) :]]
    assert told == [(BEN, "05 14:00"), (BEN, "06 14:00"), (ANA, "07 08:00")]


def test_what_comes_late_at_night_waits_for_the_morning(house: House) -> None:
    house.start("asking", ANA, by=BEN)
    house.add("my_approvals", ANA, "daily 18:00 Europe/Berlin")
    house.clock.advance(timedelta(hours=14))  # no clock ran: it is midnight in Berlin
    house.look()
    assert house.posts() == []
    house.harness.skip(timedelta(hours=6, minutes=59))
    assert house.posts() == []
    house.harness.skip(timedelta(minutes=2))
    assert [post.channel for post in house.posts()] == [ANA]


def test_a_person_for_whom_nothing_waits_is_not_written_to(house: House) -> None:
    house.add("my_approvals", ANA, "daily 10:30 Europe/Berlin")
    house.pass_(hours=1)
    assert house.posts() == []


def test_what_was_shown_is_saved_by_who_was_shown_it_and_not_kept_for_ever(house: House) -> None:
    shown = house.digests.draft(asked("daily_ops", OPS), by=ANA)
    assert house.digests.listed(by=ANA) == []
    with pytest.raises(NotAllowed, match="Only slack:T1:U0ANA"):
        house.digests.save(shown.draft, by=BEN)
    assert house.digests.save(shown.draft, by=ANA).schedule.name == "daily_ops-ops"
    with pytest.raises(Refused, match="is gone"):
        house.digests.save(shown.draft, by=ANA)
    other = house.digests.draft(asked("daily_ops", SECRET), by=ANA)
    house.clock.advance(timedelta(days=1))
    with pytest.raises(Refused, match="older than a day"):
        house.digests.save(other.draft, by=ANA)
    assert (house.drafts.forget(limit=10), house.drafts.forget(limit=10)) == (1, 0)


def test_nobody_starts_the_inner_workflow_by_hand(house: House) -> None:
    with pytest.raises(NotAllowed, match="belongs to Baton itself"):
        house.harness.service.start("digest", {"digest": "daily_ops", "place": SECRET}, by=BEN)
    with pytest.raises(NotAllowed, match="sent to others"):
        house.add("my_approvals", ANA, "daily 9:00", by=BEN)
    with pytest.raises(InvalidInput, match="is for people"):
        house.add("my_approvals", OPS, "daily 9:00")
    with pytest.raises(InvalidInput, match="at night"):
        house.add("my_approvals", ANA, "daily 6:59")
    with pytest.raises(UnknownSchedule):
        house.digests.now("daily_ops-ops", by=BOSS)


def asked(digest: str, place: str) -> Ask:
    return Ask(digest, place, ("daily", "9:00"))
