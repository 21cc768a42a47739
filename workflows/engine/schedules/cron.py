"""Cron's five fields, with cron's meaning: read into plain sets, whatever then computes with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from workflows.engine.errors import InvalidInput

SHORT = {
    "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * sun",
    "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
}  # fmt: skip
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
"""By their numbers in cron: Sunday is 0, and 7 too."""
LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
ORDER = "minute, hour, day of the month, month, day of the week"


@dataclass(frozen=True)
class Cron:
    """A rule as sets of numbers, in order. Days of the week are cron's: 0 is Sunday."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    either_day: bool = False
    """Both kinds of days were named: one of the two has to fit, as in cron. Otherwise both have to."""

    @property
    def every_hour(self) -> bool:
        return len(self.hours) == 24


@dataclass(frozen=True)
class _Field:
    name: str
    lowest: int
    highest: int
    names: Mapping[str, int]

    @property
    def allowed(self) -> str:
        words = f" or {next(iter(self.names))} to {list(self.names)[-1]}" if self.names else ""
        return f"{self.lowest} to {self.highest}{words}"


FIELDS = (
    _Field("minute", 0, 59, {}),
    _Field("hour", 0, 23, {}),
    _Field("day of the month", 1, 31, {}),
    _Field("month", 1, 12, {name: number for number, name in enumerate(MONTHS, 1)}),
    _Field("day of the week", 0, 7, {name: number for number, name in enumerate(WEEKDAYS)}),
)


@lru_cache(maxsize=1024)
def parse(text: str) -> Cron:
    """The rule that a text means; raises InvalidInput that names the field."""
    words = " ".join(text.lower().split())
    if words.startswith("@"):
        if words not in SHORT:
            raise InvalidInput(f"{text!r} is no short form of cron. There are {', '.join(SHORT)}.")
        words = SHORT[words]
    parts = words.split()
    if len(parts) != len(FIELDS):
        raise InvalidInput(
            f"The cron rule {text!r} has {len(parts)} {'field' if len(parts) == 1 else 'fields'}, and needs five: "
            f"{ORDER}. For example: '0 9 * * mon-fri'."
        )
    minutes, hours, days, months, weekdays = (
        tuple(sorted(_read(field, part, text))) for field, part in zip(FIELDS, parts, strict=True)
    )
    either = not parts[2].startswith("*") and not parts[4].startswith("*")
    rule = Cron(minutes, hours, days, months, tuple(sorted({day % 7 for day in weekdays})), either_day=either)
    if not either and not any(day <= LONGEST_MONTHS[month - 1] for day in rule.days for month in rule.months):
        raise InvalidInput(f"The cron rule {text!r} never comes: none of its months has such a day.")
    return rule


def _read(field: _Field, part: str, text: str) -> set[int]:
    found: set[int] = set()
    for item in part.split(","):
        span, slash, step = item.partition("/")
        if slash and (not _is_number(step) or int(step) == 0):
            raise _wrong(field, item, text, "The step behind / has to be a whole number from 1")
        first, last = _span(field, span, item, text, stepped=bool(slash))
        found.update(range(first, last + 1, int(step) if slash else 1))
    return found


def _span(field: _Field, span: str, item: str, text: str, *, stepped: bool) -> tuple[int, int]:
    if span == "*":
        return field.lowest, 6 if field.highest == 7 else field.highest
    low, dash, high = span.partition("-")
    first = _number(field, low, item, text)
    if not dash and stepped:
        raise _wrong(field, item, text, "A step needs a range: write */5 or 10-30/5")
    last = _number(field, high, item, text) if dash else first
    if field.highest == 7 and last == 0 < first:  # mon-sun
        last = 7
    if last < first:
        raise _wrong(field, item, text, "A range goes from the lower to the higher one; write two, with a comma")
    return first, last


def _number(field: _Field, word: str, item: str, text: str) -> int:
    if word in field.names:
        return field.names[word]
    if not _is_number(word) or not field.lowest <= int(word) <= field.highest:
        raise _wrong(field, item, text, f"Write {field.allowed}, ranges with -, lists with commas, steps like */5")
    return int(word)


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= 4


def _wrong(field: _Field, item: str, text: str, hint: str) -> InvalidInput:
    return InvalidInput(f"The cron rule {text!r} can't be read: {item or 'nothing'!r} is no {field.name}. {hint}.")
