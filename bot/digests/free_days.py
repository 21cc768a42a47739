"""Holidays where somebody is: the country of their time zone, or what the settings say of the zone."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from importlib import resources
from typing import Any


class FreeDays:
    """Knows holidays by time zone. `places` says whose count in a zone: those of `DE-BY` in `Europe/Berlin`."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = dict(places)

    def __call__(self, day: date, zone: str) -> str:
        """The name of the holiday that this day is there; "" for none, and where nobody knows."""
        place = self._places.get(zone) or countries().get(zone, "")
        return str(_calendar(place, day.year).get(day) or "") if place else ""


@lru_cache(maxsize=1)
def countries() -> Mapping[str, str]:
    """The country in which the place lies that a time zone is named for."""
    found: dict[str, str] = {}
    text = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    for row in text.splitlines():
        if row and not row.startswith("#"):
            country, _, zone = row.split("\t")[:3]
            found[zone] = country
    return found


def is_known(place: str) -> bool:
    """Whether there is a calendar of holidays for a country (`DE`) or a part of it (`DE-BY`)."""
    country, _, part = place.partition("-")
    supported = _library().list_supported_countries()
    return country in supported and (not part or part in supported[country])


@lru_cache(maxsize=256)
def _calendar(place: str, year: int) -> Mapping[date, str]:
    if not is_known(place):
        return {}
    country, _, part = place.partition("-")
    found: Mapping[date, str] = _library().country_holidays(country, subdiv=part or None, years=year)
    return found


def _library() -> Any:
    """The calendars; they are large, so they are loaded when somebody is to be written to."""
    return importlib.import_module("holidays")
