"""A service that is left alone is an alert: begun once, whichever worker sees it, and over when it answers."""

from __future__ import annotations

from typing import NoReturn

from bot.news import ServiceNews
from tests.contract.alerts.stage import House
from workflows.engine.errors import StoreUnavailable


def test_it_is_told_once_that_it_is_down_and_once_that_it_is_back(house: House) -> None:
    workers = [ServiceNews(house.clock_process) for _ in range(3)]
    for news in workers:
        news("shop", down=True)
    assert house.told == ["connector:shop began"]
    [alert] = house.book.open("circuit")
    assert "leaves it alone" in alert.words
    for news in workers:
        news("shop", down=False)
    assert house.told == ["connector:shop began", "connector:shop is over"]
    workers[0]("shop", down=True)
    assert len(house.told) == 3


def test_a_database_that_is_away_stops_no_call() -> None:
    def away() -> NoReturn:
        raise StoreUnavailable("The database is away.")

    ServiceNews(away)("shop", down=True)
