from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from integrations.http.told import Told, told_by, within
from integrations.rates import UNLIMITED, EndpointClass, Limits, Rate, parse_rates, service_name

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def test_rates_are_read_as_people_write_them() -> None:
    assert parse_rates("notion=3/s, hubspot = 100/10s burst 20,hubspot:search=240/min, mail=1.5/s") == {
        "notion": Rate(3), "hubspot": Rate(10, 20), "hubspot:search": Rate(4), "mail": Rate(1.5),
    }  # fmt: skip
    assert parse_rates(" ") == {}


@pytest.mark.parametrize(
    "text", ["notion", "notion=", "notion=fast", "notion=3", "notion=0/s", "notion=3/0s", "a b=3/s", "x=3/s burst 0"]
)
def test_what_is_no_rate_is_refused_with_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"write|lets nothing through|too short"):
        parse_rates(text)


def test_a_request_has_the_rate_of_the_first_class_that_fits() -> None:
    limits = Limits(Rate(10), (EndpointClass("search", r"POST /crm/[^/]+/search", Rate(4)),))
    assert limits.of("POST", "/crm/contacts/search") == ("search", Rate(4))
    assert limits.of("GET", "/crm/contacts/search") == ("", Rate(10))
    assert Limits().of("GET", "/") == ("", UNLIMITED)


def test_a_service_has_one_name_for_settings() -> None:
    assert service_name("OpenAI Images") == "openai_images"


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({}, Told()),
        ({"Content-Type": "text/html", "X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "12"}, Told()),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "30"}, Told(pause=timedelta(seconds=30))),
        (
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) + 90)},
            Told(pause=timedelta(seconds=90)),
        ),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "7"}, Told(pause=timedelta(seconds=7))),
        ({"RateLimit": '"default";r=0;t=12'}, Told(pause=timedelta(seconds=12))),
        ({"RateLimit": "limit=100, remaining=0, reset=9"}, Told(pause=timedelta(seconds=9))),
        ({"RateLimit": '"default";r=3;t=12'}, Told()),
        (
            {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m2.5s"},
            Told(pause=timedelta(seconds=62.5)),
        ),
        (
            {
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-requests-reset": "2026-11-02T09:00:20Z",
            },
            Told(pause=timedelta(seconds=20)),
        ),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9999999"}, Told(pause=timedelta(days=1))),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "soon"}, Told()),
        (
            {"X-HubSpot-RateLimit-Max": "100", "X-HubSpot-RateLimit-Interval-Milliseconds": "10000"},
            Told(rate=Rate(9, 10)),
        ),
        ({"RateLimit-Policy": '"burst";q=100;w=60,"daily";q=5000;w=86400'}, Told(rate=within(5000, timedelta(days=1)))),
        ({"RateLimit-Policy": "100;w=10"}, Told(rate=Rate(9, 10))),
        ({"RateLimit-Policy": "none"}, Told()),
    ],
)
def test_services_tell_their_limits_in_headers(headers: dict[str, str], told: Told) -> None:
    assert told_by(headers, NOW) == told


@pytest.mark.parametrize("count", [1, 2, 9, 10, 100, 1000])
def test_a_rate_within_a_window_never_makes_more_in_any_window(count: int) -> None:
    rate = within(count, timedelta(seconds=60))
    assert rate.burst + rate.per_second * 60 <= max(count, 2)
