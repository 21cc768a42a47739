"""The circuits of all workers, in Redis: one of them opens it for all, and one at a time tries the service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from redis import Redis

from integrations.http.circuit import (
    BESIDE_PROBE,
    FAILURES,
    FIRST,
    LONGEST,
    PROBE,
    WINDOW,
    Change,
    Circuits,
    MemoryCircuits,
    Outcome,
)
from integrations.http.shelter import Shelter

PREFIX = "baton:circuit:"
KEPT = 3_600_000
"""Milliseconds for which a circuit is kept that nobody asks for."""

_NOW = """
local now = tonumber(ARGV[1])
if not now then
    local t = redis.call('TIME')
    now = t[1] + t[2] / 1000000
end
local function text(number) return string.format('%.17g', number) end
"""

_ASK = """
-- KEYS: circuit; ARGV: now, probe, beside probe
local kept = redis.call('HMGET', KEYS[1], 'open', 'probing')
local open, probing = tonumber(kept[1]), tonumber(kept[2])
if not open then return '0' end
if now < open then return text(open - now) end
if probing and now < probing then return text(math.min(probing - now, tonumber(ARGV[3]))) end
redis.call('HSET', KEYS[1], 'probing', text(now + ARGV[2]))
return '0'
"""

_ENDED = """
-- KEYS: circuit; ARGV: now, outcome, window, failures, first, longest, kept
local outcome = ARGV[2]
local kept = redis.call('HMGET', KEYS[1], 'open', 'length', 'since', 'calls', 'failures')
local open, length = tonumber(kept[1]), tonumber(kept[2])
local change = ''
if open then
    if now < open then return '' end
    redis.call('HDEL', KEYS[1], 'probing')
    if outcome == 'answered' then
        redis.call('DEL', KEYS[1])
        return 'closed'
    end
    if outcome == 'failed' then
        length = math.min(length * 2, tonumber(ARGV[6]))
        redis.call('HSET', KEYS[1], 'open', text(now + length), 'length', text(length))
    end
elseif outcome ~= 'unsent' then
    local since, calls, failures = tonumber(kept[3]), tonumber(kept[4]), tonumber(kept[5])
    if not since or now - since > tonumber(ARGV[3]) then since, calls, failures = now, 0, 0 end
    calls = calls + 1
    if outcome == 'failed' then failures = failures + 1 end
    redis.call('HSET', KEYS[1], 'since', text(since), 'calls', calls, 'failures', failures)
    if failures >= tonumber(ARGV[4]) and failures * 2 >= calls then
        redis.call('HSET', KEYS[1], 'open', text(now + ARGV[5]), 'length', ARGV[5])
        change = 'opened'
    end
end
redis.call('PEXPIRE', KEYS[1], ARGV[7])
return change
"""


class RedisCircuits:
    """The circuits of everybody who shares a Redis; raises its errors. A test may bring a `clock` of its own."""

    def __init__(self, redis: Redis, clock: Callable[[], float] | None = None) -> None:
        self._clock = clock
        self._ask, self._ended = (redis.register_script(_NOW + body) for body in (_ASK, _ENDED))

    def ask(self, service: str) -> float:
        """0 when the service may be asked, else in how many seconds."""
        return float(self._call(self._ask, service, PROBE, BESIDE_PROBE))

    def ended(self, service: str, outcome: Outcome) -> Change:
        """Count a call's end."""
        answer = self._call(self._ended, service, outcome.value, WINDOW, FAILURES, FIRST, LONGEST, KEPT)
        return Change(answer.decode() if isinstance(answer, bytes) else answer)

    def _call(self, script: Any, service: str, *arguments: Any) -> Any:
        return script([PREFIX + service], ["" if self._clock is None else self._clock(), *arguments])


class ShelteredCircuits:
    """The shared circuits, and those of this process while Redis is away."""

    def __init__(self, shared: Circuits, shelter: Shelter) -> None:
        self._shared = shared
        self._own: Circuits = MemoryCircuits()
        self._shelter = shelter

    def ask(self, service: str) -> float:
        """0 when the service may be asked, else in how many seconds."""
        return self._shelter.either(self._shared, self._own, lambda circuits: circuits.ask(service))

    def ended(self, service: str, outcome: Outcome) -> Change:
        """Count a call's end."""
        return self._shelter.either(self._shared, self._own, lambda circuits: circuits.ended(service, outcome))
