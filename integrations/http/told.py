"""What a service's answers tell of its limits: the headers that are in use, read into one shape."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations.rates import Rate

LONGEST = timedelta(days=1)
_EPOCH = 1_000_000_000
"""A reset from here on is a moment, below it a number of seconds."""
_LENGTH = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_POLICY = re.compile(r"(?:^|;)\s*(?:\"[^\"]*\"\s*;\s*)?(?:q=)?(\d+)\s*;(?:[^,]*;)?\s*w=(\d+)")
_STATE = re.compile(r"(?:\br|remaining)=(\d+)\b.*?(?:\bt|reset)=(\d+)\b")
_LEFT_AND_RESET = (
    ("ratelimit-remaining", "ratelimit-reset"),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("x-rate-limit-remaining", "x-rate-limit-reset"),
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
)


@dataclass(frozen=True)
class Told:
    """What an answer says: the rate, where it names one, and the pause until more is allowed, where nothing is left."""

    rate: Rate | None = None
    pause: timedelta | None = None


def told_by(headers: Mapping[str, str], now: datetime) -> Told:
    """Read the headers of an answer; what can't be understood says nothing."""
    known = {name.lower(): value.strip() for name, value in headers.items() if "limit" in name.lower()}
    return Told(_rate(known), _pause(known, now)) if known else Told()


def within(count: int, window: timedelta) -> Rate:
    """A rate that never makes more than `count` requests in any such window: a tenth at once, the others in step."""
    burst = max(1, count // 10)
    return Rate(max(count - burst, 1) / window.total_seconds(), burst)


def _rate(headers: Mapping[str, str]) -> Rate | None:
    most, milliseconds = (headers.get(f"x-hubspot-ratelimit-{name}", "") for name in ("max", "interval-milliseconds"))
    if most.isdigit() and milliseconds.isdigit():
        return _within(int(most), int(milliseconds) / 1000)
    policies = [_POLICY.search(part) for part in headers.get("ratelimit-policy", "").split(",")]
    rates = [_within(int(found[1]), float(found[2])) for found in policies if found]
    return min((rate for rate in rates if rate), key=lambda rate: rate.per_second, default=None)


def _within(count: int, seconds: float) -> Rate | None:
    return within(count, timedelta(seconds=seconds)) if count > 0 and seconds > 0 else None


def _pause(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    pauses = [_until(headers[reset], now) for left, reset in _LEFT_AND_RESET if _is_none(headers, left, reset)]
    state = _STATE.search(headers.get("ratelimit", ""))
    if state and int(state[1]) == 0:
        pauses.append(timedelta(seconds=int(state[2])))
    longest = max((pause for pause in pauses if pause is not None), default=None)
    return None if longest is None else min(longest, LONGEST)


def _is_none(headers: Mapping[str, str], left: str, reset: str) -> bool:
    return headers.get(left, "").split(",")[0].strip() == "0" and reset in headers


def _until(text: str, now: datetime) -> timedelta | None:
    """How long until a reset that is given in seconds, as a moment, or as `6m0s`."""
    try:
        number = float(text)
    except ValueError:
        return _length(text) or _moment(text, now)
    return max(timedelta(seconds=number - now.timestamp() if number >= _EPOCH else number), timedelta(0))


def _length(text: str) -> timedelta | None:
    parts = _LENGTH.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return timedelta(seconds=sum(float(number) * _SECONDS[unit] for number, unit in parts))


def _moment(text: str, now: datetime) -> timedelta | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return max(moment - now, timedelta(0)) if moment.tzinfo else None
