"""The lines of all workers, in Redis: one script, so that no two of them get the same slot.

Time is Redis's own, so that machines whose clocks differ agree. Without an answer from Redis a process keeps to the
rates by itself until it is back: several processes are faster then than the service allows, and its 429 slows them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from redis import Redis

from integrations.http.shelter import Shelter
from integrations.http.turns import MOST_LATE, OVERDUE, Asking, MemoryTurns, Turn, Turns
from integrations.rates import Rate

PREFIX = "baton:turns:"
KEPT = 3_600_000
"""Milliseconds for which a line is kept that nobody asks for. Longer pauses are kept longer."""

_NOW = """
local now = tonumber(ARGV[1])
if not now then
    local t = redis.call('TIME')
    now = t[1] + t[2] / 1000000
end
local function keep(longest)
    local ms = %(kept)d + math.ceil(math.max(0, longest - now) * 1000)
    for i = 1, #KEYS do redis.call('PEXPIRE', KEYS[i], ms) end
end
"""  # noqa: RUF100

_ASK = """
-- KEYS: line, tags of who waits, when they come back, tags of who did not, last tags of groups
-- ARGV: now, interval, burst, fixed, holder, group, patience, underway, overdue, most late
local line, tags, back, late, finish = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local interval, burst, holder, group = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[5], ARGV[6]
local patience, underway = tonumber(ARGV[7]), ARGV[8] == '1'
local function text(number) return string.format('%.17g', number) end

local kept = redis.call('HMGET', line, 'next', 'virtual', 'interval', 'burst')
if kept[3] and ARGV[4] ~= '1' then interval, burst = tonumber(kept[3]), tonumber(kept[4]) end
local slack = now - interval * (burst - 1)
local following = math.max(tonumber(kept[1]) or slack, slack)
local virtual = tonumber(kept[2]) or 0

for _, one in ipairs(redis.call('ZRANGEBYSCORE', back, '-inf', '(' .. text(now - ARGV[9]))) do
    redis.call('ZADD', late, redis.call('ZSCORE', tags, one), one)
    redis.call('ZREM', tags, one)
    redis.call('ZREM', back, one)
end
redis.call('ZREMRANGEBYRANK', late, 0, -1 - ARGV[10])

local held = redis.call('ZSCORE', tags, holder) or redis.call('ZSCORE', late, holder)
local tag = tonumber(held or math.max(virtual, tonumber(redis.call('HGET', finish, group)) or 0))
local before = underway and 0 or redis.call('ZCOUNT', tags, '-inf', '(' .. text(tag))
local wait = math.max(0, following + before * interval - now)
local granted = wait <= patience
if not held and (granted or not underway) then redis.call('HSET', finish, group, text(tag + 1)) end
redis.call('ZREM', late, holder)
local answer
if granted then
    redis.call('ZREM', tags, holder)
    redis.call('ZREM', back, holder)
    if not underway then virtual = math.max(virtual, tag) end
    redis.call('HSET', line, 'next', text(following + interval), 'virtual', text(virtual))
    answer = {1, text(math.max(0, following - now))}
else
    if not underway then
        redis.call('ZADD', tags, text(tag), holder)
        redis.call('ZADD', back, text(now + wait), holder)
    end
    answer = {0, text(wait)}
end
keep(now + wait)
return answer
"""

_HOLD = """
-- KEYS: line; ARGV: now, seconds
local until_then = now + tonumber(ARGV[2])
local next = tonumber(redis.call('HGET', KEYS[1], 'next') or '-inf')
if until_then > next then
    redis.call('HSET', KEYS[1], 'next', string.format('%.17g', until_then))
    keep(until_then)
end
"""

_LEARN = """
-- KEYS: line; ARGV: now, interval, burst
redis.call('HSET', KEYS[1], 'interval', ARGV[2], 'burst', ARGV[3])
keep(math.max(now, tonumber(redis.call('HGET', KEYS[1], 'next') or '0')))
"""


class RedisTurns:
    """The lines of everybody who shares a Redis; raises its errors. A test may bring a `clock` of its own."""

    def __init__(self, redis: Redis, clock: Callable[[], float] | None = None) -> None:
        self._clock = clock
        head = _NOW % {"kept": KEPT}
        self._ask, self._hold, self._learn = (redis.register_script(head + body) for body in (_ASK, _HOLD, _LEARN))

    def ask(self, asking: Asking) -> Turn:
        """A slot, or a place in the line."""
        rate = asking.rate
        arguments = (
            rate.interval, rate.burst, int(asking.fixed), asking.holder, asking.group, asking.patience,
            int(asking.underway), OVERDUE, MOST_LATE,
        )  # fmt: skip
        names = ("", ":tags", ":back", ":late", ":finish")
        granted, wait = self._call(self._ask, asking.bucket, names, *arguments)
        return Turn(float(wait), granted=bool(granted))

    def hold(self, bucket: str, pause: float) -> None:
        """Give out no slot for `pause` seconds."""
        self._call(self._hold, bucket, ("",), pause)

    def learn(self, bucket: str, rate: Rate) -> None:
        """Keep to the rate that the service told."""
        self._call(self._learn, bucket, ("",), rate.interval, rate.burst)

    def _call(self, script: Any, bucket: str, names: tuple[str, ...], *arguments: Any) -> Any:
        now = "" if self._clock is None else self._clock()
        return script([f"{PREFIX}{{{bucket}}}{name}" for name in names], [now, *arguments])


class ShelteredTurns:
    """The shared lines, and lines of this process while Redis is away."""

    def __init__(self, shared: Turns, shelter: Shelter) -> None:
        self._shared = shared
        self._own: Turns = MemoryTurns()
        self._shelter = shelter

    def ask(self, asking: Asking) -> Turn:
        """A slot, or a place in the line."""
        return self._shelter.either(self._shared, self._own, lambda turns: turns.ask(asking))

    def hold(self, bucket: str, pause: float) -> None:
        """Give out no slot for `pause` seconds."""
        self._shelter.either(self._shared, self._own, lambda turns: turns.hold(bucket, pause))

    def learn(self, bucket: str, rate: Rate) -> None:
        """Keep to the rate that the service told."""
        self._shelter.either(self._shared, self._own, lambda turns: turns.learn(bucket, rate))
