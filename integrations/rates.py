"""How fast a service may be asked: rates, the classes of endpoints that have their own, and how they are written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

_UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_RATE = re.compile(r"(?P<count>\d+(?:\.\d+)?)\s*/\s*(?P<per>\d+)?\s*(?P<unit>s|min|h|d)(?:\s+burst\s+(?P<burst>\d+))?")
_NAME = re.compile(r"[a-z0-9_]+(?::[a-z0-9_-]+)?")


@dataclass(frozen=True)
class Rate:
    """So many requests a second on average, and so many at once after a quiet time."""

    per_second: float
    burst: int = 1

    def __post_init__(self) -> None:
        if self.per_second <= 0 or self.burst < 1:
            raise ValueError(f"A rate of {self.per_second} per second and a burst of {self.burst} lets nothing through")

    @property
    def interval(self) -> float:
        """Seconds between two requests in step."""
        return 1 / self.per_second

    @classmethod
    def over(cls, count: float, window: timedelta, burst: int = 1) -> Rate:
        """So many requests in a window of time."""
        return cls(count / window.total_seconds(), burst)


UNLIMITED = Rate(float("inf"))
"""No rate of ours; a pause that the service asks for is kept all the same."""


@dataclass(frozen=True)
class EndpointClass:
    """Endpoints that the service counts apart: those whose `METHOD /path` begins with the pattern's match."""

    name: str
    pattern: str
    rate: Rate

    def has(self, method: str, path: str) -> bool:
        """Whether a request belongs to it."""
        return re.match(self.pattern, f"{method} {path}") is not None


@dataclass(frozen=True)
class Limits:
    """What one credential may do at a service: a rate, and other rates for classes of endpoints; the first fits."""

    rate: Rate = UNLIMITED
    classes: tuple[EndpointClass, ...] = ()

    def of(self, method: str, path: str) -> tuple[str, Rate]:
        """The class of a request ("" for most) and its rate."""
        for one in self.classes:
            if one.has(method, path):
                return one.name, one.rate
        return "", self.rate


def service_name(service: str) -> str:
    """A service as settings and keys call it: `OpenAI Images` is `openai_images`."""
    return re.sub(r"[^a-z0-9]+", "_", service.lower()).strip("_")


def parse_rate(text: str) -> Rate:
    """Read `3/s`, `100/10s burst 20` or `5000/h`; raises ValueError that says how a rate is written."""
    found = _RATE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text.strip()!r} is no rate: write it as 3/s, 100/10s, 500/min or 100/10s burst 20")
    window = timedelta(seconds=int(found["per"] or 1) * _UNITS[found["unit"]])
    if not window:
        raise ValueError(f"{text.strip()!r} is no rate: no time is too short")
    return Rate.over(float(found["count"]), window, int(found["burst"] or 1))


def parse_rates(text: str) -> Mapping[str, Rate]:
    """Read `notion=3/s, hubspot:search=4/s burst 2`: rates by service, or by service and endpoint class."""
    rates: dict[str, Rate] = {}
    for part in filter(None, map(str.strip, text.split(","))):
        name, equals, rate = part.partition("=")
        name = name.strip().lower()
        if not equals or not _NAME.fullmatch(name):
            raise ValueError(f"{part!r} sets no limit: write SERVICE=RATE or SERVICE:CLASS=RATE, such as notion=3/s")
        rates[name] = parse_rate(rate)
    return rates
