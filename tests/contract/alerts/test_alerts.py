"""What is wrong is told once when it begins and once when it is over, whoever dies and however many clocks look."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from bot.alerts.keeping import AlertKeeping
from tests.contract.alerts.stage import BOSS, House
from workflows.engine.alerts.model import Alert, Severity
from workflows.engine.errors import InvalidInput, NotAllowed, Refused

WORKFLOW, SHOP = "workflow:errand", "connector:shop"
BEGAN = [f"{SHOP} began", f"{WORKFLOW} began"]
OVER = [f"{SHOP} is over", f"{WORKFLOW} is over"]


class Died(BaseException):
    """The clock's process ends here."""


def test_five_failures_where_there_are_none_begin_it_and_fewer_than_half_end_it(house: House) -> None:
    house.fail(4)
    house.reject(3)
    house.alerts.look()
    assert house.told == []
    house.fail(1)
    house.alerts.look()
    house.alerts.look()
    assert sorted(house.told) == BEGAN
    [shop, workflow] = sorted(house.book.open("errors"), key=lambda one: one.subject)
    assert (shop.name, workflow.workflow, workflow.severity) == ("shop", "errand", Severity.ERROR)
    assert workflow.words == "5 runs of errand failed within an hour; usual at this time are 0"

    house.clock.advance(timedelta(minutes=40))
    house.fail(3)
    house.pass_(minutes=30)  # three are left of the last hour: not as many as began it, and more than half
    assert len(house.told) == 2
    house.pass_(minutes=40)
    house.pass_(minutes=40)
    assert sorted(house.told[2:]) == OVER
    assert house.book.open() == []
    house.fail(5)
    house.alerts.look()
    assert len(house.told) == 6


def test_what_is_usual_at_this_hour_is_no_alarm(house: House) -> None:
    for _ in range(7):
        house.fail(3)
        house.clock.advance(timedelta(days=1))
    house.fail(9)
    house.alerts.look()
    assert house.told == []
    house.fail(1)
    house.alerts.look()
    assert sorted(house.told) == BEGAN


def test_once_with_three_clocks_that_look_at_the_same_time(house: House) -> None:
    house.fail(5)
    clocks = [house.clock_process() for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda clock: clock.judge_failures(), clocks))
    assert sorted(alert.subject for alert in house.book.recent(limit=10)) == [SHOP, WORKFLOW]
    house.clock.advance(timedelta(hours=2))
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda clock: clock.judge_failures(), clocks))
    assert house.book.open() == []
    assert len(house.book.recent(limit=10)) == 2


def test_a_clock_that_dies_between_the_post_and_the_record_leaves_it_to_be_told_under_the_same_key(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.alerts.raise_("circuit", "connector:shop", "The shop is left alone", "Wait.")

    def dies(*_: object) -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(house.book, "tell", dies)
        with pytest.raises(Died):
            house.alerts.tell()
    before = house.book.recent(limit=1)[0].id
    house.alerts.tell()
    house.alerts.tell()
    assert house.told == ["connector:shop began"]
    assert house.book.recent(limit=1)[0].id == before


def test_whoever_finds_out_may_raise_it_and_say_that_it_is_over(house: House) -> None:
    alerts = house.alerts
    assert alerts.raise_("circuit", "connector:shop", "The shop is left alone", "Wait.")
    assert not alerts.raise_("circuit", "connector:shop", "The shop is left alone again", "Wait.")
    assert [alert.words for alert in house.book.open()] == ["The shop is left alone again"]
    assert alerts.over("circuit", "connector:shop")
    assert not alerts.over("circuit", "connector:shop")
    alerts.tell()
    assert house.told == []  # it was over before anybody could be told
    alerts.raise_("circuit", "connector:shop", "Once more", "Wait.")
    alerts.tell()
    alerts.over("circuit", "connector:shop")
    alerts.tell()
    assert house.told == ["connector:shop began", "connector:shop is over"]


def test_what_is_muted_is_told_when_the_mute_ends_if_it_goes_on(house: House) -> None:
    keeping = AlertKeeping(house.book, lambda: house.harness.service.access, house.beats)
    now = house.clock.now()
    with pytest.raises(NotAllowed):
        keeping.mute("shop", now + timedelta(hours=1), by="test:ana")
    with pytest.raises(InvalidInput, match="within 31 days"):
        keeping.mute("shop", now + timedelta(days=32), by=BOSS)
    keeping.mute("shop", now + timedelta(minutes=30), by=BOSS)
    keeping.mute("errand", now + timedelta(minutes=50), by=BOSS, reason="we know")
    house.fail(5)
    house.alerts.look()
    assert house.told == []
    assert [mute.what for mute in keeping.mutes(by=BOSS)] == ["errand", "shop"]
    house.pass_(minutes=31)
    assert house.told == ["connector:shop began"]
    keeping.unmute("errand", by=BOSS)
    with pytest.raises(Refused, match="errand is not muted"):
        keeping.unmute("errand", by=BOSS)
    keeping.mute("errors", house.clock.now() + timedelta(days=1), by=BOSS)
    house.pass_(hours=2)  # both are over by now, and nobody hears of it
    assert house.told == ["connector:shop began"]
    assert keeping.listed(by=BOSS) == []
    assert len(keeping.listed(by=BOSS, past=True)) == 2


def test_a_run_that_nobody_takes_is_told_but_none_that_waits_for_its_time(house: House) -> None:
    house.harness.service.start("errand", "later", by=BOSS, at=house.clock.now() + timedelta(days=1))
    house.pass_(minutes=10)
    assert house.told == []
    house.harness.service.start("errand", "tea", by=BOSS)
    house.pass_(minutes=4)
    assert house.told == []
    house.harness.service.pause("errand", by=BOSS)
    house.pass_(minutes=4)
    assert house.told == []
    house.harness.service.unpause("errand", by=BOSS)
    house.alerts.look()
    assert house.told == ["queue:runs began"]
    house.harness.work()
    house.alerts.look()
    assert house.told == ["queue:runs began", "queue:runs is over"]


def test_what_was_over_long_ago_is_forgotten(house: House) -> None:
    house.alerts.raise_("circuit", "connector:shop", "The shop is left alone", "Wait.")
    house.alerts.over("circuit", "connector:shop")
    house.alerts.raise_("circuit", "connector:site", "The site is left alone", "Wait.")
    house.clock.advance(timedelta(days=91))
    house.alerts.forget()
    assert [alert.subject for alert in house.book.recent(limit=9)] == ["connector:site"]
    assert isinstance(house.book.recent(limit=9)[0], Alert)
